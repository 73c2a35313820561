"""A host's file system with one /etc/inetd.conf, and what may stand in the place of that."""

import hashlib
import os
import socket
import stat

OLD, NEW = b"tftp off\n", b"tftp on\n"
CONF = "/etc/inetd.conf"


def sha(content):
    return hashlib.sha256(content).hexdigest()


def conf(root):
    return root / "etc" / "inetd.conf"


def tree(root):
    """Every path with mode, owner and content."""
    found = {}
    for path in sorted(root.rglob("*")):
        state = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(state.st_mode) else None
        found[str(path.relative_to(root))] = (state.st_mode, state.st_uid, state.st_gid, content)
    return found


def put(root, what):
    """Puts something else where inetd.conf was; returns the words of the refusal."""
    path = conf(root)
    if what == "hard link":
        os.link(path, root / "etc" / "other")
        return "2 hard links"
    os.rename(path, root / "kept")
    if what == "link":
        path.symlink_to(root / "kept")
        return "is a symbolic link"
    if what == "link to nowhere":
        path.symlink_to("/nowhere/at/all")
        return "is a symbolic link"
    if what == "FIFO":
        os.mkfifo(path)
        return "is a FIFO"
    if what == "directory":
        path.mkdir()
        return "is a directory"
    if what == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            here = os.open(".", os.O_RDONLY)
            try:
                os.chdir(path.parent)  # the name of a socket is short
                made.bind(path.name)
            finally:
                os.fchdir(here)
                os.close(here)
        return "is a socket"
    assert what == "nothing"
    return "is not there"


WRONG = ["link", "link to nowhere", "hard link", "FIFO", "directory", "socket", "nothing"]

USES = {
    "read": lambda files: files.read(CONF),
    "fingerprint": lambda files: files.fingerprint(CONF),
    "replace": lambda files: files.replace(CONF, NEW, expected=sha(OLD), label="run"),
    "remove": lambda files: files.remove(CONF, expected=sha(OLD)),
    "rename": lambda files: files.rename(CONF, "/etc/inetd.conf.old"),
}

PARENTS = {
    **USES,
    "look": lambda files: files.stat(CONF),
    "names": lambda files: files.names("/etc"),
    "free_bytes": lambda files: files.free_bytes(CONF),
    "remove_directory": lambda files: files.remove_directory("/etc/made"),
    "create": lambda files: files.create("/etc/new", NEW, mode=0o644, uid=os.getuid(), gid=os.getgid(), mtime_ns=0),
    "rename to": lambda files: files.rename("/kept", "/etc/kept"),
    "sweep": lambda files: files.sweep(CONF, "run"),
}
