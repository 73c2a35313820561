"""The files of a change package, made of the typed plan."""

import json
from typing import Dict, List, Mapping, Optional, Tuple

from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.evidence.shell import NO_ALIASES
from nimdoctor.model.wording import as_file_name
from nimdoctor.planning.client_crypto import CRYPTO_OFF
from nimdoctor.planning.conditions import CertificateNew, EvidenceFresh
from nimdoctor.planning.conditions.base import shell_of
from nimdoctor.planning.document import Plan
from nimdoctor.planning.steps import Edit, Remove, Transient
from nimdoctor.scripts.end import ScriptEnd
from nimdoctor.scripts.package.library import called_by
from nimdoctor.scripts.package.lines import as_left, backward, condition_line, forward, heading, starts_nimsh
from nimdoctor.scripts.package.part import Part, needed, other_steps_between, parts_of
from nimdoctor.scripts.package.readme import readme
from nimdoctor.scripts.quoting import comment, printable, quoted, words

ROOM = 10240
"""KB that must be free where the backups go."""

_TAIL = """\

# no program reads what its caller chose
unset ENV CDPATH ODMDIR LIBPATH LD_LIBRARY_PATH LD_PRELOAD LDR_CNTRL LDR_PRELOAD LDR_PRELOAD64 OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES PERL5OPT PERL5LIB PERLLIB
export LC_ALL=C LANG=C HOME=/ PATH=/usr/bin:/usr/sbin:/etc:/bin:/sbin
umask 022 && cd / || exit 1
CHECK='' YES='' AFFECTS='' WORK='' LOCKED='' ACTING='' BEGUN='' STOPPED='' STAYS=''
# not in a function, whose traps ksh88 forgets
trap 'rm -rf ${LOCKED:+"$LOCKED"} ${WORK:+"$WORK"}' EXIT
trap 'exit 130' HUP INT TERM
main "$@"
"""
CERTIFICATES = ['find "$R/ssl_nimsh/certs" -type f -exec ls -li {} \\; > "$STATE/certificates" 2> /dev/null']
"""What is written down of them, by which one is known as new."""
_LATER = ["sleep 1 # a file is new that is newer than the mark"]
_WAIT = "trap '' HUP INT PIPE TERM; BEGUN=yes # from here on a signal waits for the end of a block"


def change_package(plan: Plan, ends: Mapping[str, ScriptEnd]) -> Mapping[str, bytes]:
    """The files by relative name; `ends` by client and master, either may be missing.

    Raises ValueError for what no script can do or ask.
    """
    for step, says in unscriptable(plan):
        raise ValueError(f"step {step}: a script cannot ask whether {says}")
    texts: Dict[str, str] = {}
    parts = parts_of(plan, ends)
    for part in parts:
        if part.steps:
            texts[f"{part.directory}apply.ksh"] = _apply(plan, part, parts)
            texts[f"{part.directory}rollback.ksh"] = _rollback(plan, part)
        if part.for_others:
            texts[f"{part.directory}check.ksh"] = _check(plan, part)
    texts["README"] = readme(plan, parts)
    texts["plan.json"] = json.dumps(plan.as_dict(), indent=1) + "\n"
    encoded = {name: text.encode("utf-8", "surrogateescape") for name, text in texts.items()}
    return {**encoded, **client_scripts(plan)}


def unscriptable(plan: Plan) -> List[Tuple[str, str]]:
    """What no script can ask: the step that needs it first, and what must hold.

    Not so the age of recorded evidence: of the other end `check.ksh` reads everything anew.
    """
    found: Dict[str, str] = {}
    for step in plan.steps:
        for one in needed(step):
            if not shell_of(one) and not isinstance(one, EvidenceFresh):
                found.setdefault(one.words(), step.id)
    return [(step, says) for says, step in found.items()]


def client_scripts(plan: Plan) -> Mapping[str, bytes]:
    """The scripts for the clients that must follow, by relative name."""
    found: Dict[str, bytes] = {}
    for client in plan.affects.clients if plan.affects else ():
        name, number = as_file_name(client), 2
        while f"clients/{name}.ksh" in found:
            name, number = f"{as_file_name(client)}_{number}", number + 1
        found[f"clients/{name}.ksh"] = _client(plan, client, f"{name}.ksh").encode("utf-8", "surrogateescape")
    return found


# -- apply.ksh


