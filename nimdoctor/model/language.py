"""Whether what a command printed is English, the one language in which its words can be judged.

AIX translates by the locale of whoever asks, of SRC's answers by that of the daemon; message numbers, names and
process ids stay.
"""

import re

IN_ENGLISH = "LC_ALL=C"
"""What before a command makes it answer in English."""
NOT_ENGLISH = f"the answer is not in English: run it with {IN_ENGLISH}"

_LITTLE_WORDS = {
    "en": "a an and are at be by can cannot could does for from has have in is it no not of on or the there to was were with",
    "fr": "aucun aucune dans de des du est et il la le les n'est ne non pas pour sur tous",
    "de": "alle auf das dem den der des die ein eine es für im ist kein keine keinen nicht nichts und von wurden",
    "es": "el en los las no para por se son todos y",
    "it": "che di dei della il la le non per sono su tutti un una",
    "pt": "da das do dos em foram na nas nos não os para todos uma",
}
_ENGLISH = frozenset(_LITTLE_WORDS["en"].split())
_OTHERS = frozenset(" ".join(_LITTLE_WORDS.values()).split()) - _ENGLISH
_MOST = 4000


def is_english(text: str) -> bool:
    """Whether nothing in the first lines speaks for another language; names and numbers alone are of none.

    >>> is_english("ksh: instfix:  not found."), is_english("Pas de donn\\xe9es pour IJ1 dans la base")
    (True, False)
    >>> is_english("Tutti i fileset per IJ1 sono stati trovati."), is_english("\\x83T\\x81[\\x83r")
    (False, False)
    """
    head = text[:_MOST]
    words = re.findall(r"[^\W\d_][\w']*", head.lower())
    others = sum(word in _OTHERS for word in words)
    english = sum(word in _ENGLISH for word in words)
    # typographic quotes and dashes are of English too
    strange = any(letter.isalpha() or "\x80" <= letter <= "\x9f" for letter in head if letter > "\x7f")
    return english > others or not (others > 1 or strange)
