"""The script that collects: clean for shellcheck, of the catalog, safe in a directory of others."""

import json
import os
import re
import stat
import subprocess
import tarfile
from pathlib import Path
from typing import Any, Callable

import pytest
from programs import program
from shells import LACKING

from nimdoctor.evidence.catalog import Catalog, Kind, Row, file_name
from nimdoctor.lab import Lab
from nimdoctor.scripts.collector import collector

from .conftest import Archive, Collector


def test_it_is_clean_for_shellcheck(tmp_path: Path) -> None:
    shellcheck = program("shellcheck")
    (tmp_path / "collect.ksh").write_text(collector(Catalog(), "/mnt/it's $HOME"))
    for dialect in ("sh", "ksh"):
        done = subprocess.run(
            [shellcheck, "-s", dialect, str(tmp_path / "collect.ksh")], capture_output=True, text=True
        )
        assert not done.stdout, done.stdout[:4000]


def test_it_holds_nothing_that_ksh88_or_aix_lacks() -> None:
    # perl is on every AIX; without it only times are missing
    text = collector(Catalog()).replace("perl ", "")
    code = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    assert not [line for line in code if LACKING.search(line)]
    lacking = r"\b(mktemp|readlink|stat|timeout|setsid|realpath|seq|head -c|sed -i|date -d|maxdepth|grep -[a-z]*[oA])\b"
    assert not [line for line in code if re.search(lacking, line.replace("lstat", "").replace("$stat", ""))]


def test_it_has_the_functions_that_it_calls_and_no_other() -> None:
    text = collector(Catalog())
    code = re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE)
    found = re.findall(r"^([a-z_]+)\(\) \{", code, re.MULTILINE)
    assert {"end_tree", "rows", "path_rows", "limited"} <= set(found) and len(found) == len(set(found))
    assert not [name for name in found if len(re.findall(rf"\b{name}\b", code)) < 2]


def test_every_row_of_the_catalog_is_in_it() -> None:
    text = collector(Catalog())
    for row in Catalog():
        if row.live and row.kind is Kind.COMMAND:
            assert row.name.split("{")[0].strip().split()[0] in text and row.label in text.replace("'", "")
        elif row.live and row.kind in (Kind.FILE, Kind.PATHS):
            assert row.name.partition("*")[0].rstrip("/") in text


def test_rows_of_a_third_party_are_collected_too(healthy: Lab, one: Collector) -> None:
    Path(healthy.client, "etc/site's.conf").write_text("owner=unix\n")
    text = collector(Catalog([Row("/etc/site's.conf", Kind.FILE, ("Site",))]), healthy.client)
    path = Path(one.place, "own.ksh")
    path.write_text(text)
    ended = subprocess.run([one.shell, str(path), one.place], capture_output=True, text=True, check=True)
    assert Archive(ended.stdout.strip()).members["files/etc/site's.conf"] == b"owner=unix\n"


def test_the_archive_says_that_it_is_raw_and_nobody_else_may_read_it(healthy: Lab, one: Collector) -> None:
    ended = one.run(healthy.client_target)
    path = ended.stdout.strip()
    assert re.fullmatch(r"lpar7\.nimdoctor-RAW\.\d{8}T\d{6}Z\.tar\.gz", os.path.basename(path))
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and "RAW" in ended.stderr
    assert sorted(os.listdir(one.place)) == sorted(["collect.ksh", os.path.basename(path)])
    assert Archive(path).manifest["redacted"] is False


def test_without_gzip_the_tar_is_left_as_it_is(healthy: Lab, one: Collector) -> None:
    one.patch("command -v gzip", "command -v no-gzip")
    one.patch("command -v compress", "command -v no-compress")
    archive = one.archive(healthy.client_target)
    assert archive.path.endswith("Z.tar") and archive.findings()


def test_without_perl_the_times_of_paths_are_missing_and_said_to_be(healthy: Lab, one: Collector) -> None:
    whole = one.archive(healthy.client_target).manifest
    one.patch("command -v perl", "command -v no-perl")
    os.mkdir(f"{one.place}/other")
    ended = one.run(healthy.client_target, "other")
    archive = Archive(ended.stdout.strip())
    assert any("perl" in remark for remark in archive.remarks())
    for path, state in whole["paths"].items():
        wanted = {key: value for key, value in state.items() if key != "mtime"} if state else None
        assert archive.manifest["paths"][path] == wanted, path


