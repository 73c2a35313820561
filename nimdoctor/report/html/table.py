"""Tables of the document, which neither a phone nor a spreadsheet trips over."""

from typing import Sequence

from nimdoctor.report.cells import cell
from nimdoctor.report.html.prose import prose
from nimdoctor.report.json_report import TEXT_LIMIT
from nimdoctor.report.markup import Markup, element
from nimdoctor.report.text_report import printable


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], words: int = 0) -> Markup:
    """A table that scrolls where there is no room; one whose first `words` columns are short becomes blocks there."""
    body = [element("tr", *(_cell(text, number < words) for number, text in enumerate(row))) for row in rows]
    head = element(
        "thead",
        element("tr", *(element("th", prose(cell(printable(heading, TEXT_LIMIT))), scope="col") for heading in heads)),
    )
    title = element("caption", caption) if caption else None
    made = element("table", title, head, element("tbody", *body), class_="rows" if words else None)
    return made if words else element("div", made, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _cell(text: str, short: bool) -> Markup:
    return element("td", prose(cell(printable(text, TEXT_LIMIT))), class_="word" if short else None)
