"""Whatever cannot be read is unknown, with why and who may read it: losing the right to read never makes a fault."""

import contextlib
import errno
import io
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, Mapping, Sequence, Set, Tuple

import pytest
from effort import examples, one_in
from hosts import MemoryTree, evidence, listening, niminfo, result_of, results_of, scan_hosts, subsystems
from hypothesis import given, settings
from hypothesis import strategies as st
from scenarios import ENDS, names, scenario

from nimdoctor.collection.collect import collect
from nimdoctor.evidence import open_target
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.live import LiveHost
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.lab import Lab
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import Report, scan
from nimdoctor.model import Outcome
from nimdoctor.model.unreadable import denial

Key = Tuple[str, str]
NUMBERS = (errno.EACCES, errno.EPERM, errno.EIO)
PROGRAMS = ("/usr/bin", "/usr/sbin")
NOBODY = 65534
WRONG = (Outcome.FAIL, Outcome.ERROR)


@contextlib.contextmanager
def refusing(place: str, number: int) -> Iterator[None]:
    """The file or directory of that name, and all below it, as the system has it for one who may not read it."""
    directory = os.path.isdir(place)
    real = {name: getattr(os, name) for name in ("open", "listdir", "scandir", "lstat", "stat", "access", "readlink")}

    def hit(path: Any, call: str) -> bool:
        path = "" if isinstance(path, int) else os.fsdecode(path)
        if path.startswith(f"{place}/"):
            return directory
        return path == place and call not in ("lstat", "stat", "readlink")

    def wrapped(call: str) -> Callable[..., Any]:
        def asked(path: Any = ".", *more: Any, **named: Any) -> Any:
            if not hit(path, call):
                return real[call](path, *more, **named)
            if call == "access":
                return False
            raise OSError(number, os.strerror(number), path)

        return asked

    for name in real:
        setattr(os, name, wrapped(name))
    try:
        yield
    finally:
        for name, function in real.items():
            setattr(os, name, function)


def outcomes(report: Report) -> Dict[Key, Any]:
    return {(found.check, found.where.value): found for found in report.results}


def worse(before: Report, after: Report) -> List[str]:
    """What fails now and did not, in words."""
    base = outcomes(before)
    return [
        f"{key}: {found.outcome.value}, {found.message}"
        for key, found in outcomes(after).items()
        if found.outcome in WRONG and (key not in base or base[key].outcome not in WRONG)
    ]


# -- a host that is asked now


