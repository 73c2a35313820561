"""How much of its source a text is: by its command line, by its lines, and kept on its way."""

import json
from typing import Dict, Tuple

import pytest
from hosts import MemoryTree, collected, loose, result_of

from nimdoctor.collection.record import Record
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.extent import first_stage, of_command, of_content
from nimdoctor.evidence.manifest import SCHEMA, parse_manifest
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.model import Outcome
from nimdoctor.model.text import Coverage, Extent, Text

NETSTAT = """Active Internet connections (including servers)
Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)
tcp4       0      0  *.22                   *.*                    LISTEN
tcp        0      0  *.3901                 *.*                    LISTEN
"""
NIMSH_ACTIVE = """Subsystem         Group            PID          Status
 nimsh            nimclient        6685140      active
"""
SESSION = """Tue Jun 10 07:20:44 2025 Loading certificates..
Tue Jun 10 07:20:44 2025 Negotiating SSL_CTX object using SSLv23_method
Tue Jun 10 07:20:44 2025 Loading private key file..
Tue Jun 10 07:20:44 2025 create BIO
"""


@pytest.mark.parametrize(
    ("command", "extent", "words"),
    [
        ("lssrc -a", Extent.WHOLE, ()),
        ("lssrc -a | more", Extent.WHOLE, ()),
        ("lssrc -a 2>&1 | tee out", Extent.WHOLE, ()),
        ("ps -ef | grep nimsh", Extent.FILTERED, ("nimsh",)),
        ("ps -ef | egrep 'nimsh|nimesis'", Extent.FILTERED, ("nimsh", "nimesis")),
        ("ps -ef | grep -i NIMSH", Extent.FILTERED, ("nimsh",)),
        ("ps -ef | grep -v root", Extent.FILTERED, ()),
        ("ps -ef | grep nimsh | grep -v grep", Extent.FILTERED, ()),
        ("ps -ef | grep '^root'", Extent.FILTERED, ()),
        ("netstat -an | awk '/LISTEN/'", Extent.FILTERED, ()),
        ("lsnim -l | head -20", Extent.EXCERPT, ()),
        ("tail -200 /var/adm/ras/nimsh.log", Extent.TAIL, ()),
        ("tail -200 /var/adm/ras/nimsh.log | head -3", Extent.EXCERPT, ()),
        ("grep tftp /etc/inetd.conf", Extent.FILTERED, ("tftp",)),
        ("lssrc_-a_grep_nimsh", Extent.FILTERED, ("nimsh",)),
        ("lslpp_-l_openssl.base", Extent.WHOLE, ()),
    ],
)
def test_a_command_line_says_what_it_lets_through(command: str, extent: Extent, words: Tuple[str, ...]) -> None:
    assert of_command(command) == Coverage(extent, words)


def test_a_filter_keeps_the_command_that_it_filters() -> None:
    assert first_stage("lsnim -l | grep connect") == "lsnim -l"
    assert first_stage("lsnim_-l_grep_connect") == "lsnim_-l"
    assert first_stage("egrep 'a|b' /etc/services") == "egrep 'a|b' /etc/services"


@pytest.mark.parametrize(
    ("command", "text", "extent"),
    [
        ("netstat -an", NETSTAT, Extent.WHOLE),
        ("netstat -an", NETSTAT.split("\n", 2)[2], Extent.FILTERED),
        ("ps -ef", "    root  7405942  4194674   0   Mar 14      -  0:01 /usr/sbin/nimsh -s\n", Extent.FILTERED),
        ("ps -eo pid=,ppid=,etime=,args=", "7405942 4194674 01:02:03 /usr/sbin/nimsh -s\n", Extent.WHOLE),
        ("lssrc -a", " nimsh            nimclient        6685140      active\n", Extent.FILTERED),
        ("lssrc -a", NIMSH_ACTIVE, Extent.WHOLE),
        ("lssrc -a", f"{NIMSH_ACTIVE}--More--(45%)\n", Extent.EXCERPT),
        ("lssrc -a", f"--More--(45%)\n{NIMSH_ACTIVE}", Extent.WHOLE),
        ("lsnim -l", "lpar7:\n   class = machines\n ......\n   cpuid = 00F6A1B24C00\n", Extent.EXCERPT),
        ("lsnim -l", "lpar7:\n   class = machines\n   [output truncated]\n", Extent.EXCERPT),
        ("lsnim -l", "lpar7:\n   comments = see the list ...\n", Extent.WHOLE),
        ("lslpp -l", "  openssl.base   1.0.2.516  COMMITTED  Open Secure Socket Layer\n", Extent.FILTERED),
        ("lslpp -l openssl.base", "  openssl.base   1.0.2.516  COMMITTED  Open Secure\n", Extent.WHOLE),
        ("lslpp -l", "  bos.rte   7.2.5.100  COMMITTED  Base Operating System\n", Extent.WHOLE),
    ],
)
def test_the_lines_of_a_text_say_that_it_is_a_part(command: str, text: str, extent: Extent) -> None:
    row = Catalog().command(command)
    assert row and of_content(row, command, text) is extent


def test_a_log_of_which_each_session_lacks_lines_is_filtered_and_dots_in_it_leave_its_end() -> None:
    row = Catalog().file("/var/adm/ras/nimsh.log")
    assert row
    kept = "".join(line for line in SESSION.splitlines(True) if "Negotiating" not in line)
    assert of_content(row, row.name, SESSION) is Extent.WHOLE
    assert of_content(row, row.name, kept) is Extent.FILTERED
    assert of_content(row, row.name, f"{SESSION}[...]\n{SESSION}") is Extent.TAIL
    assert of_content(row, row.name, f"{SESSION}[...]\n") is Extent.EXCERPT


