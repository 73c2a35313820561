"""A condition of a plan as a call of the shell function that answers it."""

import stat
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from nimdoctor.facts.generation import later_apars
from nimdoctor.scripts.quoting import quoted, said, words

Words = Callable[[Mapping[str, Any]], List[str]]


def _yes(value: object) -> str:
    return "yes" if value else "no"


def as_listed(mode: int) -> str:
    """A file's mode as ls shows it.

    >>> as_listed(0o640)
    '-rw-r-----'
    """
    return stat.filemode(stat.S_IFREG | mode)


_CALLS: Dict[str, Words] = {
    "file-is": lambda one: ["file_is", one["where"], one["path"], one["cksum"]],
    "file-absent": lambda one: ["file_absent", one["where"], one["path"]],
    "renamable": lambda one: ["renamable", one["where"], one["path"], one["to"]],
    "library-copy-is": lambda one: ["library_copy_is", one["where"], one["path"], str(one["size"])],
    "mode-is": lambda one: ["mode_is", one["where"], one["path"], as_listed(one["mode"])],
    "not-owned": lambda one: ["not_owned", one["where"], one["path"]],
    "can-extract": lambda one: ["can_extract", one["where"], one["cured_at"]],
    "member-kept": lambda one: ["member_kept", one["where"], one["archive"], one["member"]],
    "ssl-support": lambda one: ["ssl_support", one["where"], _yes(one["on"])],
    "certificates-are": lambda one: ["certificates_are", one["where"], *one["checksums"]],
    "certificate-new": lambda one: ["certificate_new", one["where"]],
    "certificates-renewed": lambda one: ["certificates_renewed", one["where"], *one["checksums"]],
    "shares-certificate": lambda one: ["shares_certificate", one["where"]],
    "secured-clients-are": lambda one: [
        "secured_clients_are",
        one["where"],
        " ".join(sorted(one["names"])),
        " ".join(one["besides"]),
    ],
    "tree-complete": lambda one: ["tree_complete", one["where"]],
    "tftp-served": lambda one: ["tftp_served", one["where"]],
    "tftp-allowed": lambda one: ["tftp_allowed", one["where"]],
    "auditing-off": lambda one: ["auditing_off", one["where"]],
    "certificate-served": lambda one: ["certificate_served", one["where"]],
    "tftp-answers": lambda one: ["tftp_answers", one["where"], one["master"], str(one["port"])],
    "fetch-unproved": lambda one: ["fetch_unproved", one["where"]],
    "inetd-agrees": lambda one: ["inetd_agrees", one["where"], one["besides"]],
    "tftpd-idle": lambda one: ["tftpd_idle", one["where"]],
    "nobody-fetches": lambda one: ["nobody_fetches", one["where"]],
    "client-idle": lambda one: ["client_idle", one["where"], _yes(one["accept_hung"])],
    "master-idle": lambda one: ["master_idle", one["where"], " ".join(one["machines"]), one["accept_hung"]],
    "role-is": lambda one: ["role_is", one["where"], one["role"]],
    "not-secure-master": lambda one: ["not_secure_master", one["where"]],
    "not-in-wpar": lambda one: ["not_in_wpar", one["where"]],
    "subsystem-is": lambda one: ["subsystem_is", one["where"], one["name"], _yes(one["active"])],
    "port-free": lambda one: ["port_free", one["where"], str(one["port"])],
    "port-for": lambda one: ["port_for", one["where"], str(one["port"]), one["name"]],
    "crypto-is": lambda one: ["crypto_is", one["where"], "on" if one["on"] else "off"],
    "push-is": lambda one: ["push_is", one["where"], "on" if one["on"] else "off"],
    "boot-row": lambda one: ["boot_row", one["where"], _yes(one["present"])],
    "niminfo-says": lambda one: ["niminfo_says", one["where"], one["variable"], one["value"]],
    "object-is-hosts": lambda one: ["object_is_hosts", one["where"], one["name"], *one["hostnames"]],
    "filesets-installed": lambda one: ["filesets_installed", one["where"], " ".join(one["filesets"])],
    "filesets-unlocked": lambda one: ["filesets_unlocked", one["where"], " ".join(one["filesets"])],
    "preview-touches-only": lambda one: ["preview_touches_only", one["where"], one["prefix"], *one["argv"]],
}


def kinds() -> List[str]:
    """Every kind of condition that scripts can answer."""
    return sorted([*_CALLS, "not-hardened"])


def unanswerable(plan: Mapping[str, Any]) -> List[Tuple[str, str]]:
    """What no script can answer: the step that asks for it first, and what must hold."""
    found: Dict[str, str] = {}
    for step in plan["steps"]:
        for one in (*step["before"], *step["then"], *step["verify"]):
            if one["kind"] not in kinds():
                found.setdefault(one["says"], step["id"])
    return [(step, says) for says, step in found.items()]


def need(one: Mapping[str, Any], plan: Mapping[str, Any]) -> Optional[str]:
    """The line of shell that reads the condition; None where it rests on the plan alone and holds.

    Raises ValueError for a kind that no script can answer.
    """
    kind = one["kind"]
    if kind == "not-hardened":
        call = _below_g2(one, plan)
        if call is None:
            return None
    elif kind in _CALLS:
        call = _CALLS[kind](one)
    else:
        raise ValueError(f"a script cannot answer that {one['says']}")
    return f"need {quoted(said(one['says']))} {words(call)}"


def _below_g2(one: Mapping[str, Any], plan: Mapping[str, Any]) -> Optional[List[str]]:
    """What the plan knew of the generation, and that the host is still as it was then."""
    where = one["where"]
    if where not in plan.get("hosts", {}):
        return None
    for refusal in plan.get("refusals") or ():
        if refusal["must"] == one["says"]:
            return ["hardened", where, said(refusal["seen"])]
    return ["as_at_plan", where, (plan.get("levels") or {}).get(where) or "", " ".join(later_apars("G2"))]
