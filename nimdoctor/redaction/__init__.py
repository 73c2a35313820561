"""Redaction: evidence without the names of a site, the same names under the same pseudonyms.

    redactor = Redactor(key_file("/path/redact.key"))
    redactor.learn(client), redactor.learn(master)      # trees of evidence directories, before anything is replaced
    redacted = redactor.redacted(client)                # a tree again
    redactor.check(redacted)                            # raises Leak

It fails closed: what is not known to be harmless is replaced or does not leave, and what is found left at the end is
an error. `ledger` says what was replaced where, without originals; `map()` is the way back and stays on the host.
"""

from collections import Counter
from typing import Any, Callable, Dict, FrozenSet, Mapping, Optional

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.tree import Tree
from nimdoctor.redaction.key import BadKey, key_file
from nimdoctor.redaction.leak_check import Leak, LeakCheck
from nimdoctor.redaction.learning import Learner
from nimdoctor.redaction.ledger import Ledger
from nimdoctor.redaction.readings import Readings, rewritten, walked
from nimdoctor.redaction.redacted import THINNED, RedactedTree
from nimdoctor.redaction.rows import PORTS, NimEnds
from nimdoctor.redaction.site_names import SiteNames

__all__ = ["THINNED", "BadKey", "Leak", "Ledger", "RedactedTree", "Redactor", "key_file"]


class Redactor:
    """Redacts the evidence of one host, or of the two ends of a pair, with one key.

    `place` is a directory for files that are too large to be held in memory; they have no name there.
    """

    def __init__(self, key: bytes, catalog: Optional[Catalog] = None, *, place: Optional[str] = None) -> None:
        self._catalog = catalog or Catalog()
        self._place = place
        self._known = SiteNames(key)
        self._readings = Readings(self._known, self._catalog)
        self._ends = NimEnds(frozenset(), frozenset(), PORTS)
        self._begun = False
        self.ledger = Ledger()

    def learn(self, tree: Tree) -> None:
        """Takes in the names of one end. Every end is learnt before the first is redacted (else RuntimeError).

        Raises TargetError for a manifest of another schema.
        """
        if self._begun:
            raise RuntimeError("all ends are learnt before the first is redacted")
        ends = Learner(self._known, self._catalog, self.ledger).learn(tree)
        self._ends = NimEnds(
            self._ends.names | ends.names, self._ends.addresses | ends.addresses, self._ends.ports | ends.ports
        )

    def redacted(self, tree: Tree) -> RedactedTree:
        """That end's evidence, redacted; files are rewritten when they are first opened, so the tree stays open.

        Raises OSError where a certificate file cannot be read.
        """
        self._begin()
        return RedactedTree(tree, self._known, self._readings, self.ledger, self._catalog, self._ends, self._place)

    def text(self, text: str, source: str = "") -> str:
        """A string that leaves beside the evidence, with pseudonyms.

        With `source` (a path or a command as typed, not redacted) it is a quote from there and read as the evidence is.
        Without, it is what nimdoctor says itself, where a level may look like an address: only what is known is
        replaced, besides passwords and keys.
        """
        self._begin()
        return rewritten(text, self._readings.of(source) if source else self._readings.own, Counter())

    def value(self, value: object, source: str = "", *, keys: bool = False) -> Any:
        """The same of each string in a value of JSON; with `keys` of its keys too."""
        return walked(value, lambda text: self.text(text, source), keys=keys)

    def check(self, tree: Tree) -> None:
        """Reads finished output again, evidence and whatever else leaves with it. Raises Leak, or OSError."""
        self._known.settle()
        LeakCheck(self._known, self._readings.gate()).check(tree)

    def check_documents(self, documents: Mapping[str, bytes], own_words: Callable[[], FrozenSet[str]]) -> None:
        """The same of documents that nimdoctor wrote, by name. `own_words` gives words of its own sentences, in small
        letters: a site may have a host of that name. It is asked where one is found. Raises Leak.
        """
        self._known.settle()
        LeakCheck(self._known, self._readings.gate()).check_documents(documents, own_words)

    def _begin(self) -> None:
        self._begun = True
        self._known.settle()

    def map(self) -> Dict[str, str]:
        """Original to pseudonym, of all that was replaced. For the host's own administrator only."""
        return {original: pseudonym for original, pseudonym, _ in sorted(self._known.replaced())}

    def kinds(self) -> Dict[str, str]:
        """Original to its kind, of the same."""
        return {original: kind for original, _, kind in sorted(self._known.replaced())}
