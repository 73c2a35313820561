"""A host over ssh: what is sent, what comes back, and that nothing is left of the connection."""

import io
import os
import pwd
import re
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest
from callers import CALLERS, PLACE, seen
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import Loopback
from programs import program
from shells import SHELLS, gone, shell_named

from nimdoctor.collection import collect
from nimdoctor.evidence import TargetError, connection, open_target
from nimdoctor.evidence.catalog import ROWS, Kind, Row
from nimdoctor.evidence.connection import _answer, destination, remote_line
from nimdoctor.evidence.live import LiveHost
from nimdoctor.evidence.shell import BLOCK, KEY_ENDS, part
from nimdoctor.evidence.ssh import SshHost
from nimdoctor.lab import Lab
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import scan
from nimdoctor.model.private_keys import REMOVED
from nimdoctor.model.text import Extent
from nimdoctor.system.command import PROGRAM_PATH, CommandResult

Hang = Callable[[str, str], None]
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"
BODY = KEY.splitlines()[1]

# -- what is sent


@pytest.mark.parametrize("target", ["ssh:lpar7", "ssh:root@lpar7.example.com", "ssh:10.1.2.3", "ssh:nim@corp@lpar7"])
def test_a_host_and_its_user_are_taken_as_typed(target: str) -> None:
    assert destination(target) == target[4:]


@pytest.mark.parametrize(
    "target",
    [
        *("ssh:", "ssh:-oProxyCommand=x", "ssh:a b", "ssh:a\nb", "ssh:@lpar7", "ssh:root@", "ssh:-l@lpar7"),
        *("ssh:root@-x", "ssh:$(id)", "ssh:`id`", "ssh:a;b", "ssh://lpar7", "ssh:a/b", "ssh:\x1b[2J", "ssh:a'b"),
        *("ssh:lpar7\n", "ssh:r t@a"),
    ],
)
def test_what_could_become_an_option_or_a_command_is_no_host(target: str) -> None:
    with pytest.raises(TargetError, match="names no host"):
        destination(target)


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.binary(min_size=0, max_size=30).filter(lambda raw: b"\0" not in raw), min_size=1, max_size=4))
def test_any_name_arrives_as_one_word(shell: str, names: List[bytes]) -> None:
    line = remote_line([], 'printf "%s\\0" "$@"', [os.fsdecode(name) for name in names])
    ended = subprocess.run([shell_named(shell), "-c", line], capture_output=True, check=True)
    assert ended.stdout == b"".join(name + b"\0" for name in names)


def ending(shell: str, parts: List[str], program: str, *words: str, stdin: bytes = b"") -> "Tuple[bytes, List[str]]":
    """What a part answers under a shell, with perl where this machine has it."""
    line = remote_line(["answer.sh", *parts], f"MARK=mark\nanswer\n{program}", words)
    argv = [shell_named(shell), *shlex.split(line)[1:]]
    ended = subprocess.run(argv, input=stdin, capture_output=True, check=True, timeout=30)
    answer = _answer(CommandResult(ended.returncode, ended.stdout, ended.stderr), b"mark")
    return answer.stdout, answer.ending or []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_there_sees_nothing_of_what_the_login_chose(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CALLERS, "PATH": os.environ["PATH"]}.items():
        monkeypatch.setenv(name, value)
    env = ending(shell, ["run.sh"], 'run_command 9 "/usr/bin /bin" env')[0].decode()
    found = seen(env)
    assert PLACE not in env and found["HOME"] == "/" and found["PATH"] == PROGRAM_PATH


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_tells_its_status_and_gets_its_words(shell: str) -> None:
    run = 'run_command "$@"'
    assert ending(shell, ["run.sh"], run, "9", "/usr/bin /bin", "echo", "a  b", "*") == (b"a  b *\n", ["status", "0"])
    assert ending(shell, ["run.sh"], run, "9", "/usr/bin /bin", "sh", "-c", "exit 255") == (b"", ["status", "255"])
    assert ending(shell, ["run.sh"], run, "9", "/usr/bin /bin", "no-such-program") == (b"", ["absent"])
    assert ending(shell, ["run.sh"], run, "9", "/usr/bin /bin", "cat", stdin=b"in\n") == (b"in\n", ["status", "0"])


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_is_ended_with_its_children_at_its_deadline(shell: str) -> None:
    long = f"47.{os.getpid()}"
    began = time.monotonic()
    found = ending(
        shell, ["run.sh"], 'run_command "$@"', "1", "/usr/bin /bin", "sh", "-c", f"sleep {long} & sleep {long}"
    )
    assert found == (b"", ["late"]) and time.monotonic() - began < 10
    assert gone(long)


