"""Random small trees, with plans that edit, remove and rename what is in them."""

import re
import subprocess
from pathlib import Path

from hypothesis import strategies as st
from shells import shell_named

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.live import LiveHost
from nimdoctor.model import Role
from nimdoctor.model.private_keys import holds_private_key
from nimdoctor.planning.conditions import FileAbsent, LibraryCopyIs, Renamable
from nimdoctor.planning.document import Plan, PlanHost
from nimdoctor.planning.ends import End, Ends
from nimdoctor.planning.steps import RUN, Change, Move, Phase, Remove, Step, make_edit, unchanged, written
from nimdoctor.planning.steps import edited as edited_bytes
from nimdoctor.system.host_files import HostFiles


def script(shell, path, *words):
    return subprocess.run(
        [shell_named(shell), path, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )


LINES = st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\n\r"), max_size=12).map(
    lambda line: line.encode("iso8859-1")
)
CONTENTS = (
    st.lists(LINES, min_size=1, max_size=6)
    .flatmap(
        lambda lines: st.sampled_from([b"\n".join(lines), b"\n".join(lines) + b"\n", b"\r\n".join(lines) + b"\r\n"])
    )
    .filter(lambda raw: not holds_private_key(raw))
)
# what holds a key is refused before anything is rendered
LIBRARIES = st.binary(max_size=40).filter(lambda raw: not holds_private_key(raw))
MODES = st.sampled_from([0o644, 0o600, 0o444, 0o755, 0o640, 0o4755])


@st.composite
def trees(draw):
    """Files of a tree with their modes, and a plan that edits, removes and renames some of them."""
    files = {
        "/etc/inetd.conf": (draw(CONTENTS), draw(MODES)),
        "/.rhosts": (draw(CONTENTS), draw(MODES)),
        "/etc/niminfo": (draw(CONTENTS), draw(MODES)),
        "/usr/lib/libssl.so.0.9.8": (draw(LIBRARIES), draw(MODES)),
        "/usr/lib/libcrypto.so.0.9.8": (draw(LIBRARIES), draw(MODES)),
    }
    steps = []
    for path in ("/etc/inetd.conf", "/.rhosts"):
        changes = draw(edits(files[path][0]))
        if changes and edited_bytes(files[path][0], changes) != files[path][0]:
            edit = make_edit(path, files[path][0], changes)
            steps.append(
                step(Phase.TFTP, edit, (unchanged(Role.CLIENT, edit),), (written(Role.CLIENT, edit),), "bytes back")
            )
    for path in draw(st.sets(st.sampled_from(["/usr/lib/libssl.so.0.9.8", "/usr/lib/libcrypto.so.0.9.8"]))):
        before = (LibraryCopyIs(Role.CLIENT, path, len(files[path][0])),)
        steps.append(step(Phase.LIBRARIES, Remove(path), before, (FileAbsent(Role.CLIENT, path),), "copy back"))
    if draw(st.booleans()):
        move = Move("/etc/niminfo", f"/etc/niminfo.old.{RUN}")
        before = (Renamable(Role.CLIENT, move.path, move.to),)
        steps.append(step(Phase.IDENTITY, move, before, (FileAbsent(Role.CLIENT, move.path),), "renamed back"))
    return files, [one._replace(id=f"{number}-client") for number, one in enumerate(steps, 1)]


@st.composite
def edits(draw, content):
    lines = content.decode("iso8859-1").split("\n")
    if lines[-1] == "" and len(lines) > 1:
        lines.pop()
    changes = []
    for number, line in enumerate(lines, 1):
        what = draw(st.sampled_from(["keep", "keep", "change", "drop", "add"]))
        new = draw(LINES).decode("iso8859-1")
        old = line[:-1] if line.endswith("\r") else line
        if what == "change":
            changes.append(Change(number, old, new))
        elif what == "drop" and len(lines) > 1:
            changes.append(Change(number, old, None))
        elif what == "add":
            changes.append(Change(number, None, new))
    return changes


def step(phase, do, before, verify, undo):
    return Step(
        Role.CLIENT, phase, "a step", do, "it's a 'test'; $(x) `y`", "as said", before, (), verify, undo,
        fixes=("remove-rhosts",),
    )  # fmt: skip


def grow(place, files):
    for directory in ("etc", "usr/lib", "usr/bin", "usr/sbin", "var/adm"):
        Path(place, directory).mkdir(parents=True)
    for path, (content, mode) in files.items():
        target = Path(place + path)
        target.write_bytes(content)
        target.chmod(mode)


def shown(place):
    found = {}
    for path in sorted(Path(place).rglob("*")):
        name = re.sub(r"\d{8}T\d{6}Z-[0-9a-f]{4}", "RUN", str(path)[len(place) :])
        if path.is_file() and not name.startswith("/var/adm/nimdoctor"):
            found[name] = (path.read_bytes(), path.stat().st_mode & 0o7777, path.stat().st_uid)
    return found


def plan_for(place, steps):
    target = f"root:{place}"
    ends = Ends(
        {
            Role.CLIENT: End(
                Role.CLIENT,
                target,
                lambda: LiveHost(place),
                ("client",),
                HostFiles(place),
                f"{place}/var/adm/nimdoctor",
            )
        },
        Catalog(),
    )
    return Plan({Role.CLIENT: PlanHost("lpar7", target, None, None)}, (), tuple(steps)), ends
