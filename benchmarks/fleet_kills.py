"""A fleet of many bundles, some damaged, of which workers and then the driver are killed by -9, again and again.

At the end each path must have come once, and nothing may have been judged twice that was kept.

    .venv/bin/python benchmarks/fleet_kills.py [BUNDLES [KILLS]]
"""

import io
import json
import random
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Dict, List

import psutil

HEALTHY = Path(__file__).resolve().parents[1] / "fixtures" / "hosts" / "healthy"
DAMAGED = 20
"""One of so many bundles is cut in half."""


def packed(end: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(end, arcname=end.name)
    return buffer.getvalue()


def written(place: Path, count: int) -> "set[str]":
    """Bundles of a master and its clients; gives the paths of those that are damaged."""
    client, damaged = packed(HEALTHY / "client"), set()
    for number in range(count - 1):
        path = place / f"lpar{number:06}.tgz"
        broken = number % DAMAGED == 7
        path.write_bytes(client[: len(client) // 2] if broken else client)
        if broken:
            damaged.add(str(path))
    (place / "nim1.tgz").write_bytes(packed(HEALTHY / "master"))
    return damaged


def lines(path: Path) -> List[bytes]:
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


class Run:
    """One run of the driver."""

    def __init__(self, words: List[str]) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "nimdoctor", "fleet", *words], stderr=subprocess.PIPE)
        self.peak = 0

    def wait(self, seconds: float) -> bool:
        """Whether it ended within that time; notes the memory of the driver on the way."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            try:
                self.peak = max(self.peak, psutil.Process(self.process.pid).memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.1)
        return self.process.poll() is not None

    def kill_worker(self) -> bool:
        try:
            children = psutil.Process(self.process.pid).children()
            random.choice([one for one in children if "spawn_main" in " ".join(one.cmdline())]).kill()
        except (IndexError, psutil.NoSuchProcess):
            return False
        return True

    def kill(self) -> None:
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait()
        assert psutil.wait_procs(children, timeout=60)[1] == [], "these outlived the driver"


def main(count: int = 10_000, kills: int = 6) -> None:
    with tempfile.TemporaryDirectory() as directory:
        place, kept, output = (Path(directory) / name for name in ("bundles", "kept", "fleet.jsonl"))
        place.mkdir()
        damaged = written(place, count)
        words = [str(place), "--checkpoint", str(kept), "--output", str(output)]
        done: Counter[str] = Counter()
        peak, began = 0, time.monotonic()
        for _ in range(kills):
            run = Run(words)
            for _ in range(3):
                if run.wait(random.uniform(2, count / 400)):
                    break
                done["workers killed"] += run.kill_worker()
            if run.wait(1):
                break
            run.kill()
            peak = max(peak, run.peak)
            done["drivers killed"] += 1
        last = Run(words)
        last.wait(36_000)
        peak = max(peak, last.peak)
        records: Dict[str, dict] = {}
        for line in lines(output):
            record = json.loads(line)
            assert record["target"] not in records, "twice"
            records[record["target"]] = record
        assert set(records) == {str(path) for path in place.iterdir()}
        crashed = {path for path, one in records.items() if (one["failure"] or {}).get("kind") == "crashed"}
        assert {path for path, one in records.items() if one["failure"]} == damaged | crashed
        kept_lines = [json.loads(line) for line in lines(kept)[1:]]
        judged = Counter(json.dumps([line["kind"], line["key"]]) for line in kept_lines)
        assert max(judged.values()) == 1 and len(judged) == 2 * (count - len(damaged)) - len(crashed)
        print(f"{count:,} bundles, {len(damaged):,} damaged, in {time.monotonic() - began:.0f} s with {dict(done)}")
        print(f"each path once, none judged twice, {len(crashed)} crashed; status {last.process.returncode}")
        print(f"driver at most {peak / 2**20:.0f} MiB, checkpoint {kept.stat().st_size / 2**20:.0f} MiB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
