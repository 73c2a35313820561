"""Four numbers are a level only right behind what names software; anywhere else they are an address."""

import pytest

from nimdoctor.redaction.levels import is_level


def told(line: str, software: bool = False, known: bool = False) -> bool:
    """Whether what stands for `@` in the line is taken for a level."""
    before, _, after = line.encode().partition(b"@")
    return is_level(before + b"7.1.4.35" + after, len(before), software, known)


@pytest.mark.parametrize(
    "line",
    [
        "bos.sysmgt.nim.client @",
        "bos.sysmgt.nim.client:@:C",
        "the level is @",
        "level 7.2.5.203 to @",
        "upgrade of openssl from 1.0.2.1800 to @",
        "AIX version: '@'",
        "openssl.base @",
    ],
)
def test_what_stands_right_behind_the_name_of_software_is_a_level(line: str) -> None:
    assert told(line)


@pytest.mark.parametrize(
    "line",
    [
        "@",
        "the level is old, ask @",
        "version 7.2.5.203 runs on @",
        "since the release nobody pushes from @",
        "bos.sysmgt.nim.client is pushed from @",
        "aixhost @",
        "mylevel @",
        "nim1.acme.bank @",
    ],
)
def test_what_stands_further_behind_it_or_behind_another_word_is_an_address(line: str) -> None:
    assert not told(line)
