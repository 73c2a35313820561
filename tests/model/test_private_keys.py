"""No private key gets out: keys planted wherever evidence can come from, and every output, log and journal searched."""

import base64
import hashlib
import io
import json
import os
import stat
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from hosts import MemoryTree, evidence, loose, scan_hosts
from hypothesis import given
from hypothesis import strategies as st
from scenarios import scenario

from nimdoctor.cli import main
from nimdoctor.evidence.catalog import Catalog, Kind
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.facts import NimshLog
from nimdoctor.lab import Lab
from nimdoctor.model.private_keys import REMOVED, without_private_keys
from nimdoctor.model.text import Text
from nimdoctor.report import json_report, text_report

BODY = [
    base64.b64encode(hashlib.sha512(bytes([number])).digest())[: 64 if number else 24].decode()
    for number in (1, 2, 3, 0)
]
"""Lines of the base64 of a key; the last one is short, as the last one of a key is."""
KEYS = {
    "plain": "-----BEGIN PRIVATE KEY-----\n{}\n{}\n{}\n{}\n-----END PRIVATE KEY-----\n",
    "rsa, encrypted": "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0F12\n\n{}\n{}\n{}\n{}\n-----END RSA PRIVATE KEY-----\n",
    "windows": "-----BEGIN EC PRIVATE KEY-----\r\n{}\r\n{}\r\n{}\r\n{}\r\n-----END EC PRIVATE KEY-----\r\n",
    "commented out": "# -----BEGIN PRIVATE KEY-----\n# {}\n# {}\n# {}\n# {}\n# -----END PRIVATE KEY-----\n",
    "quoted in a mail": "> -----BEGIN PRIVATE KEY-----\n> {}\n> {}\n> {}\n> {}\n> -----END PRIVATE KEY-----\n",
    "by dsh": "lpar7: -----BEGIN PRIVATE KEY-----\nlpar7: {}\nlpar7: {}\nlpar7: {}\nlpar7: {}\nlpar7: -----END PRIVATE KEY-----\n",
    "in a stanza": "   comments = -----BEGIN PRIVATE KEY-----\n   {}\n   {}\n   {}\n   {}\n   -----END PRIVATE KEY-----\n",
    "one line": "key=-----BEGIN PRIVATE KEY-----\\n{}\\n{}\\n{}\\n{}\\n-----END PRIVATE KEY-----\\n\n",
    "no end": "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n{}\n{}\n{}\n",
    "no beginning": "{}\n{}\n{}\n{}\n-----END PRIVATE KEY-----\n",
}
KEYS = {form: text.format(*BODY) for form, text in KEYS.items()}
each_form = pytest.mark.parametrize("form", KEYS)
SCENARIOS = ["healthy", "create-bio-hang", "tftp-disabled", "niminfo-broken", "certificate-weak", "openssl-missing"]


def leaked(text: "str | bytes") -> List[str]:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return [line for line in BODY if line.encode() in raw]


# -- the text without its keys


@each_form
def test_of_a_key_nothing_is_left_and_lines_keep_their_numbers(form: str) -> None:
    raw = f"ready (first)\n{KEYS[form]}{{last}}\n".encode()
    kept = without_private_keys(raw)
    assert not leaked(kept) and kept.count(b"\n") == raw.count(b"\n")
    assert kept.startswith(b"ready (first)\n") and kept.endswith(b"{last}\n") and kept.count(REMOVED) == 1
    assert without_private_keys(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "Loading private key file..\ncreate BIO\n",
        "# where the private key -- see below -- is\nnimsh 3901/tcp\n",
        "A PRIVATE KEY must never be sent.\n" + BODY[0] + "\n",
        "-----BEGIN CERTIFICATE-----\n" + BODY[0] + "\n-----END CERTIFICATE-----\n",
    ],
)
def test_what_is_no_key_stays_byte_for_byte(text: str) -> None:
    assert without_private_keys(text.encode()) == text.encode()


@given(
    st.lists(
        st.sampled_from(
            [*KEYS.values(), "nimsh 3901/tcp # (NIM)\n", "\n", "a\r\nb: c\n", "-----BEGIN CERTIFICATE-----\n"]
        )
        | st.text(alphabet="ab-:=# \n\r\0\xe9", max_size=12).map(lambda text: text + "\n"),
        max_size=8,
    )
)
def test_no_order_of_pieces_leaks_or_moves_a_line(pieces: List[str]) -> None:
    raw = "".join(pieces).encode()
    kept = without_private_keys(raw)
    assert not leaked(kept) and kept.count(b"\n") == raw.count(b"\n")


@given(st.binary(max_size=400))
def test_any_bytes_will_do(raw: bytes) -> None:
    assert without_private_keys(raw + b"\n").count(b"\n") >= 1


@each_form
def test_a_log_too_large_to_be_read_whole_gives_no_key_away(form: str) -> None:
    line = "Fri Mar 14 10:05:03 2025 Loading certificates..\nFri Mar 14 10:05:04 2025 create BIO\n"
    raw = (line + KEYS[form] + line).encode()
    assert not leaked(repr(NimshLog.parse(Text("nimsh.log", lambda: io.BytesIO(raw)))))


