"""What the tests of fleets share: bundles on disk, and an engine inside this process."""

import io
import os
import tarfile
from functools import cache
from pathlib import Path

import pytest
from scenarios import ON_DISK


@cache
def packed(scenario: str, end: str) -> bytes:
    """One end of a scenario as an archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        archive.add(ON_DISK / scenario / end, arcname=end)
    return buffer.getvalue()


class Bundles:
    """A directory of bundles."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def add(self, name: str, scenario: str = "healthy", end: str = "client", cut: int = 0) -> str:
        """Writes one, of which so many bytes at its end are missing; gives its path."""
        path = self.place / f"{name}.tar.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = packed(scenario, end)
        path.write_bytes(content[: len(content) - cut])
        return str(path)

    def pair(self) -> "list[str]":
        """A client and its master."""
        return [self.add("lpar7"), self.add("nim1", end="master")]

    def many(self, count: int) -> "list[str]":
        """Clients of two kinds and the master of them, so many in all; each tenth is damaged, from the fourth on."""
        clients = [
            self.add(f"client{number:02}", ("healthy", "client-not-secure")[number % 2], cut=99 * (number % 10 == 3))
            for number in range(count - 1)
        ]
        return [*clients, self.add("nim1", end="master")]

    def touch(self, path: str) -> None:
        """As if it had been collected anew."""
        state = os.stat(path)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 10**9))


@pytest.fixture
def bundles(tmp_path):
    return Bundles(tmp_path / "bundles")


class Inline:
    """An engine that works where it is, and notes what it was given; it ends before the item of that number."""

    def __init__(self, ends=None):
        self.given = []
        self.ends = ends
        self.crashes = ()

    def map(self, function, items):
        for item in items:
            if len(self.given) == self.ends:
                raise KeyboardInterrupt
            self.given.append((function.__name__, item))
            yield item, None if item[0] in self.crashes else function(item)

    def close(self):
        pass


@pytest.fixture
def inline():
    return Inline
