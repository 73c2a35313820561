"""Whatever the bytes, a parser gives a fact or BadEvidence, and the fact can be asked."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts.ar import LibraryArchives
from nimdoctor.facts.audit import Auditing
from nimdoctor.facts.certificates import Certificates
from nimdoctor.facts.clock import LocalDate, UtcDate
from nimdoctor.facts.crypto_setup import CryptoSetup
from nimdoctor.facts.hosts import Hosts
from nimdoctor.facts.identity import HostName, MachineId
from nimdoctor.facts.inittab import Inittab
from nimdoctor.facts.libraries import ExtractedLibraries
from nimdoctor.facts.name_lookups import NameLookups
from nimdoctor.facts.netsvc import NetsvcConf
from nimdoctor.facts.openssl_version import OpensslVersion
from nimdoctor.facts.paths import Paths
from nimdoctor.facts.recorded_push import RecordedPush
from nimdoctor.facts.services import Services
from nimdoctor.facts.showres import LppSourceContents
from nimdoctor.facts.ssl_configs import SslConfigs, SslSamples
from nimdoctor.facts.tftpaccess import TftpAccess
from nimdoctor.facts.wpar import Wpar
from nimdoctor.model.text import BadEvidence, Text

PARSERS = {
    Paths: "ls -la /ssl_nimsh/certs",
    LibraryArchives: "ar -X32_64 -tv /usr/lib/libssl.a",
    UtcDate: "date -u",
    LocalDate: "date +%Y-%m-%dT%H:%M:%S",
    MachineId: "uname -m",
    HostName: "hostname",
    Certificates: "/ssl_nimsh/certs/server.pem",
    SslConfigs: "/ssl_nimsh/configs/SSL_root.cnf",
    SslSamples: "/usr/samples/nim/ssl/SSL_root.cnf",
    Services: "/etc/services",
    Hosts: "/etc/hosts",
    TftpAccess: "/etc/tftpaccess.ctl",
    NetsvcConf: "/etc/netsvc.conf",
    Inittab: "lsitab nimsh",
    Auditing: "audit query",
    Wpar: "uname -W",
    NameLookups: "host lpar7",
    OpensslVersion: "openssl version",
    LppSourceContents: "nim -o showres lpp_7200",
    RecordedPush: "nim -o lslpp lpar7",
    CryptoSetup: "nimclient -c",
}

LINES = [
    b"-rwxr-xr-x    1 root     system       745320 Mar 05 04:15 libssl.so.0.9.8",
    b"lrwxrwxrwx 1 root system 26 Oct 24 2019 /usr/lib/libssl.so -> /opt/lib/libssl.so",
    b"total 8",
    b"/ssl_nimsh/certs:",
    b"ls: 0653-341 The file /usr/lib/[z-a]* does not exist.",
    b"rwxr-xr-x     0/0     745320 Mar 05 04:15 2019 libssl.so.0.9.8",
    b"2025-03-14T10:05:04Z",
    b"Fri Mar 14 10:05:04 UTC 2025",
    b"00F6A1B24C00",
    b"lpar7.example.com",
    b"-----BEGIN CERTIFICATE-----",
    b"MAMCAQE=",
    b"-----END CERTIFICATE-----",
    b"-----BEGIN RSA PRIVATE KEY-----",
    b"[ req ]",
    b"default_bits = 1024 # RSA",
    b"nimsh 3901/tcp # NIM",
    b"10.1.1.7 lpar7.example.com lpar7",
    b"allow:/ssl_nimsh/certs",
    b"hosts = local, bind4",
    b"nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1",
    b"auditing on",
    b"0",
    b"lpar7.example.com is 10.1.1.7,  Aliases:   lpar7",
    b"host: 0827-803 Cannot find address for host X.",
    b"OpenSSL 1.0.2u  20 Dec 2019",
    b"  openssl.base   1.0.2.1800   I  N  usr,root",
    b"0042-001 nim: processing error",
    b"x - /usr/lib/libssl.so.0.9.8",
    b"Received 2788 Bytes in 0.0 Seconds",
    b"0513-059 The nimsh Subsystem has been started.",
]
ODD = [
    b"",
    b"\0",
    b"\r",
    b"\xe4",
    b"\xff\xfe",
    b"\xc2\xb2",
    b"9" * 5000,
    b"\xd9\xa3",
    b" " * 300,
    b":",
    b"/",
    b"*",
    b"\x0c",
    b"\x85",
]
HOSTILE = [
    "a" * 60000,
    "a = b" + " " * 60000 + "c",
    "0653-341 " * 7000,
    "tftp " * 13000,
    "ls: /x: No such " * 4000,
    "a." * 30000,
]


@st.composite
def mutated_lines(draw: st.DrawFn) -> bytes:
    """Lines that some parser knows, cut, doubled and filled with odd bytes."""
    lines = []
    for line in draw(st.lists(st.sampled_from(LINES), max_size=6)):
        at = draw(st.integers(0, len(line)))
        skip = draw(st.sampled_from([0, 0, 0, 1, 5]))
        lines.append(line[:at] + draw(st.sampled_from(ODD)) + line[at + skip :])
    return draw(st.sampled_from([b"\n", b"\r\n"])).join(lines)


def parsed(fact: Any, content: bytes, name: str) -> Any:
    try:
        return fact.parse(Text.of(content, "evidence", name=name, command=not name.startswith("/")))
    except BadEvidence as error:
        assert "\n" not in str(error)
        return None


@pytest.mark.parametrize("fact", PARSERS, ids=lambda fact: fact.__name__)
@given(content=st.one_of(st.binary(max_size=300), mutated_lines()))
def test_only_bad_evidence_comes_out_of_a_parser(fact: Any, content: bytes) -> None:
    found = parsed(fact, content, PARSERS[fact])
    if found is not None:
        assert isinstance(found, fact)
        assert found.whole().text.isascii() or found.whole().line is not None
        if hasattr(fact, "combine"):
            assert isinstance(fact.combine([found, found]), fact)


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: line[:12])
def test_a_long_line_is_read_in_linear_time(line: str) -> None:
    started = time.process_time()
    for fact, name in PARSERS.items():
        parsed(fact, line.encode(), name)
    assert time.process_time() - started < 2


@given(content=mutated_lines(), name=st.text(max_size=30))
def test_no_name_of_a_text_breaks_a_parser(content: bytes, name: str) -> None:
    for fact in PARSERS:
        parsed(fact, content, name)


@given(content=mutated_lines(), pattern=st.sampled_from(["/**", "/usr/lib/*", "/[z-a]", "/ssl_nimsh/certs/*", "", "*"]))
def test_any_listing_can_be_asked_about_any_path(content: bytes, pattern: str) -> None:
    paths = parsed(Paths, content, "ls -lR /usr/lib /ssl_nimsh/*")
    if paths is not None:
        for path in [*paths.states, "/", "", "/usr/lib/libssl.so.0.9.8", pattern]:
            assert paths.known(path) == (paths.absent(path) is not None)
            assert (paths.get(path) is not None) == (paths.absent(path) is False) or path in ("/", "")
            paths.quote(path)
        paths.matching(pattern)
        paths.listed(pattern)
        archives = parsed(LibraryArchives, content, "ar -X32_64 -tv /usr/lib/libssl.a")
        for copy in ExtractedLibraries.derive(paths, archives, None, None, None).copies:
            assert copy.verdict in ("fresh", "stale", "unknown") and copy.reasons


@given(content=st.binary(max_size=60))
def test_no_byte_of_a_key_comes_out_of_a_certificate_file(content: bytes) -> None:
    secret = content.hex().encode().ljust(40, b"K")
    pem = b"-----BEGIN RSA PRIVATE KEY-----\n" + secret + b"\n-----END RSA PRIVATE KEY-----\n"
    assert secret.decode() not in repr(Certificates.parse(Text.of(pem + content, "/ssl_nimsh/certs/server.pem")))