def _apply(plan: Plan, part: Part, parts: List[Part]) -> str:
    total = len(part.steps)
    first, last = part.leg
    paths = list(dict.fromkeys(path for step in part.steps for path in _kept(step)))
    guards = [condition_line("guard", one, part) for one in part.guards]
    if part.fetches:
        guards.append(f"guard {quoted('the master answers a tftp request of this host')} fetch_answers")
    other = next((one for one in parts if one is not part and one.for_others), None)
    if other is not None:
        question = f"On {other.name}, within the last 15 minutes, {other.directory}check.ksh said OK?"
        guards.append(f'[ -n "$CHECK" ] || ask_yes {quoted(printable(question))}')
    clients = plan.affects.clients if plan.affects else ()
    if clients and part is parts[0]:
        known = f"{len(clients)} other clients lose their push until they have followed: --affects {len(clients)}"
        guards.append(f'guard {quoted(printable(known))} [ "$AFFECTS" = {len(clients)} ]')
    guards += [
        f"guard 'room for the backups' room {ROOM}",
        '[ -z "$CHECK" ] || { say "OK: every guard holds, nothing was done"; exit 0; }',
        *(f"keep {quoted(path)}" for path in paths),
    ]
    renews = any(isinstance(one, CertificateNew) for step in part.steps for one in step.verify)
    ran = ["nimsh_ran"] if any(map(starts_nimsh, part.steps)) else []
    begin = [_WAIT, *ran, *(CERTIFICATES if renews else []), "begin", *(_LATER if renews else [])]
    before = [line for at, _ in part.numbered() if at < first for line in _step(plan, part, at)]
    after = [line for at, _ in part.numbered() if at >= first for line in _step(plan, part, at)]
    body = ["# ---- what all steps need, read before the first change", *guards, *begin]
    if first:
        body = [
            'if [ -f "$STATE/begun" ]; then',
            *_indented(_cut_off(first, last)),
            "else",
            *_indented([*body, *before]),
            "fi",
        ]
    else:
        body = [
            f'[ ! -f "$STATE/begun" ] || {{ {_WAIT.partition(" #")[0]}; cut_off; put_back; }}',
            *body,
        ]
    proof = (
        f"Only a push proves it: {'; '.join(plan.pushes)}" if plan.pushes else "Only a push from the master proves it"
    )
    main = [
        *_who(part),
        *_LOCKED,
        '[ ! -f "$STATE/complete" ] || { say "nothing to do: complete"; exit 0; }',
        '[ ! -f "$STATE/back" ] || refuse "rollback.ksh was cut off: start that again first"',
        *body,
        *after,
        'rm -f "$STATE/tried" "$STATE/rolled-back"',
        'mv -f "$STATE/begun" "$STATE/complete" && sync',
        f"say {quoted(printable(f'complete. {proof}'))}",
        *([f"say {quoted(printable('now clients/NAME.ksh on each of: ' + ' '.join(clients)))}"] if clients else []),
    ]
    about = [
        "[--check] ends after the guards; [--yes] says yes. Started again: complete, nothing to do; cut off, it is put back."
    ]
    assert total
    return _script(f"{part.directory}apply.ksh", plan, part, about, [_function("main", main), *_ways_back(plan, part)])


def _cut_off(first: int, last: int) -> List[str]:
    return [
        _WAIT,
        "cut_off",
        f'[ "$AT" -ge {first} ] && [ "$AT" -le {last} ] || put_back # of the leg the only way is forward',
        'say "$SEEN: on with the leg"',
    ]


def _step(plan: Plan, part: Part, number: int) -> List[str]:
    step = part.steps[number - 1]
    lines = heading(number, step, len(part.steps))
    between = other_steps_between(plan, part, number)
    if between is not None:
        done = quoted(f"Now {between.value}/apply.ksh on the {between.value}. When it has ended, press return: ")
        lines.append(f"wait_for {done}")
    lines += forward(number, step, part)
    if number < len(part.steps) and part.block_ends(number):
        lines.append("block_end || put_back")
    return lines


