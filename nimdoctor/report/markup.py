"""Markup that cannot be broken out of: every text that is put into an element or attribute is made inert first.

Serves HTML, SVG and XML alike. The result is ASCII: other letters are character references, so that it does not
matter in which encoding it is written. XML 1.0 forbids control characters even as references; they are shown as
escapes, as are bidirectional controls and everything else that does not print.
"""

from html import escape
from typing import Iterable, Optional, Union

from nimdoctor.report.text_report import printable

VOID = frozenset(("meta", "br", "hr", "col", "link"))
"""Elements of HTML without an end."""


class Markup(str):
    """Text that is markup already; only `element` and `join` make it, and `written` for what the project itself wrote."""

    __slots__ = ()


BREAK = Markup("\n")
"""An end of line between pieces; in text there is none, it is shown as an escape."""

Content = Union[str, Markup, None]


def text(words: str, limit: int = 0) -> Markup:
    """The words as inert text, cut at `limit` characters where it is given.

    >>> text("<b> \\x1b[2J & \\u202e \\xe9")
    '&lt;b&gt; \\\\x1b[2J &amp; \\\\u202e &#233;'
    """
    return Markup(escape(printable(words, limit)).encode("ascii", "xmlcharrefreplace").decode("ascii"))


def written(markup: str) -> Markup:
    """Markup that stands in the project's own files; never anything of a host."""
    return Markup(markup)


def element(name: str, /, *content: Content, **attributes: Optional[object]) -> Markup:
    """An element; a plain string in it is text. Attributes: `class_` is class, `_` is `-`, None is left out.

    >>> element("a", "1 < 2", href="#x", class_="y", aria_label='"')
    '<a href="#x" class="y" aria-label="&quot;">1 &lt; 2</a>'
    """
    words = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{text(str(value))}"')
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{words}>")
    return Markup(f"<{name}{words}>{join(content)}</{name}>")


def join(content: Iterable[Content], between: str = "") -> Markup:
    """Pieces of content one after the other; plain strings become text."""
    pieces = (piece if isinstance(piece, Markup) else text(piece) for piece in content if piece is not None)
    return Markup(between.join(pieces))
