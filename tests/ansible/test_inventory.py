"""The inventory of a NIM master's machines, as ansible-inventory makes it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple

import pytest
from loopback import Loopback, why_not

from nimdoctor.lab import Lab

REPOSITORY = Path(__file__).resolve().parents[2]
ANSIBLE = os.environ.get("NIMDOCTOR_ANSIBLE", "")
"""A venv with ansible-core and nimdoctor in it; `make ansible-test` names it."""

pytestmark = pytest.mark.skipif(
    not ANSIBLE, reason="NIMDOCTOR_ANSIBLE names no venv with ansible-core: `make ansible-test` does"
)

MASTER = """\
master:
   class    = machines
   type     = master
   if1      = net_a mst5 0
"""


def machine(name: str, *rows: str, kind: str = "standalone", connect: str = "nimsh", host: str = "") -> str:
    lines = [f"{name}:", "   class = machines", f"   type = {kind}", f"   connect = {connect}"]
    return "\n".join([*lines, f"   if1 = net_a {host or name} 0 ent0", *(f"   {row}" for row in rows), ""])


def run(program: str, *words: str, place: Path) -> "subprocess.CompletedProcess[str]":
    """What a program of Ansible says, with this collection, and nothing of whoever runs the tests."""
    own = {
        "ANSIBLE_COLLECTIONS_PATH": str(place / "collections"),
        "ANSIBLE_HOME": str(place / "home"),
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    }
    return subprocess.run(
        [f"{ANSIBLE}/bin/{program}", *words],
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Made(NamedTuple):
    """What came of an inventory: its host variables by host, its hosts by group, and all that was said."""

    status: int
    hosts: Dict[str, Dict[str, Any]]
    groups: Dict[str, List[str]]
    said: str


Make = Callable[..., Made]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes an inventory of the lines of its file; `listing` is what the file nim.txt beside it holds."""
    collections = tmp_path / "collections/ansible_collections/nimdoctor"
    collections.mkdir(parents=True)
    (collections / "aix").symlink_to(REPOSITORY / "ansible")

    def made(*lines: str, listing: str = "", name: str = "here.lsnim.yml") -> Made:
        (tmp_path / "nim.txt").write_text(listing)
        path = tmp_path / name
        path.write_text("\n".join(["plugin: nimdoctor.aix.lsnim", *(lines or ("file: nim.txt",)), ""]))
        ended = run("ansible-inventory", "-i", str(path), "--list", place=tmp_path)
        if ended.returncode:
            return Made(ended.returncode, {}, {}, " ".join(ended.stderr.split()))
        found = json.loads(ended.stdout, object_hook=lambda found: found.get("__ansible_unsafe", found))
        hosts = found.pop("_meta")["hostvars"]
        groups = {group: inside.get("hosts", []) for group, inside in found.items()}
        return Made(0, hosts, groups, " ".join(ended.stderr.split()))

    return made


@pytest.mark.both_pairs
def test_each_machine_is_a_host_and_the_master_too(make: Make) -> None:
    made = make(listing=MASTER + machine("app1", "cpuid = 00C1", "if2 = net_a app1b 0", host="app1.example.com"))
    assert made.groups["nim_masters"] == ["mst5"] and made.groups["nim_clients"] == ["app1"]
    app1 = made.hosts["app1"]
    assert app1["ansible_host"] == "app1.example.com"
    assert (app1["nim_name"], app1["nim_master"], app1["nim_cpuid"]) == ("app1", "mst5", "00C1")
    assert app1["nim_host_names"] == ["app1.example.com", "app1b"]
    assert app1["nim_attributes"]["if2"] == ["net_a app1b 0"]
    assert made.hosts["mst5"]["nim_name"] == "master"