def _ways_back(plan: Plan, part: Part) -> List[str]:
    first, last = part.leg
    lines = ['say "FAILED: $SEEN" >&2', *_backs(part)]
    again = "this script again, when the cause is mended, or a new plan"
    if first:
        lines += [
            f'if [ "$AT" -ge {first} ]; then echo {last} > "$STATE/at"; elif [ -z "$STAYS" ]; then rm -f "$STATE/begun"; fi'
        ]
    else:
        lines += ['[ -n "$STAYS" ] || rm -f "$STATE/begun" "$STATE/at"']
    lines += [
        f'[ "$AT" -le {at} ] || say {quoted(printable(f"what stands: {step.title} (no undo: {step.no_undo})"))}'
        for at, step in part.numbered()
        if step.no_undo and not step.restores
    ]
    lines += [
        f"say {quoted(f'Forward: {again}.')}",
        "exit 1",
    ]
    comment_above = "# what lies behind the last step without undo, in reverse; SEEN says why\n"
    found = [comment_above + _function("put_back", lines)]
    if first:
        stay = [
            'say "STOPPED at step $AT: $SEEN" >&2',
            "say 'Forward is the only way, since SSL is off or new certificates are half made: this script again, when the cause is mended.'",
            "exit 1",
        ]
        found.append("# the leg is neither undone nor left half-way\n" + _function("stay", stay))
    return found


def _backs(part: Part) -> List[str]:
    lines = []
    for number, step in list(part.numbered())[::-1]:
        back = [] if step.restores else list(backward(number, step))
        if back:
            behind = f"behind {number} {part.back_until(number)}"
            lines += (
                [f"! {behind} || {back[0]}"]
                if len(back) == 1 and " || " not in back[0]
                else [f"if {behind}; then", *_indented(back), "fi"]
            )
    return [*lines, *(["nimsh_as_before"] if any(map(starts_nimsh, part.steps)) else [])]


def _kept(step: object) -> List[str]:
    do = getattr(step, "do", None)
    edit = do.edit if isinstance(do, Transient) else do
    return [edit.path] if isinstance(edit, (Edit, Remove)) else []


# -- the other scripts


def _rollback(plan: Plan, part: Part) -> str:
    total = len(part.steps)
    stands = [(at, step) for at, step in part.numbered() if step.no_undo and not step.restores]
    after = stands[-1][0] if stands else 0
    left = [line for at, step in part.numbered() if at > after for line in as_left(step, part)]
    standing = [f"say {quoted(printable(f'stands: {step.title}: {step.no_undo}'))}" for _, step in stands]
    status = 1 if stands else 0
    ended = "what could be taken back is" if stands else "nothing of this plan is left"
    main = [
        *_who(part),
        *_LOCKED,
        *standing,
        f'[ ! -f "$STATE/rolled-back" ] || {{ rm -f "$STATE/back"; say "rolled back already"; exit {status}; }}',
        'SEEN="it was not brought to its end: apply.ksh first"',
        '[ ! -f "$STATE/begun" ] || [ -f "$STATE/back" ] || refuse "$SEEN"',
        'if [ ! -f "$STATE/back" ]; then # else an earlier start of this script was cut off',
        *_indented(
            [
                '[ -f "$STATE/complete" ] || { say "nothing to take back: apply.ksh is not complete"; exit 1; }',
                *dict.fromkeys(left),
                *([] if after < total else ['refuse "none of its steps can be taken back"']),
            ]
        ),
        "fi",
        "trap '' HUP INT PIPE TERM",
        # begun again, for all who look: back says by which script
        'echo rollback.ksh > "$STATE/back" && { [ ! -f "$STATE/complete" ] || mv -f "$STATE/complete" "$STATE/begun"; } && sync || refuse "no mark can be written"',
        f"AT={total + 1} SEEN=''",
        *(_backs(part) if after < total else []),
        '[ -z "$STAYS" ] || exit 1',
        'mv -f "$STATE/begun" "$STATE/rolled-back" && rm -f "$STATE/back" && sync',
        f"say {quoted(ended)}",
        f"exit {status}",
    ]
    about = [
        "Takes back what apply.ksh did, last step first, down to the last that has no undo. A file that was changed since is refused."
    ]
    return _script(f"{part.directory}rollback.ksh", plan, part, about, [_function("main", main)])


def _check(plan: Plan, part: Part) -> str:
    main = [
        *_who(part),
        *(condition_line("guard", one, part) for one in part.for_others),
        f'say {quoted(printable(f"OK on {part.name}, for 15 minutes from"))} "$(date)"',
    ]
    about = [
        "Reads only: what the steps on the other end need of this host. To be run here within 15 minutes before them."
    ]
    return _script(f"{part.directory}check.ksh", plan, part, about, [_function("main", main)])


