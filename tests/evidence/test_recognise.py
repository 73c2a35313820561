"""Texts of unknown origin are named by what stands in them."""

from pathlib import Path
from typing import List, Optional

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from nimdoctor.evidence.recognition import Section, parts, recognise, sections
from nimdoctor.evidence.recognition.naming import hinted_name
from nimdoctor.evidence.wrapping import numbered
from nimdoctor.model.text import Extent

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"

LOG = """\
Fri Mar 14 10:05:02 2025 Loading certificates..

Fri Mar 14 10:05:02 2025 Negotiating SSL_CTX object using SSLv23_method
Fri Mar 14 10:05:03 2025 Loading private key file..
Fri Mar 14 10:05:04 2025 create BIO
"""
STANZA = """\
lpar7:
   class          = machines
   type           = standalone
   connect        = nimsh (secure)
   if1            = net_10_1 lpar7 0
   Cstate         = ready for a NIM operation
   cpuid          = 00F6A1B24C00
"""
NIMINFO = 'export NIM_NAME="lpar7"\nexport NIM_MASTER_HOSTNAME="nim1"\nexport NIM_SHELL="nimsh"\n'
INETD = """\
## Internet server configuration database
ftp     stream  tcp6    nowait  root    /usr/sbin/ftpd   ftpd
#tftp   dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n
# ls this file before you change it
"""
HEADER = "Subsystem         Group            PID          Status\n"
LSSRC_A = (
    HEADER
    + " syslogd          ras              3932422      active\n"
    + " nimsh            nimclient                     inoperative\n"
)
LSSRC_S = HEADER + " nimsh            nimclient        6685140      active\n"
SERVICES = "Service       Command                  Description              Status\n"
TFTP = SERVICES + " tftp         /usr/sbin/tftpd          tftpd -n                 active\n"
INETD_ROWS = HEADER + " inetd            tcpip            4325560      active\n\nDebug         Not active\n\n" + TFTP
LSLPP_LC = (
    "#Fileset:Level:PTF Id:State:Type:Description:EFIX Locked\n"
    "/usr/lib/objrepos:openssl.base:1.0.2.1800::COMMITTED:I:Open Secure Socket Layer:\n"
)
LSLPP_HC = (
    "#Path:Fileset:Level:PTF Id:Action:Status:Date:Time\n"
    "/usr/lib/objrepos:openssl.base:1.0.2.1800::COMMIT:COMPLETE:03/14/25:10;05;04\n"
)
LSLPP_L = (
    "  Fileset                      Level  State      Description\n"
    "Path: /usr/lib/objrepos\n  bos.mp64                  7.2.5.200  COMMITTED  Base Operating System\n"
)
PS_EF = (
    "     UID     PID    PPID   C    STIME    TTY  TIME CMD\n"
    "    root       1       0   0   Mar 01      -  0:03 /etc/init\n"
    "    root 6685140 3211500   0 10:00:00      -  0:00 /usr/sbin/nimsh -s -c\n"
)
NETSTAT = (
    "Active Internet connections (including servers)\n"
    "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)\n"
    "tcp4       0      0  *.3901                 *.*                    LISTEN\n"
)
AR = (
    "rwxr-xr-x     2/2     743206 Mar 14 10:05 2019 libssl.so.1.0.0\n"
    + "rwxr-xr-x     2/2     512206 Mar 14 10:05 2019 libssl.so\n"
)
SETUP = (
    "x - /usr/lib/libssl.so.0.9.8\nx - /usr/lib/libcrypto.so.0.9.8\nReceived 2788 Bytes in 0.0 Seconds\n"
    "0513-044 The nimsh Subsystem was requested to stop.\n"
)


def parted(*lines: str) -> List[Section]:
    return sections(numbered("\n".join(lines)))


PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (LOG, "/var/adm/ras/nimsh.log"),
        (LOG.replace("\n", "\r\n"), "/var/adm/ras/nimsh.log"),
        ("2017 Loading certificates..\n\n2017 create BIO\n", "/var/adm/ras/nimsh.log"),
        ("\0" * 500 + LOG, "/var/adm/ras/nimsh.log"),
        ("> Fri Mar 14 10:05:04 2025 create BIO\n", "/var/adm/ras/nimsh.log"),
        (STANZA, "lsnim -l"),
        (NIMINFO, "/etc/niminfo"),
        (INETD, "/etc/inetd.conf"),
        (LSSRC_A, "lssrc -a"),
        (LSSRC_S, "lssrc -s nimsh"),
        (TFTP, "lssrc -t tftp"),
        (INETD_ROWS, "lssrc -ls inetd"),
        ("#subsysname:synonym:cmdargs:path:uid:\nnimsh::-s -c:/usr/sbin/nimsh:0:0:\n", "lssrc -S -s nimsh"),
        (LSLPP_LC, "lslpp -lc"),
        (LSLPP_HC, "lslpp -hc"),
        ("openssl.base:openssl.base:1.0.2.1800: : :C: :Open Secure Socket Layer: : : : : : :0:0:/:\n" * 2, "lslpp -Lc"),
        (LSLPP_L, "lslpp -l"),
        ("EFIX ID: 1\nEFIX LABEL: IJ55968s5a\nINSTALL DATE: 11/20/25 10:00:00\n", "emgr -lv3"),
        ("There is no efix data on this system.\n", "emgr -l"),
        ("    All filesets for IJ09232 were found.\n", "instfix -ik"),
        ("7200-05-03-2148\n", "oslevel -s"),
        ("00F6A1B24C00\n", "uname -m"),
        ("OpenSSL 1.0.2u  20 Dec 2019\n", "openssl version"),
        (PS_EF, "ps -ef"),
        ("    PID    PPID     ELAPSED COMMAND\n      1       0 12-03:04:05 /etc/init\n", "ps -eo pid,ppid,etime,args"),
        (NETSTAT, "netstat -an"),
        ("Filesystem    1024-blocks      Free %Used    Iused %Iused Mounted on\n/dev/hd4 65536 1 2% 3 4% /\n", "df -k"),
        (AR, "ar -X32_64 -tv /usr/lib/libssl.a"),
        (AR.replace("libssl", "libcrypto"), "ar -X32_64 -tv /usr/lib/libcrypto.a"),
        ("total 8\n-rw-r--r--    1 root     system         2788 Mar 14 10:05 server.pem\n", "ls -l"),
        ("nim  1058/tcp\nnimreg 1059/tcp\nnimsh 3901/tcp\n", "/etc/services"),
        ("127.0.0.1 loopback localhost\n10.1.1.7 lpar7\n", "/etc/hosts"),
        ("allow:/ssl_nimsh/certs\n", "/etc/tftpaccess.ctl"),
        (SETUP, "nimclient -c"),
        ("0042-001 nim: processing error encountered:\n   0042-006 m_lslpp: (From_Master)\n", "nim -o lslpp"),
        (PEM, "/ssl_nimsh/certs/certificate.pem"),
    ],
)  # fmt: skip
def test_each_kind_is_known_by_its_content_alone(text: str, name: str) -> None:
    assert recognise(text) == name


@pytest.mark.parametrize(
    ("text", "hint", "name"),
    [
        ("lpar7 root", ".rhosts", "/.rhosts"),
        ("# nothing here yet", "niminfo", "/etc/niminfo"),
        ("lpar7", "hostname.txt", "hostname"),
        ("Fri Mar 14 10:05:04 2025 something else", "nimsh.log.old", "/var/adm/ras/nimsh.log"),
        (STANZA, "niminfo", "lsnim -l"),
        (STANZA, "nimclient_-l_-l_lpar7.txt", "nimclient -l -l lpar7"),
        (LSLPP_L, "nim_-o_lslpp_lpar7", "nim -o lslpp lpar7"),
        ("[ req ]\ndefault_bits = 1024\ndefault_md = md5\n", "SSL_server.cnf", "/ssl_nimsh/configs/SSL_server.cnf"),
        ("[ req ]\ndefault_bits = 1024\ndefault_md = md5\n", "openssl.cnf", None),
        ("A file about pushes, in prose.\n" * 5, "hostname.txt", None),
        ("", "nimsh.log", None),
        ("\x01\x02\x03\x7f" * 50, "nimsh.log", None),
        (PEM, "certs/server.pem", "/ssl_nimsh/certs/server.pem"),
    ],
)
def test_a_file_name_breaks_ties_but_never_stands_against_the_content(
    text: str, hint: str, name: Optional[str]
) -> None:
    assert recognise(text, hint) == name


@pytest.mark.parametrize(
    "text",
    [
        "Hello, every push hangs and nimsh.log stops at create BIO.\nPlease help.\n",
        "Known issue: create BIO\nsee also\ncreate BIO\n",
        "2. Error connecting to SSL object\n",
        "tftp must be on in /etc/inetd.conf, and lssrc -t tftp must show it active.\n",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n",
    ],
)
def test_prose_that_only_mentions_a_word_is_nothing(text: str) -> None:
    assert recognise(text) is None


def test_a_mail_without_prompts_may_hold_two_kinds() -> None:
    found = parts("Dear support,\n" + STANZA + "and the log:\n" + LOG)
    assert [(part.name, part.first) for part in found] == [("lsnim -l", 1), ("/var/adm/ras/nimsh.log", 10)]


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("# lsnim -l lpar7", "lsnim -l lpar7"),
        ("$ oslevel -s", "oslevel -s"),
        ("root@nim1:/ # lsnim -l", "lsnim -l"),
        ("[nim1:root:/] lsnim -l", "lsnim -l"),
        ("lpar7:/# nimclient -c", "nimclient -c"),
        ("(0) root @ nim1: / # lssrc -a", "lssrc -a"),
        ("> # lssrc \u2013s nimsh", "lssrc -s nimsh"),
        ("# /usr/sbin/lsnim -l", "/usr/sbin/lsnim -l"),
        ("# LC_ALL=C lslpp -lc", "LC_ALL=C lslpp -lc"),
    ],
)
def test_every_shape_of_prompt_begins_a_section(line: str, command: str) -> None:
    (section,) = parted(line, "something")
    assert (section.command, section.first_line, section.text) == (command, 2, "something")
    assert section.row is not None
    assert section.extent is Extent.WHOLE