class Live:
    """A healthy pair whose commands were run once: a scan of it reads files and directories anew."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.registry = Registry()
        self.roots = {"client": lab.client, "master": lab.master}
        self.ran: Dict[str, Dict[Any, Any]] = {"client": {}, "master": {}}
        self.healthy = self.scan()

    def scan(self, forgotten: str = "") -> Report:
        """The report; commands of a program that is `forgotten` are run again."""
        hosts = {end: LiveHost(root=root) for end, root in self.roots.items()}
        for end, host in hosts.items():
            host._ran.update({argv: ended for argv, ended in self.ran[end].items() if argv[0] != forgotten})
        report = scan(hosts["client"], hosts["master"], registry=self.registry)
        for end, host in hosts.items():
            self.ran[end] = self.ran[end] or host._ran
        return report

    def places(self, end: str) -> List[str]:
        """Every path of a tree, programs too."""
        root = self.roots[end]
        programs = [f"{where}/{name}" for where in PROGRAMS for name in sorted(os.listdir(root + where))]
        return [*sorted(self.lab.snapshot(end, log=True)), *PROGRAMS, "/var/adm/nimdoctor", *programs]


@pytest.fixture(scope="module")
def live(originals: Callable[..., Lab]) -> Live:
    return Live(originals("healthy"))


@pytest.mark.parametrize("end", ENDS)
def test_no_path_that_cannot_be_read_makes_a_healthy_host_fail(end: str, live: Live) -> None:
    assert live.healthy.exit_status == 0
    for position, path in enumerate(one_in(5, live.places(end))):
        number = NUMBERS[position % len(NUMBERS)]
        program = os.path.basename(path) if path.startswith(PROGRAMS) else ""
        with refusing(live.roots[end] + path, number):
            report = live.scan(program)
        assert worse(live.healthy, report) == [], (path, os.strerror(number))
        for key, found in outcomes(report).items():
            if found.outcome is Outcome.UNKNOWN and live.healthy.exit_status == 0:
                why = os.strerror(number) if number == errno.EIO and not program else "run as root"
                assert why in found.message, (path, key, found.message)
                assert "not collected" not in found.message and "does not exist" not in found.message, found.message


def test_a_check_of_the_client_names_the_master_whose_evidence_it_could_not_read(live: Live) -> None:
    with refusing(live.roots["master"] + "/ssl_nimsh/certs", errno.EACCES):
        found = outcomes(live.scan())["certificate-mismatch", "client"]
    assert found.message.startswith("on nim1: /ssl_nimsh/certs/*: cannot be listed: Permission denied: run as root")


def test_a_directory_that_cannot_be_listed_hides_nothing_of_its_neighbours(live: Live) -> None:
    with refusing(live.roots["master"] + "/ssl_nimsh/configs", errno.EACCES):
        report = outcomes(live.scan())
    assert report["key-exposed", "master"].outcome is Outcome.PASS
    assert report["ssl-tree-damaged", "master"].missing == ("/ssl_nimsh/configs",)


@pytest.fixture
def open_lab(originals: Callable[..., Lab]) -> Iterator[Lab]:
    """A healthy pair in a directory that everybody may go into."""
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    place = tempfile.mkdtemp(prefix="nimdoctor-open-", dir="/tmp")
    os.chmod(place, 0o755)
    try:
        yield originals("healthy").copy(f"{place}/lab")
    finally:
        shutil.rmtree(place)


def as_nobody(lab: Lab) -> List[Dict[str, Any]]:
    """Results of a scan of both ends by the user nobody, as dicts."""
    # the child has all imported that it needs: where Python lies he may have no right to read
    scan(LiveHost(root=lab.client), LiveHost(root=lab.master), registry=Registry())
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reader)
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            report = scan(LiveHost(root=lab.client), LiveHost(root=lab.master), registry=Registry())
            said = [
                {"check": one.check, "where": one.where.value, "outcome": one.outcome.value, "message": one.message}
                for one in report.results
            ]
            with os.fdopen(writer, "w") as stream:
                json.dump(said, stream)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        told: List[Dict[str, Any]] = json.load(stream)
    os.waitpid(child, 0)
    return told


@pytest.mark.parametrize(
    # the site's own list of what it lives with is closed on one end, and read on the other
    "closed",
    ["", "/ssl_nimsh", "/ssl_nimsh/keys", "/ssl_nimsh/certs", "/ssl_nimsh/certs/server.pem", "/etc", "/var/adm", "/usr/lib", "/usr/sbin/lsnim", "/usr"],
)  # fmt: skip
def test_a_healthy_pair_has_no_fault_for_nobody(closed: str, open_lab: Lab) -> None:
    roots = (open_lab.client,) if closed == "/etc" else (open_lab.client, open_lab.master)
    shut = [root + closed for root in roots if closed and os.path.exists(root + closed)]
    for place in shut:
        os.chmod(place, 0o600)
    told = as_nobody(open_lab)
    assert [one for one in told if one["outcome"] in ("fail", "error")] == []
    unknown = [one for one in told if one["outcome"] == "unknown"]
    assert [one for one in unknown if "run as root" not in one["message"]] == []
    # the master's keys are root's alone in any case
    assert ("handshake-fails", "master") in [(one["check"], one["where"]) for one in unknown]


# -- commands that are refused


def denied(command: str, first_line: str = "") -> Dict[str, Any]:
    return {"commands": {command: first_line}, "stderr": {command: f"{command.split()[0]}: Permission denied\n"}, "status": {command: 1}}  # fmt: skip


@pytest.mark.parametrize("part", ["nothing", "its heading"])
@pytest.mark.parametrize("end", ENDS)
def test_no_command_that_is_refused_makes_a_healthy_host_fail(end: str, part: str) -> None:
    ends = scenario("healthy")
    healthy = scan_hosts(*(RecordedEvidence(one, ends[one]) for one in ENDS))
    manifest = json.loads(ends[end].files["manifest.json"])
    for line, entry in manifest["commands"].items():
        files = dict(ends[end].files)
        whole = files[entry["file"]]
        files[entry["file"]] = whole[: whole.find(b"\n") + 1] if part == "its heading" else b""
        said = f"{line.split()[0]}: The file access permissions do not allow the specified action.\n"
        commands = {**manifest["commands"], line: {**entry, "status": 1, "stderr": said}}
        files["manifest.json"] = json.dumps({**manifest, "commands": commands}).encode()
        trees = {**ends, end: MemoryTree(files)}
        report = scan_hosts(*(RecordedEvidence(one, trees[one]) for one in ENDS))
        assert worse(healthy, report) == [], line
        for key, found in outcomes(report).items():
            if found.outcome is Outcome.UNKNOWN and outcomes(healthy)[key].outcome is not Outcome.UNKNOWN:
                assert "run as root" in found.message, (line, key, found.message)


def test_a_socket_that_a_refused_netstat_does_not_show_is_not_said_to_be_none() -> None:
    heading = listening()
    runs = {"lssrc -a": subsystems("nimsh nimclient active"), "netstat -an": heading}
    assert result_of("nimsh-inactive", evidence(commands=runs)).outcome is Outcome.FAIL
    refused = evidence(commands=runs, stderr={"netstat -an": "netstat: 0519-052 Permission denied\n"})
    assert result_of("nimsh-inactive", refused).outcome is Outcome.PASS  # as without netstat: SRC says active
    stopped = {"lssrc -a": subsystems("nimsh nimclient inoperative"), "netstat -an": heading}
    said = result_of("port-taken", evidence(commands=stopped, stderr={"netstat -an": "netstat: Not owner\n"}))
    assert said.outcome is Outcome.UNKNOWN
    assert said.message == "netstat -an: given but cannot be read: 'netstat: Not owner': run as root"


@pytest.mark.parametrize(
    "said", ["ps: 0403-006 Execute permission denied.", "ksh: ps: 0403-006 Execute permission denied."]
)
def test_a_refusal_among_the_output_counts_too(said: str) -> None:
    processes = "     PID     PPID     ELAPSED COMMAND\n       1        0 23-04:23:18 /etc/init\n"
    found = result_of("push-disabled", evidence(commands={"ps -eo pid,ppid,etime,args": f"{processes}{said}\n"}))
    assert found.outcome is Outcome.UNKNOWN and f"'{said}': run as root" in found.message


@pytest.mark.parametrize(
    "line", ["tcpd: permission denied by rule", "Jun  1 10:00 netstat: permission denied", "nimsh: ready"]
)
def test_near_miss_what_others_say_of_permissions_is_no_refusal(line: str) -> None:
    assert denial(line, "netstat") == ""


def test_a_listing_that_was_refused_a_part_makes_nothing_absent() -> None:
    listed = "/ssl_nimsh:\ntotal 0\ndrwxr-xr-x 2 root system 256 Mar 05 04:15 certs\ndrwx------ 2 root system 256 Mar 05 04:15 keys\n"
    command = "ls -lR /ssl_nimsh"
    given = {"lsnim -l": "master:\n   class = machines\n   type = master\n   ssl_support = yes\n", command: listed}
    whole = result_of("ssl-tree-damaged", evidence(commands=given, role="master"), where="master")
    assert whole.outcome is Outcome.FAIL and "configs does not exist" in whole.message
    said = {command: "ls: 0653-345 /ssl_nimsh/keys: Permission denied.\n"}
    refused = result_of("ssl-tree-damaged", evidence(commands=given, stderr=said, role="master"), where="master")
    assert refused.outcome is Outcome.UNKNOWN


def test_a_file_system_that_cannot_be_asked_leaves_the_others_to_be_judged() -> None:
    rows = "Filesystem    1024-blocks      Free %Used    Iused %Iused Mounted on\n/dev/hd4   262144   0  100%  3000  5% /\n"
    said = {"df -k": "df: /net/x: The file access permissions do not allow the specified action.\n"}
    assert result_of("filesystem-full", evidence(commands={"df -k": rows}, stderr=said)).outcome is Outcome.FAIL


# -- recorded evidence


class Refusing(MemoryTree):
    """Files of which some cannot be opened."""

    def __init__(self, files: Mapping[str, bytes], hidden: Sequence[str], number: int) -> None:
        super().__init__(files)
        self.hidden, self.number = hidden, number

    def open(self, name: str) -> BinaryIO:
        if name in self.hidden:
            raise OSError(self.number, os.strerror(self.number), name)
        return io.BytesIO(self.files[name])

    def size(self, name: str) -> int:
        return len(self.files[name])


def hosts_without(name: str, hidden: Mapping[str, Sequence[str]], number: int) -> List[RecordedEvidence]:
    trees = scenario(name)
    return [RecordedEvidence(end, Refusing(trees[end].files, hidden.get(end, ()), number)) for end in ENDS]


@settings(max_examples=examples(60))
@given(data=st.data())
def test_no_files_that_cannot_be_read_make_a_fault_of_what_is_none_with_them(data: Any) -> None:
    name = data.draw(st.sampled_from(names()), label="scenario")
    hidden = {}
    for end in ENDS:
        files = sorted(set(scenario(name)[end].files) - {"manifest.json"})
        hidden[end] = data.draw(st.lists(st.sampled_from(files), unique=True, max_size=len(files)), label=end)
    number = data.draw(st.sampled_from(NUMBERS), label="errno")
    assert worse(scan_hosts(*hosts_without(name, {}, number)), scan_hosts(*hosts_without(name, hidden, number))) == []


@pytest.mark.parametrize(
    ("number", "why"), [(errno.EACCES, "Permission denied: run as root"), (errno.EIO, "Input/output error")]
)
def test_a_recorded_file_that_cannot_be_read_is_said_to_be_given(number: int, why: str) -> None:
    hidden = {"client": ["files/etc/niminfo", "commands/lssrc_-a"]}
    results = outcomes(scan_hosts(*hosts_without("healthy", hidden, number)))
    for check, name in (("niminfo-broken", "/etc/niminfo"), ("nimsh-inactive", "lssrc -a")):
        found = results[check, "client"]
        assert (found.outcome, found.missing) == (Outcome.UNKNOWN, (name,))
        assert found.message == f"{name}: given but cannot be read: {why}"


@pytest.mark.parametrize("directory", ["files/etc", "files/ssl_nimsh/certs", "commands"])
def test_a_directory_of_the_evidence_that_cannot_be_listed_is_said(directory: str, tmp_path: Path) -> None:
    for name, raw in scenario("healthy")["client"].files.items():
        place = tmp_path / "host" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw)
    (tmp_path / "host/manifest.json").unlink()
    whole = scan_hosts(open_target(str(tmp_path / "host")))
    with refusing(str((tmp_path / "host" / directory).resolve()), errno.EACCES):
        report = scan_hosts(open_target(str(tmp_path / "host")))
    # what a site lives with stands in a file too
    weighty = [
        said for said in worse(whole, report) if "nim-vulnerable" not in said and "openssl-unsupported" not in said
    ]
    assert weighty == []
    hidden = {
        "files/etc": "niminfo-broken",
        "commands": "nimsh-inactive",
        "files/ssl_nimsh/certs": "certificate-expired",
    }
    found = outcomes(report)[hidden[directory], "client"]
    assert found.outcome is Outcome.UNKNOWN
    assert "cannot be listed: Permission denied: run as root" in found.message and "given but" in found.message


@pytest.mark.parametrize(
    "path", ["/ssl_nimsh", "/ssl_nimsh/keys", "/ssl_nimsh/certs", "/usr/lib", "/etc/tftpaccess.ctl", "/var/adm"]
)
@pytest.mark.parametrize("end", ENDS)
def test_what_was_collected_by_one_who_may_not_read_all_makes_no_fault(
    end: str, path: str, live: Live, tmp_path: Path
) -> None:
    (tmp_path / "place").mkdir(mode=0o700)
    host = LiveHost(root=live.roots[end])
    host._ran.update(live.ran[end])
    with refusing(live.roots[end] + path, errno.EACCES):
        tree = collect(host, Catalog(), str(tmp_path / "place"))
    report = scan_hosts(RecordedEvidence(end, tree))
    assert [f"{found.check}: {found.message}" for found in report.results if found.outcome in WRONG] == []
    if os.path.exists(live.roots[end] + path):
        assert any("run as root" in reason for reason in tree.not_collected.values())


def test_a_possible_finding_for_want_of_evidence_that_could_not_be_read_is_none() -> None:
    library = {"/usr/lib/libssl.so.0.9.8": {"mode": "0755", "size": 512318}}
    filesets = {"lslpp -lc": "/usr/lib/objrepos:openssl.base:1.0.2.1800::COMMITTED:I:Open Secure Socket Layer:\n"}
    assert result_of("stale-ssl-libs", evidence(commands=filesets, paths=library)).outcome is Outcome.FAIL
    archive = "ar -X32_64 -tv /usr/lib/libssl.a"
    refused = evidence(
        commands={**filesets, archive: ""}, stderr={archive: "ar: 0707-109 Permission denied\n"}, paths=library
    )
    found = result_of("stale-ssl-libs", refused)
    assert found.outcome is Outcome.UNKNOWN and "run as root" in found.message


def test_a_file_that_hides_one_of_two_certificates_leaves_open_whether_the_ends_share_one() -> None:
    from nimdoctor.facts.certificate_state import CertificateState

    one, other = frozenset([b"a"]), frozenset([b"b"])
    assert CertificateState(one, None, None).shares_with(CertificateState(other, None, None)) is False
    assert CertificateState(one, None, None, whole=False).shares_with(CertificateState(other, None, None)) is None
    assert CertificateState(one, None, None, whole=False).shares_with(CertificateState(one, None, None)) is True


# -- words


def test_every_refusal_of_the_system_names_root_and_no_other_error_does() -> None:
    from nimdoctor.model.unreadable import refused

    told: Set[str] = {refused(OSError(number, os.strerror(number))) for number in (errno.EACCES, errno.EPERM)}
    assert told == {"Permission denied: run as root", "Operation not permitted: run as root"}
    assert refused(OSError(errno.EIO, os.strerror(errno.EIO))) == "Input/output error"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("0042-006 lsnim: you must be the root user to do this\n", "run as root"),
        ("audit: Operation not permitted.\n", "run as root"),
        ("lslpp: There is an input or output error.\n", "input or output error"),
        ("lslpp: 0504-132  Fileset x not installed.\n", ""),
    ],
)
def test_what_a_command_says_of_itself_is_taken_for_a_refusal_or_not(said: str, why: str) -> None:
    assert why in denial(said) and bool(denial(said)) is bool(why)


def test_results_of_one_end_say_nothing_of_a_file_that_is_fine_there() -> None:
    found = results_of("niminfo-broken", evidence(files={"/etc/niminfo": niminfo()}))
    assert [one.missing for one in found] == [()]
