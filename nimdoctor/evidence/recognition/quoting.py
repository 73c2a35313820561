"""What a mail puts around the lines of a text, and what is no text."""

import re

SAMPLE = 64 * 1024
"""Characters looked at from the beginning, and as many from the end, of a text."""
LINE_LIMIT = 1000
"""Characters of a line that are looked at; nothing by which a text is known is longer."""


def strip_quoting(text: str) -> str:
    """The text without the `> ` that a mail puts before the lines it quotes; lines stay where they are.

    >>> strip_quoting("> > Fri Mar 14 10:05:04 2025 create BIO")
    'Fri Mar 14 10:05:04 2025 create BIO'
    """
    return re.sub(r"(?m)^[ \t]?(?:>[ \t]?)+", "", text) if ">" in text else text


def is_binary(text: str) -> bool:
    """Whether a decoded text is no text. NUL alone does not make it so: a log may have a hole."""
    sample = text[:SAMPLE].replace("\0", "")
    control = len(re.findall(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]", sample))
    return not sample or control * 20 > len(sample)


def short_lines(text: str) -> str:
    """The text with its lines cut to `LINE_LIMIT`."""
    # a line of megabytes must not cost more than any other
    return "\n".join(line[:LINE_LIMIT] for line in text.split("\n"))
