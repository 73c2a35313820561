"""Text out of a page: HTML with its tags and entities."""

import html
from html.parser import HTMLParser
from typing import List, Optional, Tuple

from nimdoctor.evidence.wrapping.lines import Line, joined

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "body",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "hr",
        "html",
        "li",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "thead",
        "tr",
        "ul",
    ]
)
_CELLS = frozenset({"td", "th"})
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "big",
        "button",
        "center",
        "cite",
        "code",
        "em",
        "figure",
        "font",
        "footer",
        "form",
        "header",
        "i",
        "iframe",
        "img",
        "input",
        "kbd",
        "label",
        "link",
        "main",
        "mark",
        "meta",
        "nav",
        "nobr",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "tt",
        "u",
        "var",
        "wbr",
    ]
)
_UNSEEN = frozenset({"script", "style", "title"})
_LONGEST = 4 * 1024 * 1024


def without_entities(lines: List[Line]) -> List[Line]:
    """The lines with the letters that entities stand for."""
    return [line._replace(text=html.unescape(line.text)) if "&" in line.text else line for line in lines]


def without_tags(lines: List[Line]) -> List[Line]:
    """What a browser shows; the rows of a block on one line of the page all have its number.

    >>> [tuple(line) for line in without_tags([Line(7, "<pre># hostname<br>lpar7</pre>")])]
    [(7, '# hostname', True), (7, 'lpar7', False), (7, '', True)]
    """
    text = joined(lines)
    if len(text) > _LONGEST:
        return lines
    page = _Page([line.number for line in lines])
    try:
        page.feed(text)
        page.close()
    except AssertionError:  # what the parser raises for `<![` that it does not know
        return lines
    shown = page.shown()
    return shown if any(line.text.strip() for line in shown) else lines  # of a title alone: as it was given


class _Page(HTMLParser):
    def __init__(self, numbers: List[int]) -> None:
        super().__init__(convert_charrefs=True)
        self._numbers = numbers
        self._lines: List[Line] = []
        self._row: List[str] = []
        self._at = 0
        self._ends = False
        self._fresh = False
        self._unseen = ""

    def shown(self) -> List[Line]:
        self._end_row()
        return self._lines

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        number = self.getpos()[0] - 1
        pieces = data.split("\n")
        if self._fresh and not pieces[0].strip() and pieces[1:]:  # the end of the line whose last word is a tag
            number, pieces = number + 1, pieces[1:]
        self._fresh = False
        for index, piece in enumerate(pieces):
            if index:
                self._end_row()
            if not self._row:
                self._at = number + index
            self._row.append(piece)

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        if tag in _UNSEEN:
            self._unseen = tag
        elif tag in _CELLS:
            self._row.append("  ")
        elif tag in _BLOCKS:
            self._end_row()
            self._at = self.getpos()[0] - 1
            self._fresh = True
            self._ends = tag == "pre"
        elif tag not in _INLINE:
            self.handle_data(self.get_starttag_text() or "")  # `<client>` in a command is no tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = ""
        elif tag in _BLOCKS:
            self._end_row()
            self._at = self.getpos()[0] - 1
            self._fresh = True
            if tag == "pre":
                self._ends = True
                self._row.append("")
                self._end_row()

    def _end_row(self) -> None:
        if self._row or self._ends:
            number = self._numbers[min(self._at, len(self._numbers) - 1)]
            if self._row:
                self._lines.append(Line(number, "".join(self._row), self._ends))
                self._ends = False
        self._row = []
