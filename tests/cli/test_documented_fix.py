"""The fix of docs/writing-a-fix.md, taken out of that page, installed beside nimdoctor, and used."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from programs import program

from .conftest import REPOSITORY, environment

PAGE = (REPOSITORY / "docs" / "writing-a-fix.md").read_text("ascii")
_NAMED = re.compile(r"^`([\w./]+)`[^\n]*(?:\n[^\n`]+)*\n\n```\w*\n(.*?)^```", re.M | re.S)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The files of the page, and the metadata that an installation makes of its pyproject.toml."""
    place = tmp_path_factory.mktemp("site")
    files = dict(_NAMED.findall(PAGE))
    assert set(files) == {
        "pyproject.toml",
        "site_nim/checks/xntpd_down.py",
        "site_nim/fixes/start_xntpd.py",
        "site_nim/fixes/start_xntpd.md",
        "tests/test_start_xntpd.py",
    }
    for empty in re.findall(r"^  (\S+) +\(empty\)$", PAGE, re.M):
        files[empty] = ""
    points = re.findall(r'^\[project\.entry-points\."([\w.]+)"\]\n(\w+) = "([\w.]+)"$', files["pyproject.toml"], re.M)
    info = "site_nim-1.0.dist-info"
    files[f"{info}/METADATA"] = "Metadata-Version: 2.1\nName: site-nim\nVersion: 1.0\n"
    files[f"{info}/entry_points.txt"] = "".join(f"[{group}]\n{name} = {module}\n" for group, name, module in points)
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


def with_site(site: Path, *words: str):
    env = {**environment(), "PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=env, cwd=REPOSITORY, timeout=120
    )


def test_its_own_test_passes(site):
    ended = with_site(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", str(site / "tests"))
    assert ended.returncode == 0 and "3 passed" in ended.stdout, ended.stdout


def test_it_is_listed_with_its_check_and_explained(site):
    listed = with_site(site, "-m", "nimdoctor", "checks").stdout
    assert any(line.split()[:4] == ["xntpd-down", "master", "high", "start-xntpd"] for line in listed.splitlines())
    shown = " ".join(with_site(site, "-m", "nimdoctor", "explain", "start-xntpd").stdout.split())
    assert "It is the fix of xntpd-down." in shown and "Look into /etc/ntp.conf before" in shown
    assert "Its fix is start-xntpd" in with_site(site, "-m", "nimdoctor", "explain", "xntpd-down").stdout


def test_it_cures_the_lab_and_a_start_without_effect_is_not_called_done(site):
    program("openssl")
    (script,) = re.findall(r"```python\n(from nimdoctor.cli import main\n.*?)```", PAGE, re.S)
    ended = with_site(site, "-c", script)
    assert ended.returncode == 0, ended.stderr
    assert "COMPLETE: run" in ended.stdout and "fixed" in ended.stdout
    assert ("RESTORED: run" in ended.stdout, "STOPPED: run" in ended.stdout) == (True, False)


def test_it_is_rendered_as_scripts_and_taken_back(site, tmp_path):
    program("openssl")
    script = f"""
from nimdoctor.cli import main
from nimdoctor.lab import Lab
with Lab.build("healthy", {str(tmp_path / "lab")!r}) as lab:
    lab.run("master", "stopsrc", "-s", "xntpd")
    main(["fix", lab.master_target, "--script", {str(tmp_path / "change")!r}])
    assert main(["fix", lab.master_target, "--apply", "--yes"]) == 0
    state = lab.master + "/var/adm/nimdoctor"
    assert main(["rollback", "last", "--yes", "--state-dir", state]) == 0
    print(lab.calls("master"))
"""
    ended = with_site(site, "-c", script)
    assert ended.returncode == 0, ended.stderr
    assert "['stopsrc -s xntpd', 'startsrc -s xntpd', 'stopsrc -s xntpd']" in ended.stdout
    assert "xntpd" in (tmp_path / "change" / "apply.ksh").read_text()
