"""Several targets: one after another, and what happens to one never ends the others."""

import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from importlib import resources

import jsonschema
import pytest

import nimdoctor.report
from nimdoctor.diagnosis import engine
from nimdoctor.library import scanning
from nimdoctor.report import html, json_report, junit_report, markdown_report, text_report
from tests.cli.conftest import environment

SCHEMAS = {
    f"nimdoctor.{name}/1": json.loads(
        resources.files(nimdoctor.report).joinpath(f"{name}-1.schema.json").read_text("utf-8")
    )
    for name in ("report", "failure")
}
FILES = 64
"""What a process may have open at once."""


def lines(ended):
    """The objects on stdout, each valid by its published schema."""
    found = [json.loads(line) for line in ended.out.splitlines()]
    for one in found:
        jsonschema.validate(one, SCHEMAS[one["schema"]])
    return found


def targets_of(found):
    return [one.get("target") or one["host"]["target"] for one in found]


@pytest.fixture
def healthy(hosts):
    return hosts / "healthy" / "client"


@pytest.fixture
def hung(hosts):
    return hosts / "create-bio-hang" / "client"


# -- one object a line


def test_jsonl_is_one_object_a_line_also_for_one_target(doctor, healthy, hung):
    (only,) = lines(doctor("scan", healthy, "--format", "jsonl"))
    assert only["verdict"] == "healthy"
    assert len(doctor("scan", healthy, "--format", "json").out.splitlines()) > 1
    assert targets_of(lines(doctor("scan", healthy, hung, "--format", "jsonl"))) == [str(healthy), str(hung)]


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_a_single_target_that_cannot_be_read_has_its_line_too(doctor, tmp_path, format):
    ended = doctor("scan", tmp_path / "no\nwhere", "--format", format)
    (failure,) = lines(ended)
    assert set(failure) == {"schema", "target", "kind", "message"}
    assert (failure["target"], failure["kind"]) == (f"{tmp_path}/no\nwhere", "target")
    assert "no such file" in failure["message"] and (ended.status, len(ended.said)) == (2, 1)


def test_a_master_that_cannot_be_read_is_named_and_nothing_is_scanned(doctor, healthy, hung, tmp_path):
    ended = doctor("scan", healthy, hung, "--master", tmp_path / "none", "--format", "jsonl")
    assert targets_of(lines(ended)) == [f"{tmp_path}/none"] and (ended.status, len(ended.said)) == (2, 1)


def test_a_target_that_does_not_fit_the_master_leaves_the_others(doctor, hosts, healthy, tmp_path):
    redacted = tmp_path / "redacted"
    shutil.copytree(healthy, redacted)
    manifest = json.loads((redacted / "manifest.json").read_text())
    (redacted / "manifest.json").write_text(json.dumps({**manifest, "redacted": True}))
    words = ["scan", redacted, healthy, "--master", hosts / "healthy" / "master", "--format", "jsonl"]
    ended = doctor(*words)
    refused, scanned = lines(ended)
    assert refused["kind"] == "target" and "is redacted and" in refused["message"]
    assert scanned["verdict"] == "healthy" and scanned["master"]["name"] == "nim1" and ended.status == 2


def test_loose_files_are_one_host_among_others(doctor, logs, healthy, tmp_path):
    log, said = sorted(logs.iterdir())[0], tmp_path / "lssrc.txt"
    said.write_text(
        "Subsystem         Group            PID          Status\n nimsh            nimclient        7   active\n"
    )
    found = lines(doctor("scan", log, healthy, said, "--format", "jsonl"))
    assert targets_of(found) == [f"{log}, {said}", str(healthy)]


def test_a_file_gets_the_lines_of_those_that_cannot_be_read(doctor, healthy, tmp_path):
    ended = doctor("scan", tmp_path / "a", healthy, "--format", "jsonl", "--output", tmp_path / "report")
    assert (ended.status, ended.out) == (2, "")
    assert [json.loads(line)["schema"] for line in (tmp_path / "report").read_text().splitlines()] == [
        "nimdoctor.failure/1",
        "nimdoctor.report/1",
    ]


# -- what goes wrong with one


@pytest.mark.parametrize(
    "error", [RuntimeError("not\ntoday"), MemoryError(), RecursionError("too deep"), SystemExit(7)]
)
def test_nimdoctor_failing_over_one_target_is_its_line_and_the_others_go_on(
    doctor, healthy, hung, tmp_path, monkeypatch, error
):
    judged = scanning.scan_hosts

    def broken(engine, **more):
        if engine.target.evidence.target == str(hung):
            raise error
        return judged(engine, **more)

    monkeypatch.setattr(scanning, "scan_hosts", broken)
    ended = doctor("scan", tmp_path / "none", hung, healthy, "--format", "jsonl", may_fail=True)
    missing, failed, scanned = lines(ended)
    assert (missing["kind"], failed["kind"], scanned["verdict"]) == ("target", "failed", "healthy")
    assert type(error).__name__ in failed["message"] and failed["target"] == str(hung)
    assert (ended.status, len(ended.said)) == (4, 2)


RENDERERS = {
    "text": text_report,
    "jsonl": json_report,
    "html": html,
    "markdown": markdown_report,
    "junit": junit_report,
}


@pytest.mark.parametrize("format", RENDERERS)
def test_a_report_that_cannot_be_rendered_leaves_the_others(doctor, healthy, hung, monkeypatch, format):
    render = RENDERERS[format].render

    def broken(given, *more, **named):
        for report in given if isinstance(given, list) else [given]:
            if report.host.target == str(hung):
                raise ValueError("no such letter")
        return render(given, *more, **named)

    monkeypatch.setattr(RENDERERS[format], "render", broken)
    ended = doctor("scan", hung, healthy, "--format", format, may_fail=True)
    assert ended.status == 4 and len(ended.said) == 1 and "ValueError: no such letter" in ended.err
    assert "HEALTHY" in ended.out or '"healthy"' in ended.out or "lpar7" in ended.out
    assert format == "text" or "no such letter" in ended.out


