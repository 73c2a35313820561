"""Conditions about files: their bytes, whether they are there, whether a fileset owns them."""

import posixpath
import stat
from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts import LibraryArchives
from nimdoctor.model import Role
from nimdoctor.model.private_keys import holds_private_key
from nimdoctor.planning.conditions.base import Answer, Was, condition
from nimdoctor.planning.ends import Snapshot
from nimdoctor.system.stat_result import Stat

_OWNED = "/usr/sbin/installp"
"""A file of bos.rte.install on every AIX, by which lslpp -w shows that it answers (the example of IBM's page)."""
_OF_RPM = ("/opt/freeware", "/var/lib/rpm")
"""Where rpm packages and what is known of them are."""
_NOT_OWNED = b"not owned by any package"
"""What rpm -qf says of a file of nobody; a database that it cannot read ends with the same status."""


def _strange(path: str, look: Optional[Stat]) -> str:
    """Why what stands there is no regular file of one name; empty where it is."""
    if look is None:
        return f"{path} does not exist"
    if look.kind != "file":
        return f"{path} is no regular file but a {look.kind}"
    return "" if look.nlink == 1 else f"{path} has {look.nlink} hard links"


@condition(
    "file-is",
    shell=r"""
file_is() { plain "$1" && sum_of "$R$1" && SEEN="$1 has other bytes than the plan says" && [ "$SUM" = "$2" ]; }
""",
)
class FileIs(NamedTuple):
    """A regular file with one link holds exactly these bytes. `cksum` is what POSIX cksum prints of it."""

    where: Role
    path: str
    sha256: str
    cksum: str

    def words(self) -> str:
        return f"{self.path} is unchanged: a regular file, no link, with the bytes the plan was made from"

    def shell(self) -> Tuple[str, ...]:
        return ("file_is", self.path, self.cksum)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        place = now.files(self.where)
        strange = _strange(self.path, place.stat(self.path))
        if strange:
            return Answer(False, strange)
        if place.fingerprint(self.path) != self.sha256:
            # a plan is made from the text without keys, so the bytes of such a file can never be the plan's
            if holds_private_key(place.read(self.path)):
                return Answer(False, f"{self.path} holds a private key, and its backup would too: take it out first")
            return Answer(False, f"{self.path} has other bytes than the plan says")
        return Answer(True, f"{self.path} has the bytes the plan says")


@condition(
    "file-absent",
    shell=r"""
file_absent() {
    # a directory that is missing above it will do, a link will not
    no_link_above "$1" || { [ ! -h "$R$ABOVE" ] && [ ! -e "$R$ABOVE" ]; } || return 1
    SEEN="$1 exists"
    ! anything "$1"
}
""",
)
class FileAbsent(NamedTuple):
    """Nothing stands at that path, not even a link."""

    where: Role
    path: str

    def words(self) -> str:
        return f"{self.path} does not exist"

    def shell(self) -> Tuple[str, ...]:
        return ("file_absent", self.path)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        look = now.files(self.where).stat(self.path)
        return Answer(look is None, f"{self.path} " + ("does not exist" if look is None else f"exists: a {look.kind}"))


@condition(
    "mode-is",
    shell=r"""
mode_is() {
    plain "$1" || return 1
    FOUND=$RIGHTS ABOVE=${1%/*}
    while [ -n "$ABOVE" ]; do
        SEEN="others may write in $ABOVE, or ls does not tell"
        look "$R$ABOVE" || return 1
        case $RIGHTS in d???????w* | *+) return 1 ;; esac
        ABOVE=${ABOVE%/*}
    done
    SEEN="$1 has mode $FOUND"
    # an access control list shows as a plus; a dot or a minus means that there is none
    case $FOUND in "$2" | "$2". | "$2"-) ;; *) return 1 ;; esac
}
""",
)
class ModeIs(NamedTuple):
    """A regular file with one link and without an access control list has exactly these permission bits, and nobody
    but its owner and group may put another in its place.
    """

    where: Role
    path: str
    mode: int

    def words(self) -> str:
        return f"{self.path} is a regular file, no link, of mode {self.mode:04o}"

    def shell(self) -> Tuple[str, ...]:
        return ("mode_is", self.path, stat.filemode(stat.S_IFREG | self.mode))

    def decide(self, now: Snapshot, was: Was) -> Answer:
        place = now.files(self.where)
        look = place.stat(self.path)
        if look is None or _strange(self.path, look):
            return Answer(False, _strange(self.path, look))
        if look.access_list:
            return Answer(False, f"{self.path} has an access control list, which chmod would switch off")
        directory = posixpath.dirname(self.path)
        while directory != "/":
            above = place.stat(directory)
            if above is not None and (above.mode & 0o002 or above.access_list):
                rights = "an access control list" if above.access_list else f"mode {above.mode:04o}"
                return Answer(False, f"others may write in {directory} ({rights})")
            directory = posixpath.dirname(directory)
        return Answer(look.mode == self.mode, f"{self.path} has mode {look.mode:04o}")


