"""Every fix's plans as they were reviewed: in each of its situations every step, and all that the step rests on.

`expected/FIX.txt` shows what a person must judge of a plan: what is done and by when it must have ended, what must hold
before (`before`: when it is planned and again just before it; `then`: only just before it), what shows that it worked
(`verify`), how it is taken back, and what it says of itself. A condition, a way back or a deadline that is lost shows
as a difference. A fix brings its situations in `situations/FIX.json`
(`_situation_of` tells the keys); the first ones stand here. After a change that is meant, write the files anew and review the difference as a change of its own:

    .venv/bin/python -m tests.fixes.plans            # from the top of the repository; FIX ... for some only
    git diff tests/fixes/expected

Sums, times and places vary from lab to lab: each sum has a number here, in the order in which it is met.
"""

import contextlib
import difflib
import io
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple
from unittest import mock

from nimdoctor.lab import Lab
from nimdoctor.library.registry import Registry
from nimdoctor.probe import Push

EXPECTED = Path(__file__).resolve().parent / "expected"
_TIME = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?")
TFTP = ("10.1.1.10", 69)
_SUM = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{16}|\d{6,} \d+)\b")
OWN_SITUATIONS = EXPECTED.with_name("situations")
CLASSIC = tuple(fix.id for fix in Registry().fixes() if fix.classic)
Preparation = Callable[[Lab], object]
LabOf = Callable[[str], Lab]
"""Gives a lab of a scenario that may be changed."""


class Situation(NamedTuple):
    """A plan: a lab's scenario, what is changed in it first, the words of the command line, and the ends that are given.

    `ends` is "both", "client" or "master"; "recorded" gives the master as evidence that was just collected. `pushed` is
    what a probe learns: whether another client is pushed well, and that the master's tftp answers; None for no probe.
    """

    scenario: str
    words: Tuple[str, ...] = ()
    prepare: Preparation = lambda lab: None
    ends: str = "both"
    pushed: Optional[bool] = None


# -- what is changed in a lab before the plan is made


def crypto_off(lab: Lab) -> None:
    lab.run("client", "nimclient", "-C")


def file(end: str, path: str, content: Optional[str]) -> Preparation:
    """The file has that content, or is gone."""

    def prepare(lab: Lab) -> None:
        place = lab.tree(end) + path
        if content is None:
            shutil.rmtree(place) if os.path.isdir(place) else os.unlink(place)
        else:
            with open(place, "w", encoding="utf-8") as stream:
                stream.write(content)

    return prepare


def replaced(end: str, path: str, old: str, new: str) -> Preparation:
    """The text stands in the file in the place of what must stand in it now."""

    def prepare(lab: Lab) -> None:
        place = Path(lab.tree(end) + path)
        text = place.read_text("iso8859-1")
        assert old in text, (path, old)
        place.write_text(text.replace(old, new), "iso8859-1")

    return prepare


def rows_without(end: str, path: str, word: str) -> Preparation:
    """The lines of the file that have the word are gone."""

    def prepare(lab: Lab) -> None:
        place = Path(lab.tree(end) + path)
        rows = place.read_text("iso8859-1").splitlines(True)
        place.write_text("".join(row for row in rows if word not in row), "iso8859-1")

    return prepare


def mode(end: str, path: str, bits: int) -> Preparation:
    return lambda lab: os.chmod(lab.tree(end) + path, bits)


def ran(end: str, *words: str) -> Preparation:
    return lambda lab: lab.run(end, *words)


def all_of(*steps: Preparation) -> Preparation:
    return lambda lab: [step(lab) for step in steps]


def of_no_size(lab: Lab) -> None:
    """Crypto is on, the filesets and archives are gone, and copies that nothing brings back are there."""
    rows_without("client", "/.lab/filesets", "openssl")(lab)
    for library in ("libssl", "libcrypto"):
        os.unlink(f"{lab.client}/usr/lib/{library}.a")
        file("client", f"/usr/lib/{library}.so.0.9.8", "x" * 4000)(lab)


TREE_GONE = file("master", "/ssl_nimsh", None)
G2 = all_of(file("master", "/.lab/oslevel", "7200-05-03-2148\n"), file("master", "/.lab/apars", "IJ55968\n"))


