"""One step of a plan as shell functions: what must hold, what is done, what proves it, how it is undone."""

from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from nimdoctor.planning.policy import RESTARTING, allowed
from nimdoctor.scripts.conditions import as_listed, need
from nimdoctor.scripts.quoting import awk_string, comment, quoted, said, words

_EDITED = """\
step_{number}_lines() {{
    lines_ended=0
    ! ends_with_newline "$1" || lines_ended=1
    awk -v ended="$lines_ended" '
        function put(text) {{ printf "%s%s", between, text; between = "\\n"; some = 1 }}
        function split_cr(text) {{ cr = ""; if (text ~ /\\r$/) {{ cr = "\\r"; text = substr(text, 1, length(text) - 1) }} return text }}
        function line(number, text) {{
            dropped = 0
{changes}
            put(text)
        }}
{head}        {{ if (!wrong) line(NR, $0 "") }}
        END {{
            if (!NR) line(1, "")
            if (wrong) exit 1
            if (some && (ended || dropped)) printf "\\n"
        }}' "$1"
}}
"""
_ROWS_BACK = """\
step_{number}_rows_back() {{
    lines_ended=0
    ! ends_with_newline "$1" || lines_ended=1
    awk -v ended="$lines_ended" '
        function put(text) {{ printf "%s%s", between, text; between = "\\n"; some = 1 }}
        {{ text = $0 ""; cr = ""; if (text ~ /\\r$/) {{ cr = "\\r"; text = substr(text, 1, length(text) - 1) }} }}
        NR == FNR {{
{counts}
            next
        }}
        FNR == 1 {{ if ({wrong}) {{ wrong = 1; exit 1 }} }}
        {{ dropped = 0 }}
{changes}
        {{ put($0 "") }}
        END {{
            if (wrong || !NR) exit 1
            if (some && (ended || dropped)) printf "\\n"
        }}' "$1" "$1"
}}
"""


