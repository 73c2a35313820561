"""What `nimdoctor explain` says: of a check, a fix, a topic, or of whatever of a pasted text is known.

What it knows stands in data: message numbers, the lines of nimsh.log and the levels in `facts/data`, the topics beside
this module; which checks a number leads to, on these. Everything that comes out is ASCII.
"""

import re
from functools import partial
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.evidence.recognition import recognise
from nimdoctor.facts.message_numbers import MessageNumber, numbered
from nimdoctor.manual.levels import (
    checks_of,
    generations_in,
    names_in,
    rows_of,
    rows_of_generation,
    rows_of_openssl,
    said,
    sure_of,
)
from nimdoctor.manual.messages import LogLine, log_file, log_lines, numbers_in, speaker
from nimdoctor.manual.nearest import Names
from nimdoctor.manual.pages import ascii_only, facts_of, fix_page, folded_page, page, paragraph, wrapped
from nimdoctor.manual.topic_pages import SURE, TopicPage, asked_for, folded, known_of, led_to, topics
from nimdoctor.model import Check
from nimdoctor.model.wording import count
from nimdoctor.planning.fix import Fix

LINES = 2_000
"""Lines of a pasted text that are looked at."""
LETTERS = 1_000
"""Letters of a line that are looked at."""
_ORIGINS = 40
"""Lines of which it is asked where they come from, when nothing else is known of them."""
_CHECKS_NAMED = 6
_SHORTEST_PREFIX = 3
_WHAT = {
    Kind.FILE: "A file",
    Kind.COMMAND: "Output of a command",
    Kind.PATHS: "State of paths",
    Kind.REHEARSAL: "What nimdoctor does by itself",
}


class Explanation(NamedTuple):
    """What is known of the query, ready to print; `found` is False when it is only a suggestion."""

    text: str
    found: bool


def explain(query: str, checks: Sequence[Check], catalog: Catalog, fixes: Sequence[Fix] = ()) -> Explanation:
    """Explains an id or its beginning, a topic, or what of the lines of a text is known, each thing once."""
    manual = _Manual(checks, catalog, fixes)
    wanted = query.strip()
    one_line = len(wanted.splitlines()) == 1
    whole = manual.page(wanted) if one_line else None
    if whole:
        return Explanation(whole, True)
    text = manual.of_lines(wanted)
    if not text.found and one_line:
        nearest = manual.nearest(wanted)
        if nearest:
            return nearest
        if not text.text:
            return Explanation(manual.not_found(wanted), False)
    return text if text.text else Explanation(manual.not_found(wanted), False)


