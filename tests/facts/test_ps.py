"""ps: processes with their parents."""

import pytest

from nimdoctor.facts.ps import Processes
from nimdoctor.model.text import BadEvidence, Text

SHORT = (
    "     PID     PPID     ELAPSED COMMAND\n"
    "       1        0 212-03:04:05 /etc/init\n"
    " 7405942  4194674    01:02:03 /usr/sbin/nimsh -s -c\n"
    " 9306482  7405942       05:10 /usr/sbin/nimsh -s -c\n"
    " 9306490  7405942           - <defunct>\n"
    " 9306491  7405942 <defunct>\n"
)
FULL = (
    "     UID     PID    PPID   C    STIME    TTY  TIME CMD\n"
    "    root       1       0   0   Mar 14      -  0:33 /etc/init\n"
    "    root 7405942 4194674   0 10:05:04      -  0:00 /usr/sbin/nimsh -s -c -P\n"
    "   nobody 9306482 7405942   7 11:05:04  pts/0 12:34 /usr/lpp/bos.sysmgt/nim/methods/c_sh -a nimsh\n"
    "    root 9306490 7405942   0                  0:00 <defunct>\n"
    "    root 9306500       1   0   14 mars     -  0:00 tail -f nimsh.log\n"
)


def processes(content):
    return Processes.parse(Text.of(content, "ps -ef"))


def test_elapsed_time_is_seconds_with_days_and_hours_optional():
    told = processes(SHORT)
    assert [(row.pid, row.elapsed) for row in told.rows] == [
        (1, ((212 * 24 + 3) * 60 + 4) * 60 + 5),
        (7405942, 3723),
        (9306482, 310),
        (9306490, None),
        (9306491, None),
    ]
    assert [row.args for row in told.rows[3:]] == ["<defunct>", "<defunct>"]
    assert told.rows[1].started is None


def test_a_start_of_one_word_or_two_does_not_shift_the_command():
    told = processes(FULL)
    assert [(row.pid, row.ppid, row.started) for row in told.rows] == [
        (1, 0, "Mar 14"),
        (7405942, 4194674, "10:05:04"),
        (9306482, 7405942, "11:05:04"),
        (9306490, 7405942, None),
        (9306500, 1, "14 mars"),
    ]
    assert told.rows[1].args == "/usr/sbin/nimsh -s -c -P"
    assert told.rows[3].args == "<defunct>"
    assert told.rows[1].elapsed is None


def test_a_program_is_known_by_its_base_name_only():
    told = processes(FULL)
    assert [row.pid for row in told.named("nimsh")] == [7405942]
    assert [row.pid for row in told.rows if "-P" in row.words] == [7405942]
    assert [row.pid for row in told.children(7405942)] == [9306482, 9306490]
    assert told.named("nimsh")[0].quote().line == 3


def test_rows_are_known_by_shape_where_the_header_is_cut_off_or_translated():
    assert len(processes("".join(FULL.splitlines(keepends=True)[1:])).rows) == 5
    translated = FULL.replace("UID     PID    PPID   C    STIME    TTY  TIME CMD", "Util  IDP IDPP C DEB TTY TEMPS Cde")
    assert len(processes(translated).named("nimsh")) == 1
    assert len(processes("".join(SHORT.splitlines(keepends=True)[1:4])).rows) == 3


def test_the_header_tells_the_order_of_columns():
    told = processes("USER PPID PID ETIME ARGS\nroot 1 77 00:05 nimsh -s\n")
    assert [(row.pid, row.ppid, row.elapsed, row.args) for row in told.rows] == [(77, 1, 5, "nimsh -s")]


@pytest.mark.parametrize(
    "content",
    ["", "PID PPID ELAPSED COMMAND\n", "ps: illegal option\n", "  PID TTY TIME CMD\n 77 pts/0 0:00 ksh\n"],
)
def test_what_shows_no_parents_is_refused(content):
    with pytest.raises(BadEvidence):
        processes(content)


def test_arguments_without_parents_are_read_where_the_command_asked_for_them():
    found = Processes.parse(Text.of("    PID COMMAND\n6685140 /usr/sbin/nimsh -s -c\n", "ps -eo pid,args"))
    assert [(row.pid, row.ppid, row.words) for row in found.named("nimsh")] == [(6685140, None, ("-s", "-c"))]


def test_names_without_arguments_are_no_evidence_of_arguments():
    with pytest.raises(BadEvidence):
        Processes.parse(Text.of("    PID COMMAND\n6685140 nimsh\n", "ps -eo pid,comm"))


@pytest.mark.parametrize(
    ("args", "runs", "operates", "installs"),
    [
        ("nim -o cust lpar7", "nim", True, False),
        ("/usr/sbin/nimclient -o cust", "nimclient", True, False),
        ("/bin/ksh /usr/lpp/bos.sysmgt/nim/methods/c_cust -a x=y", "c_cust", True, False),
        ("/usr/bin/ksh -x /usr/sbin/nimadm -c lpar7", "nimadm", False, True),
        ("alt_disk_copy -d hdisk1", "alt_disk_copy", False, True),
        ("-ksh", "-ksh", False, False),
        ("vi nim", "vi", False, False),
        ("nimsh -s -c", "nimsh", False, False),
    ],
)
def test_a_process_is_known_by_what_it_runs(args, runs, operates, installs):
    row = processes(f"     PID     PPID     ELAPSED COMMAND\n 9306482  7405942       05:10 {args}\n").rows[0]
    assert (row.runs, row.operates, row.installs) == (runs, operates, installs)


def test_columns_with_a_start_are_read_by_their_head_also_where_user_and_start_are_blank():
    told = processes(
        "    USER     PID    PPID    STIME        TIME COMMAND\n"
        "    root 6685140 4194674   Mar 14    00:00:00 /usr/sbin/nimsh -s -c\n"
        "  nobody 9306482 6685140 10:05:04  1-00:00:09 /usr/sbin/tftpd -n\n"
        "         7254232 6685140             00:00:00 <defunct>\n"
    )
    assert [(row.pid, row.ppid, row.started, row.args) for row in told.rows] == [
        (6685140, 4194674, "Mar 14", "/usr/sbin/nimsh -s -c"),
        (9306482, 6685140, "10:05:04", "/usr/sbin/tftpd -n"),
        (7254232, 6685140, None, "<defunct>"),
    ]


def test_ps_aux_has_no_parents_and_a_row_that_may_be_cut_is_not_read():
    head = "USER          PID %CPU %MEM   SZ  RSS    TTY STAT    STIME  TIME COMMAND\n"
    row = "root      6685140  0.0  0.0  744  912      - A      Mar 14  0:00 /usr/sbin/nimsh -s -c\n"
    assert len(row.rstrip()) > 80
    told = processes(head + row)
    assert [(one.pid, one.ppid, one.started, one.args) for one in told.rows] == [
        (6685140, None, "Mar 14", "/usr/sbin/nimsh -s -c")
    ]
    assert [one.pid for one in processes(row).named("nimsh")] == [6685140]
    with pytest.raises(BadEvidence):
        processes(head + row[:80] + "\n")
