"""The copies of OpenSSL's libraries in /usr/lib: are they those of the installed openssl.base?"""

import posixpath
from datetime import datetime, timedelta
from typing import List, NamedTuple, Optional, Tuple

from nimdoctor.facts.ar import LibraryArchives
from nimdoctor.facts.clock import HostClock
from nimdoctor.facts.level import Level
from nimdoctor.facts.lslpp import Filesets
from nimdoctor.facts.lslpp_history import FilesetHistory
from nimdoctor.facts.paths import Paths
from nimdoctor.model.path_state import PathState
from nimdoctor.model.rows import fact
from nimdoctor.model.text import Quote

PATTERNS = ("/usr/lib/libssl.so*", "/usr/lib/libcrypto.so*")
FRESH, STALE, UNKNOWN = "fresh", "stale", "unknown"
_CHANGED_AT = Level((1, 0, 1, 500))
"""The first level whose members no longer fit copies made before it (the seed, APAR IV58877)."""
_EPOCH = datetime(1970, 1, 1)
_SUMMER_TIME = 3600
"""The zone's offset is today's: across a change of the clocks an installation seems an hour later."""
_EASTMOST, _WESTMOST = 16 * 3600, 14 * 3600


class LibraryCopy(NamedTuple):
    """One copy: `verdict` is fresh, stale or unknown; `reasons` say why, `evidence` shows it.

    `certain` is False for what rests on the level alone, or on a listing that is not whole. `gone` says that its
    archive, known whole, has no member of its name any more.
    """

    path: str
    verdict: str
    reasons: Tuple[str, ...]
    certain: bool
    evidence: Tuple[Quote, ...]
    gone: bool = False


@fact()
class ExtractedLibraries(NamedTuple):
    """The copies that are there; `listed` says whether it is known which are.

    >>> from nimdoctor.model.text import Text
    >>> paths = Paths.parse(Text.of('''-rwxr-xr-x 1 root system 605236 Nov 02 2013 /usr/lib/libssl.so.0.9.8
    ... ''', "ls -l /usr/lib/libssl.so* /usr/lib/libcrypto.so*"))
    >>> archive = LibraryArchives.parse(Text.of('''rwxr-xr-x 0/0 745320 Mar 05 04:15 2019 libssl.so.0.9.8
    ... ''', "ar -X32_64 -tv /usr/lib/libssl.a"))
    >>> copy = ExtractedLibraries.derive(paths, archive, None, None, None).copies[0]
    >>> copy.verdict, copy.certain, copy.reasons
    ('stale', True, ('its size is 605236 bytes, that of the member in libssl.a 745320',))
    """

    copies: Tuple[LibraryCopy, ...]
    listed: bool
    source: str

    @classmethod
    def derive(
        cls,
        paths: Paths,
        archives: Optional[LibraryArchives],
        history: Optional[FilesetHistory],
        filesets: Optional[Filesets],
        clock: Optional[HostClock],
    ) -> "ExtractedLibraries":
        """Compares each copy with the member of its name, then with the time openssl.base was installed.

        Without either, the installed level alone makes a copy possibly stale, never fresh.
        """
        copies = []
        for pattern in PATTERNS:
            archive = pattern[len("/usr/lib/") :].split(".")[0] + ".a"
            for path, state in sorted(paths.matching(pattern).items()):
                if state.kind not in ("link", "dir"):
                    judge = _Judge(path, state, paths.quote(path))
                    copies.append(judge.verdict(archive, archives, history, filesets, clock))
        listed = all(paths.listed(pattern) for pattern in PATTERNS) or (
            any(path.startswith(tuple(pattern[:-1] for pattern in PATTERNS)) for path in paths.states)
            and not any(pattern in paths.unseen for pattern in PATTERNS)
            and not paths.cut
        )
        return cls(tuple(copies), listed, paths.source)

    def with_verdict(self, verdict: str) -> Tuple[LibraryCopy, ...]:
        """The copies that are fresh, stale or unknown."""
        return tuple(copy for copy in self.copies if copy.verdict == verdict)

    def whole(self) -> Quote:
        """A quote that means the listing of /usr/lib."""
        return Quote(self.source, None, "")


