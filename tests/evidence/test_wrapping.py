"""What stands around pasted text is taken off, in evidence directories too; no private key comes through it."""

import base64
import html
import json
import quopri
from typing import Callable, Dict, List

import pytest
from effort import examples
from hosts import collected, evidence, loose, results_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.pasted import recorded
from nimdoctor.evidence.wrapping import decoded, unwrapped
from nimdoctor.model.text import Text

STATUS = (
    "Subsystem         Group            PID          Status\n nimsh            nimclient        7012482      active\n"
)
SECRET = base64.b64encode(b"not to be seen by anybody, whatever it is wrapped in").decode()
KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----\n"
LOG = "Fri Mar 14 10:05:02 2025 Loading certificates..\nFri Mar 14 10:05:04 2025 create BIO\n"


def shown(text: str) -> List[str]:
    return [line.text for line in unwrapped(text)]


def served(files: Dict[str, bytes], name: str) -> List[Text]:
    row = Catalog().row(name)
    assert row
    return loose(files).texts(row, {})


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("\x1b[01;32mroot\x1b[0m@lpar7 \x1b[K# lssrc -a", "root@lpar7 # lssrc -a"),
        ("\x1b]0;root@lpar7: /\x07lpar7 # date", "lpar7 # date"),
        ("lpar7 # lsrc\b\brc -a", "lpar7 # lsrc -a"),
        ("lpar7 # lssrc -x\b\x1b[Ka", "lpar7 # lssrc -a"),
        ("loading 10%\rloading 99%\rready      ", "ready      "),
        ("lpar7 # lssrc -s\x1b[Da", "lpar7 # lssrc -a"),
        ("a" * 80 + " \rb", "a" * 80 + "b"),
        ("before \x1b(B\x1b[m\x1b=after", "before after"),
    ],
)
def test_a_terminals_log_is_what_stood_on_the_screen(written: str, seen: str) -> None:
    assert shown(written + "\n") == [seen]


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("> > create BIO", ["create BIO"]),
        (">>create BIO", ["create BIO"]),
        ("| one\n| two", ["one", "two"]),
        ("a | b", ["a | b"]),
        ("```\nlssrc -a\n```", ["", "lssrc -a", ""]),
        ("`lssrc -a`", ["lssrc -a"]),
        ("NIM_NAME=3Dlpar7=20", ["NIM_NAME=lpar7 "]),
        ("NIM_MASTERID=00F6A1B24C00", ["NIM_MASTERID=00F6A1B24C00"]),
        ("lsnim -l &lt;client&gt; &amp; more", ["lsnim -l <client> & more"]),
        ("lsnim -l <client>", ["lsnim -l <client>"]),
        ("<p>lsnim -l <client></p>", ["lsnim -l <client>"]),
        ("<td>nimsh</td><td>active</td>", ["  nimsh  active"]),
        ("\ufeffNIM_SHELL=\u201cnimsh\u201d\u00a0#\u200b", ['NIM_SHELL="nimsh" #']),
        ("Text\x0c", ["Text"]),
        ("Hello:\n\n    lpar7:\n       class = machines\n", ["Hello:", "", "lpar7:", "   class = machines"]),
        ("lpar7:\n   class = machines\n", ["lpar7:", "   class = machines"]),
        ("[ req ]\ndefault_bits = 2048", ["[ req ]", "default_bits = 2048"]),
        ('{"schema": "nimdoctor.evidence/1", "stdout": "x"}', ['{"schema": "nimdoctor.evidence/1", "stdout": "x"}']),
    ],
)  # fmt: skip
def test_what_stands_around_a_line_is_taken_off_and_nothing_else(written: str, seen: List[str]) -> None:
    assert shown(written) == seen


@pytest.mark.parametrize(
    ("record", "transcript"),
    [
        ({"cmd": ["lssrc", "-a"], "stdout": STATUS}, [(1, "# lssrc -a"), (1, STATUS.split("\n")[0])]),
        ({"host": "lpar7", "command": "oslevel -s", "output": "7200-05-03-2148"}, [(1, "lpar7 # oslevel -s"), (1, "7200-05-03-2148")]),
        ({"stdout": "later", "cmd": "oslevel -s"}, [(1, "# oslevel -s"), (1, "later")]),
        ({"oslevel -s": "7200-05-03-2148"}, [(1, "# oslevel -s"), (1, "7200-05-03-2148")]),
        ({"stdout": "one\ntwo", "stdout_lines": ["one", "two"], "msg": "ok"}, [(1, "one"), (1, "two")]),
        ({"hosts": {"lpar7": {"cmd": "date", "stdout": "x"}}}, [(1, "lpar7 # date"), (1, "x")]),
    ],
)  # fmt: skip
def test_a_record_is_the_transcript_that_it_tells(record: object, transcript: List[object]) -> None:
    found = [(line.number, line.text) for line in unwrapped(json.dumps(record))]
    assert found[: len(transcript)] == transcript and len(found) < 4