@condition(
    "renamable",
    shell=r"""
renamable() {
    no_link_above "$1" && no_link_above "$2" || return 1
    SEEN="$1 is no directory and no file of one name"
    [ ! -h "$R$1" ] && look "$R$1" && { [ -d "$R$1" ] || { [ -f "$R$1" ] && [ "$LINKS" = 1 ]; }; } || return 1
    SEEN="$2 exists already"
    ! anything "$2" || return 1
    SEEN="$1 is a mount point, or on another file system than $2, or df does not tell"
    FOUND=$(mounted "$R$1")
    [ -n "$FOUND" ] && [ "$FOUND" = "$(mounted "$R${1%/*}/")" ] && [ "$FOUND" = "$(mounted "$R${2%/*}/")" ]
}

mounted() { df -Pk "$1" 2> /dev/null | awk 'NR == 2 { print $1 " " $6 }'; }
""",
)
class Renamable(NamedTuple):
    """A directory or a regular file that can be renamed: no link, no mount point, and `to` does not exist."""

    where: Role
    path: str
    to: str

    def words(self) -> str:
        return f"{self.path} is there, no link and no mount point, and {self.to} does not exist"

    def shell(self) -> Tuple[str, ...]:
        return ("renamable", self.path, self.to)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        place = now.files(self.where)
        look, target = place.stat(self.path), place.stat(self.to)
        if look is None:
            return Answer(False, f"{self.path} does not exist")
        if look.kind not in ("dir", "file"):
            return Answer(False, f"{self.path} is a {look.kind}")
        if look.kind == "file" and look.nlink != 1:
            return Answer(False, f"{self.path} has {look.nlink} hard links")
        if place.mount_point(self.path):
            return Answer(False, f"{self.path} is a mount point")
        if target is not None:
            return Answer(False, f"{self.to} exists already")
        return Answer(True, f"{self.path} can be renamed")


@condition(
    "library-copy-is",
    shell=r"""
library_copy_is() { plain "$1" && SEEN="$1 is a file of $SIZE bytes" && [ "$SIZE" = "$2" ]; }
""",
)
class LibraryCopyIs(NamedTuple):
    """A copy in /usr/lib is the regular file of that size that the finding is about."""

    where: Role
    path: str
    size: int

    def words(self) -> str:
        return f"{self.path} is a regular file of {self.size} bytes, no link"

    def shell(self) -> Tuple[str, ...]:
        return ("library_copy_is", self.path, str(self.size))

    def decide(self, now: Snapshot, was: Was) -> Answer:
        look = now.files(self.where).stat(self.path)
        if look is None:
            return Answer(False, f"{self.path} does not exist")
        if look.kind != "file" or look.nlink != 1:
            return Answer(False, f"{self.path} is a {look.kind} with {look.nlink} links")
        return Answer(look.size == self.size, f"{self.path} is a file of {look.size} bytes")


