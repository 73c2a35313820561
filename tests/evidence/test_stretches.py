"""What follows a file is not the file: where a text of one kind ends, and what of a text no kind takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.evidence.recognition import UNKNOWN, parts
from nimdoctor.evidence.recognition.kinds import KINDS

NIMINFO = (
    "#------------------ Network Install Manager ---------------\n"
    "export NIM_NAME=lpar7\nexport NIM_MASTER_HOSTNAME=nim1\n"
    'export NIM_HOSTS=" 127.0.0.1:loopback:localhost 10.1.1.7:lpar7\n 10.1.1.5:nim1 "\n'
    "export NIM_CONFIGURATION=standalone\n"
)
INETD = (
    "## Internet server configuration database\n"
    "ftp     stream  tcp6    nowait  root    /usr/sbin/ftpd   ftpd\n"
    "#tftp   dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n\n"
)
LOG = "Fri Mar 14 10:05:02 2025 Loading certificates..\nFri Mar 14 10:05:04 2025 create BIO\n"
SERVICES = "nimsh            3901/tcp\nnimaux           3902/tcp\nnim              1058/tcp\n"
LSSRC = (
    "Subsystem         Group            PID          Status\n nimsh            nimclient        6685140      active\n"
)
STANZA = (
    "lpar7:\n   class          = machines\n   type           = standalone\n   connect        = nimsh (secure)\n"
    "   cpuid          = 00F6A1B24C00\n"
)


def shown(text, hint=""):
    return [(part.name, part.first, part.last) for part in parts(text, hint)]


def test_the_words_around_a_niminfo_are_not_the_niminfo():
    assert shown("Hi,\n\n" + NIMINFO + "\nBest regards\nJo\n") == [
        (UNKNOWN, 1, 1), ("/etc/niminfo", 3, 8), (UNKNOWN, 10, 11),
    ]  # fmt: skip


@pytest.mark.parametrize("between", ["", "\n", "and the next:\n"])
@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        (NIMINFO, INETD, ["/etc/niminfo", "/etc/inetd.conf"]),
        (INETD, NIMINFO, ["/etc/inetd.conf", "/etc/niminfo"]),
        (INETD, SERVICES, ["/etc/inetd.conf", "/etc/services"]),
        (NIMINFO, LSSRC, ["/etc/niminfo", "lssrc -s nimsh"]),
        (LOG, STANZA, ["/var/adm/ras/nimsh.log", "lsnim -l"]),
        (STANZA, LOG, ["lsnim -l", "/var/adm/ras/nimsh.log"]),
        (INETD, LOG, ["/etc/inetd.conf", "/var/adm/ras/nimsh.log"]),
    ],
)
def test_a_file_ends_where_the_next_begins(first, second, names, between):
    text = first + between + second
    found = [part for part in parts(text) if part.name]
    assert [part.name for part in found] == names
    lines = text.splitlines()
    own = "\n".join(lines[found[0].first - 1 : found[0].last])
    assert first.strip() in own and second.splitlines()[-1] not in own


def test_a_wrapped_value_of_niminfo_is_of_it_and_a_value_without_its_last_quote_does_not_swallow_what_follows():
    assert shown(NIMINFO + INETD)[0] == ("/etc/niminfo", 1, 6)
    cut = 'export NIM_NAME=lpar7\nexport NIM_MASTER_HOSTNAME=nim1\nexport NIM_HOSTS=" 10.1.1.7:lpar7\n'
    found = shown(cut + "prose\n" * 80 + INETD)
    assert found[0][0] == "/etc/niminfo" and found[-1] == ("/etc/inetd.conf", 84, 86)


def test_odd_lines_among_those_of_a_file_stay_in_it():
    odd = INETD + "site_agent     /opt/site/agent   -q\n" + "time    dgram   udp     wait    root    internal\n"
    assert shown(odd) == [("/etc/inetd.conf", 1, 5)]


@pytest.mark.parametrize("name", ["inetd.conf", "attached/inetd.conf", "C:\\case\\inetd.conf"])
def test_a_file_under_its_own_name_stays_whole(name):
    assert shown(INETD + "\nsite_agent at the end of it\n", name) == [("/etc/inetd.conf", 1, 5)]


def test_two_of_one_kind_are_two_where_their_own_first_line_comes_again():
    other = NIMINFO.replace("lpar7", "nim1").replace("standalone", "master")
    assert shown("the client's:\n" + NIMINFO + "\nthe master's:\n" + other) == [
        (UNKNOWN, 1, 1), ("/etc/niminfo", 2, 7), ("/etc/niminfo", 9, 15),
    ]  # fmt: skip


def test_the_last_lines_of_a_log_in_a_mail_are_the_log_s_and_not_the_sender_s():
    assert shown("It hangs:\n" + LOG + "Please help\n") == [
        (UNKNOWN, 1, 1), ("/var/adm/ras/nimsh.log", 2, 3), (UNKNOWN, 4, 4),
    ]  # fmt: skip


def test_the_error_text_of_an_object_is_of_its_stanza():
    stanza = STANZA + (
        "   Cstate_result  = failure\n   err_info       = 0042-175 c_installp: An unexpected result was returned\n"
        'by the "/usr/sbin/mount" command:\n0042-006 no such thing\n'
    )
    assert shown(stanza) == [("lsnim -l", 1, 9)]


def test_a_level_in_a_mail_is_the_level_unless_there_are_two():
    assert ("oslevel -s", 1, 1) in shown("7200-05-03-2148\n\n" + LSSRC)
    assert not any(name == "oslevel -s" for name, _, _ in shown("7200-05-03-2148\n\n" + LSSRC + "\n7300-01-01-2246\n"))


@given(
    st.lists(
        st.sampled_from(["\n", "prose of somebody\n", *(form.sample + "\n" for kind in KINDS for form in kind.forms)]),
        max_size=6,
    )
)
def test_parts_are_in_order_do_not_overlap_and_leave_only_blank_lines_out(pieces):
    text = "".join(pieces)
    lines = text.split("\n")
    found = parts(text)
    last = 0
    covered = set()
    for part in found:
        assert last < part.first <= part.last <= len(lines)
        last = part.last
        covered |= set(range(part.first, part.last + 1))
    if found:
        assert all(not line.strip() for number, line in enumerate(lines, 1) if number not in covered)
