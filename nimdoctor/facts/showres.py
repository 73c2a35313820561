"""`nim -o showres`: which filesets an lpp_source of the master holds."""

import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.model.rows import ONLY_MASTER, Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_VRMF = re.compile(r"\d{1,9}(?:\.\d{1,9}){3}", re.ASCII)
_NAME = re.compile(r"[A-Za-z][\w+-]*(?:\.[\w+-]+)+", re.ASCII)
_IMAGE = re.compile(r"([A-Za-z][\w+-]*(?:\.[\w+-]+?)+)[.-](\d{1,9}(?:\.\d{1,9}){3})(?:\.(?:[IUSM]|bff))?", re.ASCII)
_INSTALLABLE = re.compile(r"@@[A-Z]:(\S{1,200}) (\S{1,60})\s*$", re.ASCII)
_NAME_LIMIT = 200


class LppFileset(NamedTuple):
    """One fileset that can be installed from the lpp_source."""

    fileset: str
    level: str
    at: Quote


class LppSource(NamedTuple):
    """One lpp_source; `complete` is False when the output was filtered, so that nothing is known to lack."""

    name: str
    filesets: Tuple[LppFileset, ...]
    at_whole: Quote
    complete: bool = True

    def has(self, fileset: str) -> bool:
        """Whether the fileset is listed, at any level."""
        return any(row.fileset == fileset for row in self.filesets)

    def whole(self) -> Quote:
        """A quote that means the whole listing."""
        return self.at_whole


@fact(
    Row(
        "nim -o showres {LPP_SOURCE}",
        Kind.COMMAND,
        roles=ONLY_MASTER,
        live=False,
        variants=("nim -o showres",),
        live_for=("LppSources",),
    ),
    reads_parts=True,
)
class LppSourceContents(NamedTuple):
    """Every lpp_source that was listed.

    >>> contents = LppSourceContents.parse(Text.of('''  Fileset Name           Level              I/U Q Content
    ...   ======================================================
    ...   bos.mp64                7.2.5.200           I  N usr,root
    ...   openssl.base            1.0.2.1800          I  N usr,root
    ... #   Open Secure Socket Layer
    ... ''', "nim -o showres lpp_7200_05"))
    >>> source = contents.sources[0]
    >>> source.name, source.has("openssl.base"), source.has("openssl.license"), source.complete
    ('lpp_7200_05', True, False, True)

    As hosts print it, each level has the name to install behind `@@`:

    >>> contents = LppSourceContents.parse(Text.of('''bos.mp64                   ALL  @@I:bos.mp64 _all_filesets
    ...  + 7.2.5.200  Base Operating System 64-bit          @@S:bos.mp64 7.2.5.200
    ... openssl.base               ALL  @@I:openssl.base _all_filesets
    ...  @ 1.0.2.1800  Open Secure Socket Layer             @@I:openssl.base 1.0.2.1800
    ... ''', "nim -o showres lpp_7200_05"))
    >>> [(row.fileset, row.level) for row in contents.sources[0].filesets]
    [('bos.mp64', '7.2.5.200'), ('openssl.base', '1.0.2.1800')]
    """

    sources: Tuple[LppSource, ...]
    source: str

    @classmethod
    def parse(cls, text: Text) -> "LppSourceContents":
        """Raises BadEvidence when no fileset with a level is listed."""
        any_text = False
        filesets: List[LppFileset] = []
        for quote in text.quotes():
            any_text = any_text or bool(quote.text.strip())
            row = _row(quote)
            if row:
                filesets.append(row)
        if not any_text:
            raise BadEvidence(f"{text.source} is empty")
        if not filesets:
            raise BadEvidence(f"{text.source} lists no fileset")
        # a transcript need not show its `| grep openssl`, but what is left looks like it
        filtered = not text.is_whole or all(row.fileset.startswith("openssl") for row in filesets)
        found = LppSource(_source_name(text.name), tuple(filesets), text.whole(), not filtered)
        return cls((found,), text.source)

    @classmethod
    def combine(cls, parts: Sequence["LppSourceContents"]) -> "LppSourceContents":
        """All sources; of one name the first complete listing counts, else the first."""
        best: Dict[str, LppSource] = {}
        for part in parts:
            for found in part.sources:
                if found.name not in best or (found.complete and not best[found.name].complete):
                    best[found.name] = found
        return cls(tuple(best.values()), ", ".join(dict.fromkeys(part.source for part in parts)))

    def whole(self) -> Quote:
        """A quote that means all listings."""
        return Quote(self.source, None, "")


@fact("nim -o showres {LPP_SOURCE}", reads_parts=True)
class LppSources(LppSourceContents):
    """The lpp_sources of a master whose contents a fix must know: on a live master each is listed when asked for."""


def _row(quote: Quote) -> Optional[LppFileset]:
    words = quote.text.split()
    if not words or "\0" in quote.text or words[0].startswith("#"):
        return None
    named = _INSTALLABLE.search(quote.text[:1000])
    if named:
        # the head of a fileset has `_all_filesets` there, an rpm package a version of its own
        whole = _is_name(named.group(1)) and _VRMF.fullmatch(named.group(2))
        return LppFileset(named.group(1), named.group(2), quote) if whole else None
    if len(words) > 1 and _is_name(words[0]) and _VRMF.fullmatch(words[1]):
        return LppFileset(words[0], words[1], quote)
    columns = quote.text.split(":")
    if len(columns) > 2 and _is_name(columns[1].strip()) and _VRMF.fullmatch(columns[2].strip()):
        return LppFileset(columns[1].strip(), columns[2].strip(), quote)
    image = _IMAGE.fullmatch(words[0]) if len(words[0]) <= _NAME_LIMIT else None
    return LppFileset(image.group(1), image.group(2), quote) if image else None


def _is_name(word: str) -> bool:
    return len(word) <= _NAME_LIMIT and bool(_NAME.fullmatch(word))


def _source_name(command: str) -> str:
    # also of a file name made from the command, where every blank became an underscore
    found = re.search(r"showres[\s_]+([^|;<>&]*)", command)
    words = re.sub(r"(^|\s)-\w*a\s+\S+", " ", found.group(1)).split() if found else []
    named = [word for word in words if not word.startswith("-") and "=" not in word]
    return named[-1] if named else "lpp_source"
