"""A plan as ksh88 scripts that end in the same state as applying it."""

import json
from types import MappingProxyType
from typing import Any, Dict, Mapping, NamedTuple

from nimdoctor.model.wording import as_file_name
from nimdoctor.scripts.readme import readme
from nimdoctor.scripts.script import ScriptEnd, apply_script, client_script, rollback_script


class Rendering(NamedTuple):
    """The files by relative name: apply.ksh, rollback.ksh, README, plan.json, clients/NAME.ksh."""

    files: Mapping[str, bytes]


def render(plan_document: Mapping[str, Any], ends: Mapping[str, ScriptEnd]) -> Rendering:
    """The scripts of a plan, given as its JSON document; `ends` by client and master, either may be missing.

    Raises ValueError for a step or condition that no script can do or answer, KeyError for a document
    that is no plan.
    """
    texts: Dict[str, str] = {
        "apply.ksh": apply_script(plan_document, ends),
        "rollback.ksh": rollback_script(plan_document, ends),
        "README": readme(plan_document, ends),
        "plan.json": json.dumps(plan_document, indent=1) + "\n",
    }
    return Rendering(MappingProxyType({**_encoded(texts), **client_scripts(plan_document)}))


def client_scripts(plan_document: Mapping[str, Any]) -> Mapping[str, bytes]:
    """The scripts for the clients that must follow, by relative name; they rest on no condition of the plan."""
    texts: Dict[str, str] = {}
    for client in (plan_document.get("affects") or {}).get("clients") or ():
        name, number = as_file_name(client), 2
        while f"clients/{name}.ksh" in texts:
            name, number = f"{as_file_name(client)}_{number}", number + 1
        texts[f"clients/{name}.ksh"] = client_script(client, plan_document)
    return _encoded(texts)


def _encoded(texts: Mapping[str, str]) -> Dict[str, bytes]:
    return {name: text.encode("utf-8", "surrogateescape") for name, text in texts.items()}