@condition(
    "not-owned",
    shell=r"""
not_owned() {
    ask lslpp -w "$1" || return 1
    SEEN=$(awk -v path="$1" '$1 == path && $2 ~ /[.]/ { print "fileset " $2 " owns it" }' "$OUT")
    [ -z "$SEEN" ] || return 1
    # in what words it says that nobody does is recorded nowhere: that it can say it shows by a file that has an owner
    SEEN='lslpp -w knows no owner of /usr/sbin/installp either'
    ask lslpp -w /usr/sbin/installp && grep '^ */usr/sbin/installp  *[^ ]*[.]' "$OUT" > /dev/null || return 1
    SEEN='there is no rpm to be asked'
    [ -x "$R/usr/bin/rpm" ] || { ! anything /opt/freeware && ! anything /var/lib/rpm; return; }
    ask rpm -qf "$1" || return 1
    SEEN="rpm -qf: $(sed 1q "$OUT")"
    [ "$CODE" != 0 ] && grep 'not owned by any package' "$OUT" > /dev/null
}
""",
)
class NotOwned(NamedTuple):
    """No fileset (lslpp -w) and no rpm package (rpm -qf) owns the file."""

    where: Role
    path: str

    def words(self) -> str:
        return f"no fileset and no rpm package owns {self.path}"

    def shell(self) -> Tuple[str, ...]:
        return ("not_owned", self.path)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        owner, why = self._fileset(now, self.path)
        if owner:
            return Answer(False, f"fileset {owner} owns {self.path}")
        # in what words it says that nobody does is recorded nowhere
        if why or not self._fileset(now, _OWNED)[0]:
            why = why or f"knows no owner of {_OWNED} either"
            return Answer(None, f"whether a fileset owns {self.path} is not known: lslpp -w {why}")
        if not now.has_program(self.where, "rpm"):
            if any(now.files(self.where).stat(path) for path in _OF_RPM):
                return Answer(None, f"whether an rpm package owns {self.path} is not known: there is no rpm")
            return Answer(True, f"no fileset owns {self.path}, and there is no rpm")
        result, why = now.ask(self.where, ["rpm", "-qf", self.path])
        if result is None or result.status is None:
            return Answer(None, f"whether an rpm package owns {self.path} is not known: rpm {why or 'did not end'}")
        if result.status == 0 and result.stdout.strip():
            return Answer(False, f"rpm package {result.stdout.decode('utf-8', 'replace').split()[0]} owns {self.path}")
        if _NOT_OWNED not in result.stdout + result.stderr:
            return Answer(None, f"whether an rpm package owns {self.path} is not known: rpm ended with {result.status}")
        return Answer(True, f"neither a fileset nor an rpm package owns {self.path}")

    def _fileset(self, now: Snapshot, path: str) -> Tuple[str, str]:
        """The fileset that owns a path, empty where none is named, and why lslpp gave no answer."""
        result, why = now.ask(self.where, ["lslpp", "-w", path])
        if result is None or result.status is None:
            return "", why or "did not end"
        rows = (line.split() for line in result.stdout.decode("utf-8", "replace").splitlines())
        return next((words[1] for words in rows if len(words) > 1 and words[0] == path and "." in words[1]), ""), ""


OLD_MEMBERS = (("libssl.a", "libssl.so.0.9.8"), ("libcrypto.a", "libcrypto.so.0.9.8"))
"""Archive and member that an old `nimclient -c` extracts, and that every copy of the guide's is of."""


@condition(
    "member-kept",
    shell=r"""
member_kept() {
    answered ar -X32_64 -tv "/usr/lib/$1" || return 1
    SEEN="$1 has no member $2"
    awk -v name="$2" '$NF == name && (NF == 1 || /^[ \t]*[-rwxsStT]+[ \t]+[^ \t]*[0-9].*[0-9][0-9][0-9][0-9]?[ \t]/) { found = 1 } END { exit !found }' "$OUT"
}
""",
)
class MemberKept(NamedTuple):
    """The archive still has the member of which the file is a copy; one whose member is gone would not come back."""

    where: Role
    archive: str
    member: str

    def words(self) -> str:
        return f"/usr/lib/{self.archive} still has the member {self.member}"

    def shell(self) -> Tuple[str, ...]:
        return ("member_kept", self.archive, self.member)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        archives = now.fact(self.where, LibraryArchives)
        if archives is None:
            return Answer(None, f"the members of {self.archive} are not known")
        there = bool(archives.members_named(self.archive, self.member))
        if not there and not archives.listed(self.archive):
            return Answer(None, f"not all members of {self.archive} are known")
        return Answer(there, f"{self.archive} has {'a' if there else 'no'} member {self.member}")
