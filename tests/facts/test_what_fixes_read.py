"""What only a fix asks of a fact: the bytes an edit needs, what a recycle would lose, which lpp_sources there are."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nimdoctor.diagnosis.host import LPP_SOURCES, FactAbsent, Host
from nimdoctor.evidence.live import LiveHost
from nimdoctor.facts import Filesets, InetdConf, LppSourceContents, LppSources, NimInfo, Rhosts, SslConfigs, SslSamples
from nimdoctor.library.registry import Registry
from nimdoctor.model.private_keys import without_private_keys
from nimdoctor.model.text import BadEvidence, Text

RAW = [
    (InetdConf, b"tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd\r\n# caf\xe9 \x0c\n\n\t "),
    (NimInfo, b"export NIM_NAME=lpar7\r\n# caf\xe9\n\n\t "),
    (Rhosts, b"nim1 root\r\n# caf\xe9\n\n\t "),
]


@pytest.mark.parametrize(("kind", "raw"), RAW, ids=lambda one: getattr(one, "__name__", ""))
def test_a_fact_keeps_the_bytes_that_an_edit_needs(kind, raw):
    for content in (raw, raw.rstrip(), raw + b"\n"):
        assert kind.parse(Text.of(content, "/etc/some")).raw == content


@given(st.binary(max_size=200))
def test_whatever_the_bytes_they_are_kept(content):
    assume(without_private_keys(content) == content)
    for kind, start in RAW:
        try:
            assert kind.parse(Text.of(start + content, "/etc/some")).raw == start + content
        except BadEvidence:
            assert b"\0" in content


def test_a_file_that_is_absent_has_none():
    assert Rhosts.absent("/.rhosts").raw == b""


# -- SSL_*.cnf


def cnf(kind, place, **files):
    return kind.combine([kind.parse(Text.of(text, f"{place}/{name}.cnf")) for name, text in files.items()])


def test_what_differs_from_its_sample_is_shown_from_sample_to_file():
    shipped = "[ req ]\ndefault_bits = 2048\ndefault_md = sha256\n"
    configs = cnf(
        SslConfigs, "/ssl_nimsh/configs", SSL_root=shipped, SSL_server=shipped.replace("2048", "4096"), SSL_own=shipped
    )
    samples = cnf(SslSamples, "/usr/samples/nim/ssl", SSL_root=shipped, SSL_server=shipped, SSL_client=shipped)
    (change,) = configs.changed_from(samples)
    assert change.path == "/ssl_nimsh/configs/SSL_server.cnf"
    assert change.diff == (
        "--- /usr/samples/nim/ssl/SSL_server.cnf", "+++ /ssl_nimsh/configs/SSL_server.cnf", "@@ -1,3 +1,3 @@",
        " [ req ]", "-default_bits = 2048", "+default_bits = 4096", " default_md = sha256",
    )  # fmt: skip


@pytest.mark.parametrize("ending", ["\r\n", "\n\n", ""])
def test_lines_are_compared_without_their_ends(ending):
    configs = cnf(SslConfigs, "/c", SSL_root="[ req ]\nx = y\n")
    samples = cnf(SslSamples, "/s", SSL_root=f"[ req ]\r\nx = y{ending}")
    assert bool(configs.changed_from(samples)) is (ending == "\n\n")


# -- filesets


def test_a_lock_of_any_part_locks_the_fileset():
    rows = "/usr/lib/objrepos:openssl.base:1.0.2.1800::COMMITTED:I:Words:\n/etc/objrepos:openssl.base:1.0.2.1800::COMMITTED:I:Words:EFIXLOCKED\n"
    rows += "/usr/lib/objrepos:openssl.license:1.0.2.1800::COMMITTED:I:Words:\n"
    found = Filesets.parse(Text.of(rows, "lslpp -lc"))
    assert [found.efix_locked(name) for name in ("openssl.base", "openssl.license", "openssl.man.en_US")] == [
        True,
        False,
        False,
    ]


# -- lpp_sources


@pytest.fixture
def master(tmp_path):
    """A root whose lsnim and nim know these lpp_sources; `nim` notes what it is asked."""

    def make(*names):
        place = tmp_path / "nim1"
        (place / "usr" / "sbin").mkdir(parents=True)
        stanzas = "".join(f"{name}:\n   class = resources\n   type = lpp_source\n" for name in names)
        scripts = {
            "lsnim": f"cat << 'END'\nmaster:\n   class = machines\n   type = master\n{stanzas}END\n",
            "nim": 'echo "$*" >> "$NIMDOCTOR_ROOT/asked"\necho "  bos.mp64 7.1.4.35 I N usr"\necho "  of.$3 1.0.0.0 I N usr"\n',
        }
        for name, script in scripts.items():
            (place / "usr" / "sbin" / name).write_text("#!/bin/sh\n" + script)
            (place / "usr" / "sbin" / name).chmod(0o755)
        return place, Host(LiveHost(str(place)), Registry().catalog, ("master",))

    return make


def test_every_lpp_source_is_listed_when_a_fix_asks_and_not_before(master):
    place, host = master("lpp_1", "lpp_2")
    with pytest.raises(FactAbsent):
        host.fact(LppSourceContents)
    assert not (place / "asked").exists(), "a scan does not ask"
    found = host.fact(LppSources)
    assert [(source.name, source.has(f"of.{source.name}")) for source in found.sources] == [
        ("lpp_1", True),
        ("lpp_2", True),
    ]
    assert (place / "asked").read_text() == "-o showres lpp_1\n-o showres lpp_2\n"


def test_a_name_that_could_be_an_option_is_not_asked_for(master):
    place, host = master("-P", "lpp_1")
    assert [source.name for source in host.fact(LppSources).sources] == ["lpp_1"]
    assert (place / "asked").read_text() == "-o showres lpp_1\n"


def test_of_very_many_only_some_are_asked_for(master):
    _, host = master(*(f"lpp_{number}" for number in range(LPP_SOURCES + 5)))
    assert len(host.fact(LppSources).sources) == LPP_SOURCES
