"""A push is what proves that pushes work; afterwards the master says whether it was secure."""

import pytest
from hosts import evidence

from nimdoctor.diagnosis.host import Host
from nimdoctor.library.registry import Registry
from nimdoctor.probe import Push, push
from nimdoctor.system import command

FILESETS = 'echo "  bos.net.tcp.client         7.1.4.0  COMMITTED  TCP/IP Client Support"\n'
OBJECT_ERROR = """cat >&2 <<'end'
0042-001 nim: processing error encountered on "master":
   0042-006 m_lslpp: (From_Master) connect Error connecting to SSL object
end
exit 1
"""
HANG = "while :; do sleep 1; done\n"


def lsnim(connect="nimsh (secure)"):
    row = f"printf '   connect = {connect}\\n'\n" if connect else ""
    return f"printf '%s:\\n   class = machines\\n   type = standalone\\n' \"$2\"\n{row}"


def test_a_push_that_brings_the_filesets_came_through(live):
    master = live(commands={"nim": FILESETS, "lsnim": lsnim()})
    found = push(master, "lpar7")
    assert found == Push("lpar7", True, True, False, "nim -o lslpp lpar7 came through; connect = nimsh (secure)")
    assert found.proved


def test_the_commands_are_the_masters_own_with_the_clients_name(live, tmp_path):
    said = f'echo "$0 $*" >> {tmp_path}/said\n'
    push(live(commands={"nim": said + FILESETS, "lsnim": said + lsnim()}), "lpar7")
    assert [line.split("/usr/sbin/")[1] for line in (tmp_path / "said").read_text().splitlines()][-2:] == [
        "nim -o lslpp lpar7",
        "lsnim -l lpar7",
    ]


def test_connect_is_read_after_the_push(live, tmp_path):
    state = tmp_path / "connect"
    state.write_text("nimsh (secure)")
    master = live(
        commands={
            "nim": f"printf nimsh > {state}\n{FILESETS}",
            "lsnim": f"printf 'lpar7:\\n   type = standalone\\n   connect = %s\\n' \"$(cat {state})\"\n",
        }
    )
    assert push(master, "lpar7")[1:4] == (True, False, False)


@pytest.mark.parametrize("connect", ["nimsh", "shell", ""])
def test_any_other_connect_is_not_secure(live, connect):
    found = push(live(commands={"nim": FILESETS, "lsnim": lsnim(connect)}), "lpar7")
    assert (found.came_through, found.secure, found.proved) == (True, False, False)
    assert found.says.endswith(f"connect = {connect}" if connect else "(lsnim -l lpar7 shows none)")


def test_the_ssl_object_error_is_quoted(live):
    found = push(live(commands={"nim": OBJECT_ERROR, "lsnim": lsnim()}), "lpar7")
    assert (found.came_through, found.secure, found.timed_out) == (False, True, False)
    assert not found.proved
    assert found.says == (
        "nim -o lslpp lpar7 failed with status 1: 0042-006 m_lslpp: (From_Master) connect Error connecting to SSL "
        "object; connect = nimsh (secure)"
    )


def test_a_push_that_hangs_is_ended(live):
    found = push(live(commands={"nim": HANG, "lsnim": lsnim()}), "lpar7", timeout=0.2)
    assert found[1:] == (
        False,
        True,
        True,
        "nim -o lslpp lpar7 hung and was ended after 0.2 s; connect = nimsh (secure)",
    )


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("", "nim -o lslpp lpar7 ended with status 0 and no filesets: it said nothing"),
        ("echo what; echo why >&2; exit 3\n", "nim -o lslpp lpar7 ended with status 3 and no filesets: why"),
        (FILESETS + "exit 1\n", "nim -o lslpp lpar7 failed with status 1: bos.net.tcp.client"),
        (FILESETS + OBJECT_ERROR, "nim -o lslpp lpar7 failed with status 1: 0042-006"),
        (FILESETS + "echo '0042-001 nim: trouble' >&2\n", "nim -o lslpp lpar7 failed with status 0: 0042-001"),
        ("printf 'a\\033[2Jb\\n'; exit 1\n", "nim -o lslpp lpar7 ended with status 1 and no filesets: a\\x1b[2Jb"),
    ],
)
def test_anything_but_filesets_and_status_0_did_not_come_through(live, script, says):
    found = push(live(commands={"nim": script, "lsnim": lsnim()}), "lpar7")
    assert (found.came_through, found.timed_out) == (False, False)
    assert found.says.startswith(says)


def test_a_flood_is_no_list_of_filesets(live, monkeypatch):
    monkeypatch.setitem(command.run.__kwdefaults__, "limit", 1000)
    found = push(live(commands={"nim": f"while :; do {FILESETS}done\n", "lsnim": lsnim()}), "lpar7")
    assert not found.came_through
    assert "printed without end and was ended" in found.says


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (
            "echo '0042-053 lsnim: there is no NIM object named \"lpar7\"' >&2; exit 1\n",
            'lsnim -l lpar7: 0042-053 lsnim: there is no NIM object named "lpar7"',
        ),
        (HANG, "lsnim -l lpar7 hung"),
        ("printf 'lpar8:\\n  type = standalone\\n  connect = nimsh\\n'\n", "lsnim -l lpar7 shows none"),
    ],
)
def test_a_connect_that_cannot_be_read_is_not_secure(live, script, why):
    master = live(commands={"nim": FILESETS, "lsnim": script}, timeout=0.2)
    found = push(master, "lpar7", timeout=5)
    assert (found.came_through, found.secure) == (True, False)
    assert f"its connect is not known ({why}" in found.says


def test_without_the_commands_nothing_is_pushed(live):
    assert push(live(commands={"x": ""}), "lpar7") == Push(
        "lpar7", says="not pushed: nim -o lslpp lpar7: no such command on this host"
    )
    found = push(live(commands={"nim": FILESETS}), "lpar7")
    assert found.says.endswith("its connect is not known (lsnim -l lpar7: no such command on this host)")


@pytest.mark.parametrize("name", ["-F", "", "a;b", "a\nb", "-a", "$(x)", "../x"])
def test_what_is_no_name_never_reaches_a_command(live, tmp_path, name):
    master = live(commands={"nim": f"touch {tmp_path}/ran\n", "lsnim": f"touch {tmp_path}/ran\n"})
    (tmp_path / "ran").unlink()  # whose role the host has was asked of lsnim
    found = push(master, name)
    assert found[1:4] == (False, False, False)
    assert found.says.startswith("not pushed: ")
    assert not (tmp_path / "ran").exists()


def test_nothing_is_pushed_on_recorded_evidence():
    assert push(Host(evidence(role="master"), Registry().catalog), "lpar7").says.endswith(
        "nothing can be run on recorded evidence"
    )
