"""A shape holds nothing of the site."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from nimdoctor.facts.level_table import data_of
from nimdoctor.redaction.neutral import NUMBERED, WORD, keywords, neutral

NUMBERS = {row["number"] for row in data_of("messages")["messages"]}
NAMES = st.from_regex(r"[a-z]{3,12}[0-9]{0,3}", fullmatch=True)


def foreign(text: str) -> "list[str]":
    """What of a text is neither the system's own word, nor `word`, nor a zero, nor a number of a known message."""
    for number in NUMBERS:
        text = text.replace(number, " ")
    found = re.findall(r"[^\W_]+", text)
    stay = keywords() | NUMBERED | {WORD}
    return [
        word
        for word in found
        if re.search(r"[1-9]", word)
        or (
            not ({word.lower(), word.lower().strip("0"), re.sub("0", "", word.lower())} & (stay | {""}))
            and not any(re.sub(r"\d", "0", one) == word.lower() for one in stay)
        )
    ]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_of_any_text_only_the_systems_own_words_and_zeros_stay(text):
    shown = neutral(text)
    assert foreign(shown) == [] and shown.isascii()


@settings(max_examples=100, deadline=None)
@given(NAMES, NAMES, st.ip_addresses(v=4))
def test_names_and_addresses_leave_no_trace(host, domain, address):
    shown = neutral(f"{address}  {host}.{domain}.com  {host} # {domain.upper()} owns {host}_{domain}")
    for name in (host, domain):
        assert name in keywords() or name not in shown.lower()
    assert str(address) not in shown or set(str(address)) <= set("0.")


def test_a_name_made_of_a_word_of_the_system_and_a_number_goes():
    assert neutral("nim12 test42 root7 en0 if1 cable_type1") == "word0 word0 word0 en0 if0 cable_type0"


def test_lines_keep_their_form():
    assert neutral(" nimsh            nimclient        6685140      active") == (
        " nimsh            nimclient        0000000      active"
    )
    assert neutral("   cpuid          = 00F6A1B24C00") == "   cpuid          = word0"


def test_a_number_of_a_known_message_stays_and_another_does_not():
    assert neutral("0042-001 x 0999-123") == "0042-001 word 0000-000"