def plain(name: str) -> Preparation:
    """The master shows the client as one without SSL."""

    def prepare(lab: Lab) -> None:
        (found,) = (one for one in os.listdir(lab.master + "/.lab/objects") if one.endswith("." + name))
        replaced("master", f"/.lab/objects/{found}", "nimsh (secure)", "nimsh")(lab)

    return prepare


def only(fix: str, *words: str) -> Tuple[str, ...]:
    return ("--only", fix, *words)


RECYCLE, REFRESH, LIBRARIES = only("recycle-certificates"), only("refresh-client-certificate"), only("refresh-ssl-libs")
SITUATIONS: Dict[str, Dict[str, Situation]] = {
    "recycle-certificates": {
        "SSL on": Situation("create-bio-hang-master"),
        "SSL on, on the master alone": Situation("create-bio-hang-master", RECYCLE, ends="master"),
        "SSL on, no old tree": Situation("create-bio-hang-master", RECYCLE, TREE_GONE),
        "SSL off": Situation("ssl-not-configured", RECYCLE),
        "SSL off, on the master alone": Situation("ssl-not-configured", RECYCLE, ends="master"),
        "SSL off, no old tree": Situation("ssl-not-configured", RECYCLE, TREE_GONE),
        "SSL on, crypto off at the client": Situation("create-bio-hang-master", RECYCLE, crypto_off),
        "no other secured client": Situation("create-bio-hang-master", RECYCLE, plain("lpar8")),
        "another client is pushed well": Situation("create-bio-hang-master", pushed=True),
        "another client is not pushed well": Situation("create-bio-hang-master", pushed=False),
        "a damaged tree, another client is pushed well": Situation("ssl-tree-damaged", pushed=True),
        "tftp is off": Situation("create-bio-hang-master+tftp-disabled", RECYCLE),
        "the client has no niminfo": Situation(
            "create-bio-hang-master", RECYCLE, file("client", "/etc/niminfo", None)
        ),
        "without the master": Situation("create-bio-hang-master", RECYCLE, ends="client"),
        "from recorded evidence of the master": Situation("create-bio-hang-master", RECYCLE, ends="recorded"),
    },
    "refresh-client-certificate": {
        "crypto on": Situation("create-bio-hang"),
        "crypto off": Situation("create-bio-hang", REFRESH, crypto_off),
        "without the master": Situation("create-bio-hang", ends="client"),
        "from recorded evidence of the master": Situation("create-bio-hang", ends="recorded"),
        "its hung operation is accepted": Situation("create-bio-hang", ("--accept-hung", "lpar7")),
    },
    "refresh-ssl-libs": {
        "stale copies, crypto off": Situation("stale-ssl-libs"),
        "stale copies, crypto on": Situation("both-known-issues", LIBRARIES),
        "copies removed by hand, crypto on": Situation(
            "healthy", LIBRARIES,
            all_of(file("client", "/usr/lib/libssl.so.0.9.8", None), file("client", "/usr/lib/libcrypto.so.0.9.8", None)),
        ),
        "without the master": Situation("stale-ssl-libs", ends="client"),
    },
    "install-openssl": {
        "all filesets": Situation("openssl-missing", only("install-openssl")),
        "and the fetch": Situation("openssl-missing"),
        "crypto on, copies of the OpenSSL before": Situation("healthy", only("install-openssl"), of_no_size),
        "the manual alone": Situation(
            "healthy", only("install-openssl"), rows_without("client", "/.lab/filesets", "openssl.man")
        ),
        "no source has it": Situation("lpp-source-lacks-openssl", only("install-openssl")),
        "a source that is not there": Situation("openssl-missing", only("install-openssl", "--lpp-source", "other")),
        "a source by name": Situation("openssl-missing", only("install-openssl", "--lpp-source", "lpp_7104")),
        "without the master": Situation("openssl-missing", only("install-openssl"), ends="client"),
    },
    "enable-tftp": {
        "the row is commented out": Situation("tftp-disabled"),
        "there is no row": Situation("tftp-disabled", (), rows_without("master", "/etc/inetd.conf", "tftp")),
        "inetd has not read it": Situation("tftp-not-refreshed"),
        "for the time of the fetch": Situation("tftp-disabled", ("--transient-tftp",)),
        "for the time of the fetch, there is no row": Situation(
            "tftp-disabled", ("--transient-tftp",), rows_without("master", "/etc/inetd.conf", "tftp")
        ),
        "for the time of the fetch, with a recycle": Situation(
            "create-bio-hang-master+tftp-disabled", ("--transient-tftp",)
        ),
        "for the time of the fetch, another client is pushed well": Situation(
            "create-bio-hang-master+tftp-disabled", ("--transient-tftp",), pushed=True
        ),
        "no inetd.conf": Situation("tftp-disabled", only("enable-tftp"), file("master", "/etc/inetd.conf", None)),
        "inetd is down": Situation("tftp-disabled", (), ran("master", "stopsrc", "-s", "inetd")),
        "on the master alone": Situation("tftp-disabled", only("enable-tftp"), ends="master"),
    },
    "allow-tftp": {
        "no line covers the certificate": Situation("tftp-denied"),
        "a line denies it": Situation(
            "tftp-denied", (), file("master", "/etc/tftpaccess.ctl", "allow:/tftpboot\ndeny:/ssl_nimsh\n")
        ),
        "a line denies it, by name": Situation(
            "tftp-denied", only("allow-tftp"), file("master", "/etc/tftpaccess.ctl", "allow:/tftpboot\ndeny:/ssl_nimsh\n")
        ),
        "the last line has no newline": Situation(
            "tftp-denied", (), file("master", "/etc/tftpaccess.ctl", "allow:/tftpboot\nallow:/usr/ucb")
        ),
        "on the master alone": Situation("tftp-denied", only("allow-tftp"), ends="master"),
    },
    "restrict-keys": {
        "three keys": Situation("key-exposed"),
        "special bits": Situation("key-exposed", (), mode("master", "/ssl_nimsh/keys/serverkey.pem", 0o4664)),
        "others may write in the directory": Situation(
            "key-exposed", only("restrict-keys"), mode("master", "/ssl_nimsh/keys", 0o777)
        ),
        "a name that is none": Situation("key-exposed", only("restrict-keys"), file("master", "/ssl_nimsh/keys/-R", "x")),
    },
    "start-nimsh": {
        "down on the client": Situation("nimsh-inactive"),
        "down on the master": Situation("healthy", only("start-nimsh"), ran("master", "stopsrc", "-s", "nimsh")),
        "another program has its port": Situation("port-taken"),
    },
    "start-nimesis": {
        "down": Situation("nimesis-inactive"),
        "no master": Situation(
            "nimesis-inactive", only("start-nimesis"), rows_without("master", "/.lab/filesets", "nim.master")
        ),
    },
    "configure-ssl": {
        "the old tree is there": Situation("ssl-not-configured"),
        "no old tree": Situation("ssl-not-configured", (), TREE_GONE),
        "no old tree, crypto off at the client": Situation("ssl-not-configured", (), all_of(TREE_GONE, crypto_off)),
        "no old tree, on the master alone": Situation("ssl-not-configured", (), TREE_GONE, ends="master"),
        "a damaged tree": Situation("ssl-not-configured", (), file("master", "/ssl_nimsh/keys", None)),
        "no OpenSSL": Situation(
            "ssl-not-configured", only("configure-ssl"), rows_without("master", "/.lab/filesets", "openssl")
        ),
    },
    "switch-to-nimsh": {
        "by rsh, SSL on": Situation("client-uses-rsh"),
        "by rsh, SSL off": Situation("client-uses-rsh+ssl-not-configured", only("switch-to-nimsh")),
        "a port of its own": Situation("client-uses-rsh", (), replaced("client", "/etc/niminfo", "1058", "1068")),
        "a variable of the site": Situation(
            "client-uses-rsh", (), replaced("client", "/etc/niminfo", "export NIM_NAME", "export SITE=x\nexport NIM_NAME")
        ),
        "a value is missing": Situation(
            "client-uses-rsh", only("switch-to-nimsh"), rows_without("client", "/etc/niminfo", "NIM_MASTER_HOSTNAME")
        ),
        "from recorded evidence of the master": Situation("client-uses-rsh", ends="recorded"),
    },
    "enable-client-ssl": {
        "crypto off": Situation("client-not-secure"),
        "crypto off, a certificate of another set": Situation(
            "create-bio-hang", only("enable-client-ssl"), crypto_off
        ),
        "without the master": Situation("client-not-secure", only("enable-client-ssl"), ends="client"),
        "from recorded evidence of the master": Situation("client-not-secure", ends="recorded"),
        "its master's tftp has answered": Situation("client-not-secure", only("enable-client-ssl"), ends="client", pushed=True),
    },
    "align-ssl-mode": {
        "the client without crypto": Situation("ssl-one-sided"),
        "the master without SSL for it": Situation("healthy", (), plain("lpar7")),
        "by name, both agree": Situation("healthy", only("align-ssl-mode"), ends="client"),
        "by name, the master does not answer": Situation(
            "healthy", only("align-ssl-mode"), ran("master", "stopsrc", "-s", "nimesis"), ends="client"
        ),
    },
    "disable-client-ssl": {
        "crypto on": Situation("healthy", only("disable-client-ssl")),
        "without the master": Situation("healthy", only("disable-client-ssl"), ends="client"),
    },
    "remove-rhosts": {
        "one line": Situation("rhosts-left-over", only("remove-rhosts")),
        "without the master": Situation("rhosts-left-over", only("remove-rhosts"), ends="client"),
        "from recorded evidence of the master": Situation("rhosts-left-over", only("remove-rhosts"), ends="recorded"),
    },
    "add-services": {
        "rows of nimsh lack on the client": Situation("services-missing"),
        "rows lack on the master": Situation(
            "healthy", only("add-services"), rows_without("master", "/etc/services", "nim")
        ),
        "the port is another service's": Situation(
            "healthy", only("add-services"), replaced("client", "/etc/services", "nimsh ", "other ")
        ),
    },
    "allow-push": {"switched off": Situation("push-disabled", only("allow-push"))},
    "start-at-boot": {
        "no row": Situation("nimsh-not-at-boot", only("start-at-boot")),
    },
}  # fmt: skip


