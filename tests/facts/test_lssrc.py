"""lssrc: subsystems, inetd's services and the definition of nimsh."""

import pytest

from nimdoctor.facts.lssrc import InetdServices, Subsystems
from nimdoctor.facts.nimsh_definition import NimshDefinition
from nimdoctor.model.text import BadEvidence, Text

HEADER = "Subsystem         Group            PID          Status \n"
ALL = HEADER + (
    " syslogd          ras              4128946      active\n"
    " nimsh            nimclient        7405942      active\n"
    " nimesis          nim                           inoperative\n"
    " IBM.ConfigRM     rsct_rm          9110000      active\n"
    " clcomd_ES                         8000001      active\n"
    " lonely                                         inoperative\n"
    " tftpd            tcpip                         inoperative\n"
)
INETD = (
    HEADER + " inetd            tcpip            4587984      active\n\n"
    "Debug         Not active\n\n"
    "Signal        Purpose\n"
    " SIGALRM      Establishes socket connections for failed services.\n"
    " SIGHUP       Rereads the configuration database and reconfigures services.\n\n"
    "Service       Command                  Description              Status\n"
    " daytime      internal                                          active\n"
    " tftp         /usr/sbin/tftpd          tftpd -n                 active\n"
    " ftp          /usr/sbin/ftpd           ftpd                     inoperative\n"
)


def subsystems(content, name="lssrc -a", **more):
    return Subsystems.parse(Text.of(content, "evidence", name=name, **more))


def services(content, name="lssrc -ls inetd"):
    return InetdServices.parse(Text.of(content, "evidence", name=name))


def definition(content):
    return NimshDefinition.parse(Text.of(content, "lssrc -S -s nimsh"))


def test_a_blank_group_or_pid_shifts_nothing():
    src = subsystems(ALL)
    assert [(row.name, row.group, row.pid, row.status) for row in src.rows] == [
        ("syslogd", "ras", 4128946, "active"),
        ("nimsh", "nimclient", 7405942, "active"),
        ("nimesis", "nim", None, "inoperative"),
        ("IBM.ConfigRM", "rsct_rm", 9110000, "active"),
        ("clcomd_ES", None, 8000001, "active"),
        ("lonely", None, None, "inoperative"),
        ("tftpd", "tcpip", None, "inoperative"),
    ]
    assert src.quote("nimsh").text.strip().startswith("nimsh")
    assert src.quote("nimsh").line == 3


def test_a_complete_list_knows_what_is_absent_and_a_partial_one_does_not():
    assert subsystems(ALL).active("nosuch") is False
    assert subsystems(ALL, "lssrc -g nimclient").active("nosuch") is None
    assert subsystems(ALL, "customer.txt").complete is False
    assert subsystems(ALL, "lssrc -a | grep nim").complete is False
    assert subsystems(ALL, "/usr/bin/lssrc -a").complete is True
    assert subsystems(ALL, "lssrc_-a").complete is True
    assert subsystems(ALL, status=1).complete is False
    assert subsystems(ALL).quote("nosuch") == subsystems(ALL).whole()


def test_a_header_alone_says_something_only_in_a_complete_list():
    assert subsystems(HEADER).active("nimsh") is False
    with pytest.raises(BadEvidence):
        subsystems(HEADER, "lssrc -g nimclient")


def test_not_on_file_is_told_by_its_number_in_any_language():
    english = subsystems("0513-085 The nimsh Subsystem is not on file.\n", "lssrc -s nimsh")
    assert english.active("nimsh") is False
    assert english.active("file") is None
    assert english.quote("nimsh").line == 1
    french = subsystems(b"0513-085 Le sous-syst\xe8me nimsh n'est pas enregistr\xe9.\n", "lssrc -s nimsh")
    assert french.active("nimsh") is False
    assert french.active("nimesis") is None


def test_currently_inoperative_counts_as_a_row():
    src = subsystems("0513-004 The Subsystem or Group, nimsh, is currently inoperative.\n", "lssrc -s nimsh")
    assert src.active("nimsh") is False
    assert src.get("nimsh").status == "inoperative"


