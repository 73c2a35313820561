"""The modules of the collection, each on hosts of the lab that are roots on this machine."""

import glob
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Sequence

import pytest
from loopback import OWN, python_home
from programs import program

from nimdoctor.lab import Lab
from nimdoctor.remote.one_file import agent

Task = Dict[str, Any]
Result = Dict[str, Any]
MODULES = ("scan_info", "fix", "collect_info", "rollback")
FILE = agent().name
MANAGED = "NIMDOCTOR_ANSIBLE_MANAGED"
"""The variable with the version of the Python that a managed node has."""
DEADLINE = 300.0


class Controller:
    """Runs tasks on this machine, one play each, as the python of MANAGED or that of the tests. `home` is its own."""

    def __init__(self, home: Path, venv: Path, collections: Path) -> None:
        self.home = home
        self.venv = venv
        self.collections = collections
        self.python = f"{python_home(os.environ.get(MANAGED) or OWN)}/bin/python3"
        self.before: Sequence[str] = ()
        (home / "ansible.cfg").write_text("[defaults]\n")

    @property
    def environment(self) -> Dict[str, str]:
        return {
            "PATH": f"{self.venv}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.home),
            "ANSIBLE_CONFIG": str(self.home / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.home / ".ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
        }

    def run(
        self, *tasks: Task, check: bool = False, diff: bool = False, keep_with: str = "", **play: Any
    ) -> List[Result]:
        """What each task came to; one that fails ends none of the others."""
        written = self.home / "results.json"
        written.unlink(missing_ok=True)
        named = [{"ignore_errors": True, **task, "register": f"result_{number}"} for number, task in enumerate(tasks)]
        results = "{{ [" + ", ".join(task["register"] for task in named) + "] | to_json }}"
        keep = {"ansible.builtin.copy": {"content": results, "dest": str(written)}, "check_mode": False, "diff": False}
        keep["become"] = False
        if keep_with:
            keep["vars"] = {"ansible_python_interpreter": keep_with}
            play = {**play, "vars": {**play.get("vars", {}), "ansible_python_interpreter": self.python}}
        whole = {"hosts": "all", "gather_facts": False, **play, "tasks": [*named, keep]}
        (self.home / "play.yml").write_text(json.dumps([whole]))
        words = ["--check"] if check else []
        words += ["--diff"] if diff else []
        given = [] if keep_with else ["-e", f"ansible_python_interpreter={self.python}"]
        ended = subprocess.run(
            [*self.before, f"{self.venv}/bin/ansible-playbook", "-i", "lpar7,", "-c", "local", *words,
             *given, "-e", f"ansible_async_dir={self.home}/async", "play.yml"],
            cwd=self.home, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=DEADLINE, check=False,
        )  # fmt: skip
        assert written.exists(), ended.stdout + ended.stderr
        assert "Traceback" not in ended.stdout + ended.stderr, ended.stdout + ended.stderr
        left = glob.glob(f"{self.home}/.ansible/tmp/*")
        assert left == [], "what was sent is left"
        return list(json.loads(written.read_text()))


@pytest.fixture
def ansible(tmp_path: Path, controller: Path, collections: Path) -> Controller:
    home = tmp_path / "home"
    home.mkdir()
    return Controller(home, controller, collections)


@pytest.fixture(scope="session")
def built(placed: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Lab]]:
    """A lab of each scenario, on whose hosts the one file lies already."""
    labs: Dict[str, Lab] = {}
    place = tmp_path_factory.mktemp("labs")

    def get(scenario: str) -> Lab:
        if scenario not in labs:
            labs[scenario] = Lab.build(scenario, str(place / scenario))
            for root in (labs[scenario].client, labs[scenario].master):
                placed(root)
        return labs[scenario]

    yield get
    for lab in labs.values():
        lab.close()


