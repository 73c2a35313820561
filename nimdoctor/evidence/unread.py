"""How it is said that nothing was recognised in some lines."""

_SAID = "not recognised: "


def unread(place: str, words: str) -> str:
    """The remark; `words` are the first of the lines, fit to be shown."""
    return f"{place}: {_SAID}{words}"


def without_words(remark: str) -> str:
    """The remark without any word of the lines, as it may leave a site: what is no evidence does not.

    >>> without_words(unread("mail.txt lines 1-2", "'Hello,'")), without_words("manifest.json is damaged")
    ('mail.txt lines 1-2: not recognised', 'manifest.json is damaged')
    """
    before, said, _ = remark.partition(_SAID)
    return before + said.rstrip(": ")