def test_a_translated_table_is_read_by_its_shape():
    src = subsystems(
        b"Sous-syst\xe8me       Groupe           PID          Etat\r\n"
        b" nimsh            nimclient        7405942      Actif\r\n"
        b" nimesis          nim                           inop\xe9rant\r\n"
    )
    assert src.get("nimsh").status == "actif"
    assert src.active("nimsh") is True
    assert src.active("nimesis") is False


def test_a_status_of_two_words_is_kept_whole():
    src = subsystems(HEADER + " nimsh            nimclient        123          warned to stop\n")
    assert src.get("nimsh").status == "warned to stop"
    assert src.active("nimsh") is False


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n \n",
        "ksh: lssrc:  not found.\n",
        "nimsh is active\n",
        "lssrc: permission denied\n",
        "0513-001 The System Resource Controller daemon is not active.\n",
    ],
)
def test_what_is_no_list_is_refused(content):
    with pytest.raises(BadEvidence):
        subsystems(content)


def test_a_row_cut_out_by_grep_is_a_row():
    src = subsystems(" nimsh            nimclient        7405942      active\n", "lssrc -s nimsh")
    assert src.active("nimsh") is True


def test_the_signals_table_of_inetd_holds_no_subsystem():
    src = subsystems(INETD, "lssrc -s inetd")
    assert [row.name for row in src.rows] == ["inetd"]


def test_where_two_queries_contradict_the_complete_list_counts():
    one = subsystems("0513-004 The Subsystem or Group, nimsh, is currently inoperative.\n", "lssrc -s nimsh")
    other = subsystems(HEADER + " extra            grp              1            active\n", "lssrc -g grp")
    both = Subsystems.combine([one, other, subsystems(ALL)])
    assert both.active("nimsh") is True
    assert both.active("extra") is True
    assert both.complete


def test_a_service_inetd_shows_active_is_active():
    inetd = services(INETD)
    assert inetd.active("tftp")
    assert inetd.quote("tftp").line == 12
    assert (inetd.row("tftp").command, inetd.row("tftp").description) == ("/usr/sbin/tftpd", "tftpd -n")
    assert (inetd.row("daytime").command, inetd.row("daytime").description) == ("internal", "")
    assert inetd.inetd_status == "active"
    assert inetd.complete


def test_a_service_not_listed_is_not_active_and_the_whole_is_quoted():
    inetd = services(INETD)
    assert not inetd.active("bootps")
    assert inetd.quote("bootps") == inetd.whole()
    assert not inetd.active("ftp")


def test_a_query_of_one_service_is_not_complete():
    content = INETD.splitlines(keepends=True)
    one = services(content[-4] + content[-2], "lssrc -t tftp")
    assert one.active("tftp")
    assert not one.complete
    assert one.known("tftp")
    assert not one.known("bootps")


def test_an_error_that_names_the_service_is_evidence_against_it():
    inetd = services("0513-068 The tftp subserver is not known.\n", "lssrc -t tftp")
    assert not inetd.active("tftp")
    assert inetd.known("tftp")
    assert inetd.quote("tftp").line == 1


def test_inetd_down_means_no_service():
    text = "0513-036 The request could not be passed to the inetd subsystem.\nStart the subsystem and try again.\n"
    inetd = services(text)
    assert inetd.inetd_status == "inoperative"
    assert inetd.known("tftp")
    assert not inetd.active("tftp")


def test_a_message_of_success_tells_no_state():
    with pytest.raises(BadEvidence):
        services("0513-095 The request for subsystem refresh was completed successfully: inetd\n")


def test_the_pieces_of_inetd_become_one():
    both = InetdServices.combine([services(INETD.splitlines()[-2], "lssrc -t tftp"), services(INETD)])
    assert both.complete
    assert both.active("tftp")
    assert both.inetd_status == "active"


@pytest.mark.parametrize(
    "content", ["", "ksh: lssrc:  not found.\n", "tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n\n"]
)
def test_what_tells_nothing_of_services_is_refused(content):
    with pytest.raises(BadEvidence):
        services(content)