def _situation_of(row: Dict[str, Any]) -> Situation:
    """A situation written as data: `scenario`, `words`, `ends`, and `ran`, commands of an end that bring it about."""
    commands = [ran(end, *line.split()) for end, line in row.get("ran", ())]
    words = tuple(row.get("words", ()))
    return Situation(row.get("scenario", "healthy"), words, all_of(*commands), row.get("ends", "both"))


for _path in sorted(OWN_SITUATIONS.glob("*.json")):
    SITUATIONS[_path.stem] = {title: _situation_of(row) for title, row in json.loads(_path.read_text("utf-8")).items()}
for _fix in CLASSIC:
    _usual = next(iter(SITUATIONS[_fix].values()))
    SITUATIONS[_fix]["the master is of generation G2"] = _usual._replace(
        words=only(_fix), prepare=all_of(_usual.prepare, G2)
    )


# -- the plan as text


def plan_of(lab: Lab, situation: Situation) -> Dict[str, Any]:
    """The document of `nimdoctor fix --format json` in that situation, which is brought about in the lab."""
    from nimdoctor.cli import main

    situation.prepare(lab)
    words = list(situation.words)
    if situation.ends == "master":
        ends = [lab.master_target]
    elif situation.ends == "client":
        ends = [lab.client_target]
    else:
        ends = [lab.client_target, "--master", lab.master_target]
    out, said = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        for stream in (contextlib.redirect_stdout(out), contextlib.redirect_stderr(said)):
            stack.enter_context(stream)
        if situation.ends == "recorded":
            ends[-1] = os.path.join(lab.place, "nim1.tar.gz")
            assert main(["collect", lab.master_target, "--no-redact", "--output", ends[-1]]) == 0, said.getvalue()
            out.truncate(out.seek(0))
        if situation.pushed is not None:
            words.append("--probe")
            push = Push("lpar8", situation.pushed, True, not situation.pushed, "")
            stack.enter_context(mock.patch("nimdoctor.probe.push", lambda *_: push))
            stack.enter_context(mock.patch("nimdoctor.probe.tftp_address", lambda _: TFTP))
        status = main(["fix", *ends, *words, "--format", "json"])
    assert status in (0, 1, 3), said.getvalue()
    return dict(json.loads(out.getvalue()), status=status)


