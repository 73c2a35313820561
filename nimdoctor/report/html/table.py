"""Tables of the document, which neither a phone nor a spreadsheet trips over."""

from typing import Sequence

from nimdoctor.report.cells import cell
from nimdoctor.report.json_report import TEXT_LIMIT
from nimdoctor.report.markup import Markup, element
from nimdoctor.report.text_report import printable


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], narrow: str = "") -> Markup:
    """A table; what `narrow` names becomes blocks where there is no room, else it scrolls."""
    body = [
        element("tr", *(element("td", cell(printable(words, TEXT_LIMIT)), class_="word" if n < 2 else None) for n, words in enumerate(row)))
        for row in rows
    ]  # fmt: skip
    head = element("thead", element("tr", *(element("th", words, scope="col") for words in heads)))
    made = element(
        "table", element("caption", caption) if caption else None, head, element("tbody", *body), class_=narrow or None
    )
    return made if narrow else element("div", made, class_="scroll", tabindex="0", role="region", aria_label=caption)
