"""Bare files, each recognised, all of them one host."""

import io
from pathlib import Path
from typing import BinaryIO, Callable, Dict, List, Tuple, Union

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from nimdoctor.evidence.catalog import Catalog, Kind
from nimdoctor.evidence.loose import LooseEvidence, read_loose
from nimdoctor.evidence.source import TargetError
from nimdoctor.model.text import Extent, Text

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
LOG = "Fri Mar 14 10:05:02 2025 Loading certificates..\nFri Mar 14 10:05:04 2025 create BIO\n"
OLD_LOG = LOG.replace("2025", "2024")
STANZA = "lpar7:\n   class          = machines\n   type = standalone\n   connect        = nimsh (secure)\n"
NIMINFO = "export NIM_NAME=lpar7\nexport NIM_MASTER_HOSTNAME=nim1\n"
INETD = "tftp   dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n\n"
STATUS = (
    "Subsystem         Group            PID          Status\n nimsh            nimclient        6685140      active\n"
)
KEY = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n"


def evidence(files: Dict[str, Union[str, bytes]]) -> LooseEvidence:
    pieces: List[Tuple[str, Callable[[], BinaryIO], int]] = []
    for name, content in files.items():
        raw = content if isinstance(content, bytes) else content.encode()
        pieces.append((name, lambda raw=raw: io.BytesIO(raw), len(raw)))  # type: ignore[misc]
    return read_loose("case", pieces)


def texts(found: LooseEvidence, name: str) -> List[Text]:
    row = next(row for row in Catalog() if row.name == name and row.kind is not Kind.PATHS)
    return found.texts(row, {})


def test_a_log_alone_is_evidence_under_its_own_name() -> None:
    found = evidence({"attached.bin": LOG})
    (text,) = texts(found, "/var/adm/ras/nimsh.log")
    assert (text.source, text.name, text.command) == ("attached.bin", "/var/adm/ras/nimsh.log", False)
    assert text.quote(2).text.endswith("create BIO")
    assert (found.loose, found.live, found.host, found.roles, found.remarks) == (True, False, None, (), [])
    assert found.file_absent("/etc/niminfo") is None
    assert not found.paths(list(Catalog())).states


def test_a_quoted_mail_is_served_unquoted_with_its_own_line_numbers() -> None:
    mail = "Hello,\n\n" + "".join("> " + line + "\n" for line in LOG.splitlines()) + "\nRegards\n"
    (text,) = texts(evidence({"mail.txt": mail}), "/var/adm/ras/nimsh.log")
    assert text.quote(4).text == "Fri Mar 14 10:05:04 2025 create BIO"


def test_a_transcript_gives_one_text_a_prompt_with_true_line_numbers() -> None:
    found = evidence({"t.txt": "Dear support,\n# lsnim -l lpar7\n" + STANZA + "# lssrc -s nimsh\n" + STATUS})
    (stanza,) = texts(found, "lsnim -l")
    (status,) = texts(found, "lssrc -a")
    assert (stanza.name, stanza.first_line, stanza.command) == ("lsnim -l lpar7", 3, True)
    assert (status.name, status.first_line) == ("lssrc -s nimsh", 8)
    assert status.quote(9).text.startswith(" nimsh")
    assert found.remarks == ["t.txt line 1: not recognised: 'Dear support,'"]


def test_a_filtered_file_counts_only_when_the_whole_is_not_there() -> None:
    piped = "# cat /etc/inetd.conf | grep tftp\n" + INETD
    (text,) = texts(evidence({"t.txt": piped}), "/etc/inetd.conf")
    assert text.name == "cat /etc/inetd.conf | grep tftp"
    (text,) = texts(evidence({"t.txt": piped, "inetd.conf": "#" + INETD}), "/etc/inetd.conf")
    assert text.source == "inetd.conf"


