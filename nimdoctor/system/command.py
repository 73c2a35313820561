"""Running one command of the host under a deadline, and ending all of it when the deadline passes.

NIM has no timeouts of its own: a push that hangs does so for ever (isg3T1024615), and so may any
command that asks it. Nothing here goes through a shell.
"""

import os
import pwd
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from typing import IO, Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Union

from nimdoctor.model.unreadable import refused

OUTPUT_LIMIT = 16 * 1024 * 1024
"""Bytes of one stream that are kept; a command that prints more is ended."""

PROGRAM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

_MARK = "NIMDOCTOR_COMMAND"
_TICK = 0.05
_GRACE = 1.0
_REAP = 2.0


class CommandResult(NamedTuple):
    """How a command ended.

    `status` is its exit status, negative for the signal that ended it, None when it was ended by
    us or never ran. `error` says why it could not be started. Output of a command that was ended
    at its deadline is not kept; of one that `flooded`, the first `limit` bytes of each stream are.
    """

    status: Optional[int] = None
    stdout: bytes = b""
    stderr: bytes = b""
    timed_out: bool = False
    flooded: bool = False
    error: Optional[str] = None


def command_environment(root: Optional[str] = None) -> Dict[str, str]:
    """The environment of every command: no more than it needs, and messages in English; nothing of the caller's passes.

    HOME is root's on AIX. Without ODMDIR the ODM is the one in /etc/objrepos.
    """
    environment = {"PATH": PROGRAM_PATH, "HOME": "/", "LANG": "C", "LC_ALL": "C"}
    if root is not None:
        environment["NIMDOCTOR_ROOT"] = root
    return environment


def ssh_environment() -> Dict[str, str]:
    """The environment of `ssh` alone: the caller's, since the user's own agent, config and proxies rest on it.

    HOME is that of the user database, as ssh itself has it.
    """
    environment = {"PATH": PROGRAM_PATH, **os.environ}
    environment.pop("ODMDIR", None)
    try:
        environment["HOME"] = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        pass  # a user without a name; ssh itself says so
    return environment


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    env: Optional[Mapping[str, str]] = None,
    cwd: str = "/",
    limit: int = OUTPUT_LIMIT,
    stdin: bytes = b"",
    stdin_file: Optional[IO[bytes]] = None,
    stdout_file: Optional[IO[bytes]] = None,
) -> CommandResult:
    """Runs `argv` with standard input closed, at most `timeout` seconds, and leaves no child behind.

    `stdin` is what the command reads instead; never anything secret, since it passes through a file without a name.
    `stdin_file` is an open file that it reads as such; standard output goes to `stdout_file` where one is
    given, up to `limit`, and is then not in the result. Raises OSError when that file cannot be written.

    `argv[0]` is best a path. A program that cannot be started is a result with `error`. On
    KeyboardInterrupt the command is ended first. A command that exits leaving a background child
    is done when it exits; the child is left alone, as a daemon would be.
    """
    environment = dict(command_environment() if env is None else env)
    # found again by this mark when a descendant has left the process group and lost its parent
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    environment.update({"LANG": "C", "LC_ALL": "C", _MARK: mark})
    deadline = time.monotonic() + timeout
    given = _given(stdin) if stdin else None
    with _PostponedSignals() as signals:
        try:
            process = subprocess.Popen(
                list(argv),
                bufsize=0,
                stdin=given or stdin_file or subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env=environment,
                start_new_session=True,
                # Python's own descriptors are close-on-exec; without /proc/self/fd (AIX) True would
                # close one number after the other up to the limit, which root often has unlimited
                close_fds=False,
            )
        except OSError as error:
            return CommandResult(error=refused(error))
        except (ValueError, IndexError) as error:
            return CommandResult(error=str(error) or "no program named")
        finally:
            if given:
                given.close()
        try:
            signals.answer()
            result = _attend(process, deadline, limit, _Filed(stdout_file) if stdout_file else bytearray())
            if result.timed_out or result.flooded:
                _end(process, mark)
            return result
        except BaseException:
            _end(process, mark)
            raise
        finally:
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()