class _Sums:
    """Gives each checksum a number, in the order in which it is met; and names the lab's place."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.known: Dict[str, str] = {}

    def text(self, value: object) -> str:
        """The value on one line."""
        text = _TIME.sub("TIME", str(value).replace(self.place, "LAB").replace("\n", "\\n"))
        return _SUM.sub(lambda found: self.known.setdefault(found[0][:16], f"sum-{len(self.known) + 1}"), text)


def shown(fix: str, lab_of: LabOf) -> str:
    """What `expected/FIX.txt` holds."""
    met: Dict[str, List[Tuple[str, List[str]]]] = {}
    blocks = ("\n".join(_situation(fix, name, one, lab_of, met)) for name, one in SITUATIONS[fix].items())
    return "\n\n".join(blocks) + "\n"


def _situation(
    fix: str, name: str, situation: Situation, lab_of: LabOf, met: Dict[str, List[Tuple[str, List[str]]]]
) -> Iterator[str]:
    lab = lab_of(situation.scenario)
    document = plan_of(lab, situation)
    sums = _Sums(lab.place)
    given = " ".join((situation.scenario, *situation.words, *(["--probe"] if situation.pushed is not None else [])))
    yield f"== {name} ({given}; {situation.ends})"
    yield f"status {document['status']}; steps: {' '.join(step['id'] for step in document['steps']) or 'none'}"
    yield f"checks: {' '.join(document['checks']) or 'none'}"
    if document["point_of_no_return"]:
        yield f"point of no return: {document['point_of_no_return']}"
    for one in document["advice"]:
        yield f"advice on {one['about']}, {one['where']}: {sums.text(one['text'])}; run: {sums.text(one['run'])}"
    for text in document["cautions"]:
        yield f"caution: {sums.text(text)}"
    for one in [document["affects"]] if document["affects"] else ():
        yield f"affects {', '.join(one['clients'])}: {one['why']}; cure: {'; '.join(map(' '.join, one['cure']))}"
    for one in document["refusals"]:
        yield f"refused: {sums.text(one['seen'])}"
    for step in document["steps"]:
        if fix in step["fixes"]:
            own = step["id"].split("-", 1)[1]
            lines = list(_step(sums, step))
            yield from _compared(step["id"], lines, met.setdefault(own, []))
            met[own].append((name, lines))


def _compared(id: str, lines: List[str], met: List[Tuple[str, List[str]]]) -> Iterator[str]:
    """The step's lines; where a situation above has it too, only those that differ from the most similar one."""
    if not met:
        yield f"{id}:"
        yield from (f"    {line}" for line in lines)
        return
    unlike = [[line for line in difflib.ndiff(other, lines) if line[0] in "-+"] for _, other in met]
    best = min(range(len(met)), key=lambda at: len(unlike[at]))
    yield f"{id}: as in {met[best][0]}{', but' if unlike[best] else ''}"
    yield from (f"    {line}" for line in unlike[best])