# -- recorded evidence


def told(*hosts: Any) -> str:
    """Everything a scan can print of these hosts."""
    report = scan_hosts(*hosts)
    assert report.results
    return json_report.render(report) + text_report.render(report)


def planted(tree: MemoryTree, key: str, *, first: bool) -> MemoryTree:
    """The tree with the key before or after each of its texts, and in what each command said on stderr."""
    files = {}
    for name, raw in tree.files.items():
        files[name] = key.encode() + raw if first else raw + b"\n" + key.encode()
    manifest = json.loads(tree.files["manifest.json"])
    for entry in manifest["commands"].values():
        entry["stderr"] = entry.get("stderr", "") + key
    files["manifest.json"] = json.dumps(manifest).encode()
    return MemoryTree(files)


@each_form
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_key_in_every_recorded_text_reaches_no_report(form: str, first: bool) -> None:
    for name in SCENARIOS:
        trees = {end: planted(tree, KEYS[form], first=first) for end, tree in scenario(name).items()}
        assert all(leaked(raw) for tree in trees.values() for raw in tree.files.values())
        ends = [RecordedEvidence(end, MemoryTree(tree.files)) for end, tree in trees.items()]
        assert not leaked(told(*ends)), name


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_line_that_would_be_quoted_is_not_when_a_key_stands_on_it(name: str) -> None:
    on_one_line = " -----BEGIN PRIVATE KEY-----" + "".join(BODY) + "-----END PRIVATE KEY-----"
    trees = scenario(name)
    plain = [RecordedEvidence(end, MemoryTree(tree.files)) for end, tree in trees.items()]
    quoted = {quote.source for result in scan_hosts(*plain).results for quote in result.evidence}
    for source in quoted:
        ends = []
        for end, tree in trees.items():
            command = json.loads(tree.files["manifest.json"])["commands"].get(source)
            file = command["file"] if command else "files" + source
            raw = tree.files.get(file, b"").replace(b"\n", on_one_line.encode() + b"\n")
            ends.append(RecordedEvidence(end, MemoryTree({**tree.files, **({file: raw} if raw else {})})))
        assert not leaked(told(*ends)), source


@each_form
def test_a_command_that_prints_nothing_but_a_key_quotes_none(form: str) -> None:
    rows = [row for row in Catalog() if row.kind is Kind.COMMAND and "{" not in row.name]
    everything = {row.name: KEYS[form] for row in rows}
    assert not leaked(told(evidence(commands=everything)))
    assert not leaked(told(evidence(commands=dict.fromkeys(everything, ""), stderr=everything)))


@each_form
def test_a_key_in_loose_files_reaches_no_report(form: str) -> None:
    for end, tree in scenario("create-bio-hang").items():
        files = {
            name.replace("/", "_"): raw.decode("latin-1") + "\n" + KEYS[form]
            for name, raw in tree.files.items()
            if name != "manifest.json"
        }
        assert not leaked(told(loose(files))), end
        commands = json.loads(tree.files["manifest.json"])["commands"]
        shown = {line: tree.files[entry["file"]].decode("latin-1") for line, entry in commands.items()}
        transcript = "".join(f"root@{end}:/ # {line}\n{text}{KEYS[form]}" for line, text in shown.items())
        assert not leaked(told(loose({"mail.txt": transcript}))), end


# -- live hosts: every output of every command, every file that it writes


@pytest.fixture(scope="module")
def hung() -> Iterator[Lab]:
    with Lab.build("create-bio-hang-master+tftp-disabled+rhosts-left-over") as lab:
        yield lab


@pytest.fixture
def lab(hung: Lab) -> Iterator[Lab]:
    with hung.copy() as copied:
        yield copied


def plant(lab: Lab, key: str, *spared: str) -> int:
    """Adds the key to every file that is read on both ends, and to what every command prints; gives how many."""
    count = 0
    for tree in (lab.client, lab.master):
        for row in Catalog():
            for place in places(tree, row.name) if row.kind is Kind.FILE and row.name not in spared else ():
                before = place.stat()
                place.write_bytes(place.read_bytes() + b"\n" + key.encode())
                os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
                count += 1
        for directory in ("usr/sbin", "usr/bin"):
            for program in sorted(Path(tree, directory).iterdir()):
                # what openssl prints is read by other stand-ins
                if program.name in ("lib.sh", "openssl") or not program.is_file() or program.is_symlink():
                    continue
                script = program.read_bytes()
                if script.startswith(b"#!"):
                    head, _, rest = script.partition(b"\n")
                    said = b'trap \'printf "%s\\n" "$KEY" >&2\' EXIT\nKEY=\'' + key.encode() + b"'\n"
                    program.write_bytes(head + b"\n" + said + rest)
                    count += 1
    return count


def places(tree: str, pattern: str) -> List[Path]:
    found = sorted(Path(tree).glob(pattern.lstrip("/")))
    return [path for path in found if path.is_file() and not path.is_symlink()]