@pytest.fixture
def lab_of(built: Callable[[str], Lab], tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """A copy of such a lab; `bare` without the one file."""
    labs: List[Lab] = []

    def get(scenario: str, bare: bool = False) -> Lab:
        labs.append(built(scenario).copy(str(tmp_path / f"lab{len(labs)}")))
        if bare:
            for root in (labs[-1].client, labs[-1].master):
                shutil.rmtree(state(root))
        return labs[-1]

    yield get
    for lab in labs:
        lab.close()


def task(module: str, **arguments: Any) -> Task:
    return {f"nimdoctor.aix.{module}": arguments}


def state(root: str, *more: str) -> Path:
    return Path(root, "var/adm/nimdoctor", *more)


@pytest.mark.both_pairs
def test_a_scan_finds_changes_nothing_and_keeps_one_file_for_root_alone(ansible: Controller, lab_of) -> None:
    lab = lab_of("tftp-disabled", bare=True)
    before = lab.snapshot("master")
    one, other = ansible.run(*[task("scan_info", target=lab.master_target)] * 2, check=True)
    assert (one["changed"], one["failed"], one["verdict"], one["host"]) == (False, False, "problems", "nim1")
    assert "tftp-disabled" in [found["check"] for found in one["findings"]]
    assert one["findings"][0]["evidence"][0]["line"] and one["report"]["schema"] == "nimdoctor.report/1"
    assert one["msg"].startswith("nim1: problems: ") and one["findings"] == other["findings"]
    assert lab.snapshot("master") == before
    agent_directory = state(lab.master, "agent")
    assert sorted(os.listdir(agent_directory)) == [f"{FILE[:-4]}.d", FILE]
    modes = {
        path: path.stat().st_mode & 0o777 for path in (agent_directory.parent, agent_directory, agent_directory / FILE)
    }
    assert sorted(modes.values()) == [0o600, 0o700, 0o700]


def test_a_repair_is_planned_shown_approved_done_and_done_once(ansible: Controller, lab_of) -> None:
    lab = lab_of("tftp-disabled")
    target = {"target": lab.master_target}
    before = lab.snapshot("master")
    (planned,) = ansible.run(task("fix", **target), check=True, diff=True)
    assert (planned["changed"], planned["failed"], planned["state"]) == (True, False, "planned")
    assert lab.snapshot("master") == before and not state(lab.master, "runs").exists()
    assert [step["outcome"] for step in planned["steps"]] == ["not-begun"]
    (shown,) = planned["diff"]
    assert shown["before"].startswith("#tftp") and shown["after"] == shown["before"][1:]
    assert "/etc/inetd.conf" in shown["after_header"]

    approved = {**target, "expect": planned["plan_id"]}
    refused, done, again, anew = ansible.run(
        task("fix", **target, expect="0" * 64), task("fix", **approved, change="CHG7"), task("fix", **approved),
        task("fix", **target),
    )  # fmt: skip
    assert refused["failed"] and not refused["changed"] and refused["state"] == "refused"
    assert planned["plan_id"] in refused["msg"]
    assert (done["changed"], done["failed"], done["state"], done["plan_id"]) == (
        True,
        False,
        "complete",
        approved["expect"],
    )
    assert [(step["id"], step["outcome"]) for step in done["steps"]] == [("1-master-edit", "done")]
    assert [(one["check"], one["outcome"]) for one in done["findings"]] == [("tftp-disabled", "fixed")]
    assert Path(done["run_directory"], "journal.jsonl").exists() and done["run"] in done["rollback_command"]
    assert done["rollback_command"].startswith("ansible lpar7 -m nimdoctor.aix.rollback -a '")
    for one in (again, anew):
        assert (one["changed"], one["failed"], one["state"], one["steps"]) == (False, False, "complete", [])
    assert "rc" not in done and "rc" not in again
    assert len(os.listdir(state(lab.master, "runs"))) == 1


@pytest.mark.both_pairs
def test_a_client_is_repaired_by_fresh_evidence_of_its_master_and_taken_back(ansible: Controller, lab_of) -> None:
    lab = lab_of("create-bio-hang")
    evidence = ansible.home / "evidence" / "nim1.tar.gz"
    client = {"target": lab.client_target, "master_src": str(evidence)}
    collected, done, again = ansible.run(
        task("collect_info", target=lab.master_target, dest=str(evidence)), task("fix", **client), task("fix", **client)
    )
    assert (collected["changed"], collected["host"], collected["dest"]) == (False, "nim1", str(evidence))
    assert collected["size"] == evidence.stat().st_size and evidence.stat().st_mode & 0o777 == 0o600
    assert os.listdir(evidence.parent) == [evidence.name] and "_content" not in collected
    assert (done["changed"], done["failed"], done["state"]) == (True, False, "applied-unverified")
    assert done["pushes"] == ["nim -o lslpp lpar7"] and "nim -o lslpp lpar7" in done["msg"]
    assert lab.calls("client") == ["nimclient -C", "nimclient -c"]
    assert lab.push().status == 0
    assert (again["changed"], again["failed"]) == (False, False)


@pytest.mark.both_pairs
def test_a_run_is_taken_back_once(ansible: Controller, lab_of) -> None:
    lab = lab_of("tftp-disabled")
    before = lab.snapshot("master")
    target = {"target": lab.master_target}
    nothing, done = ansible.run(task("rollback", **target), task("fix", **target))
    assert nothing["failed"] and "there is no run last" in nothing["msg"]
    (looked,) = ansible.run(task("rollback", **target), check=True)
    assert (looked["changed"], looked["run"], looked["undone"]) == (True, done["run"], ["switch tftp on"])
    assert lab.snapshot("master") != before
    back, again = ansible.run(task("rollback", **target, run=done["run"]), task("rollback", **target))
    assert (back["changed"], back["failed"], back["state"]) == (True, False, "rolled-back")
    assert (again["changed"], again["failed"]) == (False, False)
    assert lab.snapshot("master") == before


def test_what_cannot_be_taken_back_fails_and_stands(ansible: Controller, lab_of) -> None:
    lab = lab_of("create-bio-hang")
    evidence = str(ansible.home / "nim1.tgz")
    *_, back = ansible.run(
        task("collect_info", target=lab.master_target, dest=evidence),
        task("fix", target=lab.client_target, master_src=evidence),
        task("rollback", target=lab.client_target),
    )
    assert back["failed"] and not back["changed"] and back["state"] == "refused"
    assert "nothing to take back" in back["msg"] and "\n" not in back["msg"] and "nimclient -c" in back["stands"][0]


def test_a_step_that_fails_fails_the_task(ansible: Controller, lab_of) -> None:
    lab = lab_of("tftp-disabled")
    before = lab.snapshot("master")
    lab.fault("master", "refresh", "fail")
    (failed,) = ansible.run(task("fix", target=lab.master_target))
    assert failed["failed"] and failed["state"] in ("restored", "stopped") and failed["state"] in failed["msg"]
    assert failed["run"] and [step["outcome"] for step in failed["steps"]] != ["done"]
    assert lab.snapshot("master")["/etc/inetd.conf"] == before["/etc/inetd.conf"] and not failed["changed"]


def test_a_plan_that_also_changes_the_master_is_refused_at_the_client(ansible: Controller, lab_of) -> None:
    lab = lab_of("tftp-disabled")
    evidence = str(ansible.home / "nim1.tgz")
    _, refused = ansible.run(
        task("collect_info", target=lab.master_target, dest=evidence),
        task("fix", target=lab.client_target, master_src=evidence),
    )
    assert refused["failed"] and "the plan changes the master nim1 too" in refused["msg"]
    assert lab.calls("client") == lab.calls("master") == []


def test_other_clients_lose_their_push_only_by_their_number(ansible: Controller, lab_of) -> None:
    lab = lab_of("certificates-run-out")
    target = {"target": lab.master_target}
    (planned,) = ansible.run(task("fix", **target), check=True)
    number = len(planned["affects"]["clients"])
    without, wrong = ansible.run(task("fix", **target), task("fix", **target, affects=number + 1))
    for one in (without, wrong):
        assert one["failed"] and not one["changed"] and one["state"] == "refused"
    assert lab.calls("master") == []
    (done,) = ansible.run(task("fix", **target, affects=number, expect=planned["plan_id"]))
    assert done["changed"] and "nimconfig -c" in lab.calls("master")


def test_what_only_a_person_can_cure_fails_and_is_told_in_check_mode(ansible: Controller, lab_of) -> None:
    lab = lab_of("port-taken")
    given = task("fix", target=lab.client_target, master=lab.master_target)
    (looked,) = ansible.run(given, check=True)
    (failed,) = ansible.run(given)
    assert (looked["failed"], looked["changed"], looked["state"]) == (False, False, "advice")
    assert failed["failed"] and not failed["changed"] and "a person has to see to it" in failed["msg"]


def test_a_file_that_is_not_what_its_name_says_is_neither_run_nor_replaced(ansible: Controller, lab_of) -> None:
    lab = lab_of("healthy")
    given = task("scan_info", target=lab.client_target)
    path = state(lab.client, "agent", FILE)
    os.truncate(path, 1000)
    (refused,) = ansible.run(given)
    assert refused["failed"] and f"{path} was tampered with" in refused["msg"] and path.stat().st_size == 1000


def test_a_copy_that_is_not_what_was_unpacked_is_told_and_not_used(ansible: Controller, lab_of) -> None:
    lab = lab_of("healthy")
    given = task("scan_info", target=lab.client_target)
    module = state(lab.client, "agent", f"{FILE[:-4]}.d", "nimdoctor/library/serving.py")
    module.write_text("raise SystemExit(7)\n")
    (scanned,) = ansible.run(given)
    assert not scanned["failed"] and "serving.py is not as it was" in str(scanned["warnings"])


@pytest.mark.parametrize("spoilt", ["mode", "link"])
def test_a_directory_that_others_may_write_is_not_used(
    ansible: Controller, lab_of, tmp_path: Path, spoilt: str
) -> None:
    lab = lab_of("healthy")
    if spoilt == "mode":
        state(lab.client).mkdir(exist_ok=True)
        state(lab.client).chmod(0o777)
        because = "may be written by others"
    else:
        (tmp_path / "elsewhere").mkdir()
        shutil.rmtree(state(lab.client, "agent"))
        state(lab.client, "agent").symlink_to(tmp_path / "elsewhere")
        because = "is no directory"
    (refused,) = ansible.run(task("scan_info", target=lab.client_target))
    assert refused["failed"] and because in refused["msg"] and not list(tmp_path.glob("elsewhere/*"))


def test_a_full_file_system_is_told_and_nothing_is_left_there(ansible: Controller, lab_of, tmp_path: Path) -> None:
    lab = lab_of("healthy")
    place, listed = tmp_path / "full", tmp_path / "listed"
    place.mkdir()
    program("unshare")
    mounted = f'mount -t tmpfs -o size=1m none {place} && "$@"; status=$?; find {place} > {listed}; exit $status'
    ansible.before = ["unshare", "-m", "sh", "-c", mounted, "sh"]
    (full,) = ansible.run(task("scan_info", target=lab.client_target, state_dir=f"{place}/state"))
    assert full["failed"] and "No space left" in full["msg"]
    assert sorted(listed.read_text().split()) == [str(place), f"{place}/state", f"{place}/state/agent"]


def test_where_little_is_free_it_runs_as_it_is(ansible: Controller, lab_of, tmp_path: Path) -> None:
    lab = lab_of("healthy")
    place, listed = tmp_path / "small", tmp_path / "listed"
    place.mkdir()
    program("unshare")
    mounted = (
        f'mount -t tmpfs -o size=8m none {place} && "$@"; status=$?; ls {place}/state/agent > {listed}; exit $status'
    )
    ansible.before = ["unshare", "-m", "sh", "-c", mounted, "sh"]
    (scanned,) = ansible.run(task("scan_info", target=lab.client_target, state_dir=f"{place}/state"))
    assert not scanned["failed"] and listed.read_text().split() == [FILE]


def test_a_place_that_is_not_there_is_told(ansible: Controller, lab_of, tmp_path: Path) -> None:
    (failed,) = ansible.run(task("scan_info", target=lab_of("healthy").client_target, state_dir=f"{tmp_path}/no/such"))
    assert failed["failed"] and f"{tmp_path}/no/such: No such file or directory" in failed["msg"]


def test_who_is_not_root_is_told_to_become_root(ansible: Controller) -> None:
    for directory in (ansible.home, *ansible.home.parents):
        if directory.stat().st_uid == os.getuid() and str(directory).startswith("/tmp/"):
            directory.chmod(directory.stat().st_mode | 0o011)
    ansible.python = "/usr/bin/python3"
    if not os.path.exists(ansible.python):
        pytest.skip("no python that anybody may run")
    nobody = {"become": True, "become_user": "nobody", "become_method": "su", "become_flags": "-s /bin/sh"}
    (failed,) = ansible.run(
        task("scan_info"),
        vars={"ansible_remote_tmp": "/tmp", "ansible_shell_allow_world_readable_temp": True},
        **nobody,
    )
    assert failed["failed"] and "use become" in failed["msg"]


@pytest.mark.both_pairs
@pytest.mark.parametrize("unfit", ["/no/such/python3", "3.8"])
def test_a_python_that_will_not_do_is_told_with_one_that_will(ansible: Controller, lab_of, unfit: str) -> None:
    ansible.python = unfit if unfit.startswith("/") else f"{python_home(unfit)}/bin/python3"
    (scanned,) = ansible.run(task("scan_info", target=lab_of("healthy").client_target), keep_with=sys.executable)
    assert scanned["failed"] and "ansible_python_interpreter of this host is no Python 3.9 or newer" in scanned["msg"]


@pytest.mark.both_pairs
def test_it_can_go_on_while_nobody_waits(ansible: Controller, lab_of) -> None:
    lab = lab_of("create-bio-hang", bare=True)
    evidence = str(ansible.home / "nim1.tar.gz")
    given = {**task("fix", target=lab.client_target, master_src=evidence), "async": 120, "poll": 1}
    _, done = ansible.run(task("collect_info", target=lab.master_target, dest=evidence), given)
    assert not done["failed"], json.dumps(done)
    assert (done["changed"], done["state"]) == (True, "applied-unverified")
    assert lab.calls("client") == ["nimclient -C", "nimclient -c"]


def test_evidence_gets_the_host_s_name_in_a_directory_and_no_other_ending(ansible: Controller, lab_of) -> None:
    target = lab_of("healthy").master_target
    named, refused, hidden = ansible.run(
        task("collect_info", target=target, dest="evidence/"), task("collect_info", target=target, dest="nim1.zip"),
        task("collect_info", target=target, dest="a.tgz", _one_file=FILE),
    )  # fmt: skip
    assert named["dest"] == str(ansible.home / "evidence/lpar7.tar.gz") and os.path.exists(named["dest"])
    assert refused["failed"] and "nim1.zip must be a directory, or end in .tar.gz or .tgz" in refused["msg"]
    assert hidden["failed"] and "_one_file" in hidden["msg"]


@pytest.mark.parametrize("given", [{"target": "root:/no/such"}, {"target": "ssh:lpar7"}, {"only": ["no-such-check"]}])
def test_what_cannot_be_asked_fails_in_nimdoctor_s_words(ansible: Controller, lab_of, tmp_path: Path, given) -> None:
    own = {"target": lab_of("healthy").client_target, "state_dir": f"{tmp_path}/state"}
    (failed,) = ansible.run(task("scan_info", **{**own, **given}))
    assert failed["failed"] and not failed["changed"]
    assert any(
        word in failed["msg"] for word in ("/no/such", "cannot be asked of this file", "no check 'no-such-check'")
    )


def in_collection(ansible: Controller, text: str) -> str:
    """What a program prints that has the collection and the controller's own python."""
    ended = subprocess.run(
        [f"{ansible.venv}/bin/python", "-c", text], env={**ansible.environment, "PYTHONPATH": str(ansible.collections)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


ENGINE = "ansible_collections.nimdoctor.aix.plugins.module_utils.engine"
ANSWERS = [
    (b"", None, 0),
    (b"{", None, 0),
    (b"[1]\n7\nnull\n", None, 0),
    (b'{"schema": "nimdoctor.report/1", "host": {}', None, 0),
    (b'\x00\xff\n{"schema": "nimdoctor.report/1"}\nnoise\n', "nimdoctor.report/1", 0),
    (b'{"schema": 7}\n{"schema": "another/1"}\n', None, 0),
    (b'{"schema": "nimdoctor.progress/1", "says": "a"}\n{"schema": "nimdoctor.plan/1"}', "nimdoctor.plan/1", 1),
    (b'{"schema": "nimdoctor.plan/1"}\n{"schema": "nimdoctor.progress/1", "says": "a"}\n', "nimdoctor.plan/1", 1),
    (b"[" * 100_000 + b'\n{"schema": "nimdoctor.runs/1"}\n', "nimdoctor.runs/1", 0),
]


def test_of_an_answer_its_document_counts_and_noise_does_not(ansible: Controller) -> None:
    raw = [answer.decode("latin-1") for answer, _, _ in ANSWERS]
    (ansible.home / "answers.json").write_text(json.dumps(raw))
    text = (
        f"import json; from {ENGINE} import understood\n"
        f"for raw in json.load(open({str(ansible.home / 'answers.json')!r})):\n"
        "    document, said = understood(raw.encode('latin-1')); print(json.dumps([(document or {}).get('schema'), len(said)]))"
    )
    found = [tuple(json.loads(line)) for line in in_collection(ansible, text).splitlines()]
    assert found == [(schema, number) for _, schema, number in ANSWERS]


@pytest.mark.parametrize(("program_text", "says"), [
    ("import os; os.kill(os.getpid(), 9)", "it was killed by signal 9"),
    ("import sys; sys.stderr.write('first\\nlast words'); sys.exit(4)", "it ended with status 4: last words"),
    ("print('x' * (80 << 20))", "it ended with status 0"),
    ("import time; time.sleep(60)", "did not answer within"),
])  # fmt: skip
def test_an_engine_that_gives_no_answer_fails_in_one_line(ansible: Controller, program_text: str, says: str) -> None:
    (ansible.home / "engine.py").write_text(program_text)
    text = (
        f"import sys; from {ENGINE} import Engine, at_host\n"
        "class Module:\n"
        "    params = {'_master_file': None}\n"
        "    def fail_json(self, **told): print(told['msg']); sys.exit()\n"
        "engine = Engine.__new__(Engine); engine.module = Module(); engine.said = []; engine.name = ''\n"
        "engine.target, engine.timeout, engine.state_dir, engine.state = '', 1.0, None, ''\n"
        f"at_host.whole = lambda state, name: {str(ansible.home / 'engine.py')!r}\n"
        "engine.ask('scan', wait=8.0)"
    )
    said = in_collection(ansible, text)
    assert says in said and said.count("\n") == 1


def test_a_module_that_no_action_plugin_called_says_so(ansible: Controller) -> None:
    text = (
        f"from {ENGINE} import Engine\n"
        "class Module:\n"
        "    params = {'_one_file': None, 'target': '', 'timeout': 1.0, 'state_dir': None}\n"
        "    def fail_json(self, msg): raise SystemExit(print(msg))\n"
        "Engine(Module())"
    )
    assert "runs only by the action plugin of its name" in in_collection(ansible, text)


def documents(ansible: Controller) -> Dict[str, Any]:
    """What ansible-doc reads of each module."""
    names = [f"nimdoctor.aix.{name}" for name in MODULES]
    ended = subprocess.run(
        [f"{ansible.venv}/bin/ansible-doc", "--json", "-t", "module", *names], env=ansible.environment,
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return {name.rpartition(".")[2]: found for name, found in json.loads(ended.stdout).items()}


def test_what_is_documented_is_what_is_taken(ansible: Controller) -> None:
    text = (
        "import json, importlib\n"
        f"from {ENGINE} import ARGUMENTS\n"
        "base = 'ansible_collections.nimdoctor.aix.plugins.modules.'\n"
        "from ansible.module_utils import basic\n"
        "seen = {}\n"
        "class Stop(Exception): pass\n"
        f"for name in {MODULES!r}:\n"
        "    module = importlib.import_module(base + name)\n"
        "    def new(arguments, **more): seen[name] = {**ARGUMENTS, **arguments}; raise Stop\n"
        "    module.new_module = new\n"
        "    try: module.main()\n"
        "    except Stop: pass\n"
        "print(json.dumps(seen))"
    )
    taken = json.loads(in_collection(ansible, text))
    for name, found in documents(ansible).items():
        own = taken[name]
        told = found["doc"]["options"]
        for key, option in told.items():
            words = str(option["description"])
            assert key.startswith("_") == ("Given by the action plugin; not for playbooks." in words), key
        assert set(told) == set(own), name
        for key, value in own.items():
            for word in ("type", "default", "choices", "required", "elements"):
                assert told[key].get(word) == value.get(word) or (word == "required" and not told[key].get(word)), (
                    name,
                    key,
                )
        assert found["return"] and found["examples"]


def test_the_examples_run(ansible: Controller, lab_of) -> None:
    lab = lab_of("create-bio-hang")
    text = "import json, yaml, sys; print(json.dumps([yaml.safe_load(one) for one in json.load(sys.stdin)]))"
    told = documents(ansible)
    examples = subprocess.run(
        [f"{ansible.venv}/bin/python", "-c", text], input=json.dumps([told[name]["examples"] for name in MODULES]),
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    tasks = [one for tasks in json.loads(examples) for one in tasks]
    # what a play before them has done
    before = [
        task("collect_info", target=lab.master_target, dest="evidence/nim1.tar.gz"),
        task("fix", master_src="evidence/nim1.tar.gz"),
    ]
    defaults = {f"nimdoctor.aix.{name}": {"target": lab.client_target} for name in MODULES}
    named = [{key: value for key, value in one.items() if key != "register"} for one in tasks]
    given = {one["register"]: {"plan_id": None, "verdict": "healthy", "msg": ""} for one in tasks if "register" in one}
    for result in ansible.run(*before, *named, vars=given, module_defaults=defaults):
        assert "Unsupported parameters" not in str(result) and "skipped" not in result, result
        assert "msg" in result or "evaluated_to" in result or "assertion" in result, result
