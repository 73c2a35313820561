"""The packages by a rule, and what is built holds a list of its checks and fixes.

All below nimdoctor/, and checks/ and fixes/ under the names they are installed by: pyproject.toml has room for a list or
for a rule that knows packages by their own place alone. By the other list an installation tells when a check is not there.
"""

import json
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
ELSEWHERE = {"nimdoctor.checks": "checks", "nimdoctor.fixes": "fixes"}


class BuildWithList(build_py):
    """Builds the modules, and the list of those that must be there. In an editable installation the tree is the list."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            listed = {
                place: sorted(path.stem for path in (ROOT / place).glob("[!_]*.py")) for place in ELSEWHERE.values()
            }
            Path(self.build_lib, "nimdoctor", "own.json").write_text(
                json.dumps(listed, indent=1) + "\n", encoding="ascii"
            )


setup(
    cmdclass={"build_py": BuildWithList},
    package_dir=ELSEWHERE,
    packages=[
        *find_packages(include=["nimdoctor", "nimdoctor.*"]),
        *(f"{name}.{below}".rstrip(".") for name, place in ELSEWHERE.items() for below in ["", *find_packages(place)]),
    ],
)