def _step(sums: _Sums, step: Dict[str, Any]) -> Iterator[str]:
    """All fields of a step but the empty ones; a condition, a change or an action of a way back has a line of its own."""
    for field, value in step.items():
        # the id has the end; the checks of all steps stand above
        if field not in ("id", "where", "checks"):
            yield from _field(sums, field, value)


def _field(sums: _Sums, field: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part, content in value.items():
            # a diff is the changes once more
            yield from _field(sums, part, content) if part != "diff" else ()
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for one in value:
            yield f"{field:<9} {_entry(sums, one)}"
    elif value not in (None, "", []):
        yield f"{field:<9} {sums.text(' '.join(map(str, value)) if isinstance(value, list) else value)}"


def _entry(sums: _Sums, one: Dict[str, Any]) -> str:
    """A condition: kind, end, other fields and its words; of anything else the fields that are not empty."""
    words = [one[name] for name in ("kind", "where") if name in one]
    words += [
        f"{name}={' '.join(value) if isinstance(value, list) else value}"
        for name, value in one.items()
        if name not in ("kind", "where", "says") and value not in ("", [], None)
    ]
    return sums.text(" ".join(map(str, words)) + (f": {one['says']}" if "says" in one else ""))


def main(fixes: Sequence[str]) -> int:
    """Writes the files of these fixes anew, or of all."""
    with contextlib.ExitStack() as stack:
        for fix in fixes or SITUATIONS:
            text = shown(fix, lambda scenario: stack.enter_context(Lab.build(scenario)))
            (EXPECTED / f"{fix}.txt").write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
