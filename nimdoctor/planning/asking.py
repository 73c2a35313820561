"""Asking conditions where what cannot be read is an answer too."""

from typing import Any, Mapping, Optional

from nimdoctor.planning.conditions import Condition
from nimdoctor.planning.ends import Elsewhere, Snapshot
from nimdoctor.system.refused import Refused


def holds(condition: Condition, snapshot: Snapshot, was: Mapping[str, Any] = {}) -> Optional[bool]:
    """Whether a condition holds; None when it cannot be told."""
    try:
        return condition.decide(snapshot, was).holds
    except (Elsewhere, Refused, OSError):
        return None


def refusal(condition: Condition, snapshot: Snapshot, was: Mapping[str, Any] = {}) -> str:
    """Why a condition does not hold; empty when it does."""
    try:
        answer = condition.decide(snapshot, was)
    except Elsewhere as error:
        return f"that cannot be told: {error}"
    except Refused as error:
        return str(error)
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    return "" if answer.holds else answer.says
