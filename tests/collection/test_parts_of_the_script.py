"""Parts of the script that collects, by themselves: what may be a key is taken out, and nothing of the caller is seen."""

import subprocess
from pathlib import Path

import pytest
from callers import CALLERS, seen

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.scripts.collector import collector
from nimdoctor.system.command import command_environment

from .conftest import Collector

KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 3 + "-----END PRIVATE KEY-----\nlast\n"


def in_it(each: Collector, own: str, *words: str, **environment: str) -> str:
    """What lines print that stand in the script in the place of its main function."""
    text = collector(Catalog()).replace('\nmain "$@"\n', "\n" + own)
    done = subprocess.run(
        [each.shell, "-c", text, "name", *words], capture_output=True, text=True, timeout=30,
        env={"PATH": "/usr/bin:/bin", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done
    return done.stdout


@pytest.mark.parametrize(
    ("grep", "seen_as_key"), [("exit 2", True), ("exit 127", True), ("exit 0", True), ("exit 1", False)]
)
def test_where_grep_cannot_tell_whether_a_key_is_there_it_is_taken_out(
    grep: str, seen_as_key: bool, each: Collector, tmp_path: Path
) -> None:
    text = tmp_path / "text"
    text.write_text(KEY)
    tool = tmp_path / "bin" / "grep"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\n{grep}\n")
    tool.chmod(0o755)

    out = in_it(each, f'PATH={tool.parent}:$PATH\nfirst_part "$1"\nwithout_keys "$1"\n', str(text))

    assert ("MII" not in out) is seen_as_key and out.count("last") == 2


def test_a_command_of_it_sees_what_apply_gives_its_commands_and_nothing_of_the_caller(each: Collector) -> None:
    environment = {name: value for name, value in CALLERS.items() if name not in ("PATH", "ENV")}
    found, given = seen(in_it(each, "env\n", **environment, LC_ALL="de_DE", LANG="de_DE")), command_environment()
    assert {**found, "PATH": ""} == {**given, "PATH": ""}
    assert set(found["PATH"].split(":")) >= {"/usr/bin", "/usr/sbin"}
