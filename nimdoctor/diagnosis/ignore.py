"""/etc/nimdoctor.ignore: findings a site has decided to live with, each with its reason.

Lines are `ID [OBJECT] reason`; the brackets may be typed or left out. Without an object the whole
finding is ignored. A line without a reason is not obeyed, and said.
"""

import re
from typing import Iterable, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Outcome, severity_of, worst_score
from nimdoctor.model.text import Text

RULES = 1_000
"""Lines of one file that are obeyed."""
REMARKS = 20
"""Lines that are no rules, after which the rest is not read."""


class Rule(NamedTuple):
    """One line: the check's id, the rest of the line, and where it stands."""

    check: str
    rest: str
    source: str
    line: int


class Ignored(NamedTuple):
    """A finding, or some objects of one, that a rule took out of the verdict."""

    result: Result
    objects: Tuple[str, ...]
    reason: str
    source: str
    line: int


def parse(text: Text) -> Tuple[List[Rule], List[str]]:
    """The rules of a file, and a remark for each line that is none.

    >>> rules, remarks = parse(Text.of("tftp-disabled hardened by order 17\\nbroken\\n", "/etc/nimdoctor.ignore"))
    >>> rules[0].check, rules[0].rest, remarks
    ('tftp-disabled', 'hardened by order 17', ['/etc/nimdoctor.ignore line 2 is not obeyed: it gives no reason'])
    """
    rules: List[Rule] = []
    remarks: List[str] = []
    for quote in text.quotes():
        line = quote.text.strip()
        if not line or line.startswith("#"):
            continue
        if len(rules) == RULES or len(remarks) == REMARKS:
            many = f"{RULES:,} rules" if len(rules) == RULES else f"{REMARKS} lines that are none"
            remarks.append(f"{quote.source} from line {quote.line} on is not obeyed: after {many}")
            break
        name, *others = line.split(None, 1)
        rest = "".join(others)
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
            remarks.append(f"{quote.source} line {quote.line} is not obeyed: it does not begin with a check's id")
        elif not rest.strip():
            remarks.append(f"{quote.source} line {quote.line} is not obeyed: it gives no reason")
        else:
            rules.append(Rule(name, rest.strip(), quote.source, quote.line or 0))
    return rules, remarks


def apply(results: Sequence[Result], rules: Sequence[Rule]) -> Tuple[List[Result], List[Ignored], List[str]]:
    """Results without what the rules ignore, what was ignored, and remarks on rules not obeyed."""
    remaining: List[Result] = []
    ignored: List[Ignored] = []
    remarks: List[str] = []
    for result in results:
        left = result
        for rule in rules:
            if rule.check != result.check or result.outcome is not Outcome.FAIL:
                continue
            if left.outcome is not Outcome.FAIL:
                break  # all of it is ignored already; a second rule would count it twice
            names, reason = _objects(rule.rest, result.objects)
            if not reason:
                remarks.append(f"{rule.source} line {rule.line} is not obeyed: it gives no reason")
            elif names is None:
                ignored.append(Ignored(result, left.objects, reason, rule.source, rule.line))
                left = _taken_out(left, rule, reason)
            elif set(names) & set(left.objects):
                ignored.append(Ignored(result, names, reason, rule.source, rule.line))
                left = _without(left, names, rule, reason)
            elif not rule.rest.startswith("["):
                remarks.append(
                    f"{rule.source} line {rule.line} is not obeyed: {rule.rest.split()[0]} looks like an object, and "
                    f"this finding has none of that name; write [OBJECT], or begin the reason with a plain word"
                )
        remaining.append(left)
    return remaining, ignored, list(dict.fromkeys(remarks))


def _objects(rest: str, objects: Iterable[str]) -> Tuple[Optional[Tuple[str, ...]], str]:
    """The objects a rule names (None for the whole finding, empty for one this finding lacks), and its reason."""
    bracketed = re.match(r"\[([^\]]*)\]\s*(.*)$", rest)
    if bracketed:
        name = bracketed.group(1).strip()
        return ((name,) if name in objects else ()), bracketed.group(2).strip()
    word, _, reason = rest.partition(" ")
    for name in objects:
        # objects such as lines of /.rhosts may hold blanks
        if rest == name or rest.startswith(name + " "):
            return (name,), rest[len(name) :].strip()
    if objects and re.search(r"[\d/._]", word) and reason:
        # it looks like a name, so it means an object this finding no longer has
        return (), reason.strip()
    return None, rest


def _taken_out(result: Result, rule: Rule, reason: str) -> Result:
    """The entry of a check whose finding a site ignores: it is neither a fail nor a pass."""
    return result._replace(
        outcome=Outcome.NOT_APPLICABLE,
        message=f"ignored by {rule.source} line {rule.line}: {reason}",
        confidence=None,
        cause=None,
        impact=None,
        cure=None,
        fix=None,
        objects=(),
        run=None,
        touches=0,
        vulnerabilities=(),
    )


def _without(result: Result, names: Sequence[str], rule: Rule, reason: str) -> Result:
    left = tuple(name for name in result.objects if name not in names)
    if not left:
        return _taken_out(result, rule, reason)
    still = tuple(one for one in result.vulnerabilities if one.id not in names)
    before, now = worst_score(result.vulnerabilities), worst_score(still)
    # one whose severity was that of a score which is ignored has that of the worst that is left
    by_score = now is not None and before is not None and result.severity is severity_of(before)
    return result._replace(
        objects=left,
        message=f"{result.message} (ignored: {', '.join(names)})",
        severity=severity_of(now) if by_score and now is not None else result.severity,
        vulnerabilities=still,
    )