def test_lines_of_a_record_have_the_number_of_the_line_that_they_stand_in() -> None:
    text = json.dumps({"rc": 0, "cmd": "lssrc -s nimsh", "stdout_lines": STATUS.splitlines()}, indent=1)
    (piece,) = served({"play.json": f"TASK [ask]\nok: [lpar7] => {text}\n".encode()}, "lssrc -a")
    lines = text.splitlines()
    at = {line: number for number, line in piece.lines() if line}
    for line, number in at.items():
        assert line in lines[number - 2], (line, number)
    assert piece.name == "lssrc -s nimsh" and piece.quote(at[STATUS.splitlines()[1]]).text == STATUS.splitlines()[1]


WRAPPED_KEYS: Dict[str, Callable[[str], bytes]] = {
    "bare": str.encode,
    "quoted": lambda text: "".join(f"> > {line}\n" for line in text.splitlines()).encode(),
    "a string": lambda text: json.dumps({"cmd": "cat x", "stdout": text}).encode(),
    "a string within a string": lambda text: json.dumps({"msg": json.dumps({"stdout": text})}).encode(),
    "a cut record": lambda text: ('{"stdout": ' + json.dumps(text)).encode(),
    "lines of a record": lambda text: json.dumps({"stdout_lines": text.splitlines()}, indent=1).encode(),
    "a page": lambda text: ("<html><pre>" + html.escape(text).replace("\n", "<br>") + "</pre>").encode(),
    "mail": lambda text: quopri.encodestring(text.encode()) + b"=20\n",
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without its mark": lambda text: text.encode("utf-16-be"),
    "blanks of a page": lambda text: text.replace(" ", "\u00a0").encode(),
    "colours": lambda text: "".join(f"\x1b[1m{line[:9]}\x1b[0m{line[9:]}\r\n" for line in text.splitlines()).encode(),
    "letters nobody sees": lambda text: text.replace("PRIVATE", "PRI\u200bVATE").encode(),
    "numbers": lambda text: "".join(f"{at:6}\t{line}\n" for at, line in enumerate(text.splitlines(), 1)).encode(),
    "hosts": lambda text: "".join(f"lpar7: {line}\n" for line in text.splitlines()).encode(),
    "CR": lambda text: text.replace("\n", "\r").encode(),
}


@pytest.mark.parametrize("wrapping", WRAPPED_KEYS)
def test_no_private_key_comes_through_any_wrapping(wrapping: str) -> None:
    raw = WRAPPED_KEYS[wrapping](f"{LOG}{KEY}{LOG}")
    found = loose({"pasted.txt": raw, "nimsh.log": LOG.encode()})
    directory = evidence(files={"/etc/niminfo": raw}, commands={"lssrc -a": raw, "lsnim -l": raw})
    said = [*found.remarks, *found.problems.values()]
    for source in (found, directory):
        for row in Catalog():
            said += [line for text in source.texts(row, {}) for _, line in text.lines()]
    assert not [line for line in said if SECRET[:20] in line]


@pytest.mark.parametrize(
    "wrapped",
    [
        b"\xef\xbb\xbf" + STATUS.encode(),
        STATUS.encode("utf-16"),
        STATUS.replace("\n", "\r\r\n").encode(),
        b"".join(b"> " + line + b"\n" for line in STATUS.encode().splitlines()),
        STATUS.replace("  ", " \u00a0").encode(),
        b"```\n" + STATUS.encode() + b"```\n",
        b"root@lpar7:/ # lssrc -a\n" + STATUS.encode() + b"root@lpar7:/ # exit\n",
        b"\x1b[1m" + STATUS.encode(),
        b"<pre>" + STATUS.encode() + b"</pre>\n",
    ],
)
def test_pasted_text_in_an_evidence_directory_is_read_too(wrapped: bytes) -> None:
    found = results_of("nimsh-inactive", evidence(commands={"lssrc -a": wrapped}))
    assert [(result.outcome.value, result.evidence[0].text) for result in found] == [("pass", STATUS.split("\n")[1])]
    line = found[0].evidence[0].line
    assert line and "nimsh" in decoded(wrapped).replace("\r\r\n", "\n").splitlines()[line - 1]


def test_recorded_text_as_a_host_prints_it_is_left_alone() -> None:
    for tree in (
        collected(commands={"lssrc -a": STATUS}),
        collected(files={"/etc/niminfo": "export NIM_NAME=lpar7\n"}),
    ):
        for raw in tree.values():
            assert raw.startswith(b"{") or recorded(raw, "lssrc -a") is None


def test_a_typed_command_and_what_follows_the_next_prompt_are_no_output() -> None:
    bare = recorded(b"lpar7 # oslevel -s\n7200-05-03-2148\nlpar7 # \n", "oslevel -s")
    assert bare and (bare.raw, bare.first_line) == (b"7200-05-03-2148", 2)


@settings(max_examples=examples(150), deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1 \t\r\n\b\x1b[]{}\"'\\:,>|<&;=#$-.`/\u00a0\ufeff"), max_size=300))
def test_whatever_it_is_every_line_has_a_number_of_the_file(text: str) -> None:
    count = max(len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")), 1)
    assert all(1 <= line.number <= count for line in unwrapped(text))
