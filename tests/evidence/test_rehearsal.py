"""The rehearsal, with sets of keys and certificates made by the real openssl, whole and broken."""

import json
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import program

from nimdoctor.evidence.catalog import REHEARSAL, Catalog
from nimdoctor.evidence.live import LiveHost
from nimdoctor.evidence.rehearsal import child_command, rehearse
from nimdoctor.evidence.rehearsal.pem import FILE_LIMIT, FILES, blocks
from nimdoctor.lab.certificates import KINDS, Chain, make_chain

DAY = 86400
SUBJECT = "[req]\nprompt = no\ndistinguished_name = name\n[name]\nO = Example\nCN = nim1 {}\n"


def chain_of(since: int = -DAY, until: int = 100 * DAY, key: str = "ec", digest: str = "sha256") -> Chain:
    now = int(time.time())
    names = {kind: SUBJECT.format(kind) for kind in KINDS}
    return make_chain(program("openssl"), key, names, now + since, now + until, digest)


def openssl(*words: object, stdin: bytes = b"") -> bytes:
    """What it prints; fails the test when it fails."""
    ended = subprocess.run([program("openssl"), *map(str, words)], input=stdin, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stdout


@pytest.fixture(scope="module")
def chain() -> Chain:
    return chain_of()


@pytest.fixture(scope="module")
def other() -> Chain:
    """Another making, of the same names."""
    return chain_of()


class Master:
    """A root directory with /ssl_nimsh in it, to be broken by a test."""

    def __init__(self, root: Path, chain: Chain) -> None:
        self.root = root
        for part in ("certs", "keys"):
            (root / "ssl_nimsh" / part).mkdir(parents=True)
        for kind in KINDS:
            self.put(f"certs/{kind}.pem", chain.server if kind == "server" else chain.certificates[kind])
            self.put(f"keys/{kind}key.pem", chain.keys[kind])

    def path(self, name: str) -> Path:
        return self.root / "ssl_nimsh" / name

    def put(self, name: str, content: bytes, mode: int = 0o600) -> None:
        self.path(name).write_bytes(content)
        self.path(name).chmod(mode)

    def rehearsed(self, timeout: float = 20) -> Dict[str, Any]:
        line = rehearse(str(self.root), timeout)
        assert "\n" not in line and "PRIVATE" not in line and "BEGIN" not in line
        return json.loads(line)

    def fits(self) -> List[List[str]]:
        found = self.rehearsed()
        assert found["rehearsal"] == "fits", found
        return found["sides"]

    def fails(self) -> Dict[str, str]:
        found = self.rehearsed()
        assert found["rehearsal"] == "fails", found
        return found


@pytest.fixture
def master(tmp_path: Path, chain: Chain) -> Master:
    return Master(tmp_path, chain)


# -- what fits


def test_a_set_of_one_making_fits_and_names_what_each_side_loaded(master: Master) -> None:
    nimsh, own = master.fits()
    assert (nimsh[0], nimsh[1], nimsh[3]) == ("nimsh", "/ssl_nimsh/certs/server.pem", "/ssl_nimsh/certs/server.pem")
    assert (own[0], own[1], own[3]) == ("master", "/ssl_nimsh/certs/client.pem", "/ssl_nimsh/keys/clientkey.pem")
    shown = openssl("x509", "-noout", "-fingerprint", "-sha256", "-in", master.path("certs/client.pem")).decode()
    assert own[2] == shown.strip().split("=")[1]


def test_keys_are_paired_by_what_they_are_and_not_by_their_names(master: Master, chain: Chain) -> None:
    master.put("keys/clientkey.pem", chain.keys["root"])
    master.put("keys/rootkey.pem", chain.keys["client"])
    assert master.fits()[1][3] == "/ssl_nimsh/keys/rootkey.pem"


def test_the_travelling_certificate_may_have_its_key_below_keys(master: Master, chain: Chain) -> None:
    master.put("certs/server.pem", chain.certificates["server"])
    assert master.fits()[0][3] == "/ssl_nimsh/keys/serverkey.pem"


def test_names_that_nobody_knows_are_told_apart_by_what_they_hold(master: Master, chain: Chain) -> None:
    for name, new in (
        ("certs/server.pem", "certs/a.pem"),
        ("certs/client.pem", "certs/b.pem"),
        ("certs/root.pem", "certs/z"),
    ):
        master.path(name).rename(master.path(new))
    assert [side[1] for side in master.fits()] == ["/ssl_nimsh/certs/a.pem", "/ssl_nimsh/certs/b.pem"]


def test_one_self_signed_certificate_for_everything_fits(master: Master, tmp_path: Path) -> None:
    for kind in KINDS:
        master.path(f"certs/{kind}.pem").unlink()
        master.path(f"keys/{kind}key.pem").unlink()
    (tmp_path / "req.cnf").write_text(SUBJECT.format("self"))
    openssl(
        "req", "-x509", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", 9, "-config",
        tmp_path / "req.cnf", "-keyout", master.path("keys/key.pem"), "-out", master.path("certs/cert.pem"),
    )  # fmt: skip
    assert {side[1] for side in master.fits()} == {"/ssl_nimsh/certs/cert.pem"}


@pytest.mark.parametrize("digest", ["md5", "sha1"])
def test_signatures_that_todays_openssl_refuses_fit(tmp_path: Path, digest: str) -> None:
    # there is no such thing as ECDSA with MD5
    Master(tmp_path, chain_of(key="rsa", digest=digest)).fits()


def test_rsa_keys_of_1024_bits_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules["nimdoctor.lab.certificates"].NEW_KEY, "small", ("rsa:1024",))
    Master(tmp_path, chain_of(key="small", digest="md5")).fits()


