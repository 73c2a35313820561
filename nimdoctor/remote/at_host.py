"""What runs on a host over ssh beside the one file: it receives that file, starts it, and tells how it is getting on.

    python3 -I -c TEXT-OF-THIS-FILE STATE VERB WORD...

Each verb answers with one JSON object on standard output and status 0, or says in one line on standard error why it
will not, status 1. Asked again, a verb does nothing a second time, since its answer may have been lost on the way. What
is started needs nobody: it has a session of its own, and holds a lock for as long as it runs, whoever looks.

STATE/agent/FILE            the one file, named by its sha256; where it was unpacked, FILE with .d for .pyz is its copy
STATE/sent/PLACE/           a request that came over ssh: about, request, other.tar.gz (evidence of the other end); then
                            lock, output, errors
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from typing import Any, Dict, Iterable, Iterator, List, NoReturn, Optional, Pattern, Sequence

FILE = re.compile(r"nimdoctor-([0-9a-f]{64})\.pyz")
RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}")
PLACE = re.compile(RUN.pattern + r"(-(resume|rollback)-[0-9a-f]{8})?")
CUT_OFF = re.compile(r"\.(new|removed)-.*")
UNREAD, HALF_MADE = 30 * 86400, 3600
"""Seconds after which goes what has ended and nobody has read, and what never became whole."""
CHUNK = 1 << 20
"""Bytes of output that are told at once."""
LIMIT = 64 << 20
"""Bytes of a journal or a plan that are read."""
TRIES = 50
"""Of a start, while others look whether it runs."""
UNKNOWN = "unknown"
"""Stands for the file of a run whose journal cannot be read."""
NOFOLLOW = os.O_NOFOLLOW | os.O_NONBLOCK

Answer = Dict[str, Any]


class Refused(Exception):
    """What is not done, and why: one line."""


def own_directory(path: str, made: bool = True) -> bool:
    """Whether it is there, and nobody but root may write in it; it is made unless told otherwise. Raises Refused."""
    if made:
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
            os.chmod(path, 0o700)
    if not os.path.lexists(path):
        return False
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise Refused(f"{path} is no directory: nothing is kept there")
    _must_be_own(path, found)
    return True


def _must_be_own(path: str, found: os.stat_result) -> None:
    if found.st_uid not in (0, os.geteuid()):
        raise Refused(f"{path} belongs to user {found.st_uid}: nothing there is believed")
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o022:
        raise Refused(f"{path} may be written by others (mode {mode:04o}): look at what is there")


def opened(path: str) -> int:
    """A descriptor of a regular file of one name that is root's, for reading. Raises FileNotFoundError, Refused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | NOFOLLOW)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Refused(f"{path} cannot be opened: {error.strerror}") from None
    try:
        found = os.fstat(descriptor)
        _must_be_own(path, found)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise Refused(f"{path} is no regular file of one name: nothing there is believed")
    except Refused:
        os.close(descriptor)
        raise
    return descriptor


def content(path: str, limit: int = CHUNK, offset: int = 0) -> bytes:
    """So many bytes of such a file. Raises FileNotFoundError, Refused."""
    with open(opened(path), "rb") as stream:
        stream.seek(offset)
        return stream.read(limit)


def write_new(path: str, chunks: Iterable[bytes]) -> int:
    """A new file of mode 0600 on the disk; its size."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW, 0o600)
    with open(descriptor, "wb") as stream:
        size = sum(map(stream.write, chunks))
        stream.flush()
        os.fsync(descriptor)
    return size


def arriving() -> Iterator[bytes]:
    """What comes over the connection."""
    return iter(lambda: sys.stdin.buffer.read(CHUNK), b"")


def named(pattern: "Pattern[str]", word: str) -> str:
    """The word, where it is a name of that kind. Raises Refused."""
    if not pattern.fullmatch(word):
        raise Refused(f"{word!a} is no name of what is kept here")
    return word


def names_in(path: str, pattern: "Pattern[str]") -> List[str]:
    """Names of that kind in a directory, sorted; none where there is none."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(name for name in os.listdir(path) if pattern.fullmatch(name))
    return []


