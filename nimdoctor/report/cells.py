"""What a table's cell may not begin with, wherever the table is pasted."""


def cell(words: str) -> str:
    """The words; after an apostrophe where a spreadsheet would take them for a formula, backticks that no page shows left out.

    >>> cell("=1+1"), cell(" @x"), cell("`@x`"), cell("lpar7")
    ("'=1+1", "' @x", "'`@x`", 'lpar7')
    """
    return f"'{words}" if words.replace("`", "").lstrip()[:1] in ("=", "+", "-", "@") else words
