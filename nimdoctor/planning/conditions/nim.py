"""Conditions about SRC, filesets, niminfo and NIM's objects."""

import re
from typing import NamedTuple, Tuple

from nimdoctor.facts import Filesets, Inittab, NimclientObjects, NimInfo, NimObjects, NimshMode, Sockets, Subsystems
from nimdoctor.facts.rhosts import same_host
from nimdoctor.model import Role
from nimdoctor.planning.conditions.base import Answer, Was, condition
from nimdoctor.planning.ends import Elsewhere, Snapshot

_PREVIEWED = re.compile(r"\s*([A-Za-z][\w+-]*(?:\.[\w+-]+)+)\s+(\d{1,9}(?:\.\d{1,9}){3})\b")


@condition(
    "subsystem-is",
    shell=r"""
subsystem_is() {
    answered lssrc -a || return 1
    ACTIVE=$(awk -v name="$1" '$1 == name && NF > 1 && found != "yes" { found = $NF == "active" ? "yes" : $NF ~ /^(inoperative|stopping|starting|warned)$/ ? "no" : "not known" }
        /^[A-Z]/ && NF == 4 && !/[0-9\/]/ { heading = 1 }
        END { print found != "" ? found : heading ? "no" : "" }' "$OUT")
    SEEN="$1 is active: ${ACTIVE:-not known} (lssrc -a)"
    [ "$ACTIVE" = "$2" ]
}
""",
)
class SubsystemIs(NamedTuple):
    """SRC says that the subsystem is active, or that it is not."""

    where: Role
    name: str
    active: bool

    def words(self) -> str:
        return f"{self.name} is {'active' if self.active else 'inoperative'} on the {self.where.value}"

    def shell(self) -> Tuple[str, ...]:
        return ("subsystem_is", self.name, "yes" if self.active else "no")

    def decide(self, now: Snapshot, was: Was) -> Answer:
        subsystems = now.fact(self.where, Subsystems)
        active = subsystems.active(self.name) if subsystems else None
        if active is None:
            return Answer(None, f"whether {self.name} is active is not known (lssrc -a)")
        return Answer(active is self.active, f"{self.name} is {'active' if active else 'inoperative'}")


@condition(
    "port-free",
    shell=r"""
port_free() {
    answered netstat -an || return 1
    SEEN=$(awk -v port="$1" '
        /Local Address|Active Internet/ { some = 1 }
        $1 ~ /^[0-9a-f]+$/ && $2 ~ /^tcp/ { sub(/^[ \t]*[^ \t]+[ \t]+/, "") }
        $1 ~ /^tcp[0-9]*$/ { some = 1; if ($6 == "LISTEN" && $4 ~ ("[.:]" port "$")) print }
        END { if (!some) print "nothing known (netstat -an)" }' "$OUT") && [ -z "$SEEN" ]
}
""",
)
class PortFree(NamedTuple):
    """Nothing listens on the port, so that a daemon to be started can."""

    where: Role
    port: int

    def words(self) -> str:
        return f"nothing listens on port {self.port} of the {self.where.value}"

    def shell(self) -> Tuple[str, ...]:
        return ("port_free", str(self.port))

    def decide(self, now: Snapshot, was: Was) -> Answer:
        sockets = now.fact(self.where, Sockets)
        if sockets is None:
            return Answer(None, f"whether something listens on {self.port} is not known (netstat -an)")
        listening = sockets.listening(self.port)
        if listening:
            return Answer(False, f"something listens on {self.port}: {listening[0].at.text.strip()}")
        return Answer(True, f"nothing listens on {self.port}")


@condition(
    "port-for",
    shell=r"""
port_for() { subsystem_is "$2" yes || port_free "$1"; }
""",
)
class PortFor(NamedTuple):
    """Nothing but that daemon listens on the port: SRC says that it is active, or nothing listens."""

    where: Role
    port: int
    name: str

    def words(self) -> str:
        return f"nothing but {self.name} listens on port {self.port} of the {self.where.value}"

    def shell(self) -> Tuple[str, ...]:
        return ("port_for", str(self.port), self.name)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        subsystems = now.fact(self.where, Subsystems)
        if subsystems and subsystems.active(self.name):
            return Answer(True, f"{self.name} is active")
        return PortFree(self.where, self.port).decide(now, was)


@condition(
    "crypto-is",
    shell=r"""
crypto_is() {
    nimsh_words || return 1
    case $WORDS in *' -c '*) SEEN=on ;; *) SEEN=off ;; esac
    [ "$SEEN" = "$1" ]
}
""",
)
class CryptoIs(NamedTuple):
    """nimsh runs, or would be started, with cryptographic authentication (-c), or without."""

    where: Role
    on: bool

    def words(self) -> str:
        return f"nimsh on the {self.where.value} has crypto {'on (-c)' if self.on else 'off (no -c)'}"

    def shell(self) -> Tuple[str, ...]:
        return ("crypto_is", "on" if self.on else "off")

    def decide(self, now: Snapshot, was: Was) -> Answer:
        mode = now.fact(self.where, NimshMode)
        if mode is None:
            return Answer(None, "nimsh's arguments are not known (ps, lssrc -S -s nimsh)")
        return Answer(mode.secure is self.on, f"nimsh has crypto {'on' if mode.secure else 'off'}")