class _Judge:
    """Judges one copy, keeping what it looked at."""

    def __init__(self, path: str, state: PathState, quote: Quote) -> None:
        self.path = path
        self.state = state
        self.evidence: List[Quote] = [quote]
        self.gone = False

    def verdict(
        self,
        archive: str,
        archives: Optional[LibraryArchives],
        history: Optional[FilesetHistory],
        filesets: Optional[Filesets],
        clock: Optional[HostClock],
    ) -> LibraryCopy:
        same_size: Optional[bool] = None
        reasons: List[str] = []
        stale, certain = False, True
        if archives:
            same_size, reason, certain = self._against_archive(archive, archives)
            reasons += [reason] if reason else []
            stale = same_size is False
        newer, reason = self._against_installation(history, clock)
        reasons += [reason] if reason else []
        if newer is False:
            stale, certain = True, True
        if stale:
            return self._copy(STALE, reasons, certain)
        if same_size or newer:
            return self._copy(FRESH, reasons, True)
        if history and not history.coverage.of("openssl.base"):
            return self._copy(
                UNKNOWN, ["when openssl.base was installed is not known, of its history a part was given"], False
            )
        return self._by_level(filesets)

    def _copy(self, verdict: str, reasons: List[str], certain: bool) -> LibraryCopy:
        evidence = tuple(dict.fromkeys(self.evidence))
        return LibraryCopy(self.path, verdict, tuple(reasons), certain, evidence, self.gone)

    def _against_archive(self, archive: str, archives: LibraryArchives) -> Tuple[Optional[bool], str, bool]:
        """Whether a member has the copy's size (a member that is gone has not), why, and whether that is certain."""
        name = posixpath.basename(self.path)
        members = archives.members_named(archive, name)
        whole = archives.listed(archive)
        if not members:
            if not whole:
                return None, "", False
            self.evidence.append(archives.whole())
            self.gone = True
            return False, f"{archive} has no member {name} any more", True
        sizes = [member.size for member in members if member.size is not None]
        if self.state.size is None or not sizes:
            return None, "", False
        self.evidence += [member.at for member in members]
        if self.state.size in sizes:
            return True, f"its size is that of a member in {archive}, {self.state.size} bytes", True
        listed = " and ".join(str(size) for size in sizes)
        reason = f"its size is {self.state.size} bytes, that of the member in {archive} {listed}"
        return False, reason, whole and len(sizes) == len(members)

    def _against_installation(
        self, history: Optional[FilesetHistory], clock: Optional[HostClock]
    ) -> Tuple[Optional[bool], str]:
        """Whether the copy is newer than openssl.base; None when that cannot be told."""
        row = history.installed_at("openssl.base") if history else None
        if row is None or row.when is None or self.state.mtime is None:
            return None, ""
        installed = clock.to_utc(row.when) if clock else None
        if installed is not None:
            older, newer = self.state.mtime < installed - _SUMMER_TIME, self.state.mtime >= installed
        else:
            local = (row.when - _EPOCH) // timedelta(seconds=1)
            older, newer = self.state.mtime < local - _EASTMOST, self.state.mtime > local + _WESTMOST
        if not (older or newer):
            return None, ""
        self.evidence.append(row.at)
        written = _stamp(self.state.mtime)
        than = f"openssl.base, installed {row.when:%Y-%m-%d %H:%M:%S} local time"
        return newer, f"written {written}, {'after' if newer else 'before'} {than}"

    def _by_level(self, filesets: Optional[Filesets]) -> LibraryCopy:
        level = filesets.vrmf("openssl.base") if filesets else None
        if filesets is None or level is None:
            return self._copy(UNKNOWN, ["there is nothing to compare it with"], False)
        self.evidence.append(filesets.quote("openssl.base"))
        if level.openssl() >= _CHANGED_AT:
            reason = f"openssl.base is {level}, at or above {_CHANGED_AT}, with nothing to compare the copy with"
            return self._copy(STALE, [reason], False)
        return self._copy(UNKNOWN, [f"openssl.base is {level}, with nothing to compare the copy with"], False)


def _stamp(seconds: int) -> str:
    try:
        return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
    except OverflowError:
        return f"{seconds} seconds after 1970"