LONG_HEADER = (
    "#subsysname:synonym:cmdargs:path:uid:auditid:standin:standout:standerr:action:multi:contact:"
    "svrkey:svrmtype:priority:signorm:sigforce:display:waittime:grpname:\n"
)
TAIL = ":0:0:/dev/console:/dev/console:/dev/console:-O:-Q:-S:0:0:20:15:9:-d:20:nimclient:\n"


def test_the_definition_tells_whether_nimsh_starts_secure():
    nimsh = definition(LONG_HEADER + "nimsh::-s -c -P:/usr/sbin/nimsh" + TAIL)
    assert nimsh.secure
    assert nimsh.push_disabled
    assert nimsh.at.line == 2
    plain = definition(LONG_HEADER + "nimsh::-s:/usr/sbin/nimsh" + TAIL)
    assert not plain.secure
    assert not plain.push_disabled


def test_a_definition_without_header_or_with_reordered_one_is_read():
    assert definition("nimsh::-s -c:/usr/sbin/nimsh" + TAIL).secure
    assert definition("#subsysname:path:cmdargs\nnimsh:/usr/sbin/nimsh:-c\n").secure
    assert definition(LONG_HEADER + "nimsh::-x a:b -c:/usr/sbin/nimsh" + TAIL).cmdargs == "-x a:b -c"
    assert definition(LONG_HEADER + "nimsh:::/usr/sbin/nimsh" + TAIL).cmdargs == ""


def test_a_letter_inside_a_word_is_no_flag():
    assert not definition("nimsh::-s -config:/usr/sbin/nimsh" + TAIL).secure


@pytest.mark.parametrize(
    "content", ["", LONG_HEADER, "0513-085 The nimsh Subsystem is not on file.\n", "syslogd:::/usr/sbin/syslogd:0\n"]
)
def test_without_a_definition_of_nimsh_there_is_no_evidence(content):
    with pytest.raises(BadEvidence):
        definition(content)


def test_rows_whose_blanks_were_made_single_are_read_below_their_heads():
    told = subsystems(
        "Subsystem Group PID Status\nnimsh nimclient 7405942 active\nnimesis nim inoperative\ntftpd tcpip inoperative\n"
        "nobody is active\n"
    )
    assert [(row.name, row.group, row.pid, row.status) for row in told.rows[:3]] == [
        ("nimsh", "nimclient", 7405942, "active"),
        ("nimesis", "nim", None, "inoperative"),
        ("tftpd", "tcpip", None, "inoperative"),
    ]
    assert subsystems("nimsh nimclient inoperative\n", "lssrc -s nimsh").active("nimsh") is False
    with pytest.raises(BadEvidence):
        subsystems("nimsh is inoperative\n", "lssrc -s nimsh")


def test_services_whose_blanks_were_made_single_are_read_too():
    told = services(
        "Subsystem Group PID Status\ninetd tcpip 4587984 active\n\nDebug Not active\n\nSignal Purpose\n"
        "SIGHUP Rereads the configuration database and reconfigures services.\n\n"
        "Service Command Description Status\ntftp /usr/sbin/tftpd tftpd -n active\ntime internal active\n"
    )
    assert told.active("tftp") and told.active("time") and told.inetd_status == "active"


def test_a_row_that_a_mail_parted_before_its_pid_is_one():
    told = subsystems(
        HEADER + " nimsh            nimclient\n        7405942      active\n syslogd  ras  4128946   active\n"
    )
    assert [(row.name, row.group, row.pid) for row in told.rows] == [
        ("nimsh", "nimclient", 7405942),
        ("syslogd", "ras", 4128946),
    ]


@pytest.mark.parametrize("name", ["lssrc -s nimsh", "mail.txt", "lssrc -g nimclient"])
def test_that_a_subsystem_is_not_on_file_is_told_by_its_line_alone(name):
    told = subsystems("0513-085 The nimsh Subsystem is not on file.\n", name)
    assert told.active("nimsh") is False and told.active("nimesis") is None
