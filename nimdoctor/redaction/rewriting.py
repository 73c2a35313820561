"""Text in, text without names out: one pass over each line, and a line that comes again costs nothing."""

import re
from collections import Counter
from itertools import compress, count, repeat
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from nimdoctor.redaction import key_material, passwords
from nimdoctor.redaction.addresses import MANY, numbers_4, printed_all_4
from nimdoctor.redaction.expressions import Expressions, shows_in_whole
from nimdoctor.redaction.levels import WINDOW, may_name
from nimdoctor.redaction.replacements import Replacements
from nimdoctor.redaction.shapes import CACHED, Counts, Found, Memo, Place, Plan, Shapes
from nimdoctor.redaction.site_names import SiteNames

_STAMP = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d "
    rb"\d{4}[ \t]"
)
"""Begins a line of nimsh.log."""
_DOTS_BETWEEN_NUMBERS = re.compile(rb"\d\.\d")
_BARE = re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}")
"""An address and nothing else."""

_DIGIT = re.compile(rb"\d")
_ALONE, _ADDRESS, _DEPENDS, _LINE, _OPEN = range(5)
"""What is at a place: a word, an address, a word that what stands before it makes another, or the whole line."""
_LARGE = 64 * 1024
"""Bytes of a text that make it worth while to compile expressions for shapes."""
_LONG_WORD, _LONG_MESSAGE = 128, 512