@pytest.mark.both_pairs
def test_hosts_are_grouped_by_connect_type_state_and_nim_group(make: Make) -> None:
    listing = (
        MASTER
        + machine("app1", "Cstate = ready for a NIM operation", "Mstate = currently running")
        + machine("app2", "Cstate = customization is being performed", "Mstate = not running", connect="nimsh (secure)")
        + machine("vio1", "Cstate = nicht zu verstehen", kind="vios", connect="shell")
        + "prod-a:\n   class = groups\n   type = mac_group\n   member1 = app1\n   member2 = app2\n"
    )
    groups = make(listing=listing).groups
    assert {name: hosts for name, hosts in groups.items() if name.startswith("nim_")} == {
        "nim_masters": ["mst5"],
        "nim_clients": ["app1", "app2", "vio1"],
        "nim_connect_nimsh": ["app1"],
        "nim_connect_nimsh_secure": ["app2"],
        "nim_connect_shell": ["vio1"],
        "nim_type_standalone": ["app1", "app2"],
        "nim_type_vios": ["vio1"],
        "nim_state_ready": ["app1"],
        "nim_state_being_performed": ["app2"],
        "nim_state_unknown": ["vio1"],
        "nim_mstate_running": ["app1"],
        "nim_mstate_not_running": ["app2"],
        "nim_mstate_unknown": ["vio1"],
        "nim_group_prod_a": ["app1", "app2"],
    }


def test_groups_and_variables_of_a_site_s_own_are_made(make: Make) -> None:
    made = make(
        "file: nim.txt",
        "strict: true",
        "keyed_groups: [{prefix: net, key: 'nim_attributes.if1[0].split()[0]'}]",
        "groups: {insecure: \"nim_connect == 'nimsh'\"}",
        "compose: {short: \"nim_host_names[0].split('.')[0]\"}",
        listing=MASTER + machine("app1", host="app1.example.com") + machine("app2", connect="nimsh (secure)"),
    )
    assert made.groups["net_net_a"] == ["app1", "app2", "mst5"] and made.groups["insecure"] == ["app1"]
    assert made.hosts["app1"]["short"] == "app1"


def test_two_machines_of_one_address_are_both_there_in_a_group_and_warned_of(make: Make) -> None:
    made = make(listing=MASTER + machine("app1", host="same") + machine("app2", host="same") + machine("app3"))
    assert made.groups["nim_clients"] == ["app1", "app2", "app3"]
    assert made.groups["nim_same_address"] == ["app1", "app2"]
    assert "app1, app2 have one host name, same: they may be one host" in made.said


def test_nim_groups_that_would_be_one_group_become_none(make: Make) -> None:
    group = "{}:\n   class = groups\n   type = mac_group\n   member1 = {}\n"
    made = make(
        listing=MASTER + machine("app1") + machine("app2") + group.format("p-a", "app1") + group.format("p.a", "app2")
    )
    assert not [name for name in made.groups if name.startswith("nim_group_")]
    assert "the NIM groups p-a, p.a would all be nim_group_p_a" in made.said


def test_a_listing_that_is_not_whole_is_refused_unless_that_is_allowed(make: Make) -> None:
    cut = MASTER + machine("app1")[:-1]
    refused = make(listing=cut)
    assert refused.status and "is not whole: its last line has no end" in refused.said
    assert "partial: true" in refused.said
    made = make("file: nim.txt", "partial: true", listing=cut)
    assert made.groups["nim_clients"] == ["app1"] and "Hosts may be missing from this inventory" in made.said


@pytest.mark.parametrize("listing", ["", '0042-001 lsnim: processing error encountered on "master":\n'])
def test_what_is_no_listing_is_refused(make: Make, listing: str) -> None:
    refused = make(listing=listing)
    assert refused.status and "nim.txt" in refused.said


@pytest.mark.both_pairs
def test_a_comment_in_braces_is_no_template(make: Make, tmp_path: Path) -> None:
    witness = tmp_path / "was-run"
    row = f"comments = {{{{ lookup('pipe', 'touch {witness}') }}}}"
    compose = 'compose: {told: "nim_attributes.comments[0] | default"}'
    made = make("file: nim.txt", compose, listing=MASTER + machine("app1", row))
    assert "lookup" in made.hosts["app1"]["told"]
    words = ["-i", str(tmp_path / "here.lsnim.yml"), "app1", "-c", "local", "-m", "debug", "-a"]
    shown = json.dumps({"msg": "{{ nim_attributes.comments[0] }} {{ told }}"})
    ended = run("ansible", *words, shown, place=tmp_path)
    assert "lookup" in ended.stdout and not witness.exists()


@pytest.mark.parametrize("host", ["-oProxyCommand=touch$IFS/x", "a;b"])
def test_an_address_that_ssh_could_misunderstand_is_none(make: Make, host: str) -> None:
    made = make(listing=MASTER + machine("app1", host=host))
    assert "ansible_host" not in made.hosts["app1"] and "is no host name" in made.said


