"""`uname -W`."""

import pytest

from nimdoctor.facts.wpar import Wpar
from nimdoctor.model.text import BadEvidence, Text


@pytest.mark.parametrize("line, inside", [("0", False), (" 12 \r", True)])
def test_a_number_other_than_zero_is_a_wpar(line, inside):
    assert Wpar.parse(Text.of(line + "\n", "uname -W")).inside is inside


@pytest.mark.parametrize("junk", ["", "uname: illegal option -- W\n", "-1\n", "0\n0\n", "9" * 5000])
def test_anything_else_is_no_wpar_number(junk):
    with pytest.raises(BadEvidence):
        Wpar.parse(Text.of(junk, "uname -W"))
