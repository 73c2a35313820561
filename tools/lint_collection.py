"""What Ansible's own tools say of the collection: ansible-test sanity, ansible-lint at profile production, and
antsibull-changelog.

    .venv-ansible/bin/python tools/lint_collection.py

Nothing is downloaded but packages, by pip. ansible-test would fetch a program that puts pip into its own venvs; Python
has one. What ansible-test leaves out, such as a Python that is not there, it says in a line with "Skipping".
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Dict, List

from build_collection import carried

REPOSITORY = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
PIP = """\
# in the place of get-pip.py: puts the pip that comes with Python into a venv, then the one asked for
import subprocess
import sys

subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
wanted = [word for word in sys.argv[1:] if word.startswith("pip==")]
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted], check=True)
"""
WITHOUT_TELLING = re.compile(
    r"^(Collecting|Downloading|  Downloading|Using cached|Installing|Successfully|WARNING: Loc| +━|$)"
)
"""Lines of pip, of which there are hundreds."""


def lay_pip(home: Path) -> None:
    """Puts that program where ansible-test looks before it downloads one."""
    source = metadata.distribution("ansible-core").locate_file("ansible_test/_internal/python_requirements.py")
    for version in re.findall(r"\bpip='([\d.]+)'", Path(str(source)).read_text("utf-8")):
        path = home / f".ansible/test/cache/get_pip_{version.replace('.', '_')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PIP, encoding="ascii")


def environment(home: Path, collections: str) -> Dict[str, str]:
    """With that place of collections, every Python of this machine, of each version the newest, and nothing of whoever calls."""
    pythons = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin")), reverse=True)
    path = os.pathsep.join([str(BIN), *pythons, os.environ["PATH"]])
    return {**os.environ, "HOME": str(home), "PATH": path, "ANSIBLE_COLLECTIONS_PATH": collections}


def passes(words: List[str], place: Path, environment: Dict[str, str]) -> bool:
    """Runs one of the tools and prints what it says."""
    print(f"== {' '.join(words)}", flush=True)
    ended = subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    said = [line for line in ended.stdout.splitlines() if not WITHOUT_TELLING.match(line)]
    print("\n".join(said), flush=True)
    return ended.returncode == 0


def main() -> int:
    """1 where one of them finds something."""
    # its venvs stay for the next time
    home = BIN.parent / "home"
    lay_pip(home)
    with tempfile.TemporaryDirectory(prefix="nd-collection-") as scratch:
        # ansible-test wants to stand there
        place = Path(scratch, "ansible_collections/nimdoctor/aix")
        shutil.copytree(
            REPOSITORY / "ansible", place, ignore=shutil.ignore_patterns("files", ".ansible", "__pycache__")
        )
        carried(place)
        shutil.rmtree(place / "files")
        found = [
            passes(words, place, environment(home, scratch))
            for words in (
                ["ansible-test", "sanity", "--color", "no"],
                ["ansible-lint", "--nocolor"],
                ["antsibull-changelog", "lint"],
            )
        ]
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