def test_a_key_that_others_can_read_is_another_checks_matter(master: Master) -> None:
    master.path("keys/clientkey.pem").chmod(0o644)
    master.fits()


@pytest.mark.parametrize("form", ["traditional", "pkcs8"])
def test_either_form_of_a_key_in_a_pem_file_is_read(master: Master, chain: Chain, form: str) -> None:
    words = ["pkey", "-traditional"] if form == "traditional" else ["pkcs8", "-topk8", "-nocrypt"]
    master.put("keys/clientkey.pem", openssl(*words, stdin=chain.keys["client"]))
    master.fits()


def test_left_over_files_of_an_earlier_making_do_not_matter(master: Master, other: Chain) -> None:
    master.put("certs/server.pem.old", other.server)
    master.put("certs/a_root.pem", other.certificates["root"])
    master.put("certs/empty.pem", b"")
    master.put("keys/clientkey.old", other.keys["client"])
    master.put("keys/notes", b"the passphrase is on the other host\n")
    os.mkdir(master.path("keys/more"))
    os.mkfifo(master.path("keys/pipe"))
    master.fits()


# -- what does not


def test_the_key_of_another_certificate(master: Master, other: Chain) -> None:
    master.put("keys/clientkey.pem", other.keys["client"])
    found = master.fails()
    assert (found["step"], found["reason"]) == ("key matches certificate", "key values mismatch")
    assert (found["path"], found["side"]) == ("/ssl_nimsh/certs/client.pem", "master")
    assert re.fullmatch("error:[0-9A-F]{8}", found["code"])
    assert "key values mismatch" in openssl("errstr", found["code"].split(":")[1]).decode()


def test_a_travelling_file_with_the_key_of_another_certificate(master: Master, chain: Chain, other: Chain) -> None:
    # on the master serverkey.pem would fit; no client gets that
    master.put("certs/server.pem", chain.certificates["server"] + other.keys["server"] + chain.certificates["root"])
    found = master.fails()
    assert (found["step"], found["path"], found["side"]) == (
        "key matches certificate",
        "/ssl_nimsh/certs/server.pem",
        "nimsh",
    )