def _client(plan: Plan, client: str, name: str) -> str:
    assert plan.affects is not None
    skip = "crypto_is off || "
    lines = [
        *_start(root=None),
        *_LOCKED,
        '[ ! -f "$STATE/followed" ] || { say "followed already"; exit 0; }',
        f"guard {quoted(printable(f'this client is {client}'))} niminfo_says NIM_NAME {quoted(client)}",
        "guard 'no push is under way, nothing is being installed' client_idle",
        "guard 'it is not itself a master with SSL' not_secure_master",
        '[ -z "$CHECK" ] || { say "OK: every guard holds, nothing was done"; exit 0; }',
        "trap '' HUP INT PIPE TERM # from here on it comes to its end",
        '[ -f "$STATE/begun" ] || nimsh_ran',
        *CERTIFICATES,
        "begin",
        *_LATER,
        *(f"{skip if argv == CRYPTO_OFF else ''}run 300 {words(argv)} || put_back" for argv in plan.affects.cure),
        "see 'a certificate is new' certificate_new || put_back",
        "see 'nimsh is active' subsystem_is nimsh yes || put_back",
        "see 'nimsh runs with -c' crypto_is on || put_back",
        'mv -f "$STATE/begun" "$STATE/followed" && rm -f "$STATE/at" && sync',
        "say followed",
    ]
    back = [
        'say "FAILED: $SEEN" >&2',
        "nimsh_as_before",
        '[ -n "$STAYS" ] || rm -f "$STATE/begun" "$STATE/at"',
        "say 'Forward: this script again, when the cause is mended.'",
        "exit 1",
    ]
    about = [
        f"For the client {printable(client)}, there, as root, after apply.ksh on its master. It ends with the word followed;",
        f"then, on the master: nimdoctor runs --followed {printable(client)}",
        f"why: {plan.affects.why}",
    ]
    places = _places(ScriptEnd(None, STATE_DIRECTORY))
    return _assembled(f"clients/{name}", plan, about, places, [_function("main", lines), _function("put_back", back)])


# -- what all have


_LOCKED = ["lock", "guard 'no unfinished run of nimdoctor or of a package' no_open_run"]


def _start(root: Optional[str]) -> List[str]:
    return [
        "# ---- where am I",
        *([] if root else ["guard 'run as root' [ \"$(id -u)\" = 0 ]"]),
        'arguments "$@"',
        "own_state",
        "guard 'AIX' says AIX uname -s",
    ]


def _who(part: Part) -> List[str]:
    host = part.host
    name = "uname -m" if host.machine else "hostname"
    asked_for = [(f"this is {part.name} ({name})", host.machine or part.name, name)]
    if host.level:
        asked_for.append((f"it is at {host.level}, as when the plan was made", host.level, "oslevel -s"))
    guards = [
        f"guard {quoted(printable(what))} says {quoted(printable(word))} {command}" for what, word, command in asked_for
    ]
    return [*_start(part.end.root), *guards]


def _script(name: str, plan: Plan, part: Part, about: List[str], own: List[str]) -> str:
    return _assembled(name, plan, about, _places(part.end, part.mark), own)


def _places(end: ScriptEnd, mark: str = "") -> List[str]:
    root = quoted((end.root or "").rstrip("/"))
    lines = [f"R={root} BASE={quoted(end.state)} STATE={quoted(end.state)}/changes/$PLAN16{mark}"]
    if end.root:
        lines.append("NIMDOCTOR_ROOT=$R && export NIMDOCTOR_ROOT # a simulation below that directory")
    return lines


def _assembled(name: str, plan: Plan, about: List[str], assignments: List[str], own: List[str]) -> str:
    lines = ["#!/bin/ksh", *comment(f"{name}: plan {plan.id}")]
    lines += [line for text in about for line in comment(text)]
    lines += [
        "# Not yet run on AIX: tried under ksh93, mksh and dash against simulated hosts.",
        "# shellcheck disable=SC2015,SC2016,SC2034,SC2046,SC2086,SC2317,SC2329",
        NO_ALIASES.rstrip(),
        f"NAME={quoted(printable(name))} PLAN16={plan.id[:16]}",
        *assignments,
        "",
    ]
    body = "\n".join(own)
    library = called_by(body + "\n" + _TAIL)
    parted = ["# ---- the library: the same in every package, as far as this script needs it", "".join(library)]
    return "\n".join(lines) + "\n" + body + "\n" + "\n".join(parted) + _TAIL


def _function(name: str, lines: List[str]) -> str:
    return f"{name}() {{\n" + "".join(f"{line}\n" for line in _indented(lines)) + "}\n"


def _indented(lines: List[str]) -> List[str]:
    return [f"    {line}" if line else line for line in lines]
