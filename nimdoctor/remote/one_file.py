"""nimdoctor as one file: a zip that any Python from 3.9 on runs with nothing installed.

It is made from the package as it is imported here, be that an installation, a source tree or such a file itself, and is
the same to the byte for the same version: entries are stored, sorted, of one date and one mode, without compiled code.
`agent` is what is sent to other hosts: standard library only, requests in and results out as JSON. With the libraries of
the command line it is what `make pyz` builds for people.
"""

import argparse
import hashlib
import importlib
import importlib.metadata
import io
import json
import os
import pkgutil
import sys
import zipfile
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor import __version__
from nimdoctor.system.own_archive import own_archive

PACKAGES = ("nimdoctor", "nimdoctor.checks", "nimdoctor.fixes")
"""Where modules lie, by the names they are imported by: in a source tree the last two are elsewhere."""
OWN = "nimdoctor/own.json"
"""Which checks and fixes there must be: setup.py writes it into what it builds, and a source tree is the list itself."""
NOT_ASKED = (
    "nimdoctor/__main__.py", "nimdoctor/cli/", "nimdoctor/collection/field_test.py", "nimdoctor/collection/lines_read.py",
    "nimdoctor/diagnosis/pictures/",
    "nimdoctor/evidence/attachments.py", "nimdoctor/evidence/connection.py", "nimdoctor/evidence/folders.py",
    "nimdoctor/evidence/loose/", "nimdoctor/evidence/parts/", "nimdoctor/evidence/recognition/",
    "nimdoctor/evidence/ssh.py", "nimdoctor/fleet/", "nimdoctor/lab/", "nimdoctor/library/bundle.py",
    "nimdoctor/library/other_end.py", "nimdoctor/library/repair_over_ssh.py", "nimdoctor/library/runs_over_ssh.py",
    "nimdoctor/manual/", "nimdoctor/py.typed", "nimdoctor/redaction/", "nimdoctor/remote/",
    "nimdoctor/report/agreement.py", "nimdoctor/report/cells.py", "nimdoctor/report/commands.py",
    "nimdoctor/report/fleet/", "nimdoctor/report/html/", "nimdoctor/report/junit_report.py", "nimdoctor/report/markdown_report.py",
    "nimdoctor/report/markup.py", "nimdoctor/report/nagios_report.py", "nimdoctor/report/plan_text.py",
    "nimdoctor/report/run_text.py", "nimdoctor/report/text_report.py", "nimdoctor/scripts/collector.py",
)  # fmt: skip
"""What no request needs, by its place: what is for people, reads loose files or reaches other hosts. That nothing else is
inside which no request can come to is a test."""
PAGES = (".md", ".schema.json")
"""Ends of names: the pages of checks and fixes, and the shapes of documents."""
NOT_CARRIED = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
"""Of a library's .dist-info what tells of an installation; its licences go with it."""
DATE = (1980, 1, 1, 0, 0, 0)

MAIN = '''\
# -*- coding: ascii -*-
"""Starts nimdoctor out of this file. It is read by any Python, to say which one is needed."""
import sys

if sys.version_info < (3, 9):
    sys.stderr.write("nimdoctor: Python 3.9 or newer is needed, and this is %d.%d\\n" % sys.version_info[:2])
    sys.exit(4)

{first}from {module} import {function}

sys.exit({function}())
'''


UNPACKED = "unpacked.py"
"""A member that looks for the file's unpacked copy, before anything else is imported."""
FIRST = """import unpacked

unpacked.begin(sys.path[0], sys.argv[1:])

"""