@condition(
    "push-is",
    shell=r"""
push_is() {
    nimsh_words || return 1
    case $WORDS in *' -P '*) SEEN=off ;; *) SEEN=on ;; esac
    [ "$SEEN" = "$1" ]
}
""",
)
class PushIs(NamedTuple):
    """nimsh runs, or would be started, so that it takes pushes, or refuses them (-P)."""

    where: Role
    on: bool

    def words(self) -> str:
        return f"nimsh on the {self.where.value} {'takes pushes (no -P)' if self.on else 'refuses pushes (-P)'}"

    def shell(self) -> Tuple[str, ...]:
        return ("push_is", "on" if self.on else "off")

    def decide(self, now: Snapshot, was: Was) -> Answer:
        mode = now.fact(self.where, NimshMode)
        if mode is None:
            return Answer(None, "nimsh's arguments are not known (ps, lssrc -S -s nimsh)")
        return Answer(mode.push_disabled is not self.on, f"nimsh {'refuses' if mode.push_disabled else 'takes'} pushes")


@condition(
    "boot-row",
    shell=r"""
boot_row() {
    ask lsitab nimsh || return 1
    SEEN=$(awk '/^[ \t]*nimsh:[^:]*:[^:]*:/ { print; exit }' "$OUT")
    if [ "$1" = no ]; then
        # where there is no row it prints nothing and exits 1; exit 0 would say that there is one
        [ -z "$SEEN" ] && [ ! -s "$OUT" ] && [ "$CODE" = 1 ]
    else
        printf '%s\n' "$SEEN" | awk -F: '{ exit !(NF > 3 && ($2 == "" || $2 ~ /2/) && $3 ~ /^(boot|bootwait|once|respawn|sysinit|wait)$/) }'
    fi
}
""",
)
class BootRow(NamedTuple):
    """/etc/inittab has a row of nimsh by which init starts something at boot, or has no row of it at all."""

    where: Role
    present: bool

    def words(self) -> str:
        row = "a row that init acts on at boot" if self.present else "no row"
        return f"lsitab nimsh shows {row} on the {self.where.value}"

    def shell(self) -> Tuple[str, ...]:
        return ("boot_row", "yes" if self.present else "no")

    def decide(self, now: Snapshot, was: Was) -> Answer:
        inittab = now.fact(self.where, Inittab)
        if inittab is None:
            return Answer(None, "whether /etc/inittab has a row of nimsh is not known (lsitab nimsh)")
        row = f"lsitab nimsh shows {inittab.at.text.strip() if inittab.at else 'no row'}"
        return Answer(inittab.at_boot if self.present else not inittab.present, row)


@condition(
    "niminfo-says",
    shell=r"""
niminfo_says() { niminfo "$1" && SEEN="/etc/niminfo has $1=$VALUE" && [ "$(lower "$VALUE")" = "$(lower "$2")" ]; }
""",
)
class NimInfoSays(NamedTuple):
    """A variable of /etc/niminfo has that value."""

    where: Role
    variable: str
    value: str

    def words(self) -> str:
        return f"/etc/niminfo has {self.variable}={self.value}"

    def shell(self) -> Tuple[str, ...]:
        return ("niminfo_says", self.variable, self.value)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        info = now.fact(self.where, NimInfo)
        if info is None:
            return Answer(False, "/etc/niminfo is not there or holds no NIM variable")
        found = info.get(self.variable) or ""
        return Answer(found.lower() == self.value.lower(), f"/etc/niminfo has {self.variable}={found}")


@condition(
    "object-is-hosts",
    shell=r"""
object_is_hosts() {
    objects nimclient -l -l "$1" && machines 1 || return 1
    SEEN="the master shows no machine $1"
    printf '%s\n' "$MACHINES" | grep -x "$1" > /dev/null || return 1
    SEEN=$(awk -F'\t' -v name="$1" '$1 == name && $2 ~ /^if[0-9]+$/ && split($3, words, " ") > 1 { print words[2] }' "$ROWS")
    shift
    # equal, or one the short form of the other, unless it is an address
    for HOST in "$@"; do
        printf '%s\n' "$SEEN" | awk -v host="$(lower "$HOST")" '
            { name = tolower($0); sub(/\.+$/, "", name); sub(/\.+$/, "", host); digits = name; gsub(/\./, "", digits) }
            name == host || (digits !~ /^[0-9]*$/ && (index(name, host ".") == 1 || index(host, name ".") == 1)) { found = 1 }
            END { exit !found }' && return 0
    done
    return 1
}
""",
)
class ObjectIsHosts(NamedTuple):
    """The master has a machine object of that name, one interface of which is this host's."""

    where: Role
    name: str
    hostnames: Tuple[str, ...]

    def words(self) -> str:
        return f"the master has a machine {self.name} with an interface of {' or '.join(self.hostnames)}"

    def shell(self) -> Tuple[str, ...]:
        return ("object_is_hosts", self.name, *self.hostnames)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        objects = _objects(now)
        if objects is None:
            return Answer(None, "the master's objects are not known (lsnim -l, nimclient -l -l)")
        found = objects.get(self.name)
        if found is None or not found.is_machine:
            return Answer(False, f"the master shows no machine {self.name}")
        names = found.host_names()
        if not any(same_host(one, other) for one in names for other in self.hostnames):
            return Answer(False, f"{self.name} has the interfaces {', '.join(names) or '(none)'}")
        return Answer(True, f"{self.name} has this host's interface")


