"""Whatever bytes come, a parser answers or raises BadEvidence, and its answers can be asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts.df import FileSystems
from nimdoctor.facts.emgr import InterimFixes
from nimdoctor.facts.instfix import Apars
from nimdoctor.facts.lslpp import Filesets
from nimdoctor.facts.lslpp_history import FilesetHistory
from nimdoctor.facts.lssrc import InetdServices, Subsystems
from nimdoctor.facts.netstat import Sockets
from nimdoctor.facts.nimsh_definition import NimshDefinition
from nimdoctor.facts.oslevel import IosLevel, OsLevel
from nimdoctor.facts.ps import Processes
from nimdoctor.model.text import BadEvidence, Text

FACTS = {
    Subsystems: ["lssrc -a", "lssrc -s nimsh"],
    InetdServices: ["lssrc -ls inetd", "lssrc -t tftp"],
    NimshDefinition: ["lssrc -S -s nimsh"],
    Filesets: ["lslpp -lc", "lslpp -L", "loose"],
    FilesetHistory: ["lslpp -hc openssl.base"],
    InterimFixes: ["emgr -lv3"],
    Apars: ["instfix -ik"],
    OsLevel: ["oslevel -s"],
    IosLevel: ["ioslevel"],
    Processes: ["ps -ef"],
    Sockets: ["netstat -an"],
    FileSystems: ["df -k", "df"],
}
LINES = [
    "Subsystem         Group            PID          Status",
    " nimsh            nimclient        7405942      active",
    " nimesis          nim                           inoperative",
    "0513-085 The nimsh Subsystem is not on file.",
    "0513-004 The Subsystem or Group, nimsh, is currently inoperative.",
    "Service       Command                  Description              Status",
    " tftp         /usr/sbin/tftpd          tftpd -n                 active",
    "#subsysname:synonym:cmdargs:path:uid:grpname:",
    "nimsh::-s -c:/usr/sbin/nimsh:0:nimclient:",
    "/usr/lib/objrepos:bos.rte:7.2.5.200::COMMITTED:F:Base Operating System Runtime:",
    "openssl:openssl.base:1.1.2.2200: : :C:F:Secure: : : : : : :0:1:/:2105",
    "Path: /usr/lib/objrepos",
    "  bos.rte                  7.2.5.200  COMMITTED  Base Operating System Runtime",
    "  a.very.long.fileset.name",
    "                             1.0.0.7  APPLIED    Something",
    "lslpp: 0504-132  Fileset openssl.* not installed.",
    "/usr/lib/objrepos:openssl.base:1.0.2.1800::APPLY:COMPLETE:03/14/25:10;05;04",
    "                1.1.2.2200   APPLY        COMPLETE     05/04/25     10:50:00",
    "1   *Q*   IJ53757s1a 03/20/25 10:22:41            NIM security fix",
    "EFIX ID: 1",
    "EFIX LABEL: IJ53757s1a",
    "EFIX STATE: STABLE",
    "APAR REFERENCE: IJ53757",
    "    All filesets for IJ13756 were found.",
    "7200-05-10-2520",
    "3.1.4.21",
    "     PID     PPID     ELAPSED COMMAND",
    " 7405942  4194674    01:02:03 /usr/sbin/nimsh -s -c",
    "    root 7405942 4194674   0   Mar 14      -  0:00 /usr/sbin/nimsh -s -c",
    "tcp4       0      0  10.1.1.7.3901          10.1.1.2.1021          ESTABLISHED",
    "Filesystem    512-blocks      Free %Used    Iused %Iused Mounted on",
    "/dev/hd2        20000000   2000000   90%    49625     4% /usr",
]
ODD = [
    "",
    " ",
    ":",
    "-",
    "%",
    "0",
    "9" * 5000,
    "\u00b2",
    "\u0663",
    "\0",
    "\t",
    "*",
    "[b-a]",
    "/",
    "0513-085",
    "0504-132",
]


@st.composite
def mutated(draw):
    """Known lines in any order, each with a piece cut out and something odd put in."""
    content = []
    for line in draw(st.lists(st.sampled_from(LINES), max_size=8)):
        start = draw(st.integers(0, len(line)))
        end = draw(st.integers(start, min(len(line), start + 12)))
        content.append(line[:start] + draw(st.sampled_from(ODD)) + line[end:] if draw(st.booleans()) else line)
    return draw(st.sampled_from(["\n", "\r\n"])).join(content).encode("utf-8")


def ask(fact):
    """Calls what a check would call."""
    for name in ("nimsh", "tftp", "openssl.base", "IJ53757", "a[", ""):
        for method in (
            "get",
            "active",
            "quote",
            "row",
            "known",
            "level",
            "installed",
            "broken",
            "installed_at",
            "newest",
        ):
            if hasattr(fact, method) and not isinstance(fact, (OsLevel, IosLevel)):
                getattr(fact, method)(name)
    for method in ("stable_apars", "unstable", "whole"):
        if hasattr(fact, method):
            getattr(fact, method)()
    if isinstance(fact, FileSystems):
        fact.for_path("/usr/lib/libssl.a")
    if isinstance(fact, Sockets):
        fact.listening(3901)
    if isinstance(fact, Processes):
        fact.named("nimsh")
    if hasattr(type(fact), "combine"):
        type(fact).combine([fact, fact])


def parse_all(fact_type, content):
    for name in FACTS[fact_type]:
        try:
            fact = fact_type.parse(Text.of(content, name))
        except BadEvidence as refused:
            assert "\n" not in str(refused)
            assert str(refused).isascii()
            continue
        ask(fact)


@pytest.mark.parametrize("fact_type", FACTS, ids=lambda fact_type: fact_type.__name__)
@given(content=st.binary())
def test_any_bytes_are_survived(fact_type, content):
    parse_all(fact_type, content)


@pytest.mark.parametrize("fact_type", FACTS, ids=lambda fact_type: fact_type.__name__)
@given(content=mutated())
def test_damaged_lines_are_survived(fact_type, content):
    parse_all(fact_type, content)


@pytest.mark.parametrize("fact_type", FACTS, ids=lambda fact_type: fact_type.__name__)
@pytest.mark.parametrize(
    "piece", [" ", "a", "a ", "a  ", "1 ", "-", ":", "0504-132 ", "0513-004 ", "/a ", "a.1.2.3.4 "]
)
def test_one_endless_line_takes_no_endless_time(fact_type, piece):
    parse_all(fact_type, (piece * 70000)[:140000].encode())