def sum_of(path: str) -> str:
    """Its sha256. Raises FileNotFoundError, Refused."""
    digest = hashlib.sha256()
    with open(opened(path), "rb") as stream:
        for chunk in iter(lambda: stream.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def whole(state: str, name: str) -> str:
    """The path of the one file of that name, which it is to the byte. Raises Refused."""
    path = f"{state}/agent/{named(FILE, name)}"
    own_directory(state, made=False)
    own_directory(f"{state}/agent", made=False)
    try:
        found = sum_of(path)
    except FileNotFoundError:
        raise Refused(f"{path} is not there: nothing was started") from None
    if found not in name:
        raise Refused(
            f"{path} was tampered with: its sha256 is {found}; it is neither run nor replaced: find out who changed it, "
            "then move it away"
        )
    return path


def receive(state: str, name: str, chunks: Optional[Iterable[bytes]] = None) -> Answer:
    """Puts these bytes, or what comes on standard input, there under that name, which tells their sum."""
    agent = f"{state}/agent"
    for directory in (state, agent):
        own_directory(directory)
    path, new = f"{agent}/{named(FILE, name)}", f"{agent}/.new-{os.getpid()}"
    if not os.path.lexists(path):
        _discard(new)
        try:
            write_new(new, arriving() if chunks is None else chunks)
            if sum_of(new) not in name:
                raise Refused(f"{name} did not arrive whole: nothing was started, and nothing is left of it")
            os.rename(new, path)
        finally:
            _discard(new)
    whole(state, name)
    return {}


def clear(state: str, name: str) -> None:
    """Removes what nobody needs any more: files that came before that one, places that nobody reads."""
    agent, sent = f"{state}/agent", f"{state}/sent"

    def age(path: str) -> float:
        return time.time() - os.lstat(path).st_mtime

    for place in names_in(sent, PLACE):
        if age(f"{sent}/{place}") > UNREAD and how_is(f"{sent}/{place}") != "runs":
            _remove(sent, place)
    for cut_off in [f"{above}/{one}" for above in (agent, sent) for one in names_in(above, CUT_OFF)]:
        if age(cut_off) > HALF_MADE:
            _discard(cut_off)
    needed = {run["executor"] for run in runs(state) if not run["ended"]}
    needed |= {one["file"] for one in places(state) if one["how"] != "over"}
    argv = ["ps", "-eo", "pid,ppid,etime,args"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        listed = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=True)
        for other in names_in(agent, FILE):
            older = age(f"{agent}/{other}") > age(f"{agent}/{name}")
            if older and not needed & {other, UNKNOWN} and other.encode("ascii") not in listed.stdout:
                _discard(f"{agent}/{other[:-4]}.d")
                os.unlink(f"{agent}/{other}")


def _discard(path: str) -> None:
    shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def question(state: str, name: str) -> NoReturn:
    """Has the one file answer the request on standard input at once, on this program's own output."""
    os.execv(sys.executable, [sys.executable, "-I", whole(state, name)])


def start(state: str, place: str, name: str, length: str, other: str) -> Answer:
    """Starts the one file with the request that comes on standard input, so many bytes, and evidence after it.

    What was begun under that name already is left alone.
    """
    path, sent = whole(state, name), f"{state}/sent"
    there = f"{sent}/{named(PLACE, place)}"
    own_directory(sent)
    clear(state, name)
    if not os.path.lexists(there):
        _prepare(there, f"{sent}/.new-{place}-{os.getpid()}", name, int(length), int(other))
    for _ in range(TRIES):  # whoever looks has the lock for a moment
        if how_is(there) != "new":
            break
        _detach(there, [sys.executable, "-I", path, place])
    return {"how": how_is(there)}


def _prepare(there: str, new: str, name: str, length: int, other: int) -> None:
    _discard(new)
    os.mkdir(new, 0o700)
    write_new(f"{new}/about", [json.dumps({"file": name}).encode("ascii")])
    size = write_new(f"{new}/request", [sys.stdin.buffer.read(length)])
    size += write_new(f"{new}/other.tar.gz", arriving()) if other else 0
    if size != length + other:
        _discard(new)
        raise Refused("what was asked did not arrive whole: nothing was started")
    with contextlib.suppress(OSError):  # where somebody else was faster with the same
        os.rename(new, there)
    _discard(new)


def _detach(there: str, argv: List[str]) -> None:
    """Runs it in a session of its own; comes back once it runs. Raises Refused."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with open(reading, "rb") as stream:
            why = stream.read(4096).decode("utf-8", "replace")
        if why:
            raise Refused(f"it cannot be started: {why}")
        return
    try:
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        lock = os.open(f"{there}/lock", os.O_RDWR | os.O_CREAT | NOFOLLOW, 0o600)
        with contextlib.suppress(BlockingIOError, PermissionError, FileExistsError):
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # with the lock held: whoever was first has made it
            new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | NOFOLLOW
            output = os.open(f"{there}/output", new, 0o600)
            errors = os.open(f"{there}/errors", new, 0o600)
            for number, descriptor in enumerate((opened(f"{there}/request"), output, errors)):
                os.dup2(descriptor, number)
            os.chdir("/")
            # held by the process, whatever that becomes, and by none of its children
            os.set_inheritable(lock, True)
            os.execv(argv[0], argv)
        os._exit(0)
    except BaseException as error:
        os.write(writing, str(error).encode("utf-8", "replace")[:4000])
    finally:
        os._exit(1)


def how_is(there: str) -> str:
    """How a place stands: `new` before it runs, `runs`, or `over`. Raises Refused."""
    try:
        lock = opened(f"{there}/lock")
    except FileNotFoundError:
        return "new"
    try:
        fcntl.lockf(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return "runs"
    finally:
        os.close(lock)
    return "over" if os.path.lexists(f"{there}/output") else "new"


def tell(state: str, place: str, offset: str) -> Answer:
    """What was said after so many bytes, how the place stands, and what was complained of where it is over."""
    there = f"{state}/sent/{named(PLACE, place)}"
    if not os.path.lexists(there):
        raise Refused(f"there is no {there} any more: somebody else has read how it ended")
    # first, since what it says last stands before its end
    how, output, errors = how_is(there), b"", b""
    with contextlib.suppress(FileNotFoundError):
        output = content(f"{there}/output", CHUNK, int(offset))
        errors = content(f"{there}/errors", LIMIT)[-2000:] if how == "over" else b""
    return {"how": how, "output": output.decode("latin-1"), "errors": errors.decode("utf-8", "replace")}


def forget(state: str, place: str) -> Answer:
    """Removes a place whose end was read."""
    there = f"{state}/sent/{named(PLACE, place)}"
    if os.path.lexists(there):
        if how_is(there) == "runs":
            raise Refused(f"{there} is under way")
        _remove(f"{state}/sent", place)
    return {}


def _remove(sent: str, place: str) -> None:
    # no place any more from the first moment on
    away = f"{sent}/.removed-{place}"
    os.rename(f"{sent}/{place}", away)
    _discard(away)


def overview(state: str) -> Answer:
    """The host's clock, its one files and whether each is what its name says, its places and its runs."""
    clock, there = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()), own_directory(state, made=False)
    agent, sent = (there and own_directory(f"{state}/{name}", made=False) for name in ("agent", "sent"))
    files = {name: sum_of(f"{state}/agent/{name}") in name for name in names_in(f"{state}/agent", FILE) if agent}
    return {
        "clock": clock,
        "files": files,
        "places": places(state) if sent else [],
        "runs": runs(state) if there else [],
    }