def read(shell: str, path: Path, verb: str = "read_file") -> "Tuple[bytes, List[str]]":
    variables = f"KEY_ENDS={shlex.quote(KEY_ENDS)}\nREMOVED={shlex.quote(REMOVED.decode())}\nBLOCK={BLOCK} BLOCKS=8\n"
    return ending(shell, ["read.sh", "seen.sh", "keys.sh"], f'{variables}{verb} "$1"', str(path))


@pytest.mark.parametrize("shell", SHELLS)
def test_a_file_is_read_and_what_is_none_is_named(shell: str, tmp_path: Path) -> None:
    plain = tmp_path / "it's a $(file)"
    plain.write_text("one\ntwo")
    assert read(shell, plain) == (b"one\ntwo", ["file", "plain"])
    assert read(shell, tmp_path / "none") == (b"", ["absent"])
    assert read(shell, tmp_path / "none/none") == (b"", ["absent"])
    (tmp_path / "dangling").symlink_to("none")
    assert read(shell, tmp_path / "dangling")[1][:4] == ["why", "is", "a", "link"]
    (tmp_path / "link").symlink_to(plain)
    assert read(shell, tmp_path / "link") == (b"one\ntwo", ["file", "plain"])
    os.mkfifo(tmp_path / "fifo")
    assert read(shell, tmp_path / "fifo")[1][-3:] == ["a", "regular", "file"]
    (tmp_path / "loop").symlink_to("loop")
    assert read(shell, tmp_path / "loop")[1][0] == "why"


