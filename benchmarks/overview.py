"""Measures the overview of a fleet: what it costs to make, how large it is, and how long a browser takes for it.

`PYTHONPATH=tests:tests/report python benchmarks/overview.py` (Chromium is needed). Each page is made in a process of its own; of a click is measured
the time from it to the next frame, the median of the clicks on five numbers.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import List

import browser
from fleet_records import NOW, fleet

from nimdoctor.report.fleet.overview import overview

HOSTS = (10, 1_000, 10_000, 100_000)
CLICKS = ("verdict-problems", "verdict-healthy", "check-stale-ssl-libs", "generation-G1", "hosts")
CLICK = """(async () => { const start = performance.now(); location.hash = %s;
  await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0))); return performance.now() - start; })()"""


def make(number: int, place: str) -> None:
    """Writes a page from records in a file, and tells the processor time and the peak of memory."""
    records = Path(place, "records.jsonl")
    with records.open("w", encoding="ascii") as file:
        file.writelines(json.dumps(one) + "\n" for one in fleet(number))
    start = time.process_time()
    with Path(place, "page.html").open("w", encoding="ascii") as page:
        page.writelines(overview(lambda: map(json.loads, records.open(encoding="ascii")), NOW))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([time.process_time() - start, peak]))


def measured(number: int, chromium: browser.Browser) -> List[float]:
    """Processor seconds and peak MiB of making the page, its MB, milliseconds to DOMContentLoaded and of a click."""
    with tempfile.TemporaryDirectory() as place:
        made = subprocess.run([sys.executable, __file__, str(number), place], stdout=subprocess.PIPE, check=True)
        page = Path(place, "page.html")
        chromium.open(page)
        ready = chromium.value("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
        clicks = [
            chromium.tell("Runtime.evaluate", expression=CLICK % json.dumps(one), awaitPromise=True, returnByValue=True)
            for one in CLICKS
        ]
        click = statistics.median(one["result"]["value"] for one in clicks)
        return [*json.loads(made.stdout), page.stat().st_size / 1e6, ready, click]


def main() -> None:
    """A row a number of bundles."""
    chromium = browser.Browser()
    print("| bundles | made, processor | peak memory | page | open | a click |\n|---|---|---|---|---|---|")
    for number in HOSTS:
        seconds, peak, size, ready, click = measured(number, chromium)
        print(f"| {number:,} | {seconds:.2f} s | {peak:.0f} MiB | {size:.2f} MB | {ready:.0f} ms | {click:.0f} ms |")
    chromium.close()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        make(int(sys.argv[1]), sys.argv[2])
    else:
        main()
