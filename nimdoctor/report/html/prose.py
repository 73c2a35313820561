"""Running text of the page: IBM's pages are links, and no id or option is parted at its hyphens."""

import re

from nimdoctor.report.markup import Content, Markup, element, join
from nimdoctor.report.text_report import printable

PAGES = "https://www.ibm.com/support/pages/"
NAMED = {"isg3T1024615": "nimsh-over-ssl"}
"""Pages that are cited by an older number, and where each is now."""
LONGEST = 60
"""Letters of a word that is kept whole; what is longer may be parted anywhere."""
_QUOTED = re.compile(r"((?<!\S)`[^`]{1,200}`(?=[,.;:)]?(?:\s|$)))")
_PAGE = re.compile(rf"({PAGES}node/\d{{5,9}}|node/\d{{5,9}}|{'|'.join(NAMED)})(?![\w/])")


def prose(words: str, limit: int = 0) -> Markup:
    """The words as inert text.

    >>> prose("see IBM node/7283157; run nimclient -C")
    'see IBM <a href="https://www.ibm.com/support/pages/node/7283157">node/7283157</a>; run nimclient <span class="whole">-C</span>'
    """
    # what stands in backticks is a command, as Markdown has it
    return join(
        _command(one[1:-1]) if one[:1] == "`" else _plain(one) for one in _QUOTED.split(printable(words, limit))
    )


def _plain(words: str) -> Markup:
    return join(map(_word, words.split(" ")), " ")


def _command(words: str) -> Markup:
    return element("code", join([element("span", word, class_="whole") for word in words.split(" ")], " "))


def _word(word: str) -> Content:
    if len(word) > LONGEST:
        return word
    start, cited, end = _PAGE.split(word, maxsplit=1) if _PAGE.search(word) else (word, "", "")
    if cited:
        page = NAMED.get(cited, cited)
        return join([start, element("a", cited, href=page if page.startswith(PAGES) else PAGES + page), end])
    return element("span", word, class_="whole") if "-" in word.strip("-") or word.startswith("-") else word
