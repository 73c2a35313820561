"""The output of a failed command: kept whole beside the journal, its place and its last lines told."""

import json
import os
import re
import stat

import pytest
from killing.children import nimdoctor
from killing.scenes import STATE

from nimdoctor.applying import command_output
from nimdoctor.applying.command_output import LIMIT, last_lines, whole
from nimdoctor.system.command import CommandResult

KEY = b"-----BEGIN RSA PRIVATE" + b" KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASC\n-----END RSA PRIVATE" + b" KEY-----\n"


def failing(lab, script, end="client", name="nimclient"):
    """Has a command of the lab run a script for -c instead."""
    path = f"{lab.tree(end)}/usr/sbin/{name}"
    os.rename(path, path + ".true")
    with open(path, "w", encoding="ascii") as stream:
        stream.write(f'#!/bin/sh\n[ "$1" = -c ] || exec "$0.true" "$@"\n{script}')
    os.chmod(path, 0o755)


def apply(lab, *words):
    return nimdoctor(["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes", *words])


def outputs(lab):
    state = f"{lab.client}{STATE}/runs"
    (run,) = os.listdir(state)
    return sorted(f"{state}/{run}/{name}" for name in os.listdir(f"{state}/{run}") if name.startswith("output-"))


LONG = "0042-175 nimclient: An unexpected result was returned by a shell program which is not told of anywhere else"


def test_the_output_of_a_failed_command_is_kept_whole_and_its_place_and_end_are_told(lab_of):
    lab = lab_of("create-bio-hang")
    failing(lab, f"seq 1 5000\necho '{LONG}' >&2\nprintf 'and no end of line' >&2\nexit 7\n")
    ended = apply(lab)
    assert ended.status == 1
    (path,) = outputs(lab)
    assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600
    with open(path, encoding="ascii") as stream:
        lines = stream.read().splitlines()
    assert lines[:3] == ["# nimclient -c", "# ended with status 7", "# standard output:"]
    assert [line for line in lines if line.isdigit()] == [str(number) for number in range(1, 5001)]
    assert lines[-3:] == ["# standard error:", LONG, "and no end of line"]
    for shown in (ended.out, ended.err):
        assert path in re.sub(r"\n *", "", shown) and "ended with status 7" in shown
        # whole lines, none cut in a word
        assert LONG in re.sub(r"\n {10,}", " ", shown) and "and no end of line" in shown and "5000" in shown
    assert "\n1\n" not in ended.out, "only the end of it is shown"


def test_the_result_and_the_journal_tell_it_as_lines(lab_of):
    lab = lab_of("create-bio-hang")
    failing(lab, f"echo '{LONG}'\nexit 1\n")
    why = json.loads(apply(lab, "--format", "json").out)["result"]["why"].splitlines()
    (path,) = outputs(lab)
    assert why == [f"nimclient -c ended with status 1; all that it said is in {path}, mode 0600; it ends:", f"  {LONG}"]


def test_each_failure_is_kept_beside_those_before_it(lab_of):
    lab = lab_of("create-bio-hang")
    failing(lab, "echo no\nexit 1\n")
    apply(lab)
    nimdoctor(["fix", lab.client_target, "--resume", "last", "--yes"])
    assert [os.path.basename(path) for path in outputs(lab)] == [
        "output-nimclient_-c-1.txt",
        "output-nimclient_-c-2.txt",
    ]


def test_a_command_that_said_nothing_leaves_no_file(lab_of):
    lab = lab_of("create-bio-hang")
    failing(lab, "exit 1\n")
    ended = apply(lab)
    assert "nimclient -c ended with status 1 and said nothing" in " ".join(ended.out.split()) and outputs(lab) == []


def test_no_private_key_is_kept_or_shown(lab_of, tmp_path):
    lab = lab_of("create-bio-hang")
    (tmp_path / "key").write_bytes(b"before\n" + KEY + b"after\n")
    failing(lab, f"cat {tmp_path}/key\ncat {tmp_path}/key >&2\nexit 1\n")
    ended = apply(lab)
    (path,) = outputs(lab)
    with open(path, "rb") as stream:
        kept = stream.read()
    assert kept.count(b"PRIVATE KEY REMOVED") == 2 and b"MIIEvg" not in kept and kept.count(b"after") == 2
    assert "MIIEvg" not in ended.out + ended.err and "not shown, it may be a key" in ended.out


def test_a_disk_that_is_full_does_not_hide_the_failure(lab_of):
    lab = lab_of("create-bio-hang")
    failing(lab, "echo no room\nexit 1\n")

    def prepare():
        from nimdoctor.applying.state import RunDirectory

        write = RunDirectory.write

        def full(self, name, content):
            if name.startswith("output-"):
                raise OSError(28, "No space left on device", self.path)
            write(self, name, content)

        RunDirectory.write = full

    words = ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"]
    ended = nimdoctor(words, prepare)
    assert ended.status == 1 and ended.out.startswith("STOPPED")
    assert "could not be kept" in ended.out and "no room" in ended.out


@pytest.mark.parametrize(
    ("out", "err"), [(LIMIT + 5, 0), (LIMIT, 10), (10, LIMIT + 5), (LIMIT, LIMIT), (LIMIT - 10, 10)]
)
def test_no_more_than_the_limit_is_kept_and_it_says_so(out, err):
    kept = whole(["x"], "ended with status 1", CommandResult(1, b"o\n" * (out // 2), b"e\n" * (err // 2)))
    lines = kept.splitlines()
    held = {letter: 2 * lines.count(letter) for letter in (b"o", b"e")}
    assert held[b"o"] + held[b"e"] <= LIMIT + 2
    assert (b", cut: the first " in kept) == (out // 2 * 2 + err // 2 * 2 > LIMIT)
    assert held[b"e"] >= min(err // 2 * 2, LIMIT // 2)


def test_a_line_is_cut_between_words_only_where_it_is_endless():
    result = CommandResult(1, b" ".join([b"word"] * 1000), b"")
    (line,) = last_lines(result)
    assert line.endswith(" word ...") and len(line) < 410
    assert last_lines(CommandResult(1, b"caf\xe9 \x1b[2J\n")) == ["caf\xe9 \\x1b[2J"]
    assert len(last_lines(CommandResult(1, b"1\n2\n3\n4\n5\n6\n7\n"))) == command_output.LINES
