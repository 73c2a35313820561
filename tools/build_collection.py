"""Makes what the Ansible collection carries and git does not hold, and the collection as one file to install.

    python tools/build_collection.py [COLLECTION] [--galaxy ANSIBLE-GALAXY --output DIRECTORY]

ansible/files/nimdoctor.pyz and its .sha256 are the one file that is placed on managed nodes; module_utils/at_host.py is
nimdoctor's own, by which it is placed. ansible/files/collect.ksh is the collector for nodes without Python. With --galaxy the collection is built, too.
"""

import argparse
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Optional, Sequence

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.remote.one_file import agent
from nimdoctor.scripts.collector import collector
from nimdoctor.system.atomic import whole

COLLECTION = Path(__file__).resolve().parent.parent / "ansible"
FILE = "nimdoctor.pyz"
COLLECTOR = "collect.ksh"
MADE = (
    "# Made by tools/build_collection.py of nimdoctor/remote/at_host.py: nothing here is changed by hand.\n"
    "# pylint: disable=ansible-bad-function,disallowed-name\n"
)


def carried(collection: Path = COLLECTION) -> str:
    """Writes what the collection carries; gives the sha256 of the one file. Raises OSError."""
    file = agent()
    at_host = pkgutil.get_data("nimdoctor.remote", "at_host.py")
    assert at_host is not None
    for path, content in (
        (collection / "files" / FILE, file.content),
        (collection / "files" / f"{FILE}.sha256", f"{file.sha256}  {FILE}\n".encode("ascii")),
        (collection / "files" / COLLECTOR, collector(Catalog()).encode("ascii")),
        (collection / "plugins" / "module_utils" / "at_host.py", MADE.encode("ascii") + at_host),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(str(path)) as stream:
            stream.write(content)
        path.chmod(0o644)
    return file.sha256


def main(words: Optional[Sequence[str]] = None) -> int:
    """Gives the exit status of ansible-galaxy, where that is asked."""
    parser = argparse.ArgumentParser(prog="build_collection")
    parser.add_argument("collection", nargs="?", default=str(COLLECTION), help="its directory; ansible here without it")
    parser.add_argument("--galaxy", help="the program ansible-galaxy, to build the collection with")
    parser.add_argument("--output", default=".", help="the directory for what it builds")
    arguments = parser.parse_args(words)
    collection = Path(arguments.collection)
    print(f"{carried(collection)}  {collection / 'files' / FILE}")
    if arguments.galaxy is None:
        return 0
    argv = [arguments.galaxy, "collection", "build", "--force", "--output-path", arguments.output, str(collection)]
    return subprocess.run(argv, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