class OneFile(NamedTuple):
    """The file: its bytes."""

    content: bytes

    @property
    def sha256(self) -> str:
        """As hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def name(self) -> str:
        """What it is called on another host: another content has another name."""
        return f"nimdoctor-{self.sha256}.pyz"


def agent() -> OneFile:
    """The file that is sent to other hosts: it answers requests. Raises OSError."""
    carried = {
        name: content for name, content in _own().items() if not name.startswith(NOT_ASKED) and not name.endswith(PAGES)
    }
    carried[UNPACKED] = _unpacked()
    return _packed(carried, "nimdoctor.library.serving", "main", FIRST)


def _unpacked() -> bytes:
    source = pkgutil.get_data("nimdoctor.remote", UNPACKED)
    if source is None:
        raise FileNotFoundError(f"nimdoctor was installed without remote/{UNPACKED}")
    return source


def command_line(libraries: str) -> OneFile:
    """The whole command line; `libraries` is a directory that holds what it needs besides. Raises OSError."""
    return _packed({**_libraries(libraries), **_own()}, "nimdoctor.__main__", "console")


def _packed(members: Mapping[str, bytes], module: str, function: str, first: str = "") -> OneFile:
    main = MAIN.format(first=first, module=module, function=function).encode("ascii")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted({**members, "__main__.py": main}.items()):
            member = zipfile.ZipInfo(name, DATE)
            member.create_system = 3
            member.external_attr = 0o100644 << 16
            archive.writestr(member, content)
    return OneFile(buffer.getvalue())


def _own() -> Dict[str, bytes]:
    """Every file of nimdoctor's own, as it lies where it is installed."""
    found: Dict[str, bytes] = {}
    for package in PACKAGES:
        folder = package.replace(".", "/")
        found.update((f"{folder}/{name}", content) for name, content in _files_of(package))
    if OWN not in found:
        listed = {
            group: sorted(name.split("/")[2][:-3] for name in found if _is_module(name, group))
            for group in ("checks", "fixes")
        }
        found[OWN] = (json.dumps(listed, indent=1) + "\n").encode("ascii")
    information = f"nimdoctor-{__version__}.dist-info"
    found[f"{information}/METADATA"] = f"Metadata-Version: 2.1\nName: nimdoctor\nVersion: {__version__}\n".encode()
    found[f"{information}/entry_points.txt"] = _entry_points().encode("ascii")
    return found


def _is_module(name: str, group: str) -> bool:
    """Whether that is a module of a check, or fix, and not what stands beside them."""
    folder, _, file = name.rpartition("/")
    return folder == f"nimdoctor/{group}" and file.endswith(".py") and file[0] != "_"


def _entry_points() -> str:
    """The door through which nimdoctor's own checks and fixes are found, and none of others."""
    points = importlib.metadata.distribution("nimdoctor").entry_points
    groups: Dict[str, List[str]] = {}
    for point in points:
        if point.group.startswith("nimdoctor."):
            groups.setdefault(point.group, []).append(f"{point.name} = {point.value}")
    return "\n".join("\n".join((f"[{group}]", *sorted(set(groups[group])), "")) for group in sorted(groups))


def _files_of(package: str) -> Iterator[Tuple[str, bytes]]:
    """Relative names and contents of the files of an imported package."""
    place = importlib.import_module(package).__path__[0]
    archive = own_archive()
    if archive is None:
        yield from _files_below(place)
        return
    start = os.path.relpath(place, archive).replace(os.sep, "/") + "/"
    with zipfile.ZipFile(archive) as carried:
        for name in carried.namelist():
            if name.startswith(start) and _is_carried(name):
                yield name[len(start) :], carried.read(name)


def _files_below(place: str) -> Iterator[Tuple[str, bytes]]:
    for directory, _, files in os.walk(place):
        for file in files:
            path = os.path.join(directory, file)
            name = os.path.relpath(path, place).replace(os.sep, "/")
            if _is_carried(name):
                with open(path, "rb") as stream:
                    yield name, stream.read()


def _is_carried(name: str) -> bool:
    return not name.endswith((".pyc", "/")) and "__pycache__" not in name.split("/")


def _libraries(place: str) -> Dict[str, bytes]:
    """What lies in a directory made by `pip install --target`, without programs and what tells of the installation."""
    return {
        name: content
        for name, content in _files_below(place)
        if not name.startswith("bin/") and not (".dist-info/" in name and name.rpartition("/")[2] in NOT_CARRIED)
    }


def main(words: Optional[Sequence[str]] = None) -> int:
    """Builds the command line as one file: `python3 -m nimdoctor.remote.one_file --libraries DIR --output FILE`."""
    parser = argparse.ArgumentParser(prog="one_file", description=main.__doc__)
    parser.add_argument(
        "--libraries", required=True, help="what the command line needs besides, as pip --target puts it"
    )
    parser.add_argument("--output", required=True, help="the file to write")
    arguments = parser.parse_args(words)
    made = command_line(arguments.libraries)
    with open(arguments.output, "wb") as stream:
        stream.write(made.content)
    print(f"{made.sha256}  {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