@pytest.mark.parametrize(
    ("files", "order"),
    [
        ({"nimsh.log": LOG, "nimsh.log.old": OLD_LOG}, ["nimsh.log.old", "nimsh.log"]),
        ({"b.log": LOG, "a.log": OLD_LOG}, ["a.log", "b.log"]),
        (
            {
                "nimsh.log": "Loading certificates..\ncreate BIO\n",
                "nimsh.log.1": "Loading certificates..\nLoading private key file..\n",
                "nimsh.log.2": "create BIO\nLoading private key file..\n",
            },
            ["nimsh.log.2", "nimsh.log.1", "nimsh.log"],
        ),
    ],
)
def test_rotated_logs_come_oldest_first(files: Dict[str, Union[str, bytes]], order: List[str]) -> None:
    assert [text.source for text in texts(evidence(files), "/var/adm/ras/nimsh.log")] == order


def test_an_earlier_copy_is_left_aside_and_said() -> None:
    found = evidence({"inetd.conf": INETD, "inetd.conf.bak": "#" + INETD, "first.log": LOG, "second.log": LOG + LOG})
    assert [text.source for text in texts(found, "/etc/inetd.conf")] == ["inetd.conf"]
    assert [text.source for text in texts(found, "/var/adm/ras/nimsh.log")] == ["second.log"]
    assert "inetd.conf.bak: left aside, an older copy of inetd.conf" in found.remarks


def test_an_old_niminfo_shown_in_a_transcript_is_not_the_one_in_force() -> None:
    shown = "# cat /etc/niminfo.old\n" + NIMINFO + "# oslevel -s\n7200-05-03-2148\n"
    assert texts(evidence({"t.txt": shown}), "/etc/niminfo") == []


def test_of_a_command_typed_twice_the_last_counts() -> None:
    again = STATUS.replace("6685140      active", "             inoperative")
    found = evidence({"t.txt": f"# lssrc -s nimsh\n{again}# startsrc -s nimsh\n# lssrc -s nimsh\n{STATUS}"})
    (text,) = texts(found, "lssrc -a")
    assert text.first_line == 6


@pytest.mark.parametrize("quote", ["", "> ", "    "])
def test_a_key_in_a_pasted_mail_is_named(quote: str) -> None:
    mail = "Hello,\n\n# lssrc -s nimsh\n" + STATUS + "and here is the key:\n" + KEY
    found = evidence({"mail.txt": "".join(quote + line + "\n" for line in mail.splitlines())})
    assert "mail.txt: a private key is among the files: delete it; it was not read further" in found.remarks
    (text,) = texts(found, "lssrc -a")
    assert "c2VjcmV0" not in text.read()


def test_a_key_is_never_served() -> None:
    certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    found = evidence({"key.pem": KEY, "server.pem": KEY + certificate, "t.txt": LOG + KEY})
    assert "key.pem: a private key is among the files: delete it; it was not read further" in found.remarks
    for name in ("/ssl_nimsh/certs/*", "/var/adm/ras/nimsh.log"):
        (text,) = texts(found, name)
        assert "c2VjcmV0" not in text.read()


@pytest.mark.parametrize(
    "files",
    [
        {"a/niminfo": NIMINFO, "b/niminfo": NIMINFO.replace("lpar7", "lpar8")},
        {"a.txt": "7200-05-03-2148", "b.txt": "7200-05-04-2220"},
        {"a.txt": "00F6A1B24C00", "b.txt": "00F6A1B24D00"},
        {"a.txt": "# hostname\nlpar7\n", "b.txt": "# hostname\nlpar8\n"},
        {"a.conf": INETD, "b.conf": "#" + INETD},
        {"a.txt": "master:\n class = machines\n type = master\n if1 = n nim1 0\n cpuid = 00F6A1B24C00\n",
         "b.txt": "master:\n class = machines\n type = master\n if1 = n nim2 0\n cpuid = 00F6A1B24D00\n"},
        {"t.txt": f"root@nim1:/ # lssrc -s nimsh\n{STATUS}root@lpar7:/ # lssrc -s nimsh\n{STATUS}"},
    ],
)  # fmt: skip
def test_two_hosts_files_of_one_kind_are_refused_and_named(files: Dict[str, Union[str, bytes]]) -> None:
    with pytest.raises(TargetError, match=r"two hosts' files of one kind: .* and .*; put each host's files") as error:
        evidence(files)
    assert all(name in str(error.value) for name in files)


