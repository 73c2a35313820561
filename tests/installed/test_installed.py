"""What the documentation says can be typed can be typed where only the wheel was installed."""

import json
import shlex
import shutil
import tarfile
from pathlib import Path
from typing import Dict, List

import pytest
from documents import PAGES, PLACEHOLDERS, blocks, command_lines, own_ids, shows_what_is_printed
from loopback import OWN, Loopback, why_not
from packages import modules
from scenarios import ON_DISK

from .conftest import User

SHOWN = [page for page in PAGES if blocks(page.read_text("utf-8"))]
NOT_HERE = ("there is no run in", "no run in", "give either --case")
"""How an answer begins that says that there is nothing of the kind here, exit status 2."""
EXTRA = ("jinja2", "markupsafe", "pyarrow", "distributed")
"""Libraries of the extra `cluster`, which an installation as users have it does without."""
IMPORTED = f"""
import importlib, importlib.util, json, sys
found = {{}}
for name in json.load(sys.stdin):
    try:
        found[name] = importlib.import_module(name).__file__
    except ModuleNotFoundError as error:
        if error.name not in {EXTRA}:
            raise
        found[name] = importlib.util.find_spec(name).origin
print(json.dumps(found))
"""


def test_every_module_of_the_tree_is_imported_from_where_it_was_installed(user: User) -> None:
    names = modules()
    assert {"nimdoctor.remote", "nimdoctor.checks.create_bio_hang", "nimdoctor.fixes.enable_tftp"} <= set(names)
    ended = user.python("-c", IMPORTED, given=json.dumps(names))
    assert ended.returncode == 0, ended.stderr
    files = json.loads(ended.stdout)
    assert sorted(files) == sorted(names)
    assert not [name for name, path in files.items() if f"{user.venv}/lib" not in path]


def test_nothing_is_missing_for_a_check(user: User) -> None:
    desk(user)
    ended = user.run(["nimdoctor", "scan", "lpar7", "--master", "nim1", "--format", "json"])
    results = json.loads(ended.stdout)["results"]
    assert ended.returncode == 1 and "create-bio-hang" in {found["check"] for found in results}
    assert not [found for found in results if found["outcome"] == "error"]


@pytest.mark.parametrize("page", SHOWN, ids=lambda path: path.name)
def test_what_a_session_shows_is_what_is_printed(page: Path, user: User) -> None:
    def run(line: str) -> str:
        ended = user.run(["env", "COLUMNS=96", "sh", "-c", line])
        assert ended.returncode in (0, 1), (line, ended.stderr)
        return ended.stderr + ended.stdout

    shows_what_is_printed(page, user.build, run)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_command_lines_of_a_page_run(page: Path, user: User) -> None:
    typed = [line for line in typed_first_in(page) if "ssh:" not in line]
    if not typed:
        return
    desk(user)
    lab = user.desk / "lab"
    lab.mkdir()
    wrong = []
    with user.build("create-bio-hang", str(lab)):
        user.run(shlex.split(here("nimdoctor fix --master MASTER --plan plan.json", lab)))
        for line in typed:
            wrong += ran(user, here(line, lab))
    assert not wrong, "\n".join(wrong)


def test_the_command_lines_over_ssh_run(user: User, tmp_path: Path) -> None:
    reason = why_not()
    if reason or not user.root:
        pytest.skip(reason or "only root makes a host of a lab")
    typed = [line for page in PAGES for line in typed_first_in(page) if "ssh:" in line]
    # a plan is saved before another is applied, after which there is none
    typed.sort(key=lambda line: "read" not in line)
    lab = user.desk / "lab"
    lab.mkdir()
    wrong = []
    with user.build("create-bio-hang", str(lab)):
        daemon = Loopback(str(tmp_path / "sshd"))
        try:
            daemon.add("lpar7", f"{lab}/lpar7", str(lab), python=OWN)
            daemon.add("nim1", f"{lab}/nim1", str(lab), python=OWN)
            # whatever else is on this network, that ssh knows the lab alone
            for line in typed:
                wrong += ran(user, line, daemon.ssh)
            runs = user.run(["nimdoctor", "runs", "--target", "ssh:lpar7"], daemon.ssh).stdout
        finally:
            daemon.close()
    assert not wrong, "\n".join(wrong)
    assert "refresh-client-certificate" in runs, runs