@pytest.mark.parametrize("shell", SHELLS)
def test_of_a_large_log_the_newest_blocks_come_with_where_they_begin(shell: str, tmp_path: Path) -> None:
    from nimdoctor.collection.newest import newest
    from nimdoctor.evidence.ssh import _newest_part

    log = tmp_path / "nimsh.log"
    log.write_bytes(b"".join(b"%07d\n" % number for number in range(9 * BLOCK // 8 + 100)))
    raw, words = read(shell, log, "read_newest")
    assert words[0] == "part"
    text = _newest_part("/nimsh.log", raw, int(words[1]), int(words[2]) * BLOCK)
    with log.open("rb") as stream:
        wanted = newest(stream)
    with text.open() as stream:
        assert stream.read() == wanted.content
    assert (text.first_line, text.left_out, text.extent) == (wanted.first_line, wanted.bytes_left_out, Extent.TAIL)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_directory_is_listed_without_its_directories(shell: str, tmp_path: Path) -> None:
    (tmp_path / "certs").mkdir()
    for name in ("b.pem", ".hidden", "a b"):
        (tmp_path / "certs" / name).touch()
    (tmp_path / "certs/deep").mkdir()
    (tmp_path / "certs/deep/x.pem").touch()
    raw, words = ending(shell, ["read.sh", "seen.sh"], 'list_files "$@"', str(tmp_path / "certs"), "")
    assert sorted(raw.decode().splitlines()) == [".hidden", "a b", "b.pem"] and words == ["listed"]
    assert (
        ending(shell, ["read.sh", "seen.sh"], 'list_files "$@"', str(tmp_path / "certs"), "/x.pem")[0]
        == b"deep/x.pem\n"
    )
    assert ending(shell, ["read.sh", "seen.sh"], 'list_files "$@"', str(tmp_path / "none"), "") == (b"", ["absent"])


@pytest.mark.parametrize("shell", SHELLS)
def test_states_are_those_that_python_sees(shell: str, tmp_path: Path) -> None:
    from nimdoctor.evidence.ssh import _state

    (tmp_path / "ssl/keys").mkdir(parents=True)
    (tmp_path / "ssl/keys/a key.pem").write_text("x")
    (tmp_path / "ssl/keys/a key.pem").chmod(0o600)
    (tmp_path / "libssl.so.1").symlink_to("ssl")
    patterns = [f"{tmp_path}/ssl/**", f"{tmp_path}/libssl.so*", f"{tmp_path}/none"]
    raw, words = ending(shell, ["paths.sh", "states.sh", "seen.sh"], 'ROOT=""\nlist_paths "$@"', *patterns)
    assert words == ["paths"]
    rows = [Row(pattern, Kind.PATHS, ()) for pattern in patterns]
    assert dict(map(_state, raw.splitlines())) == LiveHost().paths(rows).states


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("shell", SHELLS)
def test_what_a_user_may_not_see_is_hidden_and_never_absent(shell: str) -> None:
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        place.chmod(0o755)
        for name in ("shut/certs", "open"):
            (place / name).mkdir(parents=True)
        (place / "shut/certs/a.pem").touch()
        (place / "shut").chmod(0o700)
        program = """absent "$1/shut/certs/a.pem" && echo absent
        hidden "$1/shut" && echo "$HIDDEN"
        hidden "$1/shut/certs" && echo "$HIDDEN"
        hidden "$1/open" || echo seen
        absent "$1/open/none" && echo gone
        ROOT="" && echo "$1/shut/certs/a.pem" | path_states
        answered done"""
        line = remote_line(["answer.sh", "seen.sh", "states.sh"], f"MARK=mark\nanswer\n{program}", [str(place)])
        argv = [shell_named(shell), *shlex.split(line)[1:]]
        ended = subprocess.run(argv, capture_output=True, check=True, timeout=30, user=65534, cwd="/")
        why = "cannot be listed: Permission denied: run as root"
        answer = _answer(CommandResult(ended.returncode, ended.stdout, ended.stderr), b"mark")
        assert answer.stdout.decode().splitlines() == [why, why, "seen", "gone"]
    finally:
        shutil.rmtree(place)


def test_the_parts_are_plain_shell() -> None:
    whole = "#!/bin/ksh\n# shellcheck disable=SC2015,SC2016,SC2034,SC2154,SC2317,SC2329,SC3045\n" + "\n".join(
        map(part, ("answer.sh", "run.sh", "read.sh", "paths.sh", "seen.sh"))
    )
    ended = subprocess.run(
        [program("shellcheck"), "-s", "sh", "-"], input=whole, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout
    lacking = r"\[\[|\+=|=~|\$'|<<<|\b(local|typeset|declare|mktemp|readlink|timeout|stat|seq|head|setsid)\s"
    assert not re.search(lacking, whole.replace("lstat", ""))


def test_an_answer_without_its_end_is_none() -> None:
    def answer(out: bytes, err: bytes, status: int = 0) -> "Tuple[bytes, Any]":
        found = _answer(CommandResult(status, out, err), b"mark")
        return found.stdout, found.ending

    assert answer(b"Welcome\nmark\nout", b"motd\nmark\nerr\nmark status 3\n") == (b"out", ["status", "3"])
    assert answer(b"mark\nhalf", b"mark\nclient_loop: send disconnect: Broken pipe\n", 255) == (b"half", None)
    assert answer(b"", b"Permission denied (publickey).\n", 255) == (b"", None)


# -- against a real sshd


TIMES = re.compile(r"\d\d:\d\d(:\d\d)?Z?|\d+-\d\d|\d+ s of asking")


def findings(target: Any, master: Any) -> Dict[Tuple[str, str], List[str]]:
    found: Dict[Tuple[str, str], List[str]] = {}
    for result in scan(target, master, registry=Registry()).results:
        if result.check != "handshake-fails":
            found.setdefault((result.check, result.where.value), []).append(TIMES.sub("TIME", repr(result)))
    return found


def test_a_scan_says_what_it_says_on_the_host_itself(over: Loopback, lab: Lab) -> None:
    client, master = open_target("ssh:lpar7"), open_target("ssh:nim1")
    try:
        assert findings(client, master) == findings(LiveHost(lab.client), LiveHost(lab.master))
        assert client.remarks == [] and "keys stay on the host" in master.problems["rehearsal of the handshake"]
    finally:
        client.close()
        master.close()


def test_a_collection_is_the_one_that_is_made_on_the_host(over: Loopback, lab: Lab, tmp_path: Path) -> None:
    made = []
    for number, evidence in enumerate((SshHost("ssh:nim1"), LiveHost(lab.master))):
        place = tmp_path / str(number)
        place.mkdir(mode=0o700)
        tree = collect(evidence, Registry().catalog, str(place))  # type: ignore[arg-type]
        evidence.close()
        names = [name for name in tree.names() if name != "manifest.json" and not re.search("/(date|ps_)", name)]
        made.append({name: tree.open(name).read() for name in names})
    assert made[0] == made[1]
    assert not any(b"PRIVATE KEY-----\n" in raw and REMOVED not in raw for raw in made[0].values())


def test_no_key_crosses_the_wire(over: Loopback, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from nimdoctor.evidence import connection

    certificates = Path(lab.master) / "ssl_nimsh/certs"
    (certificates / "both.pem").write_text(KEY)
    (certificates / "link.pem").symlink_to("../keys/serverkey.pem")
    came = io.BytesIO()
    real = connection.run

    def watched(*words: Any, **more: Any) -> CommandResult:
        result = real(*words, **more)
        came.write(result.stdout + result.stderr)
        return result

    monkeypatch.setattr(connection, "run", watched)
    host = SshHost("ssh:nim1")
    try:
        for row in ROWS:
            if row.kind is Kind.FILE:
                host.texts(row, {})
    finally:
        host.close()
        (certificates / "both.pem").unlink()
        (certificates / "link.pem").unlink()
    key = (Path(lab.master) / "ssl_nimsh/keys/serverkey.pem").read_text().splitlines()[1]
    assert REMOVED in came.getvalue() and b"CERTIFICATE" in came.getvalue()
    assert BODY.encode() not in came.getvalue() and key.encode() not in came.getvalue()


def row_of(name: str) -> Row:
    return next(row for row in ROWS if row.name == name)


def test_a_command_that_hangs_is_ended_there_too(over: Loopback, lab: Lab, hang: Hang) -> None:
    hang(lab.client, "emgr")
    host = SshHost("ssh:lpar7", timeout=1)
    try:
        began = time.monotonic()
        assert host.texts(row_of("emgr -lv3"), {}) == []
        assert time.monotonic() - began < 10
        assert host.problems["emgr -lv3"] == "hung and was ended after 1 s"
        assert over.ended("/usr/sbin/emgr")
        assert host.texts(row_of("oslevel -s"), {})
    finally:
        host.close()


def test_where_the_host_cannot_end_it_the_report_says_so(over: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    from nimdoctor.evidence import connection

    host = SshHost("ssh:lpar7", timeout=1)
    real = connection.run
    monkeypatch.setattr(connection, "run", lambda *words, **more: CommandResult(timed_out=True))
    host.texts(row_of("emgr -lv3"), {})
    monkeypatch.setattr(connection, "run", real)
    host.close()
    assert host.problems["emgr -lv3"] == "hung and was ended after 1 s; on lpar7 it may still run"


def test_a_connection_lost_in_the_middle_is_told_and_ends_the_asking(over: Loopback, lab: Lab, hang: Hang) -> None:
    hang(lab.client, "emgr")
    host = SshHost("ssh:lpar7", timeout=5)
    try:

        def drop() -> None:
            until = time.monotonic() + 5
            while not over.running("/usr/sbin/emgr") and time.monotonic() < until:
                time.sleep(0.02)
            over.drop_connections()

        dropping = threading.Thread(target=drop)
        dropping.start()
        assert host.texts(row_of("emgr -lv3"), {}) == []
        dropping.join()
        assert host.problems["emgr -lv3"].startswith("the connection to lpar7 was lost")
        assert "may still run" in host.problems["emgr -lv3"]
        assert host.texts(row_of("oslevel -s"), {}) == [] and "was lost" in host.problems["oslevel -s"]
        assert host.texts(row_of("/etc/niminfo"), {}) == [] and "was lost" in host.problems["/etc/niminfo"]
        assert host.paths([row_of("/ssl_nimsh/**")]).complete == ()
        assert host.file_absent("/etc/niminfo") is None
        assert len(host.remarks) == 1 and "was lost at emgr" in host.remarks[0]
        # what ran there was watched there, and goes at its deadline
        assert over.ended("/usr/sbin/emgr", 8)
    finally:
        host.close()


def refusal(target: str) -> str:
    with pytest.raises(TargetError) as caught:
        open_target(target, timeout=5)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(target)
    return str(caught.value)


def test_why_a_host_cannot_be_reached_is_one_line_with_what_to_do(
    over: Loopback, sshd: Loopback, tmp_path: Path
) -> None:
    sshd.add("stranger", "", "", command="true", known_hosts="none_known")
    assert "Host key verification failed" in refusal("ssh:stranger") and "accept its key" in refusal("ssh:stranger")
    sshd.add("locked", "", "", command="true")
    shutil.copy(f"{sshd.place}/host_key", f"{sshd.place}/key-locked")
    assert "Permission denied" in refusal("ssh:locked") and "asks for no password" in refusal("ssh:locked")
    sshd.add("restricted", "", "", command="echo no shell here")
    assert "did not run a line of POSIX shell" in refusal("ssh:restricted")
    assert "Could not resolve hostname" in refusal("ssh:no-such-host.invalid")


def ssh_at(path: Path, ending: str = "") -> Path:
    """A program that notes what it was started as, and with which environment."""
    path.write_text(f"#!/bin/sh\nenv > {path}.env\necho {ending} >&2\nexit 255\n")
    path.chmod(0o755)
    return path


def test_ssh_is_looked_for_in_its_places_and_never_in_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert connection.PLACES == ("/usr/bin/ssh", "/opt/freeware/bin/ssh", "/usr/local/bin/ssh")
    (tmp_path / "bin").mkdir()
    planted, real = ssh_at(tmp_path / "bin" / "ssh"), ssh_at(tmp_path / "real", "the real one")
    monkeypatch.setenv("PATH", f"{planted.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(connection, "PLACES", (str(tmp_path), str(tmp_path / "none"), str(real)))
    assert "cannot connect: the real one" in refusal("ssh:lpar7")
    assert not os.path.exists(f"{planted}.env")
    monkeypatch.setattr(connection, "PLACES", (f"{tmp_path}/a", f"{tmp_path}/b"))
    ending = refusal("ssh:lpar7")
    assert (
        f"neither {tmp_path}/a nor {tmp_path}/b" in ending and "install OpenSSH" in ending and "NIMDOCTOR_SSH" in ending
    )
    assert not os.path.exists(f"{planted}.env")


def test_another_ssh_is_named_by_its_absolute_path_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = ssh_at(tmp_path / "ssh", "my own")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NIMDOCTOR_SSH", str(own))
    assert "cannot connect: my own" in refusal("ssh:lpar7")
    for named in ("ssh", "./ssh", "~/ssh"):
        monkeypatch.setenv("NIMDOCTOR_SSH", named)
        assert f"NIMDOCTOR_SSH is {named}, which is no absolute path" in refusal("ssh:lpar7")
    for place in (f"{tmp_path}/none", str(tmp_path)):
        monkeypatch.setenv("NIMDOCTOR_SSH", place)
        assert f"NIMDOCTOR_SSH is {place}, where no program is" in refusal("ssh:lpar7")
    monkeypatch.setenv("NIMDOCTOR_SSH", "")
    monkeypatch.setattr(connection, "PLACES", (str(own),))
    assert "cannot connect: my own" in refusal("ssh:lpar7")


def test_ssh_has_the_agent_and_the_home_of_the_user_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = ssh_at(tmp_path / "ssh")
    for name, value in (
        ("NIMDOCTOR_SSH", str(own)),
        ("SSH_AUTH_SOCK", "/agent"),
        ("ODMDIR", "/odm"),
        ("HOME", "/else"),
    ):
        monkeypatch.setenv(name, value)
    refusal("ssh:lpar7")
    given = Path(f"{own}.env").read_text().splitlines()
    assert "SSH_AUTH_SOCK=/agent" in given and f"HOME={pwd.getpwuid(os.geteuid()).pw_dir}" in given
    assert not [line for line in given if line.startswith("ODMDIR")]


def test_a_login_that_talks_is_not_taken_for_an_answer(over: Loopback, sshd: Loopback, tmp_path: Path) -> None:
    script = tmp_path / "talk"
    script.write_text('#!/bin/sh\necho Welcome\necho Beware >&2\neval "$SSH_ORIGINAL_COMMAND"\n')
    script.chmod(0o755)
    sshd.add("chatty", "", "", command=str(script))
    host = SshHost("ssh:chatty")
    try:
        result, _ = host.execute(["echo", "out"], 5)
        assert result is not None and (result.stdout, result.stderr) == (b"out\n", b"")
        assert host.remarks[0].startswith("that host runs Linux, not AIX")
    finally:
        host.close()


def test_a_host_that_nobody_closes_is_hung_up_on_all_the_same(over: Loopback) -> None:
    host = SshHost("ssh:lpar7")
    assert os.stat(host.connection._place).st_mode & 0o777 == 0o700 and os.path.exists(f"{host.connection._place}/c")
    del host