def test_one_host_whose_level_changed_within_a_transcript_is_one_host() -> None:
    prompt = "root@lpar7:/ # oslevel -s\n"
    found = evidence({"t.txt": prompt + "7200-05-03-2148\n" + prompt + "7200-05-04-2220\n"})
    (text,) = texts(found, "oslevel -s")
    assert text.read().strip() == "7200-05-04-2220"


def test_what_was_not_recognised_is_said_up_to_a_limit() -> None:
    files: Dict[str, Union[str, bytes]] = {f"n{number}.txt": "prose" for number in range(30)}
    found = evidence({"photo.jpg": b"\xff\xd8\x01\x02\x03\x04", "log.gz": b"\x1f\x8b\x08", "x": LOG, **files})
    assert found.remarks[:3] == [
        "log.gz: not recognised (gzip: unpack it first)",
        "n0.txt: not recognised",
        "n1.txt: not recognised",
    ]
    assert found.remarks[-1] == "12 more were not recognised"


def test_nothing_recognised_at_all_is_an_error() -> None:
    with pytest.raises(TargetError, match="nothing in case was recognised as evidence of NIM"):
        evidence({"notes.txt": "hello"})


def test_a_file_that_cannot_be_opened_is_said() -> None:
    def refused() -> BinaryIO:
        raise PermissionError(13, "Permission denied")

    found = read_loose("case", [("secret", refused, 10), ("x", lambda: io.BytesIO(LOG.encode()), len(LOG))])
    assert found.remarks == ["secret: cannot be read: Permission denied: run as root"]


def test_a_large_log_is_not_read_whole() -> None:
    read = []

    class Stream(io.BytesIO):
        def read(self, size: int = -1) -> bytes:  # type: ignore[override]
            read.append(size)
            return super().read(size)

    raw = (LOG * 10).encode()
    found = read_loose("case", [("nimsh.log", lambda: Stream(raw), 200 * 1024 * 1024)])
    assert len(texts(found, "/var/adm/ras/nimsh.log")) == 1
    assert all(0 < size <= 64 * 1024 for size in read)


@settings(max_examples=examples(150), deadline=None)
@given(st.dictionaries(st.text(max_size=12), st.one_of(st.binary(max_size=300), st.sampled_from(
    [LOG.encode(), STANZA.encode(), NIMINFO.encode(), KEY.encode(), b"# lssrc -a\n", b"\xff\xfe#\0 \0"]
).flatmap(lambda known: st.binary(max_size=40).map(lambda noise: noise + b"\n" + known))), max_size=4))  # fmt: skip
def test_arbitrary_bytes_raise_nothing_but_a_target_error(files: Dict[str, bytes]) -> None:
    try:
        found = evidence(dict(files))
    except TargetError:
        return
    for row in Catalog():
        for text in found.texts(row, {}):
            text.read()
    found.close()


@pytest.mark.skipif(not SEEDS.is_dir(), reason="../shared/seeds is not here")
def test_a_guide_as_a_loose_file_is_read_sanely() -> None:
    for file in SEEDS.glob("*.txt"):
        found = evidence({file.name: file.read_bytes()})
        (setup,) = texts(found, "nimclient -c")
        assert "Received 2788 Bytes" in setup.read()
        assert all(text.first_line > 1 for row in Catalog() for text in found.texts(row, {}))


def test_a_file_among_other_text_is_an_excerpt_of_which_nothing_lacks() -> None:
    mail = (
        "Hello,\n\nexport NIM_NAME=lpar7\nexport NIM_MASTER_HOSTNAME=nim1\n\nits ports:\n"
        "nimsh 3901/tcp\nnimaux 3902/tcp\n"
    )
    found = evidence({"mail.txt": mail})
    for name in ("/etc/niminfo", "/etc/services"):
        (text,) = texts(found, name)
        assert text.extent is Extent.EXCERPT


def test_the_niminfos_of_two_hosts_in_one_mail_are_refused() -> None:
    one = "of {0}:\n\nexport NIM_NAME={0}\nexport NIM_MASTER_HOSTNAME=nim1\n\n"
    with pytest.raises(TargetError):
        evidence({"mail.txt": one.format("lpar7") + one.format("lpar8")})
