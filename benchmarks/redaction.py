"""Measures redaction: a nimsh.log of 200 MB as it comes, one in which every line is another, also of 30,000 clients, one of
random letters.

`make bench-redaction`. Each stage is timed by itself, in processor time, so that other work on the machine matters
less: learning names, writing the redacted copy, reading that again at the gate. Each log has a process of its own, whose
peak of memory is told.
"""

import os
import random
import resource
import tempfile
import time
from typing import Iterator

from measure import large_log

from nimdoctor.evidence.tree import DirectoryTree
from nimdoctor.redaction import Redactor

LOG = "files/var/adm/ras/nimsh.log"
UNLIKE = 20 * 1024 * 1024
CLIENTS, MANY = 300, 30_000


def unlike_lines(path: str, clients: int = CLIENTS) -> None:
    """A log of 20 MB of which no line comes twice: addresses drawn from all of 10/8, numbers that count up."""
    drawn = random.Random(1)
    with open(path, "w", encoding="ascii") as log:
        number = 0
        while log.tell() < UNLIKE:
            number += 1
            log.write(f"Fri Mar 14 10:05:03 2025 {next(said(drawn, number, clients))}\n")


def unlike_names(path: str) -> None:
    """The same of a site with 30,000 clients."""
    unlike_lines(path, MANY)


def said(drawn: random.Random, number: int, clients: int) -> Iterator[str]:
    """One line's words."""
    address = ".".join(str(drawn.randrange(1, 255)) for _ in range(3))
    yield drawn.choice(
        [
            f"success: we got 2nd write local id is request {number}",
            f"source addr is : 10.{address} number {number}",
            f"source hostname is : lpar{drawn.randrange(clients)} port {number}",
            f"4th write command is /usr/lpp/bos.sysmgt/nim/methods/c_instp {number}",
        ]
    )


def unlike_words(path: str) -> None:
    """A log of 5 MB of lines that have nothing in common but their stamp: ten words of random letters each."""
    drawn = random.Random(1)
    with open(path, "w", encoding="ascii") as log:
        while log.tell() < UNLIKE // 4:
            words = ("".join(drawn.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=6)) for _ in range(10))
            log.write(f"Fri Mar 14 10:05:03 2025 {' '.join(words)}\n")


def host(place: str, clients: int) -> DirectoryTree:
    """An evidence directory of a master with so many clients, but for the log."""
    stanzas = "".join(
        f"lpar{at}:\n   class = machines\n   type  = standalone\n   if1   = net_10_1 lpar{at} 0\n"
        for at in range(clients)
    )
    info = "export NIM_NAME=master\nexport NIM_HOSTNAME=nim1\nexport NIM_CONFIGURATION=master\n"
    for name, text in (("commands/lsnim_-l", stanzas), ("files/etc/niminfo", info), (LOG, "")):
        path = os.path.join(place, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as stream:
            stream.write(text)
    return DirectoryTree(place)


def stages(tree: DirectoryTree) -> "list[float]":
    """Seconds of learning, of writing the redacted log, and of the gate."""
    redactor = Redactor(b"nimdoctor benchmark key 32 bytes")
    times = [time.process_time()]
    redactor.learn(tree)
    times.append(time.process_time())
    redacted = redactor.redacted(tree)
    redacted.size(LOG)
    times.append(time.process_time())
    redactor.check(redacted)
    times.append(time.process_time())
    redacted.close()
    return [after - before for before, after in zip(times, times[1:])]


LOGS = {
    "as it comes, 200 MB": large_log,
    "no line twice, 20 MB": unlike_lines,
    "no line twice, 20 MB, 30,000 clients": unlike_names,
    "no word twice, 5 MB": unlike_words,
}


def main() -> None:
    """Prints one row a log."""
    print("| log | learn | redact | gate | all three | peak memory |\n|---|---|---|---|---|---|", flush=True)
    for name, make in LOGS.items():
        if os.fork():
            os.wait()
            continue
        with tempfile.TemporaryDirectory() as place:
            tree = host(place, MANY if make is unlike_names else CLIENTS)
            make(os.path.join(place, LOG))
            size = os.path.getsize(os.path.join(place, LOG)) / 1e6
            times = stages(tree)
        rates = [f"{size / seconds:.0f} MB/s" for seconds in (*times, sum(times))]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {name} | {' | '.join(rates)} | {peak:.0f} MiB |", flush=True)
        os._exit(0)


if __name__ == "__main__":
    main()