def test_with_debugging_it_is_shown_where(doctor, hung, monkeypatch):
    monkeypatch.setenv("NIMDOCTOR_DEBUG", "1")
    monkeypatch.setattr(engine.Engine, "scan", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        doctor("scan", hung)


HALF = ("\ud800", "\udfff", "\udc80")
"""Half a letter each; the last may stand for a byte of a file's name."""


@pytest.mark.parametrize("half", HALF, ids=ascii)
@pytest.mark.parametrize("format", ["text", "json", "html", "markdown", "junit", "nagios"])
def test_half_a_letter_anywhere_in_a_manifest_ends_no_scan(doctor, hung, tmp_path, half, format):
    place = tmp_path / "host"
    shutil.copytree(hung, place)
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["host"] += half
    for entry in manifest["commands"].values():
        entry["stderr"] = f"0042-001 {half} went wrong"
    manifest["commands"][f"lssrc {half}"] = {"file": f"commands/{half}", "status": half, "stderr": half}
    for state in filter(None, manifest["paths"].values()):
        state.update(owner=half, group=half)
    manifest["paths"][f"/usr/lib/libssl.so.{half}"] = {"mode": half, "kind": half}
    manifest |= {"remarks": [half], "not_collected": {half: half, "emgr -lv3": half}, "files": {f"/{half}": {}}}
    manifest |= {"complete": [f"/{half}"], "certificates": [{"path": half, "certificates": half}], half: half}
    (place / "manifest.json").write_text(json.dumps(manifest))
    ended = doctor("scan", place, hung, "--format", format)
    assert ended.status in (1, 2) and ended.err == ""
    ended.out.encode("utf-8")
    if format == "json":
        assert [one["schema"] for one in lines(ended)] == ["nimdoctor.report/1"] * 2


# -- one after another


def archives(place, source, number):
    """As many archives of one host, of each kind in turn."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(source, ".")
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        for path in sorted(source.rglob("*")):
            archive.write(path, path.relative_to(source))
    loose = io.BytesIO()
    with zipfile.ZipFile(loose, "w") as archive:
        archive.write(source / "files" / "var" / "adm" / "ras" / "nimsh.log", "nimsh.log")
    kinds = [("tar", packed), ("zip", zipped), ("zip", loose), ("zip", io.BytesIO(b"PK\3\4 damaged"))]
    made = []
    for at in range(number):
        ending, content = kinds[at % len(kinds)]
        made.append(place / f"host{at:04}.{ending}")
        made[-1].write_bytes(content.getvalue())
    return made


def test_more_archives_than_files_may_be_open_all_have_their_line(installed, hung, tmp_path):
    made = archives(tmp_path, hung, FILES + 16)
    words = [*map(str, made), "--format", "jsonl", "--check", "create-bio-hang"]
    code = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES}))\n"
    code += "import sys; from nimdoctor.cli import main; sys.exit(main(sys.argv[1:]))"
    ended = subprocess.run(
        [sys.executable, "-c", code, "scan", *words], capture_output=True, text=True, env=environment(), check=False
    )
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert targets_of(found) == [str(path) for path in made]
    damaged = [one["schema"] == "nimdoctor.failure/1" for one in found]
    assert damaged == [at % 4 == 3 for at in range(len(made))]
    assert ended.returncode == 2 and len(ended.stderr.splitlines()) == sum(damaged)


@pytest.mark.parametrize("format", ["html", "junit", "markdown", "nagios"])
def test_reports_in_one_document_hold_no_archive_open(doctor, hung, tmp_path, monkeypatch, format):
    made = archives(tmp_path, hung, 12)
    opened = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + 8, hard))
    try:
        ended = doctor("scan", *made, "--format", format, "--check", "create-bio-hang")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert ended.status == 2 and ended.err.count("is damaged") == 3 and "Too many" not in ended.err


@pytest.mark.parametrize("format", ["text", "json", "jsonl"])
def test_each_report_is_seen_as_soon_as_it_is_done_and_stays_after_an_interruption(hung, root, tmp_path, format):
    """The second host hangs; the first one's report is read before anybody ends it."""
    place = root(commands={"lssrc": "sleep 60\n"})
    words = ["scan", str(hung), f"root:{place}", str(hung), "--format", format]
    process = subprocess.Popen(
        [sys.executable, "-m", "nimdoctor", *words],
        bufsize=0,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    rest, said = process.communicate(timeout=30)
    assert process.returncode == 130 and said.splitlines()[-1] == b"nimdoctor: interrupted"
    if format == "text":
        assert first.startswith(b"PROBLEMS") and b"create-bio-hang" in rest
    else:
        assert json.loads(first)["verdict"] == "problems" and rest == b""


def test_an_interruption_leaves_no_file(hung, root, tmp_path):
    place = root(commands={"lssrc": f"touch {tmp_path}/begun\nsleep 60\n"})
    words = ["scan", str(hung), f"root:{place}", "--format", "jsonl", "--output", str(tmp_path / "report")]
    process = subprocess.Popen([sys.executable, "-m", "nimdoctor", *words], stderr=subprocess.PIPE)
    while not (tmp_path / "begun").exists() and process.poll() is None:
        os.sched_yield()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 130 and {path.name for path in tmp_path.iterdir()} == {"begun", "root"}
