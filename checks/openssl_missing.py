"""NIMSH over SSL needs the OpenSSL filesets on both ends."""

from typing import Iterator, List

from nimdoctor.facts import Filesets
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    Passed,
    Role,
    Severity,
    Subject,
    Traffic,
    Unknown,
    Verdict,
    check,
)

BASE = "openssl.base"
EXTRAS = ("openssl.license", "openssl.man.en_US")
_LISTING = "lslpp -lc"


@check(
    "openssl-missing",
    title="OpenSSL filesets are missing or broken",
    subject="levels",
    role=Role.BOTH,
    severity=Severity.HIGH,
    fix="install-openssl",
    confidence=Confidence.CERTAIN,
    source="isg3T1024615, Requirements 1",
    cause=Inferred("the filesets were likely never installed, or an installation was broken off"),
    impact="crypto cannot be enabled, and a nimsh that has it on cannot start a handshake",
    cure="install them from an lpp_source at the host's level, the master first",
    # whatever the generation: only the fetch after it is of before G2
    classic=False,
    breaks=(Traffic.PUSH,),
    messages=("0504-132", "0509-152", "0509-153"),
    marks="C A",
)
def openssl_missing(subject: Subject, filesets: Filesets) -> Iterator[Verdict]:
    """Without openssl.base no secure push is possible; the licence and the manual are wanted by the guide.

    A fileset is absent only by a complete listing or by lslpp's own word; a row with a level is
    installed, whatever the word for its state is in the host's language.
    """
    on_client = subject.where is Role.CLIENT
    present, unknown = [], []
    for names, severity in (((BASE,), Severity.HIGH), (EXTRAS, Severity.LOW)):
        gone: List[str] = [name for name in names if filesets.installed(name) is False]
        broken = [name for name in names if filesets.installed(name) and filesets.broken(name)]
        unseen = [
            name for name in names if filesets.installed(name) and not filesets.shown(name) and name not in broken
        ]
        unknown += [name for name in names if filesets.installed(name) is None] + unseen
        present += [name for name in names if filesets.installed(name) and name not in broken + unseen]
        if gone or broken:
            words = [f"{name} is not installed" for name in gone] + [f"{name} is broken" for name in broken]
            yield Finding(
                ", ".join(words),
                evidence=list(dict.fromkeys(filesets.quote(name) for name in gone + broken)),
                objects=gone + broken,
                severity=severity,
                cause=None
                if gone and broken
                else Inferred(
                    "an installation was likely broken off" if broken else "likely never installed, or taken out again"
                ),
                impact=None if severity is Severity.HIGH else "none for a push; the guide asks for them",
                # `nim -o cust` installs on a client; the master itself is a person's work
                fix="install-openssl" if on_client else None,
                cure=None
                if on_client
                else f"install them from an lpp_source at this host's level: installp -acgXY -d ITS_DIRECTORY {' '.join(gone + broken)}",
            )
    if BASE in unknown:
        what = "sound in all its parts" if filesets.installed(BASE) else "installed"
        raise Missing(_LISTING, message=f"whether {BASE} is {what} cannot be told from this listing")
    if unknown:
        yield Unknown(
            f"{', '.join(unknown)}: not in this listing, which does not list everything",
            [_LISTING],
            severity=Severity.LOW,
        )
    yield Passed(
        "installed: " + ", ".join(f"{name} {filesets.level(name)}" for name in present),
        [filesets.quote(name) for name in present],
    )
