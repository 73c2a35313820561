"""The process of the rehearsal: what it does not load, how it ends, what is told where it cannot be held."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import List

import pytest
from rehearsal_masters import Master

from nimdoctor.evidence.catalog import REHEARSAL, Catalog
from nimdoctor.evidence.live import LiveHost
from nimdoctor.evidence.rehearsal import child_command, rehearse
from nimdoctor.evidence.rehearsal.pem import FILE_LIMIT, FILES

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
