"""Writes into what is built which checks and fixes it has, so that an installation can tell when one is not there."""

import json
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


class BuildWithList(build_py):
    """Builds the modules, and the list of those that must be there. In an editable installation the tree is the list."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            listed = {
                place: sorted(path.stem for path in (ROOT / place).glob("[!_]*.py")) for place in ("checks", "fixes")
            }
            Path(self.build_lib, "nimdoctor", "own.json").write_text(
                json.dumps(listed, indent=1) + "\n", encoding="ascii"
            )


setup(cmdclass={"build_py": BuildWithList})
