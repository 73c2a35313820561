"""What a mistyped or half-remembered word most likely means."""

import difflib
from typing import Dict, List, Mapping, Optional

from nimdoctor.manual.topic_pages import content_words, folded

SURE_ENOUGH = 0.85
"""How alike a word and a name must be for the one to be taken for the other."""
_APART = 0.03
"""How much less alike everything else must be."""
_ALIKE = 0.5
_NAMED = 8
_LETTERS = 80


class Names:
    """Names of pages, each with the words by which it may be asked for, and its title."""

    def __init__(self, asked: Mapping[str, str], titles: Mapping[str, str]) -> None:
        self._page_of: Dict[str, str] = {_plain(words): page for words, page in asked.items()}
        self._titles = titles

    def meant(self, query: str) -> Optional[str]:
        """The page that a mistyped word is surely meant for; None where there are several, or none."""
        name = _plain(query)[:_LETTERS]
        likeness: Dict[str, float] = {}
        for words in difflib.get_close_matches(name, self._page_of, n=_NAMED, cutoff=SURE_ENOUGH):
            ratio = difflib.SequenceMatcher(None, words, name).ratio()
            page = self._page_of[words]
            likeness[page] = max(ratio, likeness.get(page, 0.0))
        best = sorted(likeness.items(), key=lambda item: -item[1])
        if not best or (len(best) > 1 and best[0][1] - best[1][1] < _APART):
            return None
        return best[0][0]

    def near(self, query: str) -> List[str]:
        """Pages that may be meant, the likeliest first."""
        name = _plain(query)[:_LETTERS]
        words = content_words(query)
        found = [page for asked, page in self._page_of.items() if name and asked.startswith(name)]
        if len(name) > 2:
            found += [page for asked, page in self._page_of.items() if name in asked]
        shared = {
            page: len(words & content_words(f"{page.replace('-', ' ')} {self._titles.get(page, '')}"))
            for page in self._page_of.values()
        }
        most = max(shared.values(), default=0)
        found += [page for page, number in shared.items() if number == most > 0]
        found += [
            self._page_of[asked]
            for asked in difflib.get_close_matches(name, self._page_of, n=_NAMED, cutoff=_ALIKE)
            if len(name) > 2
        ]
        return list(dict.fromkeys(found))[:_NAMED]


def _plain(words: str) -> str:
    return folded(words).replace("_", "-").replace(" ", "-")
