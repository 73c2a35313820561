"""`audit query`."""

import pytest

from nimdoctor.facts.audit import Auditing
from nimdoctor.model.text import BadEvidence, Text


@pytest.mark.parametrize("line, on", [("auditing on", True), ("Auditing on[panic]", True)])
def test_auditing_is_on_or_off(line, on):
    assert Auditing.parse(Text.of(f"{line}\naudit events:\n        none\n", "audit query")).on is on


@pytest.mark.parametrize("junk", ["", "auditing once\n", "** cannot open /audit\n"])
def test_other_words_do_not_tell_whether_auditing_is_on(junk):
    with pytest.raises(BadEvidence):
        Auditing.parse(Text.of(junk, "audit query"))
