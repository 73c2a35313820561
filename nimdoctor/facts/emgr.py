"""`emgr -l` and `emgr -lv3`: installed interim fixes. They never show in `instfix`."""

import re
from typing import Dict, Iterable, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text, first_words

_APAR = re.compile(r"(?<![A-Z0-9])I[A-Z][0-9]{5}(?![0-9])")
_ROW = re.compile(
    r"\s{0,8}([0-9]{1,4})\s{1,20}(\S{1,12})\s{1,20}(\S{1,40})\s{1,12}"  # number, state, label
    r"\S{6,10} [0-9]{2}[:;][0-9]{2}[:;][0-9]{2}"  # time of installation
)
_RULE = re.compile(r"={2,10}(?:\s{1,4}={2,80}){3,8}\s{0,8}")
_OF_ONE_FIX = re.compile(r"[\s_]-[a-z0-9]{0,4}[Lnu](?![a-zA-Z])")
_FIELD = re.compile(r"\s{0,8}([A-Za-z][A-Za-z /()]{0,40}?)\s{0,20}:\s{0,40}(.*)")


STATES = {
    "S": "STABLE",
    "M": "MOUNTED",
    "U": "UNMOUNTED",
    "Q": "REBOOT REQUIRED",
    "B": "BROKEN",
    "I": "INSTALLING",
    "R": "REMOVING",
    "T": "TESTED",
    "P": "PATCHED",
    "N": "NOT PATCHED",
    "SP": "STABLE + PATCHED",
    "SN": "STABLE + NOT PATCHED",
    "QP": "BOOT IMAGE MODIFIED + PATCHED",
    "QN": "BOOT IMAGE MODIFIED + NOT PATCHED",
    "RQ": "REMOVING + REBOOT REQUIRED",
}
"""Letters of the column STATE, as emgr's own legend explains them."""
_BY_WORDS = {words.replace(" ", ""): letters for letters, words in STATES.items()}


class InterimFix(NamedTuple):
    """One interim fix. `state` is as printed: S or STABLE, `*Q*` while a reboot is owed, and others.

    `apars` are the APARs that its label, its abstract or its APAR reference names; `files` and `packages`
    what it replaces and the filesets of that, which only `-v3` lists.
    """

    number: Optional[int]
    label: str
    state: str
    abstract: str
    apars: Tuple[str, ...]
    at: Quote
    files: Tuple[str, ...] = ()
    packages: Tuple[str, ...] = ()

    @property
    def letters(self) -> str:
        """The state by its letters in `STATES`; empty for one that is not told, or not known.

        >>> fix = InterimFix(1, "IJ53757s1a", "*Q*", "", (), Quote("emgr -l", 1, ""))
        >>> fix.letters, fix._replace(state="REBOOT REQUIRED").letters, fix._replace(state="*Z*").letters
        ('Q', 'Q', '')
        """
        word = self.state.upper().strip("*").replace(" ", "")
        return word if word in STATES else _BY_WORDS.get(word, "")

    @property
    def waits_for_reboot(self) -> bool:
        """Whether it is installed and takes effect with the next reboot."""
        return self.letters in ("Q", "QP", "QN")

    @property
    def stable(self) -> bool:
        """Whether the fix is in effect; every other state counts for nothing."""
        return self.state.upper() in ("S", "STABLE")

    def quote(self) -> Quote:
        """The line that shows its state."""
        return self.at


@fact(Row("emgr -lv3", Kind.COMMAND, variants=("emgr -lv3", "emgr -lv 3", "emgr -l -v3", "emgr -l")), reads_parts=True)
class InterimFixes(NamedTuple):
    """Installed interim fixes; `none` says that the host has none at all, `complete` that every one is listed, and read.

    >>> fixes = InterimFixes.parse(Text.of('''ID  STATE LABEL      INSTALL TIME      UPDATED BY ABSTRACT
    ... === ===== ========== ================= ========== ======================================
    ... 1    S    IJ53757s1a 03/20/25 10:22:41            NIM security fix
    ... 2   *Q*   IJ55968s5a 12/01/25 09:00:12            IJ55968 for 7.2 TL5 SP10
    ... ''', "emgr -l"))
    >>> fixes.stable_apars(), fixes.fixes[1].apars, fixes.quote("IJ55968").line
    (('IJ53757',), ('IJ55968',), 4)
    """

    source: str
    fixes: Tuple[InterimFix, ...]
    none: bool = False
    complete: bool = True

    @classmethod
    def parse(cls, text: Text) -> "InterimFixes":
        """Raises BadEvidence for an empty text or one that neither lists a fix nor says there is none."""
        quotes = [quote for quote in text.quotes() if quote.text.strip()]
        if not quotes:
            raise BadEvidence(f"{text.source} is empty")
        fixes = _merge([*_summary(quotes), *_details(quotes)])
        none = not fixes and any(re.search(r"no (?:efix|ifix|interim fix) data", quote.text) for quote in quotes)
        if not fixes and not none:
            raise BadEvidence(f"{text.source} lists no interim fix: {first_words(quotes[0].text)}")
        every = (none or text.is_whole) and not _OF_ONE_FIX.search(text.name) and not _unread(quotes)
        return cls(text.source, fixes, none, every)

    @classmethod
    def combine(cls, parts: Sequence["InterimFixes"]) -> "InterimFixes":
        """All of them as one, each label once."""
        fixes = _merge(fix for part in parts for fix in part.fixes)
        return cls(parts[0].source, fixes, not fixes, any(part.complete for part in parts))

    def get(self, label: str) -> Optional[InterimFix]:
        """The fix of that label; None when it is not listed."""
        return next((fix for fix in self.fixes if fix.label == label), None)

    def stable_apars(self) -> Tuple[str, ...]:
        """APARs that a stable fix carries, sorted."""
        return tuple(sorted({apar for fix in self.fixes if fix.stable for apar in fix.apars}))

    def unstable(self) -> Tuple[InterimFix, ...]:
        """Fixes in any other state."""
        return tuple(fix for fix in self.fixes if not fix.stable)

    def quote(self, apar: str) -> Quote:
        """The line of a fix that carries the APAR, a stable one first; else the whole."""
        carriers = [fix for fix in self.fixes if apar in fix.apars]
        return max(carriers, key=lambda fix: fix.stable).at if carriers else self.whole()

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")


