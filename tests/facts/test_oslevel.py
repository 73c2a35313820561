"""oslevel and ioslevel."""

import pytest

from nimdoctor.facts.oslevel import IosLevel, OsLevel
from nimdoctor.model.text import BadEvidence, Text


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ("7100-04-08-1914\n", (7100, 4, 8, "1914", "7100-04")),
        ("7200-05-00-0000\r\n", (7200, 5, 0, "0000", "7200-05")),
        ("7300-02\n", (7300, 2, None, None, "7300-02")),
        ("7.2.0.0\n", (7200, None, None, None, "")),
        ("could not load something\n 7200-05-10-2520 \n", (7200, 5, 10, "2520", "7200-05")),
    ],
)
def test_every_form_of_oslevel_is_read(content, fields):
    level = OsLevel.parse(Text.of(content, "oslevel -s"))
    assert (level.version, level.tl, level.sp, level.build, level.technology_level) == fields
    assert level.text == level.quote().text.strip()


@pytest.mark.parametrize(
    "content", ["", "3.1.4.21\n", "7200-5\n", "upgrade to 7200-05-10-2520 first\n", "oslevel: not found\n"]
)
def test_what_is_no_level_of_aix_is_refused(content):
    with pytest.raises(BadEvidence):
        OsLevel.parse(Text.of(content, "oslevel -s"))


@pytest.mark.parametrize("content", ["", "7.2.0.0\n", "3.1.4\n", "ksh: ioscli:  not found.\n"])
def test_what_is_no_level_of_vios_is_refused(content):
    with pytest.raises(BadEvidence):
        IosLevel.parse(Text.of(content, "ioscli ioslevel"))