class _PostponedSignals:
    """From when it is entered, signals that somebody answers wait until they are answered, at the latest when it is left.

    One that raised inside Popen would leave a child that nobody knows.
    """

    def __init__(self) -> None:
        self._handlers: Dict[int, Callable[[int, Any], Any]] = {}
        self._came: List[int] = []

    def __enter__(self) -> "_PostponedSignals":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, lambda came, frame: self._came.append(came))
        return self

    def answer(self) -> None:
        """Answers what came, and from now on at once what comes. Raises whatever that raises."""
        handlers, self._handlers = self._handlers, {}
        for number, handler in handlers.items():
            signal.signal(number, handler)
        came, self._came = self._came, []
        for number in came:
            handlers[number](number, None)

    def __exit__(self, *raised: object) -> None:
        self.answer()


def _given(content: bytes) -> IO[bytes]:
    """A file to be read from its beginning: a pipe could fill up under a command that does not read."""
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the caller
    stream.write(content)
    stream.seek(0)
    return stream


class _Filed:
    """Standard output that goes to a file: counted as if it were kept, and nothing of it is."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._length = stream, 0

    def __len__(self) -> int:
        return self._length

    def __bytes__(self) -> bytes:
        return b""

    def __getitem__(self, part: slice) -> bytes:
        return b""

    def extend(self, chunk: bytes) -> None:
        """Raises OSError."""
        self._stream.write(chunk)
        self._length += len(chunk)


def _attend(
    process: "subprocess.Popen[bytes]", deadline: float, limit: int, out: Union[bytearray, _Filed]
) -> CommandResult:
    assert process.stdout and process.stderr
    err = bytearray()
    exited: Optional[float] = None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, out)
        selector.register(process.stderr, selectors.EVENT_READ, err)
        while selector.get_map():
            now = time.monotonic()
            if exited is None and now >= deadline:
                return CommandResult(timed_out=True)
            if exited is not None and now >= exited + _GRACE:
                break
            ready = selector.select(max(0.0, min(_TICK, deadline - now)))
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fileobj)
                    continue
                key.data.extend(chunk)
                if len(key.data) > limit:
                    return CommandResult(None, bytes(out[:limit]), bytes(err[:limit]), flooded=True)
            if exited is not None and not ready:
                break  # a child that outlives the command holds the pipe: there is no end to wait for
            if exited is None and process.poll() is not None:
                exited = time.monotonic()
    try:
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return CommandResult(timed_out=True)
    return CommandResult(status, bytes(out), bytes(err))


def _end(process: "subprocess.Popen[bytes]", mark: str) -> None:
    """Ends the command's group and whatever of it left the group; a second Ctrl-C waits until that is done."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        _end_all(process, mark)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _end_all(process: "subprocess.Popen[bytes]", mark: str) -> None:
    strays: List[Any] = []
    try:
        strays = _strays(process.pid, mark)  # before the kill: orphans no longer show their parent
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    for _ in range(3):
        for stray in strays:
            try:
                stray.kill()
            except Exception:  # gone, or psutil cannot tell: nothing more can be done about it
                continue
        if not strays:
            break
        strays = _strays(process.pid, mark)  # what they started meanwhile
    try:
        process.wait(_REAP)
    except subprocess.TimeoutExpired:
        pass  # stuck inside the kernel; subprocess reaps it when it comes out


def _strays(pid: int, mark: str) -> List[Any]:
    """Processes of this command that are alive: by parent or by mark with psutil, else by parent from `ps`."""
    try:
        import psutil
    except Exception:
        return [_Stray(child) for child in _descendants(pid)]
    found: Dict[int, Any] = {}
    try:
        found.update((child.pid, child) for child in psutil.Process(pid).children(recursive=True))
    except Exception:
        pass
    try:
        for process in psutil.process_iter():
            try:
                if process.environ().get(_MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                    found[process.pid] = process
            except Exception:
                continue
    except Exception:
        pass
    for own in (pid, os.getpid()):
        found.pop(own, None)
    return list(found.values())


class _Stray:
    """A process known by its number only."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def kill(self) -> None:
        """Raises OSError when it is gone."""
        os.kill(self.pid, signal.SIGKILL)


def _descendants(pid: int) -> List[int]:
    """Children of a process and theirs, from `ps`; without the process itself. Empty when ps does not answer."""
    try:
        listing = subprocess.run(
            ["/usr/bin/ps", "-e", "-o", "pid,ppid"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=command_environment(),
            timeout=_REAP,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    children: Dict[int, List[int]] = {}
    for line in listing.splitlines():
        words = line.split()
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit():
            children.setdefault(int(words[1]), []).append(int(words[0]))
    found: List[int] = []
    waiting = [pid]
    while waiting:
        for child in children.pop(waiting.pop(), []):
            found.append(child)
            waiting.append(child)
    return found