class KshStep:
    """A step of the plan document, with its number in the script. `opened` is the number of the step that it closes."""

    def __init__(self, number: int, step: Mapping[str, Any], plan: Mapping[str, Any], opened: Optional["KshStep"]):
        self.number = number
        self.step = step
        self.plan = plan
        self.opened = opened
        self.do: Mapping[str, Any] = step["do"]
        self.kind = str(step["kind"])
        self.where = str(step["where"])
        self.closed_by = 0
        if opened:
            opened.closed_by = number

    @property
    def edit(self) -> Optional[Mapping[str, Any]]:
        """The edit that it makes, for good or for a time."""
        return self.do if self.kind == "edit" else self.do.get("edit") if self.kind == "transient" else None

    @property
    def no_undo(self) -> str:
        """Why it cannot be undone; empty where it can, or where it only closes what another opened."""
        return "" if self.opened else str(self.step["no_undo"] or "")

    def paths(self) -> List[str]:
        """The paths that the step itself changes."""
        if self.kind == "move":
            return [str(self.do["path"]), str(self.do["to"])]
        changed = self.edit or (self.do if self.kind == "remove" else None)
        path = str(changed["path"]) if changed else self._mode_changed()[0]
        return [path] if path else []

    def facts(self) -> str:
        """Its row in the function `step`."""
        edit = self.edit
        fields = {
            "END": self.where,
            "KIND": self.kind,
            "TITLE": said(self.step["title"]),
            "KEEP": edit["path"] if edit else self.do["path"] if self.kind == "remove" else "",
            "REREADS": edit["rereads"] if edit else "",
            "MOVED": self.do["path"] if self.kind == "move" else "",
            "MOVED_TO": self.do["to"] if self.kind == "move" else "",
            "HALF": self.do["half_made"] if self.kind == "run" else "",
            "OF": str(self.opened.number) if self.opened else "",
            "CLOSED_BY": str(self.closed_by) if self.closed_by else "",
            "RESTARTS": "yes" if self.kind == "run" and self.do["argv"][0] in RESTARTING else "",
            "HELPLESS": "yes" if self.kind == "run" and not self.do["undo"] and not self.do["repair"] else "",
            "CONNECT_OF": self._verified("niminfo-says", "value", variable="NIM_NAME"),
            "FILESETS_OF": self._verified("filesets-installed", "where"),
            "PUSH_OF": self._verified("push-is", "where"),
            "BOOT_OF": self._verified("boot-row", "where"),
            "MODE_OF": self._mode_changed()[0],
            "MODE_WAS": self._mode_changed()[1],
            "LEG": self.step["leg"] or "",
            "AGAIN": "yes" if self.step["again"] else "",
            "NO_UNDO": said(self.no_undo),
        }
        row = " ".join(f"{name}={quoted(value)}" for name, value in fields.items())
        return f"        {self.number}) {row} ;;"

    def _verified(self, kind: str, field: str, **like: str) -> str:
        """A field of the first proof of that kind; empty without one."""
        found = (
            one for one in self.step["verify"] if one["kind"] == kind and all(one[name] == like[name] for name in like)
        )
        return next((str(one[field]) for one in found), "")

    def _mode_changed(self) -> Tuple[str, str]:
        """The file of which a command changes the mode, and that mode as ls shows it; two empty ones without."""
        path = self._verified("mode-is", "path") if self.kind == "run" else ""
        former = (one for one in self.step["before"] if one["kind"] == "mode-is" and one["path"] == path)
        return next(((path, as_listed(one["mode"])) for one in former), ("", ""))

    def heading(self, total: int) -> List[str]:
        """The comment above its functions: what, why, on what evidence, how it is undone, what it risks."""
        lines = ["", f"# {'-' * 3} step {self.number} of {total}, on the {self.where}"]
        lines += comment(self.step["title"])
        lines += comment(f"why: {self.step['why']}")
        lines += self.quotes("#   | ")
        lines += comment(f"effect: {self.step['effect']}")
        if self.opened:
            lines += comment(f"undo: none needed, it takes back what step {self.opened.number} did")
        elif self.no_undo:
            lines += comment(f"undo: NONE, {self.no_undo}")
        else:
            lines += comment(f"undo: {self.step['undo']}")
        return lines + comment(f"impact: {self.step['impact']}; risk: {self.step['risk']}")

    def quotes(self, mark: str) -> List[str]:
        """The evidence of the findings that it serves, quoted."""
        lines = []
        for finding in self.plan.get("findings") or ():
            if finding["check"] not in self.step["checks"]:
                continue
            lines += comment(f"{finding['check']}: {finding['message']}", "# " if mark.startswith("#") else "")
            for quote in finding["evidence"]:
                at = f" line {quote['line']}" if quote["line"] is not None else ""
                lines += comment(f"{quote['source']}{at}: {quote['text']}", mark)
        return lines

    # -- functions

    def forward(self) -> Iterator[str]:
        """What applying needs."""
        yield self._conditions("before", self.step["before"])
        if not self.opened:
            yield self._conditions("then", self.step["then"])
        yield self._function("do", list(self._do()))
        yield from self._both_ways()

    def backward(self) -> Iterator[str]:
        """What undoing needs."""
        if self.opened:
            yield self._function("do", list(self._do()))
        yield from self._both_ways()

    def _both_ways(self) -> Iterator[str]:
        edit = self.edit
        if self.opened:
            yield self._conditions("then", self.step["then"])
        else:
            yield self._conditions("verify", self.step["verify"])
        if edit:
            yield self._lines(edit)
            if self.kind == "transient":
                yield self._rows_back(edit)
        if not self.opened and not self.no_undo:
            yield self._function("undo", list(self._undo()))
        if self.kind == "run":
            yield self._function("repair", self._actions(self.do["repair"]))

    def _function(self, name: str, lines: Sequence[str]) -> str:
        body = "\n".join(f"    {line}" for line in lines) or "    :"
        return f"step_{self.number}_{name}() {{\n{body}\n}}\n"

    def _conditions(self, name: str, conditions: Sequence[Mapping[str, Any]]) -> str:
        return self._function(name, [line for one in conditions for line in [need(one, self.plan)] if line])

    def _do(self) -> Iterator[str]:
        number, do = self.number, self.do
        edit = self.edit
        if self.opened and self.opened.edit:
            opened = self.opened
            sums = words([opened.edit["old_cksum"], opened.edit["new_cksum"]]) if opened.edit else ""
            yield f"close_for_now {number} {opened.number} step_{opened.number}_rows_back {sums}"
        elif edit:
            yield f"edit_file {number} {words([edit['old_cksum'], edit['new_cksum']])} || return 1"
            yield f"reread {self.where} {quoted(edit['rereads'])}"
        elif self.kind == "move":
            yield f"move_file {number} {words([do['path'], do['to']])}"
        elif self.kind == "remove":
            yield f"remove_file {number}"
        elif self.kind == "run":
            yield f"run_command {self.where} {int(do['deadline'])} {words(do['argv'])}"
        elif self.kind == "subsystem":
            yield f"run_subsystem {self.where} {words([do['name'], do['action']])}"
        else:
            raise ValueError(f"a script cannot do a step of kind {self.kind!r}")

    def _undo(self) -> Iterator[str]:
        number, do = self.number, self.do
        edit = self.edit
        if edit:
            yield f"undo_edit {number} {quoted(edit['new_cksum'])}"
        elif self.kind == "move":
            yield f"undo_move {number} {words([do['path'], do['to']])}"
        elif self.kind == "remove":
            yield f"undo_remove {number}"
        elif self.kind == "run":
            yield from self._actions(do["undo"])
        elif self.kind == "subsystem" and do["action"] in ("start", "stop"):
            former = "stop" if do["action"] == "start" else "start"
            yield f"undo_subsystem {self.where} {words([do['name'], former])}"

    def _actions(self, actions: Sequence[Mapping[str, Any]]) -> List[str]:
        lines = []
        for action in actions:
            if action["argv"]:
                lines.append(f"run_command {self.where} 300 {words(action['argv'])} || return 1")
            if action["new"]:
                lines.append(f"undo_new {self.number} {words(action['new'])} || return 1")
            if action["start"]:
                lines.append(f"former_state {self.number} {quoted(action['start'])}")
        return lines

    def _lines(self, edit: Mapping[str, Any]) -> str:
        """The edit in awk: byte-exact, a missing last newline and a CR before it kept as they are."""
        replaced: Dict[int, Mapping[str, Any]] = {}
        added: Dict[int, List[str]] = {}
        for change in edit["changes"]:
            if change["old"] is None:
                if change["new"] is not None:
                    added.setdefault(int(change["line"]), []).append(str(change["new"]))
            elif int(change["line"]) in replaced:
                raise ValueError(f"{edit['path']}: line {change['line']} is changed twice")
            else:
                replaced[int(change["line"])] = change
        rows = []
        for number in sorted({*replaced, *added} - {0}):
            rows.append(f"            if (number == {number}) {{")
            change = replaced.get(number, {})
            if change:
                rows.append(
                    f"                if (split_cr(text) != {awk_string(change['old'])}) {{ wrong = 1; return }}"
                )
                if change["new"] is None:
                    # where lines are added in its place the last one keeps its end
                    rows.append(f"                dropped = {int(number not in added)}")
                else:
                    rows.append(f"                put({awk_string(change['new'])} cr)")
            else:
                rows.append("                put(text)")
            rows += [f"                put({awk_string(text)})" for text in added.get(number, [])]
            rows += ["                return", "            }"]
        first = "".join(f"        BEGIN {{ put({awk_string(text)}) }}\n" for text in added.get(0, []))
        shown = "".join(f"{line}\n" for text in edit.get("diff") or () for line in comment(text, "#   | "))
        return shown + _EDITED.format(number=self.number, changes="\n".join(rows), head=first)

    def _rows_back(self, edit: Mapping[str, Any]) -> str:
        """The edit's own rows taken back in a file that may have changed: each must be there just once."""
        changes = [change for change in edit["changes"] if change["new"] is not None]
        counts = [f"            if (text == {awk_string(one['new'])}) found[{at}]++" for at, one in enumerate(changes)]
        whole = bool(changes) and len(changes) == len(edit["changes"])
        wrong = " || ".join(f"found[{at}] != 1" for at in range(len(changes))) if whole else "1"
        rows = []
        for one in changes:
            new = awk_string(one["new"])
            if one["old"] is None:
                rows.append(f"        text == {new} {{ dropped = 1; next }}")
            else:
                rows.append(f"        text == {new} {{ put({awk_string(one['old'])} cr); next }}")
        return _ROWS_BACK.format(number=self.number, counts="\n".join(counts), wrong=wrong, changes="\n".join(rows))


def numbered(plan: Mapping[str, Any]) -> List[KshStep]:
    """The plan's steps with their numbers."""
    found: List[KshStep] = []
    by_id: Dict[str, KshStep] = {}
    for number, step in enumerate(plan["steps"], 1):
        opened = by_id.get(step["do"].get("of") or "") if step["kind"] == "transient" else None
        if step["kind"] == "transient" and not step["do"].get("edit") and opened is None:
            raise ValueError(f"step {step['id']} closes {step['do'].get('of')!r}, which is no step before it")
        one = KshStep(number, step, plan, opened)
        for path in one.paths():
            if not allowed(path):
                raise ValueError(f"step {step['id']}: {path} is none of the paths that nimdoctor changes")
        by_id[str(step["id"])] = one
        found.append(one)
    return found


def stretches(steps: Sequence[KshStep]) -> Iterator[Tuple[str, bool]]:
    """The starts of apply.ksh in order where the ends are different hosts, one for each stretch of steps on one end:
    the end, and whether it had one before, so that `--next` must say that the other end has done what lies between.
    """
    seen: List[str] = []
    for one in steps:
        if not seen or one.where != seen[-1]:
            yield one.where, one.where in seen
            seen.append(one.where)