@pytest.mark.parametrize("lines", [("file: nim.txt", "master: nim1"), ("partial: true",)], ids=["both", "neither"])
def test_one_place_to_read_from_is_named(make: Make, lines: "tuple[str, ...]") -> None:
    refused = make(*lines, listing=MASTER)
    assert refused.status and "give either file or master" in refused.said


def test_evidence_that_was_collected_serves(make: Make) -> None:
    made = make(f"file: {REPOSITORY / 'fixtures/hosts/healthy/master'}")
    assert made.groups["nim_masters"] == ["nim1"] and "lpar7" in made.groups["nim_clients"]


# -- over ssh


@pytest.fixture
def ssh(tmp_path: Path) -> Callable[[str], str]:
    """A program in the place of ssh: it writes down its arguments, and does what that line of shell says."""

    def written(line: str) -> str:
        path = tmp_path / "ssh"
        path.write_text(f'#!/bin/sh\nfor word; do echo "$word"; done >> {tmp_path}/asked\n{line}\n')
        path.chmod(0o755)
        return f"ssh_executable: {path}"

    return written


def test_a_master_is_asked_in_english_without_a_terminal_or_a_password(make: Make, ssh: Any, tmp_path: Path) -> None:
    (tmp_path / "listing").write_text(MASTER + machine("app1"))
    made = make("master: root@mst5", ssh(f"cat {tmp_path}/listing"), "ssh_args: ['-F', '/dev/null']")
    assert made.groups["nim_clients"] == ["app1"]
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[-5:] == ["-F", "/dev/null", "--", "root@mst5", "LC_ALL=C /usr/sbin/lsnim -l"]
    assert "BatchMode=yes" in asked


@pytest.mark.both_pairs
def test_what_was_asked_is_kept_where_a_cache_is_wanted(make: Make, ssh: Any, tmp_path: Path) -> None:
    (tmp_path / "listing").write_text(MASTER + machine("app1"))
    kept = ["cache: true", "cache_plugin: ansible.builtin.jsonfile", f"cache_connection: {tmp_path}/kept"]
    lines = ["master: mst5", ssh(f"cat {tmp_path}/listing"), *kept]
    first, second = make(*lines), make(*lines)
    assert first.groups == second.groups and first.hosts == second.hosts
    assert (tmp_path / "asked").read_text().count("LC_ALL=C") == 1


@pytest.mark.parametrize(
    "line, said",
    [
        ("echo Permission denied >&2; exit 255", "lsnim -l ended with status 255: Permission denied"),
        ("exit 0", "lsnim -l ended with status 0: it said nothing"),
        ("exec sleep 30", "lsnim -l did not end within 1 s"),
        (f"printf '%s' '{MASTER.rstrip()}'", "is not whole"),
    ],
)
def test_a_master_that_does_not_answer_well_is_an_error(make: Make, ssh: Any, line: str, said: str) -> None:
    refused = make("master: mst5", ssh(line), "timeout: 1" if "sleep" in line else "timeout: 30")
    assert refused.status and said in refused.said


@pytest.mark.parametrize("line", ["master: -oProxyCommand=x", "master: 'a b'", "lsnim: 'lsnim; true'"])
def test_what_ssh_or_a_shell_could_misunderstand_is_refused(make: Make, ssh: Any, line: str, tmp_path: Path) -> None:
    refused = make(line, *([] if line.startswith("master") else ["master: mst5"]), ssh("exit 0"))
    assert refused.status and ("no host that ssh" in refused.said or "no absolute path" in refused.said)
    assert not (tmp_path / "asked").exists()


@pytest.fixture
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    reason = why_not()
    if reason:
        pytest.skip(f"no sshd on loopback: {reason}")
    daemon = Loopback(str(tmp_path_factory.mktemp("sshd")))
    yield daemon
    daemon.close()


def test_a_real_master_is_asked_over_a_real_ssh(make: Make, sshd: Loopback, tmp_path: Path) -> None:
    with Lab.build("create-bio-hang", str(tmp_path / "lab")) as lab:
        sshd.add("nim1", lab.master, lab.place)
        made = make("master: nim1", f"ssh_executable: {sshd.ssh}")
        sshd.leave("nim1")
    assert made.groups["nim_masters"] == ["nim1"] and "lpar7" in made.groups["nim_connect_nimsh_secure"]
