"""What no sample can say of a check: it holds for any text, the text is recorded elsewhere, or it is not one."""

from pathlib import Path

import pytest
from hosts import PS, MemoryTree, evidence, processes, result_of
from hypothesis import given
from hypothesis import strategies as st
from samples import samples, trees
from scenarios import changed, scenario

from nimdoctor.evidence import open_target
from nimdoctor.evidence.catalog import file_name
from nimdoctor.evidence.recorded import RecordedEvidence

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "samples"
recorded_elsewhere = pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded samples in ../shared/samples")


@given(st.binary(max_size=200))
def test_niminfo_broken_judges_whatever_is_in_the_file(content):
    found = result_of("niminfo-broken", evidence(files={"/etc/niminfo": content}))
    assert found.outcome.value in ("fail", "pass", "unknown")


def hung(age, name):
    """A push that hangs, a child of nimsh and a command of the master of that age, for a client of that name."""
    (sample,) = [one for one in samples("hung-push") if one.title == "fails with the processes of both ends"]
    rows = {"client": f" 9306482  7799162 {age:>11} /usr/sbin/nimsh -s -c\n", "master": f" 9437574        1 {age:>11} nim -o lslpp {name}\n"}  # fmt: skip
    for end, tree in trees(sample).ends.items():
        own = MemoryTree({f"commands/{file_name(PS)}": processes(children=rows[end]).encode()})
        yield RecordedEvidence("case", changed(tree, own))


@given(st.integers(0, 400_000), st.sampled_from(["lpar7", "lpar8", "x"]))
def test_hung_push_names_only_what_fits_whatever_the_age(seconds, name):
    days, rest = divmod(seconds, 86400)
    age = f"{days}-{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    found = result_of("hung-push", *hung(age, name))
    fits = abs(seconds - 85696) <= 120, abs(seconds - 85696) <= 900 and name == "lpar7"
    assert (found.outcome.value == "fail") == any(fits)
    assert set(found.objects) == {
        one for one, does in zip(("client 9306482", "master 9437574"), fits) if does and any(fits)
    }


def test_ssl_tree_damaged_says_nothing_of_keys_by_an_empty_directory_among_copies(tmp_path):
    """Keys are never copied, so their directory is empty in any collection made without a manifest."""
    for name, raw in scenario("healthy")["master"].files.items():
        if name != "manifest.json":
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(raw)
    (tmp_path / "files/ssl_nimsh/keys").mkdir()
    assert result_of("ssl-tree-damaged", open_target(str(tmp_path))).outcome.value == "unknown"


@recorded_elsewhere
@pytest.mark.parametrize("name", ["df.1", "df.2", "df.3"])
def test_recorded_hosts_have_room(name):
    text = (RECORDED / name).read_text()
    assert result_of("filesystem-full", evidence(commands={"df": text})).outcome.value == "pass"


@recorded_elsewhere
@pytest.mark.parametrize(("name", "outcome"), [(".1", "unknown"), (".2", "unknown"), (".3", "pass"), (".4", "pass")])
def test_recorded_listings_without_details_leave_open_what_an_interim_fix_replaces(name, outcome):
    listing = (RECORDED / f"emgr_-l{name}").read_text("ascii")
    assert result_of("interim-fix-unstable", evidence(commands={"emgr -l": listing})).outcome.value == outcome