def places(state: str) -> List[Answer]:
    """Each place: its name, the file that it runs, and how it stands."""
    found = []
    for place in names_in(f"{state}/sent", PLACE):
        there = f"{state}/sent/{place}"
        with contextlib.suppress(FileNotFoundError):
            about = json.loads(content(f"{there}/about"))
            found.append({"place": place, "file": str(about["file"]), "how": how_is(there)})
    return found


def runs(state: str) -> List[Answer]:
    """Each run: its name, the one file that began it, whether it is at an end, and of which whole it is a part.

    What of it is to be believed, that file says when it goes on with the run or takes it back.
    """
    found = []
    for name in names_in(f"{state}/runs", RUN):
        run: Answer = {"run": name, "executor": None, "ended": False, "parts": None}
        try:
            lines = content(f"{state}/runs/{name}/journal.jsonl", LIMIT).splitlines()
        except (OSError, Refused) as error:
            lines, run["executor"] = [], None if isinstance(error, FileNotFoundError) else UNKNOWN
        for record in map(_record, lines):
            event = record.get("event")
            if event == "start":
                run.update(executor=record.get("executor"), parts=record.get("parts"))
            if event not in (None, "followed"):
                run["ended"] = event in ("complete", "proved")
        found.append(run)
    return found


def _record(line: bytes) -> Answer:
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        return dict(json.loads(line))
    return {}


def plan(state: str, name: str) -> Answer:
    """The plan of a run, or of one that is about to begin, as it stands there."""
    own_directory(state, made=False)
    with contextlib.suppress(FileNotFoundError):
        return {"plan": content(f"{state}/runs/{named(RUN, name)}/plan.json", LIMIT).decode("utf-8")}
    with contextlib.suppress(FileNotFoundError):
        return {"plan": json.dumps(_record(content(f"{state}/sent/{name}/request", LIMIT)).get("plan"))}
    raise Refused(f"there is no run {name} in {state}")


VERBS = {verb.__name__: verb for verb in (receive, start, tell, forget, overview, plan, question)}


def main(words: Sequence[str]) -> int:
    """Answers to STATE VERB WORD..."""
    state, verb, *more = words
    try:
        sys.stdout.write(json.dumps(VERBS[verb](state, *more)) + "\n")
    except (Refused, OSError) as error:
        place: Optional[str] = getattr(error, "filename", None)
        why = getattr(error, "strerror", None) or error
        sys.stderr.write(f"{place}: {why}\n" if place else f"{why}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