def test_a_key_of_another_kind(master: Master) -> None:
    master.put("keys/clientkey.pem", openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"))
    for name in ("rootkey.pem", "serverkey.pem"):
        master.path(f"keys/{name}").unlink()
    found = master.fails()
    assert found["step"] == "key matches certificate" and found["path"] == "/ssl_nimsh/certs/client.pem"


@pytest.mark.parametrize(
    ("since", "until", "number", "reason"),
    [
        (-9 * DAY, -DAY, 10, "certificate has expired"),
        (DAY, 9 * DAY, 9, "certificate is not yet valid"),
    ],
)
def test_dates_that_do_not_hold(tmp_path: Path, since: int, until: int, number: int, reason: str) -> None:
    found = Master(tmp_path, chain_of(since, until)).fails()
    assert found["step"] == "chain" and found["reason"].startswith(reason)
    assert found["code"].startswith(f"verify error {number} at depth ")


def test_no_root_anywhere(master: Master, chain: Chain) -> None:
    master.path("certs/root.pem").unlink()
    master.put("certs/server.pem", chain.certificates["server"] + chain.keys["server"])
    found = master.fails()
    assert (found["step"], found["reason"]) == ("chain", "unable to get local issuer certificate")
    assert found["code"] == "verify error 20 at depth 0"


def test_a_root_of_another_making_has_the_name_and_not_the_signature(
    master: Master, chain: Chain, other: Chain
) -> None:
    master.put("certs/root.pem", other.certificates["root"])
    master.put("certs/server.pem", chain.certificates["server"] + chain.keys["server"] + other.certificates["root"])
    found = master.fails()
    # certificates that name their signer's key are not even tried with another
    assert found["step"] == "chain"
    assert found["code"] in ("verify error 7 at depth 0", "verify error 20 at depth 0")


def test_a_travelling_file_of_another_making_does_not_trust_the_master(master: Master, other: Chain) -> None:
    master.put("certs/server.pem", other.server)
    found = master.fails()
    assert (found["step"], found["path"], found["side"]) == ("chain", "/ssl_nimsh/certs/client.pem", "master")


@pytest.mark.parametrize(("name", "step"), [("certs/client.pem", "certificate"), ("keys/clientkey.pem", "private key")])
def test_empty_files_and_files_of_something_else(master: Master, name: str, step: str) -> None:
    for content in (b"", b"hello\n", b"\0\xff" * 100):
        master.put(name, content)
        found = master.fails()
        assert (found["step"], found["path"]) == (step, f"/ssl_nimsh/{name}")
        # of a key OpenSSL says "unsupported" since 3.0
        assert found["reason"] in ("no start line", "unsupported") and found["code"]


@pytest.mark.parametrize(("name", "step"), [("certs/client.pem", "certificate"), ("keys/clientkey.pem", "private key")])
@pytest.mark.parametrize(
    "damage",
    [
        lambda pem: pem[: len(pem) // 2],
        lambda pem: pem.replace(b"\nM", b"\n*", 1),
        lambda pem: pem.replace(b"-----END", b"----END"),
        lambda pem: pem[:60] + b"AAAA" + pem[64:],
    ],
    ids=["cut", "not base64", "end line", "four letters"],
)
def test_damaged_pem(master: Master, name: str, step: str, damage: Callable[[bytes], bytes]) -> None:
    master.put(name, damage(master.path(name).read_bytes()))
    found = master.fails()
    assert found["step"] in (step, "key matches certificate", "chain")
    assert found["reason"] and found["code"]


def test_a_der_file_is_no_pem_file(master: Master) -> None:
    master.put("keys/clientkey.pem", openssl("pkey", "-in", master.path("keys/clientkey.pem"), "-outform", "DER"))
    assert master.fails()["reason"] in ("no start line", "unsupported")


@pytest.mark.parametrize(
    "words", [["ec", "-aes128"], ["pkcs8", "-topk8", "-v2", "aes128"]], ids=["traditional", "pkcs8"]
)
def test_an_encrypted_key_asks_nobody(master: Master, words: List[str]) -> None:
    option = "-passout"
    encrypted = openssl(*words, option, "pass:secret", "-in", master.path("keys/clientkey.pem"))
    assert b"ENCRYPTED" in encrypted
    master.put("keys/clientkey.pem", encrypted)
    began = time.monotonic()
    found = master.fails()
    assert (found["step"], found["path"]) == ("private key", "/ssl_nimsh/keys/clientkey.pem")
    assert found["reason"] == "the private key is encrypted"
    assert time.monotonic() - began < 10


def test_a_certificate_for_servers_only_does_not_do_for_the_master(tmp_path: Path, chain: Chain) -> None:
    master = Master(tmp_path, chain)
    (tmp_path / "ext").write_text("extendedKeyUsage = serverAuth\n")
    (tmp_path / "cnf").write_text(SUBJECT.format("client"))
    request = openssl("req", "-new", "-key", master.path("keys/clientkey.pem"), "-config", tmp_path / "cnf")
    master.put(
        "certs/client.pem",
        openssl(
            "x509", "-req", "-days", 9, "-CA", master.path("certs/root.pem"), "-CAkey", master.path("keys/rootkey.pem"),
            "-set_serial", 5, "-extfile", tmp_path / "ext", stdin=request,
        ),
    )  # fmt: skip
    found = master.fails()
    assert found["step"] == "handshake" and "verify error 26" in found["code"]


# -- what cannot be rehearsed


@pytest.mark.parametrize("part", ["certs", "keys"])
def test_an_empty_or_missing_directory_starts_no_process(
    master: Master, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nimdoctor.evidence.rehearsal.run", None)
    for path in master.path(part).iterdir():
        path.unlink()
    assert master.rehearsed() == {"rehearsal": "undone", "reason": f"/ssl_nimsh/{part} is empty"}
    master.path(part).rmdir()
    assert master.rehearsed() == {"rehearsal": "undone", "reason": f"there is no /ssl_nimsh/{part}"}


def test_more_files_than_a_master_has_are_refused(master: Master) -> None:
    for number in range(FILES):
        master.put(f"keys/{number}", b"")
    assert master.rehearsed()["reason"] == f"/ssl_nimsh/keys holds more than {FILES} files"


def test_a_file_that_is_too_large_is_not_loaded(master: Master) -> None:
    master.put("keys/clientkey.pem", master.path("keys/clientkey.pem").read_bytes() + b"#" * FILE_LIMIT)
    found = master.rehearsed()
    assert (found["rehearsal"], found["reason"]) == ("undone", "/ssl_nimsh/keys/clientkey.pem is larger than 256 KiB")


def test_a_link_out_of_the_root_is_resolved_inside(master: Master, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "key.pem"
    key = master.path("keys/clientkey.pem")
    outside.write_bytes(key.read_bytes())
    key.unlink()
    key.symlink_to(outside)
    found = master.fails()
    assert (found["step"], found["path"]) == ("private key", "/ssl_nimsh/keys/clientkey.pem")
    # inside the root the same link leads somewhere
    place = master.root / str(outside)[1:]
    place.parent.mkdir(parents=True)
    place.write_bytes(outside.read_bytes())
    master.fits()


def test_a_child_that_never_ends_is_ended_with_all_it_started(master: Master, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 100 & echo $! > {pids}; echo $$ >> {pids}; wait"
    began = time.monotonic()
    found = json.loads(rehearse(str(master.root), 1, ["/bin/sh", "-c", script]))
    assert found == {"rehearsal": "undone", "reason": "it did not end within 1 s and was ended"}
    assert time.monotonic() - began < 30
    for _ in range(100):
        if not any(_lives(int(number)) for number in pids.read_text().split()):
            break
        time.sleep(0.02)
    else:
        pytest.fail("something of it lives")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    "script",
    ["exit 3", "kill -9 $$", "echo no verdict", 'echo \'{"rehearsal": "well"}\'', "echo 1", "exec yes", "echo '[]'"],
)
def test_a_child_without_a_verdict_is_told(master: Master, script: str) -> None:
    found = json.loads(rehearse(str(master.root), 5, ["/bin/sh", "-c", script]))
    assert found["rehearsal"] == "undone" and "without a verdict" in found["reason"]


def test_a_child_that_cannot_be_started_is_told(master: Master) -> None:
    found = json.loads(rehearse(str(master.root), 5, ["/no/such/python"]))
    assert "cannot be started: No such file or directory" in found["reason"]


def without_openssl(place: Path, error: str) -> List[str]:
    """The command of a child for which importing OpenSSL raises that."""
    (place / "OpenSSL").mkdir(parents=True)
    (place / "OpenSSL" / "__init__.py").write_text(error)
    command = child_command(None, 5)
    command[5] = json.dumps([str(place), *json.loads(command[5])])
    return command


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("raise ModuleNotFoundError('No module named OpenSSL', name='OpenSSL')", "is not installed for"),
        ("raise ImportError('0509-022 Cannot load module', name='_rust')", "cannot be loaded by"),
        ("raise AttributeError('lib has no attribute x')", "AttributeError"),
    ],
)
def test_without_pyopenssl_it_says_how_to_get_it(master: Master, tmp_path: Path, error: str, says: str) -> None:
    command = [*without_openssl(tmp_path / "shadow", error), str(master.root)]
    found = json.loads(rehearse(str(master.root), 20, command))
    assert found["rehearsal"] == "undone" and "pyOpenSSL" in found["reason"] and says in found["reason"]
    assert sys.executable in found["reason"]
    if "installed" in says:
        assert "AIX Toolbox" in found["reason"] and "nimdoctor[aix]" in found["reason"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_keys_that_may_not_be_listed_are_told(master: Master) -> None:
    master.path("keys").chmod(0)
    try:
        assert "cannot be listed: Permission denied" in master.rehearsed()["reason"]
    finally:
        master.path("keys").chmod(0o700)


# -- the process


def test_a_live_host_gives_the_verdict_for_the_row_of_the_catalog(master: Master) -> None:
    (row,) = Catalog().rows_for("Rehearsal")
    assert row.name == REHEARSAL and row.roles == {"master"}
    host = LiveHost(str(master.root))
    (text,) = host.texts(row, {})
    assert json.loads(text.read())["rehearsal"] == "fits" and text.source == REHEARSAL
    assert host.problems == {}


def test_a_scans_time_that_is_used_up_holds_no_rehearsal(master: Master) -> None:
    times = iter([0.0, 300.0])
    host = LiveHost(str(master.root), timeout=30, clock=lambda: next(times))
    (row,) = Catalog().rows_for("Rehearsal")
    host.texts(row, {})
    assert "time was used up" in host.texts(row, {})[0].read()


def child(master: Master, before: str, after: str) -> str:
    """What a child prints that runs some lines of its own around the verdict."""
    command = child_command(str(master.root), 20)
    assert command[1:4] == ["-I", "-S", "-c"]
    program = command[4].replace("from nimdoctor", f"{before}; from nimdoctor", 1) + f"; {after}"
    ended = subprocess.run([*command[:4], program, *command[5:]], env={}, capture_output=True, timeout=30, check=True)
    assert ended.stderr == b""
    return ended.stdout.decode()


def test_the_child_can_leave_no_core_file_before_it_reads_a_key(master: Master) -> None:
    spy = "import resource, os; seen = []; sys.addaudithook(lambda name, given: seen.append(resource.getrlimit(4)) if name == 'open' and 'ssl_nimsh' in str(given[0]) else None)"
    printed = child(master, spy, "print(json.dumps(seen))").splitlines()
    assert resource.RLIMIT_CORE == 4
    limits = json.loads(printed[1])
    assert len(limits) >= 6 and all(limit == [0, 0] for limit in limits)


def test_the_child_opens_files_of_ssl_nimsh_for_reading_only_and_no_socket(master: Master) -> None:
    spy = "seen = []; sys.addaudithook(lambda name, given: seen.append([name, str(given[0]), given[2]]) if name in ('open', 'socket.connect', 'socket.__new__', 'subprocess.Popen', 'os.exec') else None)"
    events = json.loads(child(master, spy, "print(json.dumps(seen))").splitlines()[1])
    assert {name for name, _, _ in events} == {"open"}
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    assert not [path for _, path, flags in events if isinstance(flags, int) and flags & writing]


def test_the_child_ends_by_itself_when_whoever_waits_for_it_is_gone(master: Master) -> None:
    command = child_command(str(master.root), 0.1)
    program = command[4].replace(
        "main(sys.argv",
        "import nimdoctor.evidence.rehearsal.child as it; it.verdict = lambda root: __import__('time').sleep(60); main(sys.argv",
    )
    began = time.monotonic()
    ended = subprocess.run([*command[:4], program, *command[5:]], env={}, capture_output=True, timeout=30, check=False)
    assert ended.returncode == -14 and time.monotonic() - began < 10


def test_the_child_is_found_also_where_nimdoctor_lies_in_a_zip_file(master: Master, tmp_path: Path) -> None:
    import zipfile

    package = Path(sys.modules["nimdoctor"].__file__ or "").parent
    archive = tmp_path / "nimdoctor.pyz"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in [
            package / "__init__.py",
            *package.glob("model/*.py"),
            *package.glob("system/*.py"),
            *package.glob("evidence/**/*.py"),
        ]:
            packed.write(path, path.relative_to(package.parent).as_posix())
    program = (
        f"import sys; sys.path.insert(0, {str(archive)!r}); import nimdoctor.evidence.rehearsal as it; "
        f"assert it.__file__.startswith({str(archive)!r}); print(it.rehearse({str(master.root)!r}, 20))"
    )
    site = next(place for place in sys.path if (Path(place) / "OpenSSL").is_dir())
    ended = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": site},
        cwd="/",
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert json.loads(ended.stdout)["rehearsal"] == "fits", ended.stderr.decode()


def test_the_scan_itself_never_loads_openssl(master: Master) -> None:
    program = (
        "import sys\nfrom nimdoctor.evidence.rehearsal import rehearse\n"
        f"assert 'fits' in rehearse({str(master.root)!r}, 20)\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('OpenSSL', 'cryptography', '_cffi_backend')])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30, check=True)
    assert ended.stdout.strip() == b"[]"


# -- reading


@given(
    st.lists(
        st.sampled_from(
            [b"-----BEGIN A-----\n", b"-----END A-----\n", b"-----BEGIN B KEY-----", b"\xff\n", b"text", b""]
        )
    )
)
def test_blocks_are_parts_of_the_file_in_its_order(parts: List[bytes]) -> None:
    raw = b"".join(parts)
    found = blocks(raw)
    place = 0
    for label, block in found:
        at: Optional[int] = raw.find(block[:-1], place)
        assert at >= place and block.startswith(b"-----BEGIN " + label.encode())
        place = at + 1
    assert len(found) == raw.count(b"-----BEGIN A-----") + raw.count(b"-----BEGIN B KEY-----")