def _objects(now: Snapshot) -> "NimObjects | None":
    try:
        found = now.fact(Role.MASTER, NimObjects)
    except Elsewhere:
        found = None
    objects: NimObjects | None = found or now.fact(Role.CLIENT, NimclientObjects)
    return objects


@condition("filesets-installed")
class FilesetsInstalled(NamedTuple):
    """All these filesets are installed and none is broken."""

    where: Role
    filesets: Tuple[str, ...]

    def words(self) -> str:
        return f"{', '.join(self.filesets)} installed on the {self.where.value}"

    def shell(self) -> Tuple[str, ...]:
        return ("filesets", "!(name in rows) || name in broken", " ".join(self.filesets))

    def decide(self, now: Snapshot, was: Was) -> Answer:
        filesets = now.fact(self.where, Filesets)
        if filesets is None:
            return Answer(None, "the installed filesets are not known (lslpp -lc)")
        lacking = [name for name in self.filesets if not filesets.installed(name) or filesets.broken(name)]
        return Answer(not lacking, f"not installed, or broken: {', '.join(lacking)}" if lacking else "all installed")


@condition("filesets-unlocked")
class FilesetsUnlocked(NamedTuple):
    """No interim fix locks one of these filesets."""

    where: Role
    filesets: Tuple[str, ...]

    def words(self) -> str:
        return f"no interim fix locks {', '.join(self.filesets)}"

    def shell(self) -> Tuple[str, ...]:
        return ("filesets", "name in locked", " ".join(self.filesets))

    def decide(self, now: Snapshot, was: Was) -> Answer:
        filesets = now.fact(self.where, Filesets)
        if filesets is None:
            return Answer(None, "the installed filesets are not known (lslpp -lc)")
        unknown = [name for name in self.filesets if filesets.installed(name) is None]
        if unknown:
            return Answer(None, f"whether an interim fix locks {', '.join(unknown)} is not known (lslpp -lc)")
        locked = [name for name in self.filesets if filesets.efix_locked(name)]
        return Answer(not locked, f"locked by an interim fix: {', '.join(locked)}" if locked else "none is locked")


@condition(
    "preview-touches-only",
    shell=r"""
preview_touches_only() {
    PREFIX=$1
    shift
    limited 600 "$@" > "$WORK/preview" 2>&1
    CODE=$?
    SEEN=$(awk -v prefix="$PREFIX" '
        $1 ~ /^[A-Za-z][A-Za-z0-9_+-]*(\.[A-Za-z0-9_+-]+)+$/ && $2 ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/ {
            if (index($1, prefix) == 1) some = 1
            else print "it would change " $1 " too"
        }
        END { if (!some) print "the preview names no fileset" }' "$WORK/preview")
    [ -z "$SEEN" ] && SEEN="the preview ended with status $CODE" && [ "$CODE" = 0 ]
}
""",
)
class PreviewTouchesOnly(NamedTuple):
    """A preview of the installation names filesets of that prefix and no other."""

    where: Role
    argv: Tuple[str, ...]
    prefix: str

    def words(self) -> str:
        return f"a preview ({' '.join(self.argv)}) would change nothing but {self.prefix}*"

    def shell(self) -> Tuple[str, ...]:
        return ("preview_touches_only", self.prefix, *self.argv)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        result, why = now.ask(self.where, list(self.argv), 600.0)
        if result is None:
            return Answer(None, f"the preview could not be made: {why}")
        if result.timed_out:
            return Answer(None, "the preview did not end in ten minutes")
        text = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
        named = [found.group(1) for found in map(_PREVIEWED.match, text.splitlines()) if found]
        others = sorted({name for name in named if not name.startswith(self.prefix)})
        if others:
            return Answer(False, f"it would change others too: {', '.join(others)}")
        if result.status != 0:
            return Answer(False, f"the preview ended with status {result.status}: {_first_line(text)}")
        if not named:
            return Answer(None, "the preview names no fileset")
        return Answer(True, f"it would change {', '.join(sorted(set(named)))}")


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no output")[:160]