class _Manual:
    """All pages and tables, and the checks that they lead to."""

    def __init__(self, checks: Sequence[Check], catalog: Catalog, fixes: Sequence[Fix]) -> None:
        self.checks = sorted(checks, key=lambda check: (-check.severity.rank, check.id))
        self.ids = [check.id for check in self.checks]
        self.catalog = catalog
        self.pages: Dict[str, Callable[[], str]] = {
            fix.id: partial(fix_page, fix, catalog, checks, fixes) for fix in fixes
        }
        self.pages.update({check.id: partial(page, check, catalog, fixes) for check in checks})
        self.titles = {fix.id: fix.title for fix in fixes}
        self.titles.update({check.id: check.title for check in checks})
        self.titles.update({topic.id: topic.title for topic in topics()})

    # -- one page

    def page(self, wanted: str) -> Optional[str]:
        """The page of an id, of a topic, or of the only id that begins so."""
        name = wanted.lower().replace("_", "-")
        if name in self.pages:
            return self.pages[name]()
        topic = asked_for(wanted) if len(wanted) <= LETTERS else None
        if topic:
            return self.topic(topic)
        named = {row.label: row for row in reversed(self.catalog.rows) if wanted in (row.label, row.label.split()[0])}
        row = named.get(wanted) or (next(iter(named.values())) if len(named) == 1 else None)
        if row:
            return paragraph(row.label, self._of_row(row, False)) + "\n"
        matching = [id for id in self.pages if id.startswith(name)]
        if len(name) >= _SHORTEST_PREFIX and len(matching) == 1:
            return self.pages[matching[0]]()
        return None

    def topic(self, topic: TopicPage) -> str:
        """The page of a topic, with what the tables of levels say of it."""
        lines = [f"# {topic.id}: {topic.title}", ""]
        for part in topic.body.split("\n\n"):
            # what is indented is typed as it stands
            lines += [*(part.splitlines() if part.startswith("    ") else wrapped(" ".join(part.split()))), ""]
        rows = rows_of_openssl() if topic.id == "openssl-levels" else rows_of_generation(topic.id.upper())
        for line in said(rows):
            lines.append(f"- {line}")
        lines += ["", *wrapped(self._checks(known_of(topic.checks, self.ids))), ""]
        lines += wrapped(f"How sure: {SURE[topic.sure]}. Source: {topic.source}.")
        return folded_page(lines)

    def nearest(self, wanted: str) -> Optional[Explanation]:
        """The page that a mistyped word is surely meant for."""
        found = self._names().meant(wanted)
        text = found and (self.page(found) or "")
        return Explanation(f"(the nearest to '{_shown(wanted)}')\n\n{text}", True) if text else None

    def not_found(self, wanted: str) -> str:
        """What is said where nothing is known, with what is near."""
        lines = wrapped(f"Nothing is known of '{_shown(wanted)}'.")
        near = self._names().near(wanted)
        if near:
            lines.append("Did you mean one of these?")
            wide = max(map(len, near))
            lines += [ascii_only(f"    {id:{wide}}  {self.titles[id]}")[:79].rstrip() for id in near]
        lines += wrapped(
            "`nimdoctor checks` lists all checks and their fixes. A message number such as 0042-001, a CVE, an APAR, or "
            "lines quoted from a log or a command's output (several at once, or on standard input: `nimdoctor explain -`) "
            "are explained too."
        )
        return "\n".join(lines) + "\n"

    def _names(self) -> Names:
        asked = {words: topic.id for topic in topics() for words in topic.asked}
        asked.update({id: id for id in self.titles})
        return Names(asked, self.titles)

    # -- lines of a text

    def of_lines(self, text: str) -> Explanation:
        """What is known of each line, each thing once; empty where nothing is."""
        lines = [line[:LETTERS] for line in text.splitlines()[:LINES]]
        answers: Dict[str, str] = {}
        known = 0
        origins = unknown = 0
        for line in lines:
            before = known
            unknown += bool(line.strip())
            for key, (answer, is_known) in self._answers(line).items():
                answers.setdefault(key, answer)
                known += is_known
            if line.strip() and not numbers_in(line) and origins < _ORIGINS:
                origins += known == before
                known += self._origin(line, answers, known > before)
            unknown -= known > before
        answered = list(answers.values())
        if answered and unknown:
            answered.append(f"Nothing is known of {count(unknown, 'other line')}.")
        if len(text.splitlines()) > LINES:
            answered.append(f"Only the first {LINES} lines were looked at.")
        return Explanation("\n\n".join(answered) + "\n" if answered else "", known > 0)

    def _answers(self, line: str) -> "Dict[str, tuple[str, bool]]":
        """What is known of a line, by what it is of; with False what is only known to be unknown."""
        found: Dict[str, tuple[str, bool]] = {}
        for number in numbers_in(line):
            row = numbered(number)
            if row:
                found[number] = self._message(row), True
            elif speaker(number):
                unknown = f"A message of {speaker(number)}. This number is not in nimdoctor's table."
                found[number] = paragraph(number, [unknown]), False
        for log_line in log_lines():
            if log_line.pattern in folded(line):
                found[log_line.pattern] = self._log_line(log_line), True
        for name in names_in(line):
            answer = self._name(name)
            if answer:
                found[name] = answer, True
            elif _is_numbered(name) and not any(name.lower() in topic.asked for topic in topics()):
                none = (
                    "It is not in nimdoctor's tables, which hold those of NIM alone (`nimdoctor explain generations`)."
                )
                found[name] = paragraph(name, [none]), False
        asked = [
            topic
            for name in (*names_in(line), *generations_in(line))
            for topic in topics()
            if name.lower() in topic.asked
        ]
        for topic in dict.fromkeys([*asked, *led_to(line)]):
            found[topic.id] = self._short(topic), True
        return found

    def _message(self, row: MessageNumber) -> str:
        named = [check.id for check in self.checks if row.number in check.messages]
        lines = [f"Says: {row.says}.", row.meaning, self._checks(named)]
        lines += [f"It rules out: {row.clears}."] if row.clears else []
        lines += [f"Look at: {'; '.join(row.look)}."] if row.look else []
        lines.append(f"How sure: {SURE[row.sure]}. Source: {row.source}.")
        whose = speaker(row.number)
        return paragraph(f"{row.number}  ({whose})" if whose else row.number, lines)

    def _log_line(self, row: LogLine) -> str:
        named = [check.id for check in self.checks if row.pattern in check.log_lines]
        lines = [
            row.meaning,
            self._checks(named),
            f"How sure: {SURE[row.sure]}. The log is {log_file()} of the client.",
        ]
        return paragraph(f"A line of {row.where}: '{row.pattern}'", lines)

    def _name(self, name: str) -> Optional[str]:
        rows = rows_of(name)
        if not rows:
            return None
        lines = said(rows)
        generations = list(dict.fromkeys(row.text("generation") for row in rows if row.get("generation")))
        for generation in generations if all(row.table == "nim_cves" for row in rows) else ():
            lines += [line for line in said(rows_of_generation(generation)) if "comes with" in line]
        lines += [f"More: `nimdoctor explain {generation}`." for generation in generations]
        return paragraph(name, [*lines, self._checks(checks_of(rows, self.ids)), sure_of(rows)])

    def _short(self, topic: TopicPage) -> str:
        lines = [topic.first_words, self._checks(known_of(topic.checks, self.ids))]
        lines += [f"How sure: {SURE[topic.sure]}. More: `nimdoctor explain {topic.id}`."]
        return paragraph(topic.title, lines)

    @staticmethod
    def _checks(ids: Sequence[str]) -> str:
        return f"Checks to look at: {', '.join(ids)}." if ids else ""

    # -- where a line comes from

    def _origin(self, line: str, answers: Dict[str, str], answered: bool) -> bool:
        """Adds where a line comes from, whether it could be told."""
        name = _recognised(line)
        if not name or (name == log_file() and answered):
            return False
        row = self.catalog.named(name)
        head = f"Looks like a line of {row.label if row else name}"
        answers.setdefault(head, paragraph(head, self._of_row(row, answered) if row else []))
        return True

    def _of_row(self, row: Row, answered: bool) -> List[str]:
        lines = [f"{_WHAT[row.kind]}, read on: {', '.join(sorted(row.roles))}."]
        asking = [check.id for check in self.checks if set(row.facts) & set(facts_of(check))]
        if not asking:
            lines.append("No check asks for it.")
        elif len(asking) <= _CHECKS_NAMED and not answered:
            lines.append("Checks that ask for it: " + ", ".join(asking) + ".")
        else:
            lines.append(f"{len(asking)} checks ask for it: give the whole of it to `nimdoctor scan`.")
        topic = asked_for(row.name)
        if topic:
            lines.append(f"More: `nimdoctor explain {topic.id}`.")
        if not row.live:
            lines.append("nimdoctor does not run this by itself: record its output and give it to the scan.")
        return lines


def _is_numbered(name: str) -> bool:
    """Whether a name is one of which there are many outside of these tables: a CVE, an APAR."""
    return name.upper().startswith(("CVE-", "IJ", "IV", "IZ"))


def _recognised(line: str) -> Optional[str]:
    # the recogniser weighs whole texts; a single line is too light for it, three of a kind are not
    for sample in (line, "\n".join([line] * 3), "\n".join([" " + line] * 3)):
        found = recognise(sample)
        if found:
            return found
    return None


def _shown(query: str) -> str:
    shown = ascii_only(" ".join(re.sub(r"[\x00-\x1f\x7f]", " ", query).split()))
    return shown if len(shown) <= 50 else shown[:47] + "..."