def test_it_writes_where_it_is_told(healthy: Lab, one: Collector) -> None:
    os.mkdir(f"{one.place}/there")
    assert one.run(healthy.client_target, "there").stdout.startswith(f"{one.place}/there/lpar7.nimdoctor-RAW.")
    assert one.run(healthy.client_target, "nowhere").returncode == 1
    assert one.run(healthy.client_target, "-x").returncode == 2
    assert one.run(healthy.client_target, "one", "two").returncode == 2


@pytest.mark.parametrize("kind", ["directory", "link"])
def test_a_directory_that_somebody_made_before_it_is_refused(kind: str, healthy: Lab, one: Collector) -> None:
    one.patch("nimdoctor-collect.$$", "nimdoctor-collect.1")
    trap = Path(one.place, ".nimdoctor-collect.1")
    elsewhere = Path(one.place, "elsewhere")
    elsewhere.mkdir()
    trap.mkdir() if kind == "directory" else trap.symlink_to(elsewhere)
    ended = one.run(healthy.client_target)
    assert ended.returncode == 1 and "nothing collected" in ended.stderr and not ended.stdout
    assert os.listdir(elsewhere) == [] and trap.exists()


def test_an_archive_of_that_name_is_not_written_over(healthy: Lab, one: Collector) -> None:
    one.patch("pack_name=$pack_host.nimdoctor-RAW.$(", "pack_name=x.tar; : $(")
    kept = Path(one.place, "kept")
    Path(one.place, "x.tar.gz").symlink_to(kept)
    ended = one.run(healthy.client_target)
    assert ended.returncode == 1 and "exists already" in ended.stderr
    assert not kept.exists() and sorted(os.listdir(one.place)) == ["collect.ksh", "x.tar.gz"]


def test_a_full_disk_leaves_nothing(healthy: Lab, one: Collector) -> None:
    ended = one.run(healthy.client_target, before="ulimit -f 60")
    assert ended.returncode != 0 and not ended.stdout
    assert os.listdir(one.place) == ["collect.ksh"]


def test_whatever_stands_in_names_and_messages_the_manifest_is_json(healthy: Lab, each: Collector) -> None:
    evil = 'a "quoted" \\back $(touch it) `x`'
    Path(healthy.client, "ssl_nimsh", evil).write_text("x")
    program = Path(healthy.client, "usr/bin/oslevel")
    program.unlink()
    program.write_bytes(b"#!/bin/sh\nprintf 'tab\\there \"and\" \\\\ \\001\\033[31m\\n\\351t\\351\\n' >&2\nexit 7\n")
    program.chmod(0o755)
    archive = each.archive(healthy.client_target)
    manifest = json.loads(archive.members["manifest.json"].decode("latin-1"))
    assert manifest["commands"]["oslevel -s"]["stderr"] == 'tab\there "and" \\ \x01\x1b[31m\n\xe9t\xe9\n'
    assert manifest["commands"]["oslevel -s"]["status"] == 7
    assert manifest["paths"][f"/ssl_nimsh/{evil}"]["size"] == 1
    assert archive.findings()


def test_names_fit_what_a_tar_of_aix_takes(healthy: Lab, one: Collector) -> None:
    archive = one.archive(healthy.master_target)
    with tarfile.open(archive.path) as tar:
        assert max(len(name) for name in tar.getnames()) <= 100
    (long,) = [entry["file"] for name, entry in archive.manifest["commands"].items() if name.startswith("instfix")]
    assert long == "commands/" + file_name('instfix -ik "')[:-1] + long.partition("instfix_-ik")[2]


def test_a_flood_is_cut(healthy: Lab, script: Callable[[str], Any]) -> None:
    made = script("dash")
    program = Path(healthy.client, "usr/bin/oslevel")
    program.unlink()
    program.write_bytes(b"#!/bin/sh\nwhile :; do echo 'a line and another line and a third one'; done\n")
    program.chmod(0o755)
    archive = made.archive(healthy.client_target)
    assert len(archive.members["commands/oslevel_-s"]) == 16 * 1024 * 1024
    assert "more than 16 MiB" in archive.manifest["not_collected"]["oslevel -s"]