def typed_first_in(page: Path) -> List[str]:
    """The command lines that no page before shows, but for those of sessions and of what the page teaches to write."""
    earlier = {line for one in PAGES[: PAGES.index(page)] for line in command_lines(one.read_text("utf-8"))}
    text = page.read_text("utf-8")
    own = set(own_ids(text))
    found = [line for line in dict.fromkeys(command_lines(text)) if line not in earlier]
    return [line for line in found if "/tmp/playground" not in line and not own & set(line.split())]


def desk(user: User) -> None:
    """Lays out what the documentation's command lines name."""
    place = user.desk
    for name, end in (("lpar7", "client"), ("nim1", "master")):
        shutil.copytree(ON_DISK / "create-bio-hang" / end, place / name)
    shutil.copy(place / "lpar7/files/var/adm/ras/nimsh.log", place)
    shutil.copy(place / "nim1/commands/lsnim_-l", place / "mail.txt")
    for name in ("lpar7.tar.gz", "TS001234567.lpar7.nimdoctor.20250315T095320Z.tar.gz", "snap.pax.gz"):
        with tarfile.open(place / name, "w:gz") as archive:
            archive.add(place / "lpar7", "lpar7")
    (place / "evidence").mkdir()
    shutil.copy(place / "lpar7.tar.gz", place / "evidence")
    with tarfile.open(place / "evidence/nim1.tar.gz", "w:gz") as archive:
        archive.add(place / "nim1", "nim1")
    (place / "paths").write_text("evidence/lpar7.tar.gz\nevidence/nim1.tar.gz\n")
    user.own(place)


def here(line: str, lab: Path) -> str:
    """The line with `this host`, wherever it may be changed, and every other host being those of the lab."""
    words = [PLACEHOLDERS.get(word, word) for word in shlex.split(line, comments=True)]
    named: Dict[str, str] = {"MASTER": f"root:{lab}/nim1", "root:/mnt/sysroot": f"root:{lab}/lpar7"}
    named.update({"/evidence": "evidence", "BUNDLE": "evidence/lpar7.tar.gz", "CLIENT": "lpar7"})
    words = [named.get(word, f"tmp/{word[5:]}" if word.startswith("/tmp/") else word) for word in words]
    if words[1] in ("fix", "field-test"):
        words.insert(2, f"root:{lab}/lpar7")
    elif words[1] in ("runs", "rollback"):
        words += ["--target", f"root:{lab}/lpar7"]
    return shlex.join(words)


def ran(user: User, line: str, ssh: str = "") -> List[str]:
    """Runs a line, agreeing to what it would ask; gives what is wrong with how it ended."""
    words = shlex.split(line)
    agreed = ["--yes"] if words[1] == "rollback" or {"--apply", "--resume"} & set(words) else []
    ended = user.run([*words, *agreed], ssh)
    if ended.returncode == 2 and "there is nothing to go on with" in ended.stderr:
        return []  # the run of a line before came to its end
    if ended.returncode == 2 and ended.stderr.replace("nimdoctor: ", "").startswith(NOT_HERE):
        return []
    if ended.returncode == 4 and f"{EXTRA[0]} is not there" in ended.stderr and ".html" in line:
        return []  # and told what to install
    if ended.returncode not in (0, 1, 3) or "Traceback" in ended.stderr or "No module" in ended.stderr + ended.stdout:
        return [f"{line}: exit status {ended.returncode}: {ended.stderr[-400:]}"]
    return []
