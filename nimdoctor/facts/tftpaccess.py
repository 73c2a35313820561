"""/etc/tftpaccess.ctl: which files tftpd serves."""

import posixpath
import re
from typing import List, NamedTuple, Optional, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_RULE = re.compile(r"\s*(allow|deny)\s*:\s*(/\S*)\s*")


class AccessRule(NamedTuple):
    """One `allow:` or `deny:`; the path stands for itself and everything below it."""

    path: str
    at: Quote

    def covers(self, path: str) -> bool:
        """Whether the path is this one or lies below it."""
        return self.path == "/" or path == self.path or path.startswith(self.path + "/")

    @property
    def plain(self) -> bool:
        """Whether it is written as IBM's page shows it; whether tftpd takes one with blanks is not known."""
        return re.match(r"(allow|deny):/", self.at.text) is not None


@fact(Row("/etc/tftpaccess.ctl", Kind.FILE))
class TftpAccess(NamedTuple):
    """The rules in file order; `exists` is False when the file is known not to be there. `raw` is the file as it is.

    >>> access = TftpAccess.parse(Text.of('''# NIM
    ... allow:/tftpboot
    ... allow:/ssl_nimsh
    ... deny:/ssl_nimsh/keys
    ... ''', "/etc/tftpaccess.ctl"))
    >>> access.permits("/ssl_nimsh/certs/server.pem"), access.permits("/ssl_nimsh/keys/serverkey.pem")
    (True, False)
    >>> TftpAccess.absent("/etc/tftpaccess.ctl").permits("/etc/passwd")
    True
    """

    source: str
    allow: Tuple[AccessRule, ...]
    deny: Tuple[AccessRule, ...]
    exists: bool = True
    raw: bytes = b""

    @classmethod
    def parse(cls, text: Text) -> "TftpAccess":
        """tftpd ignores lines that are no rule. Raises BadEvidence for an empty text or one of only such lines."""
        allow: List[AccessRule] = []
        deny: List[AccessRule] = []
        any_text = prose = False
        for quote in text.quotes():
            any_text = any_text or bool(quote.text.strip())
            rule = _RULE.fullmatch(quote.text)
            if rule and "\0" not in quote.text:
                (allow if rule.group(1) == "allow" else deny).append(AccessRule(_clean(rule.group(2)), quote))
            elif quote.text.strip() and not quote.text.lstrip().startswith("#"):
                prose = True
        if not any_text:
            raise BadEvidence(f"{text.source} is empty")
        if prose and not (allow or deny):
            raise BadEvidence(f"{text.source} holds no allow: or deny: line")
        return cls(text.source, tuple(allow), tuple(deny), raw=text.raw())

    @classmethod
    def absent(cls, path: str) -> "TftpAccess":
        """Without the file tftpd serves whatever others can read."""
        return cls(path, (), (), exists=False)

    def permits(self, path: str) -> bool:
        """Whether the rules let a file be fetched.

        Not judged here: the file's mode, and whether *nobody* can read the rules (else all is served).
        """
        if not self.exists:
            return True
        rule = self.rule(path)
        return rule is not None and rule in self.allow

    def rule(self, path: str) -> Optional[AccessRule]:
        """The rule that decides: `deny:` wins over `allow:`. None when none covers the path, which denies it too."""
        cleaned = _clean(path)
        return next((rule for rule in self.deny + self.allow if rule.covers(cleaned)), None)

    def whole(self) -> Quote:
        """A quote that means the whole file."""
        return Quote(self.source, None, "")


def _clean(path: str) -> str:
    return "/" + posixpath.normpath(path).lstrip("/")
