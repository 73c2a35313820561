# Copyright (c) the nimdoctor authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)
"""nimdoctor as one file on the node: placed, checked, asked, and its answers understood."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from typing import IO, Any, Dict, Iterator, List, Mapping, NamedTuple, NoReturn, Optional

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nimdoctor.aix.plugins.module_utils import at_host

# run_command of Ansible reads only when all is over
# pylint: disable=ansible-bad-function

STATE_DIRECTORY = "/var/adm/nimdoctor"
OLDEST = (3, 9)
ARGUMENTS: Dict[str, Dict[str, Any]] = {
    "target": {"type": "str", "default": ""},
    "state_dir": {"type": "path"},
    "timeout": {"type": "float", "default": 30.0},
    # of the action plugin: the name of the one file, where it was sent to, and what a person would type for another module
    "_one_file": {"type": "str"},
    "_source": {"type": "path"},
    "_place": {"type": "bool", "default": False},
    "_typed": {"type": "str", "default": ""},
}
WITH_MASTER: Dict[str, Dict[str, Any]] = {
    "master": {"type": "str", "default": ""},
    "master_src": {"type": "path"},
    "_master_file": {"type": "path"},
}
EXCLUSIVE = [("master", "master_src")]
ALONE = "nimdoctor was not sent here: this module runs only by the action plugin of its name in the collection nimdoctor.aix"
PROGRESS, FAILURE = "nimdoctor.progress/1", "nimdoctor.failure/1"
SCHEMA = "nimdoctor."
CHANGING = ("apply", "resume", "rollback")
"""Requests by which the host is changed."""
ANSWER_LIMIT = 64 << 20
"""Bytes of an answer; what comes after them is thrown away."""
COMPLAINT_LIMIT = 1 << 20
SPARE = 120.0
"""Seconds for an answer beside what the commands of the host may take."""
UNPACKING = 300.0
SOME = ("unknown", "error")
SEVERE = ("critical", "high", "medium")


class Answer(NamedTuple):
    """An answer of the one file: its exit status, the document, and what it said on the way, in lines."""

    status: int
    document: Dict[str, Any]
    said: List[str]


def new_module(arguments: Mapping[str, Any], **more: Any) -> AnsibleModule:
    """The module with these arguments and those of all."""
    return AnsibleModule(argument_spec={**ARGUMENTS, **arguments}, supports_check_mode=True, **more)


class Engine:
    """The one file on the node. Whatever does not succeed ends the module, and says why."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        given = module.params
        if not given["_one_file"]:
            module.fail_json(msg=ALONE)
        self.name: str = given["_one_file"]
        self.target: str = given["target"]
        self.timeout: float = given["timeout"]
        self.state_dir: Optional[str] = given["state_dir"]
        root = os.path.realpath(self.target[5:]) if self.target.startswith("root:") else ""
        self.state = os.path.realpath(self.state_dir or root + STATE_DIRECTORY)
        self.said: List[str] = []
        self._place()

    @property
    def master(self) -> str:
        """Evidence of the master as a path on the node."""
        return self.module.params["_master_file"] or self.module.params["master"]

    # -- the file

    def _place(self) -> None:
        """Ends the module where the file is not there, or where it was only to be placed."""
        given = self.module.params
        if sys.version_info < OLDEST:
            self.module.fail_json(
                msg="Python 3.9 or newer is needed, and this is {}.{}".format(*sys.version_info), _old_python=True
            )
        if os.geteuid() != 0 and not self.target and self.state_dir is None:
            self.module.fail_json(msg=f"nimdoctor works as root, and this is user {os.geteuid()}: use become")
        path = f"{self.state}/agent/{self.name}"
        try:
            if given["_source"]:
                with open(given["_source"], "rb") as stream:
                    at_host.receive(self.state, self.name, _chunks(stream))
                at_host.clear(self.state, self.name)
            elif not os.path.lexists(path):
                self.module.exit_json(changed=False, _absent=True)
            at_host.whole(self.state, self.name)
        except (at_host.Refused, OSError) as error:
            self.module.fail_json(msg=f"nimdoctor was not started, and nothing was changed: {_words(error)}")
        if not os.path.lexists(path[: -len(".pyz")] + ".d"):
            self._unpack(path)
        if given["_place"]:
            self.module.exit_json(changed=False)

    def _unpack(self, path: str) -> None:
        """What cannot be unpacked runs as it is."""
        argv = [sys.executable, "-I", path, "unpack"]
        try:
            subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=UNPACKING, check=False)
        except (OSError, subprocess.SubprocessError) as error:
            self.module.debug(f"{path} was not unpacked: {error}")

    def file_of(self, run: str) -> str:
        """The name of the file that began a run, which goes on with it and takes it back."""
        try:
            runs = at_host.runs(self.state)
        except (at_host.Refused, OSError) as error:
            self.module.fail_json(msg=_words(error))
        begun = [one for one in runs if run in (one["run"], "last")]
        if not begun:
            self.module.fail_json(msg=f"there is no run {run} in {self.state}")
        executor = begun[-1]["executor"]
        if executor is None:
            self.module.fail_json(
                msg=f"run {begun[-1]['run']} was begun by a nimdoctor that is installed there: log in and use that"
            )
        return str(executor)

    # -- requests

    def ask(self, request: str, wait: Optional[float] = None, file: str = "", **given: Any) -> Answer:
        """The answer to a request; what is not done in `wait` seconds is ended, unless it changes the host.

        Ends the module where no answer came, or one that says nothing could be done.
        """
        document = {"request": request, "target": self.target, **given}
        if request != "runs":
            document["timeout"] = self.timeout
        if request not in ("scan", "collect", "push"):
            document["state_dir"] = self.state_dir
        changing = request in CHANGING
        try:
            path = at_host.whole(self.state, file or self.name)
        except (at_host.Refused, OSError) as error:
            self.fail(_words(error))
        limit = 10 * self.timeout + SPARE if wait is None else wait
        status, output, errors = self._run([sys.executable, "-I", path], json.dumps(document), limit, changing)
        answer, said = understood(output)
        self.said += said
        if answer is None:
            last = errors.strip().rpartition("\n")[2]
            self.fail(f"nimdoctor gave no answer that can be read: {ended(status)}{': ' if last else ''}{last}")
        if answer["schema"] == FAILURE:
            self.fail(str(answer.get("message")))
        return Answer(status, answer, said)

    def _run(self, argv: List[str], request: str, limit: float, changing: bool) -> tuple[int, bytes, str]:
        # a session of its own: what changes a host goes on to its own end, whoever looks
        pipe = subprocess.PIPE
        process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, cwd="/", start_new_session=True)
        output, errors = _Reader(process.stdout, ANSWER_LIMIT), _Reader(process.stderr, COMPLAINT_LIMIT)
        try:
            process.stdin.write(request.encode("ascii"))
            process.stdin.close()
        except OSError:
            pass  # it ended before it read all: how, it says itself
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            if changing:
                self.fail(f"it has run longer than {limit:.0f} s and goes on there to its own end; its runs tell")
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.fail(f"nimdoctor did not answer within {limit:.0f} s and was ended; nothing was changed")
        return status, output.content(), errors.content().decode("utf-8", "replace")

    def fail(self, msg: str, **more: Any) -> NoReturn:
        """Ends the module, which has not done what it was asked."""
        self._done()
        self.module.fail_json(msg=msg, **{"changed": False, **more})

    def exit(self, msg: str, **more: Any) -> NoReturn:
        """Ends the module, which has done what it was asked."""
        self._done()
        self.module.exit_json(msg=msg, **more)

    def _done(self) -> None:
        for line in self.said:
            if "is not used, since" in line:
                self.module.warn(line)
        sent = self.module.params.get("_master_file")
        if sent:
            try:
                os.unlink(sent)
            except OSError:
                pass  # the directory it lies in goes, too


class _Reader:
    """Reads a pipe to its end, and keeps so many bytes of it."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream, self._left, self._kept = stream, limit, bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for chunk in _chunks(self._stream):
            self._kept += chunk[: self._left]
            self._left -= min(self._left, len(chunk))

    def content(self) -> bytes:
        """What came; a process that was left behind may hold the pipe open."""
        self._thread.join(5.0)
        return bytes(self._kept)


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.read1(1 << 16) if hasattr(stream, "read1") else stream.read(1 << 16), b"")


def understood(output: bytes) -> tuple[Optional[Dict[str, Any]], List[str]]:
    """The document among the lines of an answer, which is its last, and what was said before; anything else is noise."""
    document: Optional[Dict[str, Any]] = None
    said: List[str] = []
    for line in output.splitlines():
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        schema = found.get("schema") if isinstance(found, dict) else None
        if schema == PROGRESS:
            said.append(str(found.get("says")))
        elif isinstance(schema, str) and schema.startswith(SCHEMA):
            document = found
    return document, said


def ended(status: int) -> str:
    """How a process ended, in words."""
    if status < 0:
        return f"it was killed by signal {-status}"
    return f"it ended with status {status}"


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
