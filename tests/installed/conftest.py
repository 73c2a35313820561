"""nimdoctor as users have it: installed from its wheel, the checkout out of reach, and not only for root.

`make installed` makes such an installation and runs these tests on it; NIMDOCTOR_INSTALLED names it.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator, NamedTuple, Sequence

import pytest
from programs import absent, program

VARIABLE = "NIMDOCTOR_INSTALLED"
OTHER = "daemon"
"""Somebody without rights who is on every system; nobody is the one that a lab's tftpd is."""
_LAB = """
import sys
from nimdoctor.lab import Lab
scenario, place, more = sys.argv[1:]
with Lab.build(scenario, place) as lab:
    if more:
        eval(more)
    print("built", flush=True)
    sys.stdin.read()
"""


class User(NamedTuple):
    """Somebody at an installation: where he works, which nobody else does, and how a command becomes his."""

    venv: Path
    desk: Path
    becoming: Sequence[str]
    root: bool

    def run(self, argv: Sequence[str], ssh: str = "", given: str = "") -> "subprocess.CompletedProcess[str]":
        """Runs a command at the desk; `ssh` is the program that goes to other hosts."""
        return subprocess.run(
            [*self.becoming, *argv],
            input=given,
            capture_output=True,
            text=True,
            cwd=self.desk,
            env=self.environment(ssh),
            timeout=120,
            check=False,
        )

    def python(self, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """Runs the interpreter of the installation, which then finds nothing but what is installed."""
        return self.run([str(self.venv / "bin" / "python"), "-I", *words], given=given)

    def environment(self, ssh: str = "") -> "dict[str, str]":
        """What a login gives, and nothing that the tests run with."""
        path = f"{self.venv}/bin:{os.environ['PATH']}"
        given = {"HOME": str(self.desk), "PATH": path, "LC_ALL": "C.UTF-8", "TMPDIR": str(self.desk / "tmp")}
        return {**given, "NIMDOCTOR_SSH": ssh} if ssh else given

    def own(self, place: Path) -> None:
        """Gives him a directory with all in it."""
        if self.becoming:
            other = pwd.getpwnam(OTHER)
            for directory, _, names in os.walk(place):
                for path in (directory, *(os.path.join(directory, name) for name in names)):
                    os.chown(path, other.pw_uid, other.pw_gid, follow_symlinks=False)

    @contextlib.contextmanager
    def build(self, scenario: str, place: str, more: str = "") -> Iterator[None]:
        """A lab that is his, made by what is installed."""
        self.own(Path(place))
        argv = [*self.becoming, str(self.venv / "bin" / "python"), "-I", "-c", _LAB, scenario, place, more]
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.desk, env=self.environment(), text=True
        )
        try:
            assert process.stdout and process.stdout.readline() == "built\n", (scenario, more)
            yield
        finally:
            process.communicate()


@pytest.fixture(scope="session")
def installation() -> Path:
    """The virtual environment that nimdoctor was installed into from its wheel."""
    place = os.environ.get(VARIABLE)
    return Path(place) if place else absent(f"nimdoctor's wheel (make installed, {VARIABLE})")


@pytest.fixture(params=["whoever runs the tests", OTHER])
def user(request: pytest.FixtureRequest, installation: Path) -> Iterator[User]:
    """Each of those who may work there."""
    becoming: Sequence[str] = ()
    if request.param == OTHER:
        if os.geteuid() != 0:
            pytest.skip("only root becomes somebody else")
        other = pwd.getpwnam(OTHER)
        became = [program("setpriv"), f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups"]
        # what setpriv itself executes is still found with the rights of root
        becoming = (*became, "sh", "-c", 'exec "$@"', "sh")
        python = [*becoming, str(installation / "bin" / "python"), "-I", "-c", ""]
        if subprocess.run(python, cwd="/", capture_output=True, check=False).returncode:
            pytest.skip(f"{OTHER} may not run {os.path.realpath(installation / 'bin' / 'python')}")
    # not where root's tests write, which is closed to others
    desk = Path(tempfile.mkdtemp(prefix="nd-desk-", dir="/tmp"))
    try:
        (desk / "tmp").mkdir()
        user = User(installation, desk, becoming, not becoming and os.geteuid() == 0)
        user.own(desk)
        yield user
    finally:
        shutil.rmtree(desk, ignore_errors=True)
