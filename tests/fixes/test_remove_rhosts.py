"""remove-rhosts: only the lines that name this master go, and only once pushes go by nimsh."""

import os

import pytest

from nimdoctor.facts import NimInfo, Rhosts
from nimdoctor.library.registry import Registry
from nimdoctor.model import Role, Text
from nimdoctor.planning.fix import FixContext, Options
from tests.fixes.conftest import read, trees, write

PATH = "/.rhosts"
ONLY = ("--only", "remove-rhosts")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"nim1 root\n", b""),
        (b"nim1 root", b""),
        (b"backup1 oper\nnim1 root", b"backup1 oper\n"),
        (b"nim1\troot\r\nbackup1 oper\r\nNIM1.example.com\r\n", b"backup1 oper\r\n"),
        (b"# caf\xe9\n  nim1   root  \n10.1.1.10 root\n+@admins\n-nim1\nnim11 root\nnim1 root\n", b"# caf\xe9\n+@admins\n-nim1\nnim11 root\n"),
        (b"\nnim1 caf\xe9\n\n\nbackup1", b"\n\n\nbackup1"),
    ],
    ids=["the only line", "no newline", "the last", "CR LF", "several", "ISO8859-1"],
)  # fmt: skip
def test_every_other_byte_stays(before, after):
    fix = next(one for one in Registry().fixes() if one.id == "remove-rhosts")
    info = NimInfo.parse(
        Text.of(
            'export NIM_MASTER_HOSTNAME=nim1\nexport NIM_SHELL="nimsh"\nexport NIM_HOSTS=" 10.1.1.10:nim1 "\n',
            "/etc/niminfo",
        )
    )
    rhosts = Rhosts.parse(Text.of(before, PATH))
    (step,) = fix(FixContext((), Options(), ends=(Role.CLIENT,)), rhosts, info, None, None)
    assert step.do.apply_to(before) == after
    if after:
        assert list(fix(FixContext((), Options()), Rhosts.parse(Text.of(after, PATH)), info, None, None)) == []


def test_cured_the_mode_stays_and_there_is_nothing_more_to_do(lab_of, cure, fix):
    lab = lab_of("rhosts-left-over")
    write(lab, "client", PATH, b"# caf\xe9\nnim1 root\nbackup1 oper")
    cured = cure(lab, *ONLY)
    assert (cured.status, cured.outcomes) == (0, {"rhosts-left-over": "fixed"}), cured.said
    assert read(lab, "client", PATH) == b"# caf\xe9\nbackup1 oper"
    assert os.stat(lab.client + PATH).st_mode & 0o7777 == 0o600
    assert (fix(lab, *ONLY).status, fix(lab, *ONLY).steps) == (0, [])


def test_below_medium_it_is_said_and_planned_only_by_name(lab_of, fix):
    planned = fix(lab_of("rhosts-left-over"))
    assert (planned.status, planned.steps, planned.advice) == (0, [], [])
    (said,) = planned.document["below"]
    assert (said["about"], said["text"].endswith("(--only remove-rhosts plans it)")) == ("rhosts-left-over", True)


def test_while_pushes_go_by_rsh_the_lines_are_needed(lab_of, fix):
    planned = fix(lab_of("client-uses-rsh"), *ONLY)
    assert (planned.status, planned.steps) == (1, [])
    assert planned.advice == ["pushes go by rsh, which needs these lines: switch to nimsh first"]


def test_whether_pushes_go_by_rsh_not_known_the_lines_stay(lab_of, fix):
    lab = lab_of("rhosts-left-over")
    text = read(lab, "client", "/etc/niminfo").replace(b'export NIM_SHELL="nimsh"\n', b"")
    write(lab, "client", "/etc/niminfo", text)
    lab.run("master", "stopsrc", "-s", "nimesis")
    planned = fix(lab, *ONLY, master=None)
    assert planned.advice == ["whether pushes go by nimsh is not known"]


@pytest.mark.parametrize("kind", ["symlink", "hard link"])
def test_a_file_that_is_also_something_else_is_refused(kind, lab_of, cure):
    lab = lab_of("rhosts-left-over")
    place = lab.client + PATH
    os.rename(place, lab.client + "/tmp/rhosts")
    if kind == "symlink":
        os.symlink("tmp/rhosts", place)
    else:
        os.link(lab.client + "/tmp/rhosts", place)
    before = trees(lab)
    refused = cure(lab, *ONLY)
    assert (refused.status, refused.steps, refused.state) == (1, ["client-edit-tidy"], "refused")
    assert trees(lab) == before


def test_part_of_the_file_is_not_edited(tmp_path, lab_of, fix):
    lab = lab_of("rhosts-left-over")
    (tmp_path / "files" / "etc").mkdir(parents=True)
    (tmp_path / "commands").mkdir()
    (tmp_path / "files" / "etc" / "niminfo").write_bytes(read(lab, "client", "/etc/niminfo"))
    (tmp_path / "manifest.json").write_text(
        '{"schema": "nimdoctor.evidence/1", "host": "lpar7", "role": "client",'
        ' "commands": {"grep nim1 /.rhosts": {"file": "commands/rhosts", "status": 0, "stderr": ""}}}'
    )
    (tmp_path / "commands" / "rhosts").write_bytes(b"nim1 root\n")
    planned = fix(lab, *ONLY, client=str(tmp_path), master=None)
    assert planned.steps == []
