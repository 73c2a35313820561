"""Of a large nimsh.log the newest part is collected, and the cut is known to whoever reads it."""

from pathlib import Path

import pytest

from nimdoctor.collection.newest import BLOCK, newest
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence import open_target
from nimdoctor.facts import NimshLog
from nimdoctor.lab import Lab

from .conftest import REGISTRY, Collector, collected, findings, same_but_for_times

LOG = "/var/adm/ras/nimsh.log"
OLD = b"Sat Jan  4 01:00:00 2020 success: we got 1st write query is 0 and some more words of no meaning\n"


def lengthened(lab: Lab, size: int) -> None:
    """Puts old lines before those of the client's log."""
    place = Path(lab.client + LOG)
    place.write_bytes(OLD * (size // len(OLD) + 1) + place.read_bytes())


def test_the_cut_is_recorded_and_line_numbers_stay_true(healthy: Lab, tmp_path: Path) -> None:
    lengthened(healthy, 11 * BLOCK)
    archive = collected(healthy.client_target, tmp_path)
    (cut,) = archive.manifest["files"].values()
    kept = archive.members["files" + LOG]
    whole = Path(healthy.client + LOG).read_bytes()
    assert whole.endswith(kept) and 7 * BLOCK < len(kept) <= 8 * BLOCK
    assert cut == {
        "first_line": whole[: len(whole) - len(kept)].count(b"\n") + 1,
        "bytes_left_out": len(whole) - len(kept),
    }
    evidence = open_target(archive.path)
    log = Host(evidence, REGISTRY.catalog).fact(NimshLog)
    last = log.sessions[-1].last
    assert last.line and whole.split(b"\n")[last.line - 1].decode() == last.text
    (remark,) = evidence.remarks
    assert remark == (
        f"{LOG}: only what follows line {cut['first_line'] - 1:,} was collected, "
        f"not the {cut['bytes_left_out']:,} bytes before"
    )
    assert archive.manifest["paths"][LOG]["size"] == len(whole)


def test_findings_are_those_of_the_whole_log(tmp_path: Path) -> None:
    with Lab.build("create-bio-hang") as lab:
        lengthened(lab, 9 * BLOCK)
        assert collected(lab.client_target, tmp_path).findings() == findings(lab.client_target)


@pytest.mark.parametrize("size", [7 * BLOCK, 8 * BLOCK - 3000, 9 * BLOCK, 11 * BLOCK])
def test_the_script_cuts_at_the_same_place(size: int, one: Collector, healthy: Lab) -> None:
    lengthened(healthy, size)
    by_script, by_nimdoctor = one.archive(healthy.client_target), collected(healthy.client_target, one.place)
    assert same_but_for_times(by_script, by_nimdoctor) is None


class Dripping:
    """A stream that gives less than it is asked for, as one over a network does."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def read(self, size: int = -1) -> bytes:
        part = self.content[self.at : self.at + min(size, 300_001)]
        self.at += len(part)
        return part


def test_however_the_stream_comes_the_cut_is_the_same() -> None:
    content = b"".join(b"%d\n" % number for number in range(1_500_000))
    import io

    part = newest(Dripping(content))  # type: ignore[arg-type]
    assert part == newest(io.BytesIO(content))
    assert part.content.split(b"\n", 1)[0] == b"%d" % (part.first_line - 1)
    assert len(part.content) + part.bytes_left_out == len(content)
