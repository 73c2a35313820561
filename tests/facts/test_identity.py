"""`uname -m` and `hostname`."""

import pytest

from nimdoctor.facts.identity import HostName, MachineId
from nimdoctor.model.text import BadEvidence, Text


def test_a_machine_id_is_given_in_capitals():
    assert MachineId.parse(Text.of("00f6a1b24c00\r\n", "uname -m")).machine_id == "00F6A1B24C00"


@pytest.mark.parametrize(
    "junk", ["", "x86_64\n", "00F6A1B24C0\n", "00F6A1B24C000\n", "00F6A1B24C00\n00F6A1B24C00\n", "\0"]
)
def test_anything_else_is_no_machine_id(junk):
    with pytest.raises(BadEvidence):
        MachineId.parse(Text.of(junk, "uname -m"))


@pytest.mark.parametrize("name", ["lpar7", "NIM-Master_1", "7lpar"])
def test_a_host_name_is_kept_as_written(name):
    assert HostName.parse(Text.of(f"{name}\n", "hostname")).name == name


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "ksh: hostname:  not found.\n",
        "10.1.1.7\n",
        "-lpar\n",
        "a..b\n",
        "a" * 64 + "\n",
        "lpar7\nlpar8\n",
        "l\xe4r\n",
    ],
)
def test_anything_else_is_no_host_name(junk):
    with pytest.raises(BadEvidence):
        HostName.parse(Text.of(junk, "hostname"))
