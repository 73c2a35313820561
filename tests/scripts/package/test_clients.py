"""clients/NAME.ksh: what a client does after its master has new certificates."""

import os
import shutil
from typing import Callable, Iterator, Tuple

import pytest

from nimdoctor.lab import Entry, Lab

from ..conftest import STATE, Again, Ran, plan_of, script_ends
from .conftest import Package, ticking

SCRIPT = "clients/lpar8.ksh"
CERTIFICATE = "/ssl_nimsh/certs/server.pem"


@pytest.fixture(scope="module")
def renewed(
    originals: Callable[[str], Lab], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tuple[Again, Package]]:
    """A lab whose master has new certificates, which lpar8 has not followed, and the package that says how."""
    lab = originals("create-bio-hang-master").copy()
    place = tmp_path_factory.mktemp("followers")
    package = Package(plan_of(lab), script_ends(lab), os.fspath(place / "package"), "")
    root = lab.clients["lpar8"]
    places = f"R={root} BASE={root}{STATE} STATE={root}{STATE}/changes/$PLAN16\nexport NIMDOCTOR_ROOT={root}"
    package.patch(SCRIPT, f"R='' BASE={STATE} STATE={STATE}/changes/$PLAN16", places)
    package.patch(SCRIPT, "    guard 'run as root'", "    : guard 'run as root'")
    package.patch(SCRIPT, "TRIES=4", "TRIES=1")
    lab.run("master", "nimconfig", "-C")
    shutil.move(lab.master + "/ssl_nimsh", lab.master + "/ssl_nimsh_old")
    assert lab.run("master", "nimconfig", "-c").status == 0
    yield Again(lab, os.fspath(place / "kept")), package
    lab.close()


@pytest.fixture
def lab(renewed: Tuple[Again, Package]) -> Lab:
    renewed[0].put_back()
    return renewed[0].lab


@pytest.fixture
def package(renewed: Tuple[Again, Package], shell: str) -> Iterator[Package]:
    found = renewed[1]
    text, found.shell = found.texts[SCRIPT], shell
    yield found
    found.texts[SCRIPT] = text


def certificate(lab: Lab) -> Entry:
    return lab.snapshot("lpar8")[CERTIFICATE]


def follows(lab: Lab, package: Package) -> Ran:
    """Runs it to the word followed; what was seen of the host then."""
    before = certificate(lab)
    done = package.run(SCRIPT)
    assert done.status == 0 and done.out.endswith(f"{SCRIPT}: followed\n"), done
    assert certificate(lab).content != before.content
    assert b" active" in lab.run("lpar8", "lssrc", "-s", "nimsh").stdout
    return done


def test_a_client_follows_once(lab: Lab, package: Package) -> None:
    assert package.run(SCRIPT, "--check").status == 0 and lab.calls("lpar8") == []

    follows(lab, package)
    again = package.run(SCRIPT)

    assert again.status == 0 and "followed already" in again.out
    assert lab.calls("lpar8") == ["nimclient -C", "nimclient -c"]


def test_another_client_and_one_at_work_are_refused(lab: Lab, package: Package) -> None:
    with open(f"{lab.clients['lpar8']}/.lab/proc/999", "w", encoding="ascii") as stream:
        stream.write("1 1 - /usr/sbin/installp -aX x\n")
    at_work = package.run(SCRIPT)
    os.unlink(f"{lab.clients['lpar8']}/.lab/proc/999")
    package.patch(SCRIPT, "niminfo_says NIM_NAME lpar8", "niminfo_says NIM_NAME lpar7")
    another = package.run(SCRIPT)

    assert at_work.status == 1 and "installp runs, process 999" in at_work.err, at_work
    assert another.status == 1 and "NIM_NAME=lpar8" in another.err, another
    assert lab.calls("lpar8") == []


@pytest.mark.parametrize("word", ["fail", "silent"])
def test_a_fetch_that_fails_leaves_nimsh_running_and_the_way_open(word: str, lab: Lab, package: Package) -> None:
    lab.fault("lpar8", "nimclient.-c", f"{word} once")

    failed = package.run(SCRIPT)

    assert failed.status == 1 and "FAILED: " in failed.err and "followed" not in failed.out, failed
    assert "nimsh is active: yes; its crypto is off" in failed.out
    follows(lab, package)


def test_killed_anywhere_and_started_again_it_follows(renewed: Tuple[Again, Package], package: Package) -> None:
    again, killed = renewed[0], 0
    text, deadly = package.texts[SCRIPT], ticking(package.texts[SCRIPT])
    for number in range(1, 100, 2):
        again.put_back()
        package.texts[SCRIPT] = deadly
        first = package.run(SCRIPT, TICK=str(number))
        package.texts[SCRIPT] = text
        if first.status == 0:
            break
        killed += 1
        assert first.status == -9, first
        done = package.run(SCRIPT)
        assert done.status == 0 and "followed" in done.out, (number, done)
        assert b" active" in again.lab.run("lpar8", "lssrc", "-s", "nimsh").stdout
    assert killed > 3
