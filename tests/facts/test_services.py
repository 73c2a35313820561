"""/etc/services."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts.niminfo import NimInfo
from nimdoctor.facts.services import Services, ports_of_nim
from nimdoctor.model.text import BadEvidence, Extent, Text


def services(content):
    return Services.parse(Text.of(content, "/etc/services"))


def test_only_active_rows_count():
    found = services("nimsh\t\t3901/tcp\t# NIM Service Handler\n#nimaux 3902/tcp\nnimreg 1059/TCP\n")
    assert found.port("nimsh") == 3901
    assert found.port("nimaux") is None
    assert found.port("nimreg") == 1059
    assert found.named("nimsh")[0].quote().line == 1


def test_the_protocol_and_the_first_row_decide():
    found = services("tftp 69/udp\nnim 1058/tcp nimesis\nnim 2058/tcp\n")
    assert found.port("tftp") is None and found.port("tftp", "udp") == 69
    assert found.port("nim") == found.port("nimesis") == 1058


@pytest.mark.parametrize(
    "junk", ["", "ksh: cat:  not found.\n", "nimsh 3901\n", "nimsh 99999/tcp\n", "nim\0sh 3901/tcp\n"]
)
def test_a_text_without_a_row_is_no_evidence(junk):
    with pytest.raises(BadEvidence):
        services(junk)


def test_comments_alone_are_evidence_of_no_row():
    assert services("# all off\n").rows == ()


def test_rows_that_are_commented_out_are_kept_apart():
    found = services("nim 1058/tcp\n#nimsh 3901/tcp # off since the audit\n# 0/tcp # Reserved\n#\n")
    assert [(row.name, row.at.line) for row in found.off] == [("nimsh", 2)]
    assert found.switched_off("nimsh") and not found.named("nimsh") and not found.switched_off("nim")


def test_another_name_of_a_port_is_told_and_an_alias_is_none():
    found = services("sapmsPRD 3901/tcp\nsap 3901/udp\nx 3902/tcp nimaux\n")
    assert [row.name for row in found.others_on(3901, "nimsh")] == ["sapmsPRD"]
    assert found.others_on(3902, "nimaux") == ()


def test_of_a_command_only_what_it_shows_is_known():
    shown = Services.parse(Text.of("nim 1058/tcp\n", "mail.txt", name="grep nim /etc/services", extent=Extent.FILTERED))
    assert shown.partial and not services("nim 1058/tcp\n").partial


def test_the_ports_of_a_pull_are_those_of_niminfo():
    info = NimInfo.parse(Text.of("export NIM_MASTER_PORT=2058\nexport NIM_REGISTRATION_PORT=none\n", "/etc/niminfo"))
    assert ports_of_nim(info) == (("nimsh", 3901), ("nimaux", 3902), ("nim", 2058))
    assert ports_of_nim(None) == (("nimsh", 3901), ("nimaux", 3902))


NAMES = st.sampled_from(["nimsh", "nimaux", "nim", "ftp"])


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "#", "# "]), NAMES, st.integers(1, 65535), st.sampled_from(["tcp", "udp"])),
        min_size=1,
    )
)
def test_every_row_is_either_on_or_off_and_the_first_decides(rows):
    found = services("".join(f"{mark}{name} {port}/{protocol}\n" for mark, name, port, protocol in rows))
    assert [row.name for row in found.rows] == [name for mark, name, _, _ in rows if not mark]
    assert [row.name for row in found.off] == [name for mark, name, _, _ in rows if mark]
    for name in ("nimsh", "nimaux"):
        ports = [port for mark, known, port, protocol in rows if not mark and (known, protocol) == (name, "tcp")]
        assert found.port(name) == (ports[0] if ports else None)
