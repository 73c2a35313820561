"""What leaves a site: evidence whose names are replaced by a key's pseudonyms, read again before it goes.

The key makes what was redacted on two hosts pair up. The map, which leads back to the names, stays on this machine
beside the key.
"""

import json
import os
from typing import Callable, FrozenSet, List, Mapping, Optional, Sequence

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.tree import Tree
from nimdoctor.redaction import BadKey, Leak, Redactor, key_file
from nimdoctor.system.atomic import write_whole

__all__ = ["BadKey", "Leak", "RedactionSession", "default_key"]


def default_key() -> str:
    """Where the key is unless another file is named: ~/.nimdoctor/redact.key, made with its directory."""
    return os.path.join(os.path.expanduser("~"), ".nimdoctor", "redact.key")


class RedactionSession:
    """One redaction. Raises BadKey where the key file cannot be used."""

    def __init__(self, key: Optional[str], catalog: Catalog) -> None:
        self.key = os.path.abspath(key or default_key())
        if key is None:
            _directory_of_the_user(os.path.dirname(self.key))
        self.redactor = Redactor(key_file(self.key), catalog)

    def redacted(self, trees: Sequence[Tree]) -> List[Tree]:
        """These ends redacted, all their names learnt first. Raises OSError, TargetError."""
        for tree in trees:
            self.redactor.learn(tree)
        return [self.redactor.redacted(tree) for tree in trees]

    def check(self, tree: Tree) -> None:
        """Raises Leak where anything known is left, or anything that looks like a key; OSError."""
        self.redactor.check(tree)

    def check_documents(self, documents: Mapping[str, bytes], own_words: Callable[[], FrozenSet[str]]) -> None:
        """The same of what nimdoctor wrote itself; `own_words` gives words of its own sentences. Raises Leak."""
        self.redactor.check_documents(documents, own_words)

    def keep_map(self, archive: str) -> str:
        """Writes the way back from the pseudonyms, mode 0600, beside the key; gives its path. Raises OSError."""
        place = os.path.join(os.path.dirname(self.key), f"{os.path.basename(archive)}.map.json")
        document = {"schema": "nimdoctor.map/1", "names": self.redactor.map(), "kinds": self.redactor.kinds()}
        write_whole(place, (json.dumps(document, indent=1) + "\n").encode("ascii"))
        return place


def _directory_of_the_user(path: str) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if os.path.islink(path) or not os.path.isdir(path) or os.stat(path).st_uid != os.geteuid():
            raise BadKey(f"{path} is no directory of this user: give --redact-key FILE") from None
    except OSError as error:
        raise BadKey(f"{path} cannot be made ({error.strerror or error}): give --redact-key FILE") from error