class Rewriter:
    """Rewrites text by what is known. `software` is for the output of commands that list levels of software.

    With `gate` nothing is meant to be left to replace: the text stays as it is, and what is left in it is counted.
    Without `strict` only what is known counts, besides passwords and keys. `second` is the gate's, which looks at
    whatever was rewritten: where it finds anything left, the whole becomes a remark.
    """

    def __init__(
        self,
        known: SiteNames,
        expressions: Expressions,
        *,
        second: "Optional[Rewriter]" = None,
        software: bool = False,
        gate: bool = False,
        strict: bool = True,
    ) -> None:
        self._known = known
        self._second = second
        self._software = software
        self._gate = gate
        self._expressions = expressions
        self._shapes = Shapes(_STAMP, self._look)
        self._by_shape = False
        self._harmless: Set[bytes] = set()
        self._words = Memo(_LONG_WORD)
        self._messages = Memo(_LONG_MESSAGE)
        self._addresses: Dict[bytes, Optional[bytes]] = {}
        self._replacements = Replacements(known, expressions, software=software, gate=gate, strict=strict)

    def rewrite(self, raw: bytes, counts: "Counter[str]") -> bytes:
        """The text with pseudonyms; what was replaced is added to `counts` by kind. Lines keep their number."""
        if len(raw) > _LARGE and not self._by_shape:
            self._by_shape = True
            self._shapes.clear()
        lines = raw.split(b"\n")
        plans = self._shapes.plans(raw)
        words, messages = self._words.known, self._messages.known
        addresses: List[Tuple[int, int, int]] = []
        counted_each: List[Counts] = []
        opened: List[int] = []
        keys: List[int] = []
        for at, line, plan in compress(zip(count(), lines, plans), plans):
            start, end, what, base = plan[0]
            if len(plan) > 1 or what > _ADDRESS:
                start, end = base, len(line)
                message = line[base:]
                found, counted = messages.get(message) or self._message(message, plan)
                if plan[-1][2] == _OPEN:
                    opened.append(at)
            elif what == _ADDRESS:
                addresses.append((at, start, end))
                continue
            else:
                word = line[start:end]
                found, counted = words.get(word) or self._word(word)
            if counted:
                counted_each.append(counted)
                if counted[0][0] == key_material.KIND:
                    keys.append(at)
            if found is not None:
                lines[at] = line[:start] + found + line[end:]
        for counted, times in Counter(counted_each).items():
            for kind, number in counted:
                counts[kind] += number * times
        if addresses:
            self._replace_addresses(lines, addresses, counts)
        self._beyond(lines, opened, keys, counts)
        return raw if self._gate else b"\n".join(lines)

    def left(self, raw: bytes) -> Optional[str]:
        """The kind of what it finds in a text, None for nothing."""
        counts: Counter[str] = Counter()
        self.rewrite(raw, counts)
        return next(iter(counts), None)

    def _beyond(self, lines: List[bytes], opened: List[int], keys: List[int], counts: "Counter[str]") -> None:
        """What goes on beyond its line: a password that stands on the next one, the lines around one of a key."""
        for at in opened:
            number = next((near for near in range(at + 1, min(at + 4, len(lines))) if lines[near].strip()), at)
            stamp = _STAMP.match(lines[number])
            start = stamp.end() if stamp else 0
            found = None if number == at else passwords.without_password(lines[number][start:])
            if found is not None:
                counts["password"] += 1
                lines[number] = lines[number][:start] + found
        if keys:
            removed = key_material.without_the_rest(lines, keys)
            if removed:
                counts[key_material.KIND] += removed

    # -- where in a line something may be

    def _look(self, new: Sequence[Tuple[bytes, Plan]]) -> None:
        marks = passwords.marks_in(b"\n".join([shape for shape, _ in new]))
        for shape, plan in new:
            opened = bool(marks) and passwords.leaves_open(shape)
            if opened or shows_in_whole(shape, marks):
                plan.append((0, len(shape), _LINE, 0))
                if opened:
                    plan.append((len(shape), len(shape), _OPEN, 0))
            else:
                plan.extend(self._places(shape))

    def _places(self, shape: bytes) -> Iterator[Place]:
        """Word by word: most words are met again, and few hold anything at all."""
        start, depends = 0, False
        for word in shape.split(b" "):
            end = start + len(word)
            if word not in self._harmless and not self._is_harmless(word):
                # whether numbers are a level depends on what stands before
                numbers = _DOTS_BETWEEN_NUMBERS.search(word)
                near = shape[max(0, start - WINDOW) : end]
                depends = depends or self._software or bool(numbers and may_name(near))
                yield start, end, _DEPENDS if numbers and depends else _ADDRESS if _BARE.fullmatch(word) else _ALONE, 0
                # what stands there then shows only in the line
                depends = True
            start = end + 1

    def _is_harmless(self, shape: bytes) -> bool:
        """Whether nothing is found in any word of that shape."""
        if self._by_shape:
            harmless = not self._expressions.may_hold(shape)
        else:
            harmless = not _DIGIT.search(shape) and not self._expressions.of(shape).search(shape)
        if harmless and len(shape) <= _LONG_WORD and len(self._harmless) < CACHED:
            self._harmless.add(shape)
        return harmless

    # -- what stands there

    def _word(self, word: bytes) -> Found:
        """What a word becomes, whatever stands before it."""
        found = self._replacements.of_word(word)
        if self._second and self._second._replacements.of_word(word if found[0] is None else found[0])[1]:
            found = _refused(found)
        self._words.keep(word, found)
        return found

    def _message(self, message: bytes, plan: Plan) -> Found:
        """What a line becomes, but for its stamp."""
        found = self._replacements.of_line(message) if plan[0][2] == _LINE else self._by_word(message, plan)
        if self._second and self._second.left(message if found[0] is None else found[0]):
            found = _refused(found)
        self._messages.keep(message, found)
        return found

    def _by_word(self, message: bytes, plan: Plan) -> Found:
        counting: Dict[str, int] = {}
        before, done = b"", 0
        parts: List[bytes] = []
        for start, end, what, base in plan:
            word = message[start - base : end - base]
            between = message[done : start - base]
            before = (before + between)[-WINDOW:]
            if what == _DEPENDS and (self._software or may_name(before + word)):
                found, counted = self._replacements.of_word(word, before)
            else:
                found, counted = self._words.known.get(word) or self._word(word)
            new = word if found is None else found
            parts += between, new
            before = (before + new)[-WINDOW:]
            done = end - base
            for kind, number in counted:
                counting[kind] = counting.get(kind, 0) + number
        changed = b"".join(parts) + message[done:]
        return (None if changed == message else changed), tuple(counting.items())

    def _replace_addresses(
        self, lines: List[bytes], places: Sequence[Tuple[int, int, int]], counts: "Counter[str]"
    ) -> None:
        """Those that stand there and are no levels, in these lines by number."""
        words = [lines[at][start:end] for at, start, end in places]
        new = set(words).difference(self._addresses)
        if len(self._addresses) + len(new) > CACHED:
            self._addresses.clear()
            new = set(words)
        if new:
            self._addresses.update(self._redrawn(list(new)))
        replaced = 0
        for (at, start, end), found in zip(places, map(self._addresses.__getitem__, words)):
            if found is not None:
                replaced += 1
                line = lines[at]
                lines[at] = line[:start] + found + line[end:]
        if replaced:
            counts["address"] += replaced

    def _redrawn(self, words: List[bytes]) -> Iterable[Tuple[bytes, Optional[bytes]]]:
        """Each with its pseudonym, None where it stays."""
        known = self._known
        numbers = numbers_4(words) if len(words) >= MANY else None
        if numbers is None:
            return [(word, self._replacements.of_address(word)) for word in words]
        if not self._gate:
            found = known.ip4_of_all(numbers)
            return zip(words, (new if new != word else None for word, new in zip(words, printed_all_4(found))))
        if all(map(known.gave_4, numbers)):
            return zip(words, repeat(None))
        return [(word, self._replacements.of_address(word)) for word in words]


def _refused(found: Found) -> Found:
    """A remark, in the place of what the gate would find anything left in."""
    return passwords.REMOVED.encode(), (*found[1], ("text that could not be redacted", 1))
