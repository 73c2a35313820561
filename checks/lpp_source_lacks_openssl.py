"""An lpp_source without OpenSSL cannot give it to clients."""

from typing import Iterator, Optional

from nimdoctor.facts import LppSourceContents
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    Note,
    Passed,
    Role,
    RuledOut,
    Severity,
    Unknown,
    Verdict,
    check,
)

FILESETS = ("openssl.base", "openssl.license", "openssl.man.en_US")


@check(
    "lpp-source-lacks-openssl",
    title="An lpp_source has no OpenSSL filesets",
    role=Role.MASTER,
    severity=Severity.LOW,
    confidence=Confidence.CERTAIN,
    source="isg3T1024615, Requirements 4",
    cause=Inferred("the lpp_source was likely made without -a packages=all, or from media without them"),
    impact="clients cannot be given openssl.* from it",
    cure="add the filesets to the lpp_source: nim -o update -a packages=all -a source=DEVICE_OR_DIRECTORY LPP_SOURCE",
    messages=("0042-053",),
    marks="C A",
)
def lpp_source_lacks_openssl(contents: Optional[LppSourceContents]) -> Iterator[Verdict]:
    """Clients cannot be given OpenSSL from an lpp_source that does not hold it."""
    if contents is None or not contents.sources:
        yield NotApplicable("no `nim -o showres LPP_SOURCE` was recorded")
        return
    lacking = [source for source in contents.sources if source.complete and not source.has(FILESETS[0])]
    partial = [source for source in contents.sources if not source.complete and not source.has(FILESETS[0])]
    if lacking:
        names = [source.name for source in lacking]
        yield Finding(
            f"no {FILESETS[0]} in {', '.join(names)}",
            evidence=[source.at_whole for source in lacking],
            objects=names,
            rules_out=[RuledOut(None, ("nim", "-o", "cust", "-a", f"lpp_source={name}")) for name in names],
        )
        return
    if partial:
        names = [source.name for source in partial]
        yield Unknown(
            f"only some rows of {', '.join(names)} are shown, and {FILESETS[0]} is not among them",
            [f"nim -o showres {names[0]}"],
            [source.at_whole for source in partial],
        )
        return
    for source in contents.sources:
        gone = [name for name in FILESETS[1:] if source.complete and not source.has(name)]
        if gone:
            yield Note(f"{source.name} has {FILESETS[0]}, but not {', '.join(gone)}", [source.at_whole])
    quotes = [at for source in contents.sources for name, _, at in source.filesets if name in FILESETS]
    yield Passed(f"OpenSSL is in {', '.join(source.name for source in contents.sources)}", quotes)
