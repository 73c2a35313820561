"""Pages on what people ask of beside checks and fixes: files, screens, ports, attributes. They are data, `topics/*.md`.

    # ssl-cnf: title
    asked: words by which it is found, with commas between
    lines: parts of lines that lead to it, in small letters, with semicolons between
    checks: ids that its text names
    sure: A
    source: where that is said

and after an empty line the page; a sentence that is less sure than its mark says so itself.
"""

import importlib.resources
import re
from functools import cache
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

SURE = {
    "A": "an IBM page or two independent sources",
    "B": "one good source",
    "C": "inferred, not stated anywhere",
    "M": "remembered, found in no source: take it as a hint only",
}
"""What the marks of the tables and pages mean."""
_FIELDS = ("asked", "lines", "checks", "sure", "source")
_NEEDED = ("asked", "sure", "source")
_EMPTY_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "at",
        "be",
        "by",
        "can",
        "do",
        "does",
        "explain",
        "for",
        "from",
        "get",
        "has",
        "have",
        "how",
        "i",
        "in",
        "is",
        "it",
        "its",
        "me",
        "mean",
        "means",
        "my",
        "need",
        "needs",
        "nim",
        "nimsh",
        "now",
        "of",
        "on",
        "or",
        "our",
        "please",
        "should",
        "show",
        "that",
        "the",
        "there",
        "these",
        "this",
        "to",
        "use",
        "used",
        "was",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "work",
        "works",
        "you",
    ]
)
_QUESTION = re.compile(r"[\w./'-]+(?:[,;]? [\w./'-]+){1,20}")


class TopicPage(NamedTuple):
    """One page. `asked` and `lines` are folded; `body` is its text behind the head, as written."""

    id: str
    title: str
    asked: Tuple[str, ...]
    lines: Tuple[str, ...]
    checks: Tuple[str, ...]
    sure: str
    source: str
    body: str

    @property
    def first_words(self) -> str:
        """Its first paragraph, in one line."""
        return " ".join(self.body.split("\n\n")[0].split())

    @property
    def words(self) -> "frozenset[str]":
        """The words by which it may be found."""
        return content_words(" ".join((self.id.replace("-", " "), self.title, *self.asked)))


def folded(text: str) -> str:
    """Small letters, and one blank where there are several or other white space.

    >>> folded("  Cstate_result  = FAILURE")
    'cstate_result = failure'
    """
    return " ".join(text.lower().split())


def content_words(text: str) -> "frozenset[str]":
    """The words of a question that say what it is about.

    >>> sorted(content_words("What is the data of a push?"))
    ['data', 'push']
    """
    return frozenset(re.findall(r"[a-z0-9_][a-z0-9_.]*[a-z0-9_]", text.lower())) - _EMPTY_WORDS


def read(text: str) -> TopicPage:
    """The page that a file holds. Raises ValueError, with what is wrong."""
    head, _, body = text.partition("\n\n")
    first, *rest = head.splitlines()
    title = re.fullmatch(r"# ([a-z0-9-]+): (\S.*)", first)
    if not title:
        raise ValueError(f"the first line is no title: {first[:80]!r}")
    fields: Dict[str, str] = {}
    for line in rest:
        name, colon, value = line.partition(": ")
        if not colon or name not in _FIELDS or name in fields:
            raise ValueError(f"this is no field of the head: {line[:80]!r}")
        fields[name] = value
    lacking = [name for name in _NEEDED if not fields.get(name)]
    if lacking or not body.strip():
        raise ValueError(f"it lacks {', '.join(lacking) or 'a text'}")
    if fields["sure"] not in SURE:
        raise ValueError(f"its mark is none: {fields['sure'][:20]!r}")
    return TopicPage(
        title[1],
        title[2],
        _parts(fields["asked"], ","),
        _parts(fields.get("lines", ""), ";"),
        _parts(fields.get("checks", ""), ","),
        fields["sure"],
        fields["source"],
        body.rstrip(),
    )


def _parts(value: str, separator: str) -> Tuple[str, ...]:
    return tuple(folded(part) for part in value.split(separator) if part.strip())


@cache
def topics() -> Tuple[TopicPage, ...]:
    """All pages, by id; read when first asked for, through the package's loader."""
    return tuple(sorted(map(read, _files())))


def _files() -> Iterator[str]:
    for entry in importlib.resources.files("nimdoctor.manual").joinpath("topics").iterdir():
        if entry.name.endswith(".md"):
            yield entry.read_text("utf-8")


def asked_for(query: str) -> Optional[TopicPage]:
    """The page of that id, title or asked words; of a question, the only one with all the words that say something."""
    wanted = folded(query).strip(" ?!.\"'`")
    for topic in topics():
        if wanted in (topic.id, *topic.asked) or wanted == folded(topic.title):
            return topic
    if not _QUESTION.fullmatch(wanted):
        return None
    words = content_words(query)
    whole = [topic for topic in topics() if any(words and words == content_words(asked) for asked in topic.asked)]
    if not whole and len(words) > 1:
        whole = [topic for topic in topics() if words <= topic.words]
    return whole[0] if len(whole) == 1 else None


def led_to(line: str) -> List[TopicPage]:
    """The pages to which a line of evidence leads."""
    found = folded(line)
    return [topic for topic in topics() if any(part in found for part in topic.lines)]


def known_of(ids: Sequence[str], known: Sequence[str]) -> List[str]:
    """Those of the ids that are installed, in their own order."""
    return [id for id in ids if id in set(known)]
