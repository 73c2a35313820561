"""The simple commands of a shell script as words: enough of the grammar for the scripts of this project.

Quoted text stands as Q, what a substitution gives as S, a parameter as V; commands within substitutions are found too.
"""

import re
from typing import Iterator, List, Tuple

_RESERVED = ("if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "time", "esac")


def functions_of(text: str) -> List[str]:
    """Names of the functions that it defines.

    >>> functions_of("say() {\\n  echo x\\n}\\n")
    ['say']
    """
    return re.findall(r"^\s*([A-Za-z_]\w*)\(\)", text, re.M)


def simple_commands(text: str) -> Iterator[List[str]]:
    """Each simple command's words, reserved words, assignments and redirections left out.

    >>> list(simple_commands('if x=$(lssrc -s "$1" 2>&1); then case $x in *active*) kill -9 $p ;; esac; fi # rm'))
    [['lssrc', '-s', 'Q'], ['kill', '-9', 'V']]
    """
    found: List[List[str]] = []
    _Reader(text, found).commands(0, "")
    return (words for words in (_bare(words) for words in found) if words)


def _bare(words: List[str]) -> List[str]:
    while words and (words[0] in _RESERVED or re.match(r"[A-Za-z_]\w*=", words[0])):
        words = words[1:]
    if (
        not words
        or words[0] in ("for", "case", "in", "function")
        or words[0] in ("Q", "S", "V")
        or words[0].endswith("()")
    ):
        return []
    return words if re.match(r"[\w./\[:-]", words[0]) and "V" not in words[0] else []


class _Reader:
    def __init__(self, text: str, found: List[List[str]]) -> None:
        self.text = text
        self.found = found
        self.heredocs: List[str] = []

    def commands(self, at: int, closing: str) -> int:
        """Reads commands up to `closing`; the place behind it."""
        text, words, word, started = self.text, [], "", False
        redirected = False
        cases: List[str] = []

        def end_word() -> None:
            nonlocal word, started, redirected
            if started:
                if redirected:
                    redirected = False
                else:
                    words.append(word)
                    if word == "in" and words[-3:-2] == ["case"]:
                        words.clear()
                        cases.append("pattern")
            word, started = "", False

        def end_command() -> None:
            nonlocal words
            end_word()
            if words:
                self.found.append(words)
            words = []

        while at < len(text):
            letter = text[at]
            if cases and cases[-1] == "pattern":
                # up to the parenthesis that ends the pattern, or esac
                match = re.compile(r"\s*(?:#.*\n\s*)*(esac\b)?").match(text, at)
                at = match.end() if match else at
                if match and match.group(1):
                    cases.pop()
                    continue
                at = self._pattern(at)
                cases[-1] = "body"
                continue
            if closing and text.startswith(closing, at):
                end_command()
                return at + 1
            if letter == "\\":
                if text[at + 1 : at + 2] != "\n":
                    word, started = word + text[at + 1 : at + 2], True
                at += 2
            elif letter == "\n":
                end_command()
                at += 1
                for mark in self.heredocs:
                    match = re.compile(rf"^\t*{re.escape(mark)}$", re.M).search(text, at)
                    at = match.end() if match else len(text)
                self.heredocs = []
            elif letter in " \t":
                end_word()
                at += 1
            elif letter == "#" and not started:
                at = text.find("\n", at) if "\n" in text[at:] else len(text)
            elif letter == "'":
                at = text.index("'", at + 1) + 1
                word, started = word + "Q", True
            elif letter == '"':
                at = self._quoted(at + 1)
                word, started = word + "Q", True
            elif letter == "`":
                at = self.commands(at + 1, "`")
                word, started = word + "S", True
            elif letter == "$":
                at, kind = self._dollar(at)
                word, started = word + kind, True
            elif text.startswith("<<", at):
                match = re.compile(r"<<-?\s*\\?'?\"?(\w+)'?\"?").match(text, at)
                end_word()
                if match:
                    self.heredocs.append(match.group(1))
                at = match.end() if match else at + 2
            elif letter in "<>":
                if word.isdigit():
                    word, started = "", False
                end_word()
                redirected = True
                at += 1
                while text[at : at + 1] in (">", "&", "|"):
                    at += 1
            elif letter in ";&|()":
                if letter == "(" and text[at + 1 : at + 2] == ")" and started:
                    word, at = word + "()", at + 2
                    end_command()
                    continue
                doubled = text.startswith(";;", at)
                end_command()
                at += 2 if doubled else 1
                if doubled and cases:
                    cases[-1] = "pattern"
            else:
                word, started = word + letter, True
                at += 1
                if word == "esac" and cases and not words and not text[at : at + 1].isalnum():
                    cases.pop()
        end_command()
        return at

    def _pattern(self, at: int) -> int:
        """The place behind the parenthesis that ends a pattern."""
        text = self.text
        if text[at : at + 1] == "(":
            at += 1
        while at < len(text) and text[at] != ")":
            if text[at] == "'":
                at = text.index("'", at + 1)
            elif text[at] == '"':
                at = self._quoted(at + 1) - 1
            elif text[at] == "\\":
                at += 1
            elif text[at] == "$":
                at = self._dollar(at)[0] - 1
            at += 1
        return at + 1

    def _quoted(self, at: int) -> int:
        """The place behind the closing double quote; commands within are read."""
        text = self.text
        while at < len(text) and text[at] != '"':
            if text[at] == "\\":
                at += 2
            elif text[at] == "$":
                at = self._dollar(at)[0]
            elif text[at] == "`":
                at = self.commands(at + 1, "`")
            else:
                at += 1
        return at + 1

    def _dollar(self, at: int) -> Tuple[int, str]:
        """The place behind an expansion, and S or V."""
        text = self.text
        if text.startswith("$((", at):
            return text.index("))", at) + 2, "V"
        if text.startswith("$(", at):
            return self.commands(at + 2, ")"), "S"
        if text.startswith("${", at):
            depth, at = 1, at + 2
            while depth:
                if text[at] == "'":
                    at = text.index("'", at + 1)
                elif text[at] == '"':
                    at = self._quoted(at + 1) - 1
                elif text[at] == "$" and text[at + 1] in "({":
                    at = self._dollar(at)[0] - 1
                depth -= text[at] == "}"
                at += 1
            return at, "V"
        match = re.compile(r"\$(?:\w+|[^\s])").match(text, at)
        return (match.end() if match else at + 1), "V"
