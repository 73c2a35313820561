"""psutil's tables in the recorded shapes."""

import os
import re
import sys
import types
from typing import Any, List

import pytest

from nimdoctor.evidence.system_tables import file_systems, processes, sockets, table_for


class Process:
    """One process as psutil gives it."""

    def __init__(self, pid: int, words: List[str], uid: int = 0) -> None:
        self.pid, self._words, self._uid = pid, words, uid

    def cmdline(self) -> List[str]:
        return self._words

    def name(self) -> str:
        return "wait"

    def create_time(self) -> float:
        return 1000.0

    def ppid(self) -> int:
        return 1

    def uids(self) -> Any:
        return types.SimpleNamespace(real=self._uid)


def fake(monkeypatch: pytest.MonkeyPatch, **members: Any) -> None:
    module = types.ModuleType("psutil")
    module.NoSuchProcess = type("NoSuchProcess", (Exception,), {})  # type: ignore[attr-defined]
    for name, member in members.items():
        setattr(module, name, member)
    monkeypatch.setitem(sys.modules, "psutil", module)


def test_processes_have_the_shape_of_ps(monkeypatch: pytest.MonkeyPatch) -> None:
    table = [Process(6685140, ["/usr/sbin/nimsh", "-s", "-c"]), Process(516, [])]
    fake(monkeypatch, process_iter=lambda: iter(table))
    monkeypatch.setattr("nimdoctor.evidence.system_tables.os.geteuid", lambda: 0)
    monkeypatch.setattr("nimdoctor.evidence.system_tables.time.time", lambda: 1000.0 + 86400 + 62)
    text = processes()
    assert text
    header, nimsh, kernel = text.splitlines()
    assert header.split() == ["PID", "PPID", "ELAPSED", "COMMAND"]
    assert nimsh.split() == ["6685140", "1", "1-00:01:02", "/usr/sbin/nimsh", "-s", "-c"]
    assert kernel.endswith("[wait]")


def test_processes_of_others_that_cannot_be_read_are_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, process_iter=lambda: iter([Process(1, [], 0)]))
    monkeypatch.setattr("nimdoctor.evidence.system_tables.os.geteuid", lambda: 200)
    assert processes() is None


def test_sockets_have_the_shape_of_netstat(monkeypatch: pytest.MonkeyPatch) -> None:
    def connection(kind: int, local: Any, remote: Any, status: str) -> Any:
        return types.SimpleNamespace(type=kind, laddr=local, raddr=remote, status=status)

    table = [
        connection(1, ("::", 3901), (), "LISTEN"),
        connection(1, ("::ffff:10.1.1.7", 3901), ("::ffff:10.1.1.1", 1023), "ESTABLISHED"),
        connection(1, ("10.1.1.7", 22), ("10.1.1.9", 4000), "FIN_WAIT2"),
        connection(2, ("0.0.0.0", 69), (), "NONE"),
    ]
    fake(monkeypatch, net_connections=lambda kind: table)
    text = sockets()
    assert text
    rows = [line.split() for line in text.splitlines()[2:]]
    assert rows[0] == ["tcp6", "0", "0", "*.3901", "*.*", "LISTEN"]
    assert rows[1][3:] == ["10.1.1.7.3901", "10.1.1.1.1023", "ESTABLISHED"]
    assert rows[2][0] == "tcp4" and rows[2][5] == "FIN_WAIT_2"
    assert rows[3] == ["udp4", "0", "0", "*.69", "*.*"]


def test_no_listener_at_all_is_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, net_connections=lambda kind: [])
    assert sockets() is None


def test_file_systems_are_local_ones_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: List[str] = []

    def statvfs(path: str) -> Any:
        asked.append(path)
        return types.SimpleNamespace(f_blocks=1000, f_bfree=250, f_frsize=4096, f_files=100, f_ffree=90)

    def partition(device: str, mountpoint: str) -> Any:
        return types.SimpleNamespace(device=device, mountpoint=mountpoint)

    table = [partition("/dev/hd4", "/"), partition("dead:/export", "/mnt"), partition("/dev/hd2", "/usr")]
    fake(monkeypatch, disk_partitions=lambda all: table)
    monkeypatch.setattr("nimdoctor.evidence.system_tables.os.statvfs", statvfs)
    text = file_systems()
    assert text and asked == ["/", "/usr"]
    assert re.split(r"\s+", text.splitlines()[1]) == ["/dev/hd4", "4000", "1000", "75%", "10", "10%", "/"]


def test_a_missing_or_broken_psutil_gives_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert processes() is None and sockets() is None and file_systems() is None

    def broken(*_: Any, **__: Any) -> None:
        raise SystemError("compiled for another level")

    fake(monkeypatch, process_iter=broken, net_connections=broken, disk_partitions=broken)
    assert table_for("Processes") is None and table_for("Sockets") is None and table_for("FileSystems") is None
    assert table_for("OsLevel") is None


def test_this_very_process_is_seen_by_the_real_psutil() -> None:
    pytest.importorskip("psutil")
    text = processes()
    if text is None:
        pytest.skip("processes of others cannot be read here")
    assert any(line.split()[0] == str(os.getpid()) for line in text.splitlines())