@pytest.mark.parametrize(
    "line",
    [
        "And # lsnim -l lpar7 shows the connect attribute",
        "# nimclient -c to refresh them:",
        "# ls this",
        "# host name",
        "## Internet server configuration",
        "# tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n",
        "10% df",
    ],
)
def test_prose_and_comments_are_no_prompts(line: str) -> None:
    (section,) = parted(line, "something")
    assert section.command == ""


@pytest.mark.parametrize(
    ("typed", "name", "row", "extent"),
    [
        ("cat /etc/inetd.conf", "/etc/inetd.conf", "/etc/inetd.conf", Extent.WHOLE),
        ("cat /etc/inetd.conf | grep tftp", "cat /etc/inetd.conf | grep tftp", "/etc/inetd.conf", Extent.FILTERED),
        ("grep tftp /etc/inetd.conf", "grep tftp /etc/inetd.conf", "/etc/inetd.conf", Extent.FILTERED),
        (
            "tail -50 /var/adm/ras/nimsh.log",
            "tail -50 /var/adm/ras/nimsh.log",
            "/var/adm/ras/nimsh.log",
            Extent.TAIL,
        ),
        ("cat niminfo", "/etc/niminfo", "/etc/niminfo", Extent.WHOLE),
        ("lssrc -a | egrep 'nimsh|inetd'", "lssrc -a | egrep 'nimsh|inetd'", "lssrc -a", Extent.FILTERED),
        ("lsnim -l lpar7 | more", "lsnim -l lpar7", "lsnim -l", Extent.WHOLE),
        ("lssrc -a 2>&1", "lssrc -a", "lssrc -a", Extent.WHOLE),
        ("cd /etc; cat inetd.conf", "/etc/inetd.conf", "/etc/inetd.conf", Extent.WHOLE),
        ("lsnim -l <client> | grep connect", "lsnim -l <client> | grep connect", None, Extent.EXCERPT),
    ],
)
def test_a_filtered_output_is_flagged_and_keeps_its_pipe(
    typed: str, name: str, row: Optional[str], extent: Extent
) -> None:
    (section,) = parted("# " + typed, "something")
    assert (section.name, section.row and section.row.name, section.extent) == (name, row, extent)


def test_comments_of_a_configuration_file_do_not_part_it() -> None:
    text = INETD + "# cat /etc/inetd.conf before a change\n# lssrc -s inetd\n" + INETD
    (section,) = parted(text)
    assert section.command == ""


def test_any_later_prompt_of_the_same_host_ends_a_section() -> None:
    lines = ["root@nim1:/ # oslevel -s", "7200-05-03-2148", "root@nim1:/tmp # ./own.sh", "noise", "root@nim1:/ #"]
    assert [section.command for section in parted(*lines)] == ["oslevel -s", "./own.sh", ""]


@settings(max_examples=examples(200), deadline=None)
@given(st.text(), st.text(max_size=20))
def test_nothing_makes_it_raise(text: str, hint: str) -> None:
    recognise(text, hint)
    parts(text, hint)
    parted(text)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="../shared/samples is not here")
@pytest.mark.parametrize("start", ["df.", "emgr_-l.", "lslpp_-lc."])
def test_recorded_outputs_are_what_they_are(start: str) -> None:
    files = sorted(SAMPLES.glob(start + "*")) if SAMPLES.is_dir() else []
    assert files
    for file in files:
        assert recognise(file.read_bytes().decode("iso8859-1")) == start.replace("_", " ").rstrip("."), file.name


@pytest.mark.skipif(not SEEDS.is_dir(), reason="../shared/seeds is not here")
def test_a_guide_full_of_prompts_yields_the_outputs_it_shows() -> None:
    for file in SEEDS.glob("*.txt"):
        found = parted(file.read_text("utf-8"))
        shown = {section.name for section in found if section.row and not section.blank}
        assert {"lssrc -s nimsh", "lssrc -t tftp", "nimclient -c", "lsnim -l master | grep ssl"} <= shown


@pytest.mark.parametrize(
    ("hint", "name"),
    [("commands_nimclient_-l_-l_lpar7", "nimclient -l -l lpar7"), ("files_etc_niminfo", "/etc/niminfo")],
)
def test_the_name_that_a_flattened_evidence_directory_leaves_a_file_still_says_what_it_is(hint: str, name: str) -> None:
    assert hinted_name(hint) == name
