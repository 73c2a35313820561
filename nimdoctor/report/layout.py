"""Lines for a terminal: parted at blanks only, so that ids stay whole, and printable whatever the text holds."""

import shlex
import textwrap
from typing import List, Sequence

from nimdoctor.model.wording import visible

NARROWEST = 40
"""Columns below which no line is laid out: a terminal narrower than that wraps by itself."""
WIDTH, HEIGHT = 80, 24
"""A screen of which nothing is known."""
LABEL = 10
"""Columns of a field's name."""
_CUT, _GOES_ON = " ...", " \\"


def printable(text: str, limit: int = 0) -> str:
    """The text with tabs as blanks and everything unprintable shown as an escape, cut at `limit` characters.

    >>> printable("a\\x1b[2Jb\\tc")
    'a\\\\x1b[2Jb c'
    """
    shown = visible(text.replace("\t", " "))
    return shown if not limit or len(shown) <= limit else shown[: limit - len(_CUT)] + _CUT


def wrapped(text: str, width: int, start: str = "", *, hang: int = 0, most: int = 0) -> List[str]:
    """The text after `start`, its further lines set in as far or by `hang`; of more than `most` lines the rest is cut off.

    >>> wrapped("stale-ssl-libs is explained by openssl-missing", 30, "Cause:    ")
    ['Cause:    stale-ssl-libs is', '          explained by', '          openssl-missing']
    """
    indent = " " * (hang or len(start))
    parted = textwrap.wrap(
        printable(text),
        width,
        initial_indent=start,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    ) or [start.rstrip()]
    lines = [line for one in parted for line in ([one] if len(one) <= width else _fitted(one, start, indent, width))]
    if most and len(lines) > most:
        lines = lines[:most]
        lines[-1] = lines[-1][: width - len(_CUT)].rstrip() + _CUT
    return lines


def _fitted(line: str, start: str, indent: str, width: int) -> List[str]:
    """A line of one word that is too long beside what stands before it: further to the left, so that a path copies; only
    what fits on no line is broken.
    """
    head = [start.rstrip()] if start.strip() and line.startswith(start) else []
    word = line[len(start) :] if head else line.strip()
    if len(word) <= width:
        return [*head, indent[: width - len(word)] + word]
    room = width - len(indent)
    return [*head, *(indent + word[at : at + room] for at in range(0, len(word), room))]


def field(name: str, text: str, width: int, indent: str = "", *, most: int = 0) -> List[str]:
    """A field of a report: its name, and its words beside it."""
    return wrapped(text, width, f"{indent}{name + ':' if name else '':<{LABEL}}", most=most)


def item(text: str, width: int, indent: str = "   ", *, most: int = 0) -> List[str]:
    """A point of a list."""
    return wrapped(text, width, f"{indent}- ", most=most)


def command(line: str, width: int, start: str = "") -> List[str]:
    """A command, which copies as it runs: one that is wider goes on after a backslash, between its words.

    >>> command("nimdoctor fix lpar7 --master nim1 --apply", 32, "  ")
    ['  nimdoctor fix lpar7 --master \\\\', '    nim1 --apply']
    """
    indent = " " * (len(start) + 2)
    pieces = _pieces(_words(printable(line)), width - len(indent) - len(_GOES_ON))
    lines: List[str] = []
    now = start + pieces[0]
    for number, piece in enumerate(pieces[1:], 2):
        room = width if number == len(pieces) else width - len(_GOES_ON)
        if len(now) + 1 + len(piece) > room:
            lines.append(now + _GOES_ON)
            # what is too long for its place begins further to the left
            now = indent[: max(0, room - len(piece))] + piece
        else:
            now += f" {piece}"
    return [*lines, now]


def labelled(words: str, line: str, width: int, start: str = "") -> List[str]:
    """A command with words before it, below them where it has no room beside them."""
    beside = f"{start}{words} {printable(line)}"
    return [beside] if len(beside) <= width else [*wrapped(words, width, start), *command(line, width, start)]


def _pieces(words: Sequence[str], room: int) -> List[str]:
    """What is kept on one line: a command of several with what joins it to the next, where that has room, else its words."""
    pieces: List[str] = []
    now: List[str] = []
    for number, word in enumerate(words, 1):
        now.append(word)
        if word in ("&&", "||", "|") or word.endswith(";") or number == len(words):
            whole = " ".join(now)
            pieces += [whole] if len(whole) <= room and len(now) < len(words) else now
            now = []
    return pieces


def _words(line: str) -> List[str]:
    """What a shell takes for words, as they are written: nothing is parted within quotes."""
    try:
        shlex.split(line)
    except ValueError:
        return [line]
    words: List[str] = []
    quote = ""
    for piece in line.split(" "):
        if quote:
            words[-1] += f" {piece}"
        else:
            words.append(piece)
        for letter in piece:
            quote = ("" if letter == quote else quote) if quote else letter if letter in "'\"" else ""
    return words