def own_keys(lab: Lab) -> List[str]:
    """Lines of base64 of the private keys that the lab's ends really have."""
    lines = []
    for path in Path(lab.place).rglob("*key*.pem"):
        if stat.S_ISREG(path.lstat().st_mode):
            inside = False
            for line in path.read_text("latin-1").splitlines():
                inside = ("PRIVATE KEY" in line) != inside if "PRIVATE KEY" in line else inside
                if inside and "PRIVATE KEY" not in line and len(line) > 16:
                    lines.append(line)
    return lines


class Spoken:
    """Whatever was printed or written so far."""

    def __init__(self, lab: Lab, capsys: pytest.CaptureFixture) -> None:
        self.lab = lab
        self.capsys = capsys
        self.parts: Dict[str, bytes] = {}

    def run(self, *words: object) -> int:
        self.capsys.readouterr()
        status = main([str(word) for word in words])
        said = self.capsys.readouterr()
        self.parts[" ".join(map(str, words))] = (said.out + said.err).encode("utf-8", "surrogateescape")
        return status

    def gather(self, directory: "str | Path") -> None:
        for above, _, names in os.walk(directory):
            for name in names:
                path = os.path.join(above, name)
                self.parts[path] = Path(path).read_bytes()

    def leaks(self, *more: str) -> Dict[str, List[str]]:
        wanted = [*BODY, *more]
        found = {where: [line for line in wanted if line.encode() in raw] for where, raw in self.parts.items()}
        return {where: lines for where, lines in found.items() if lines}


@pytest.mark.parametrize("form", ["plain", "commented out"])
def test_keys_in_every_file_and_output_of_live_hosts_reach_nothing_that_is_printed_or_written(
    form: str, lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    own = own_keys(lab)
    assert own
    assert plant(lab, KEYS[form]) > 40
    spoken = Spoken(lab, capsys)
    ends = (lab.client_target, "--master", lab.master_target)
    for form_of_report in ("text", "json"):
        assert spoken.run("scan", *ends, "--format", form_of_report) == 1
        assert spoken.run("fix", *ends, "--format", form_of_report) == 1
        spoken.run("runs", "--state-dir", lab.client + "/var/adm/nimdoctor", "--format", form_of_report)
    spoken.run("fix", *ends, "--plan", tmp_path / "plan.json", "--script", tmp_path / "script")
    # a file with a key in it is edited or backed up by nobody: whatever this ends in, it says no key
    assert spoken.run("fix", *ends, "--apply", "--yes", "--affects", "1") == 1
    spoken.gather(tmp_path)
    for tree in (lab.client, lab.master):
        spoken.gather(tree + "/var/adm/nimdoctor")
    assert not spoken.leaks(*own)


def test_a_whole_repair_of_hosts_that_print_keys_writes_none_into_journals_backups_or_output(
    lab: Lab, capsys: pytest.CaptureFixture
) -> None:
    own = own_keys(lab)
    plant(lab, KEYS["plain"], "/etc/inetd.conf", "/.rhosts", "/ssl_nimsh/certs/*", "/usr/samples/nim/ssl/*")
    spoken = Spoken(lab, capsys)
    ends = (lab.client_target, "--master", lab.master_target)
    status = spoken.run("fix", *ends, "--apply", "--yes", "--affects", "1")
    assert status == 0, b"".join(spoken.parts.values()).decode()
    for tree in (lab.client, lab.master):
        spoken.gather(tree + "/var/adm/nimdoctor")
    assert any(where.endswith("journal.jsonl") for where in spoken.parts)
    assert not spoken.leaks(*own, *own_keys(lab))


def test_the_difference_that_a_refused_rollback_shows_holds_no_key(lab: Lab, capsys: pytest.CaptureFixture) -> None:
    spoken = Spoken(lab, capsys)
    assert spoken.run("fix", lab.master_target, "--only", "enable-tftp", "--apply", "--yes") == 0
    with open(lab.master + "/etc/inetd.conf", "a", encoding="ascii") as stream:
        stream.write(KEYS["plain"] + "# somebody's own line\n")
    assert spoken.run("rollback", "last", "--yes", "--state-dir", lab.master + "/var/adm/nimdoctor") == 1
    assert any(b"+# somebody's own line" in raw and REMOVED in raw for raw in spoken.parts.values())
    assert not spoken.leaks()


def test_a_file_that_holds_a_key_is_not_edited_since_its_backup_would_hold_it_too(
    lab: Lab, capsys: pytest.CaptureFixture
) -> None:
    place = Path(lab.master + "/etc/inetd.conf")
    place.write_bytes(place.read_bytes() + KEYS["plain"].encode())
    before = place.read_bytes()
    spoken = Spoken(lab, capsys)
    assert spoken.run("fix", lab.master_target, "--only", "enable-tftp", "--apply", "--yes") == 1
    spoken.gather(lab.master + "/var/adm/nimdoctor")
    assert any(b"private key" in raw for raw in spoken.parts.values()), spoken.parts
    assert not spoken.leaks() and place.read_bytes() == before
