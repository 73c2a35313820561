"""Processes, sockets and file systems of this host by psutil, as text in the recorded shapes.

Each function gives None when psutil is missing, fails, or sees too little to be believed; the
command's own output then serves.
"""

import os
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

_STATES = {
    "FIN_WAIT1": "FIN_WAIT_1",
    "FIN_WAIT2": "FIN_WAIT_2",
    "SYN_RECV": "SYN_RCVD",
    "CLOSE": "CLOSED",
    "NONE": "",
}


def table_for(fact: str) -> Optional[Tuple[str, str]]:
    """Source name and text of the table that feeds that fact; None when psutil cannot serve it."""
    known: Dict[str, Tuple[str, Callable[[], Optional[str]]]] = {
        "Processes": ("psutil: processes", processes),
        "Sockets": ("psutil: sockets", sockets),
        "FileSystems": ("psutil: file systems", file_systems),
    }
    if fact not in known:
        return None
    source, read = known[fact]
    text = read()
    return None if text is None else (source, text)


def processes() -> Optional[str]:
    """The shape of `ps -eo pid,ppid,etime,args`."""
    return _with_psutil(_processes)


def sockets() -> Optional[str]:
    """The shape of `netstat -an`, internet sockets only; queues, which psutil does not tell, are 0."""
    return _with_psutil(_sockets)


def file_systems() -> Optional[str]:
    """The shape of `df -k`, file systems on local devices only: a dead NFS server would hang us."""
    return _with_psutil(_file_systems)


def _with_psutil(read: Callable[[Any], Optional[str]]) -> Optional[str]:
    try:
        import psutil

        return read(psutil)
    except Exception:  # a compiled module of another level: whatever it raises, ps and netstat remain
        return None


def _processes(psutil: Any) -> Optional[str]:
    now, me = time.time(), os.geteuid()
    rows = ["     PID     PPID     ELAPSED COMMAND"]
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            name = process.name()
            if not words and me and process.uids().real != me:
                return None
            age = max(0, int(now - process.create_time()))
            parent = process.ppid()
        except psutil.NoSuchProcess:
            continue
        rows.append(f"{process.pid:8d} {parent or 0:8d} {elapsed(age):>11} {_one_line(' '.join(words) or f'[{name}]')}")
    return "\n".join(rows) + "\n" if len(rows) > 1 else None


def elapsed(seconds: int) -> str:
    """Seconds as `ps` writes etime.

    >>> elapsed(62), elapsed(3661), elapsed(90061)
    ('01:02', '01:01:01', '1-01:01:01')
    """
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days}-{hour:02d}:{minute:02d}:{second:02d}"
    return f"{hour:02d}:{minute:02d}:{second:02d}" if hour else f"{minute:02d}:{second:02d}"


def _sockets(psutil: Any) -> Optional[str]:
    rows = [
        "Active Internet connections (including servers)",
        "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)",
    ]
    listening = False
    for socket in psutil.net_connections(kind="inet"):
        protocol = ("tcp" if int(socket.type) == 1 else "udp") + ("6" if ":" in _host(socket.laddr) else "4")
        state = _STATES.get(socket.status, socket.status)
        listening = listening or state == "LISTEN"
        row = f"{protocol:<5} {0:>6} {0:>6}  {_address(socket.laddr):<22} {_address(socket.raddr):<22} {state}"
        rows.append(row.rstrip())
    return "\n".join(rows) + "\n" if listening else None


def _host(address: Any) -> str:
    return str(address[0]) if address else ""


def _address(address: Any) -> str:
    if not address:
        return "*.*"
    host = _host(address)
    if host.startswith("::ffff:"):
        host = host[7:]
    return f"{'*' if host in ('', '::', '0.0.0.0') else host}.{address[1]}"


def _file_systems(psutil: Any) -> Optional[str]:
    rows = ["Filesystem    1024-blocks      Free %Used    Iused %Iused Mounted on"]
    mounts: List[str] = []
    # all=True: without it psutil on AIX asks every mount point for its size, dead servers included
    for part in psutil.disk_partitions(all=True):
        if not part.device.startswith("/dev/") or part.mountpoint in mounts:
            continue
        try:
            found = os.statvfs(part.mountpoint)
        except OSError:
            continue
        size, free = found.f_blocks * found.f_frsize // 1024, found.f_bfree * found.f_frsize // 1024
        if not size:
            continue
        mounts.append(part.mountpoint)
        inodes = found.f_files - found.f_ffree
        rows.append(
            f"{part.device:<15} {size:>10} {free:>10} {_percent(size - free, size):>4}"
            f" {inodes:>8} {_percent(inodes, found.f_files):>5} {_one_line(part.mountpoint)}"
        )
    return "\n".join(rows) + "\n" if "/" in mounts else None


def _percent(part: int, whole: int) -> str:
    return f"{-(-100 * part // whole) if whole else 0}%"


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