def _apars(*texts: str) -> Tuple[str, ...]:
    return tuple(dict.fromkeys(apar for text in texts for apar in _APAR.findall(text)))


def _summary(quotes: Iterable[Quote]) -> Iterable[InterimFix]:
    for quote in quotes:
        line = quote.text[:1000]
        match = _ROW.match(line)
        if match:
            label = match.group(3)
            abstract = _without_updated_by(line[match.end() :])
            yield InterimFix(int(match.group(1)), label, match.group(2), abstract, _apars(label, abstract), quote)


def _unread(quotes: Iterable[Quote]) -> bool:
    """Whether a row of the table, below its line of `=`, is none that can be read."""
    in_table = False
    for quote in quotes:
        line = quote.text[:1000]
        if _RULE.fullmatch(line):
            in_table = True
        elif in_table and not _ROW.match(line):
            if re.match(r"\s{0,8}[0-9]{1,4}\s", line):
                return True
            in_table = False
    return False


def _without_updated_by(rest: str) -> str:
    # the column UPDATED BY, ten wide behind one blank, names another fix: its APAR is not this one's
    other = rest[1:11].rstrip()
    if re.match(r" \S", rest) and " " not in other and rest[11:12] == " ":
        return rest[11:].strip()
    return rest.strip()


def _details(quotes: Iterable[Quote]) -> Iterable[InterimFix]:
    """Blocks of `EFIX ID: ...`, `EFIX LABEL: ...` and further `NAME: value` lines."""
    fix: Optional[InterimFix] = None
    number: Optional[int] = None
    apars: Dict[str, None] = {}
    files: Dict[str, None] = {}
    packages: Dict[str, None] = {}
    listing_apars = False
    for quote in quotes:
        line = quote.text[:1000]
        match = _FIELD.match(line)
        name, value = (match.group(1).upper(), match.group(2).strip()) if match else ("", "")
        if match:
            listing_apars = "APAR" in name
        elif _ROW.match(line):
            listing_apars = False  # a table of fixes begins
        if name.endswith("FIX ID") or name == "ID":
            if fix:
                yield fix._replace(apars=tuple(apars), files=tuple(files), packages=tuple(packages))
            fix, number = None, int(value) if re.fullmatch("[0-9]{1,4}", value) else None
        elif name.endswith("FIX LABEL") or name == "LABEL":
            if fix:
                yield fix._replace(apars=tuple(apars), files=tuple(files), packages=tuple(packages))
            fix = InterimFix(number, value.split()[0], "", "", (), quote) if value else None
            apars, files, packages = dict.fromkeys(_apars(value)), {}, {}
        elif fix and (name.endswith("STATE") or name in ("STATUS", "EFIX STATUS")) and value and not fix.state:
            fix = fix._replace(state=value, at=quote)
        elif fix and name == "ABSTRACT" and not fix.abstract:
            fix = fix._replace(abstract=value)
            apars.update(dict.fromkeys(_apars(value)))
        elif fix and name == "LOCATION" and value:
            files[value.split()[0]] = None
        elif fix and name == "PACKAGE" and value:
            packages[value.split()[0]] = None
        elif fix and listing_apars:
            # the references follow behind the heading or below it
            apars.update(dict.fromkeys(_apars(line)))
    if fix:
        yield fix._replace(apars=tuple(apars), files=tuple(files), packages=tuple(packages))


def _merge(fixes: Iterable[InterimFix]) -> Tuple[InterimFix, ...]:
    """Each label once: the first state told, every APAR named."""
    merged: Dict[str, InterimFix] = {}
    apars: Dict[str, Dict[str, None]] = {}
    for fix in fixes:
        apars.setdefault(fix.label, {}).update(dict.fromkeys(fix.apars))
        have = merged.setdefault(fix.label, fix)
        if have is fix:
            continue
        base = have if have.state else fix
        merged[fix.label] = base._replace(
            number=have.number if have.number is not None else fix.number,
            abstract=have.abstract or fix.abstract,
            files=have.files or fix.files,
            packages=have.packages or fix.packages,
        )
    return tuple(fix._replace(apars=tuple(apars[label])) for label, fix in merged.items())