@pytest.mark.parametrize(
    ("check", "transcript", "outcome"),
    [
        ("create-bio-hang", f"egrep 'SSL|BIO|Load' /var/adm/ras/nimsh.log\n{SESSION}", Outcome.UNKNOWN),
        ("create-bio-hang", f"head -4 /var/adm/ras/nimsh.log\n{SESSION}", Outcome.UNKNOWN),
        ("create-bio-hang", f"tail -4 /var/adm/ras/nimsh.log\n{SESSION}", Outcome.FAIL),
        ("niminfo-broken", 'grep NIM_SHELL /etc/niminfo\nexport NIM_SHELL="nimsh"\n', Outcome.UNKNOWN),
        (
            "tftp-disabled",
            "grep ftp /etc/inetd.conf | grep stream\nftp stream tcp6 nowait root /usr/sbin/ftpd ftpd\n",
            Outcome.UNKNOWN,
        ),
        (
            "tftp-disabled",
            "grep tftp /etc/inetd.conf\n#tftp   dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n\n",
            Outcome.FAIL,
        ),
        (
            "tftp-disabled",
            "grep '#' /etc/inetd.conf\n#tftp   dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n\n",
            Outcome.UNKNOWN,
        ),
        ("nimsh-inactive", "lssrc -a | grep nimesis\n nimesis  nim   3211664  active\n", Outcome.UNKNOWN),
    ],
)
def test_a_transcript_with_a_filter_proves_what_it_shows_and_no_more(
    check: str, transcript: str, outcome: Outcome
) -> None:
    assert result_of(check, loose({"case.txt": f"root@lpar7:/ # {transcript}root@lpar7:/ # \n"})).outcome is outcome


def test_a_socket_that_a_filter_would_not_show_is_not_absent() -> None:
    def listening(netstat: str) -> str:
        text = f"root@lpar7:/ # lssrc -s nimsh\n{NIMSH_ACTIVE}root@lpar7:/ # {netstat}root@lpar7:/ # \n"
        return result_of("nimsh-inactive", loose({"case.txt": text})).outcome.value

    row = "tcp4       0      0  *.22                   *.*                    LISTEN\n"
    assert listening(f"netstat -an | grep 22\n{row}") == "pass"
    assert listening(f"netstat -an | grep LISTEN\n{row}") == "fail"


def test_the_lines_that_a_filter_shows_are_told_with_its_pipe() -> None:
    found = result_of(
        "create-bio-hang", loose({"a.txt": f"root@lpar7:/ # grep -i cert /var/adm/ras/nimsh.log\n{SESSION}"})
    )
    assert "only a part of" in found.message and "grep -i cert" in found.message
    assert found.missing == ("/var/adm/ras/nimsh.log",)


@pytest.mark.parametrize("command", ["lssrc -a | grep nimclient", "lssrc -a | grep -v nimsh"])
def test_a_recorded_command_keeps_its_pipe(command: str) -> None:
    text = "Subsystem         Group            PID          Status\n"
    text += " nimhttp          nimclient        6685144      active\n"
    tree = collected(commands={command: text})
    found = result_of("nimsh-inactive", RecordedEvidence("case", MemoryTree(tree)))
    assert (found.outcome, found.missing) == (Outcome.UNKNOWN, ("lssrc -a",))


def test_a_file_named_for_a_pipe_is_read_as_filtered() -> None:
    tree = {"commands/lssrc_-a_grep_-v_nimsh": b" inetd            tcpip            4128994      active\n"}
    found = result_of("nimsh-inactive", RecordedEvidence("case", MemoryTree(tree)))
    assert found.outcome is Outcome.UNKNOWN


def test_the_extent_is_in_the_record_of_loose_texts_and_comes_back(tmp_path) -> None:
    record = Record(str(tmp_path))
    row = Catalog().command("lsnim -l")
    assert row
    record.piece(row, Text.of("lpar7:\n", "a.txt", name="lsnim -l | head", extent=Extent.EXCERPT))
    record.piece(row, Text.of("lpar7:\n", "b.txt", name="lsnim -l"))
    assert [entry.get("extent") for entry in record.loose] == ["excerpt", None]
    read = parse_manifest(json.dumps({"schema": SCHEMA, "loose": record.loose}).encode(), "case")
    assert read.loose and [piece.extent for piece in read.loose] == [Extent.EXCERPT, Extent.WHOLE]


def test_an_extent_that_is_not_known_is_less_than_the_whole() -> None:
    entry: Dict[str, str] = {"source": "a", "name": "lsnim -l", "row": "lsnim -l", "file": "a", "extent": "most"}
    read = parse_manifest(json.dumps({"schema": SCHEMA, "loose": [entry]}).encode(), "case")
    assert read.loose and read.loose[0].extent is Extent.FILTERED and "extent" in read.remarks[0]


def test_several_parts_show_only_what_each_of_them_would() -> None:
    one, other = Coverage(Extent.FILTERED, ("nimsh", "inetd")), Coverage(Extent.FILTERED, ("nimsh",))
    assert one.joined(other) == Coverage(Extent.FILTERED, ("nimsh",))
    assert one.joined(Coverage()) == one and Coverage().joined(Coverage()).is_whole
    assert not one.joined(Coverage(Extent.TAIL)).of("nimsh")
