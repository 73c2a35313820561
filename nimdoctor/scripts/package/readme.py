"""The README of a change package, in plain text, for those who approve the change."""

from typing import List

from nimdoctor.planning.document import Plan
from nimdoctor.scripts.package.part import Part


def readme(plan: Plan, parts: List[Part]) -> str:
    """The whole text."""
    return "x\n"
