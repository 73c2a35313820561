"""add-services: rows are added, and no other byte changes."""

import os

import pytest

from nimdoctor.cli import main
from nimdoctor.facts import NimInfo, Services
from nimdoctor.library.registry import Registry
from nimdoctor.model import Role, Text
from nimdoctor.model.text import Extent
from nimdoctor.planning.fix import Advice, FixContext, Options
from nimdoctor.planning.steps import Step
from tests.fixes.conftest import failing, read, trees, write

PATH = "/etc/services"
ONLY = ("--only", "add-services")
NIMSH = b"nimsh            3901/tcp         # NIM Service Handler\n"
NIMAUX = b"nimaux           3902/tcp         # NIM Service Handler, stderr\n"
PULL = b"nim 1058/tcp\nnimreg 1059/tcp\n"


def said(services: bytes, niminfo: str = "", extent: Extent = Extent.WHOLE) -> "list[object]":
    """What the fix says of a client's /etc/services."""
    fix = next(one for one in Registry().fixes() if one.id == "add-services")
    facts = Services.parse(Text.of(services, PATH, extent=extent))
    info = NimInfo.parse(Text.of(niminfo, "/etc/niminfo")) if niminfo else None
    return list(fix(FixContext((), Options(), ends=(Role.CLIENT,)), facts, None, info, None, None, None))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"ftp 21/tcp\n", b"ftp 21/tcp\n" + NIMSH + NIMAUX),
        (b"ftp 21/tcp", b"ftp 21/tcp\n" + NIMSH + NIMAUX[:-1]),
        (b"# caf\xe9\r\nnimaux 3902/tcp\r\n", b"# caf\xe9\r\nnimaux 3902/tcp\r\n" + NIMSH),
        (b"#nimsh 3901/tcp\nnimaux 3902/tcp\n\n\n", b"#nimsh 3901/tcp\nnimaux 3902/tcp\n\n\n" + NIMSH),
    ],
    ids=["plain", "no last newline", "CR LF and ISO8859-1", "commented out"],
)
def test_rows_are_added_at_the_end_and_every_other_byte_stays(before, after):
    (step,) = said(before)
    assert isinstance(step, Step) and step.do.apply_to(before) == after
    assert said(after) == []


def test_a_row_at_the_end_has_a_remark_even_without_a_newline():
    (step,) = said(b"ftp 21/tcp")
    assert b"#" in step.do.apply_to(b"ftp 21/tcp").splitlines()[-1]


@pytest.mark.parametrize("row", [b"nimsh 3999/tcp\n", b"nimsh 3901/udp\n", b"x 3901/tcp nimsh\n"])
def test_a_row_that_is_there_is_never_changed_nor_doubled(row):
    assert said(row + b"nimaux 3902/tcp\n") == []


def test_nim_and_nimreg_get_the_ports_of_niminfo():
    (step,) = said(b"nimsh 3901/tcp\nnimaux 3902/tcp\n", "export NIM_MASTER_PORT=2058\n")
    assert [change.new.split()[:2] for change in step.do.changes] == [["nim", "2058/tcp"], ["nimreg", "1059/tcp"]]


def test_a_port_with_another_name_is_a_persons_matter():
    step, advice = sorted(said(b"sapmsPRD 3901/tcp\n"), key=lambda one: isinstance(one, Advice))
    assert [change.new.split()[0] for change in step.do.changes] == ["nimaux"]
    assert (advice.objects, "sapmsPRD" in advice.text) == (("nimsh",), True)


def test_what_is_only_a_part_of_the_file_is_not_edited():
    (advice,) = said(b"nimaux 3902/tcp\n", extent=Extent.FILTERED)
    assert advice == Advice("only part of /etc/services was read", "vi /etc/services", Role.CLIENT)


def test_it_comes_before_nimsh_is_started_and_both_are_taken_back(lab_of, cure, capsys):
    lab = lab_of("services-missing")
    os.chmod(lab.client + PATH, 0o640)
    before = trees(lab)
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, ["client-edit", "client-subsystem"]), cured.said
    assert cured.document["steps"][0]["phase"] == "services"
    assert read(lab, "client", PATH).endswith(NIMSH + NIMAUX)
    assert os.stat(lab.client + PATH).st_mode & 0o7777 == 0o640
    assert main(["rollback", "last", "--yes", "--state-dir", lab.client + "/var/adm/nimdoctor"]) == 0
    assert trees(lab) == before


def test_a_nimsh_that_runs_is_not_restarted(lab_of, cure, scanned):
    lab = lab_of("healthy")
    text = read(lab, "master", PATH).replace(b"nimsh            3901/tcp\n", b"")
    for end in ("client", "master"):
        write(lab, end, PATH, text)
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, ["master-edit", "client-edit"]), cured.said
    assert lab.calls("client") == lab.calls("master") == []
    assert failing(scanned(lab)) == set()


def test_with_what_is_missing_for_a_pull_it_comes_along(lab_of, fix):
    lab = lab_of("services-missing")
    write(lab, "client", PATH, read(lab, "client", PATH).replace(b"nimreg           1059/tcp\n", b""))
    planned = fix(lab)
    assert [line[:7] for line in planned.step("client-edit")["do"]["diff"] if line.startswith("+n")] == [
        "+nimsh ", "+nimaux", "+nimreg",
    ]  # fmt: skip
    assert planned.document["below"] == []


def test_rows_of_a_pull_alone_are_low_and_added_by_name(lab_of, fix, cure):
    lab = lab_of("healthy")
    write(lab, "client", PATH, read(lab, "client", PATH).replace(b"nimreg           1059/tcp\n", b""))
    assert (fix(lab).steps, len(fix(lab).document["below"])) == ([], 1)
    cured = cure(lab, *ONLY)
    assert (cured.status, cured.outcomes) == (0, {"services-missing": "fixed"})
    assert read(lab, "client", PATH).splitlines()[-1].split()[:2] == [b"nimreg", b"1059/tcp"]


@pytest.mark.parametrize("kind", ["symlink", "hard link"])
def test_a_file_that_is_also_something_else_is_refused(kind, lab_of, cure):
    lab = lab_of("services-missing")
    place = lab.client + PATH
    os.rename(place, place + ".site")
    (os.symlink if kind == "symlink" else os.link)("services.site" if kind == "symlink" else place + ".site", place)
    before = trees(lab)
    refused = cure(lab, *ONLY)
    assert (refused.status, refused.state) == (1, "refused")
    assert trees(lab) == before
