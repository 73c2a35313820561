"""What an installation must hold, read from the tree."""

from pathlib import Path
from typing import Dict, List

REPOSITORY = Path(__file__).resolve().parents[1]
PLACES = {"nimdoctor": "nimdoctor", "checks": "nimdoctor/checks", "fixes": "nimdoctor/fixes"}
"""Directories of the tree by where what they hold is installed."""


def tree() -> Dict[str, Path]:
    """Every file of the packages by its name in the wheel; what an interpreter left there is none of them."""
    return {
        f"{installed}/{path.relative_to(REPOSITORY / place).as_posix()}": path
        for place, installed in PLACES.items()
        for path in sorted((REPOSITORY / place).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def modules() -> List[str]:
    """Every module by its name, but for `__main__`, which runs when it is imported."""
    names = [name[: -len(".py")].replace("/", ".") for name in tree() if name.endswith(".py")]
    return [name.replace(".__init__", "") for name in names if not name.endswith(".__main__")]
