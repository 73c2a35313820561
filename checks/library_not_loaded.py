"""The loader of AIX could not load a program or a library, as a command of NIM printed it."""

from typing import Iterator, Optional

from nimdoctor.facts import CryptoSetup, LoaderReports
from nimdoctor.facts.loader_reports import LoaderReport
from nimdoctor.facts.message_numbers import explained
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    Passed,
    Role,
    Severity,
    Traffic,
    Verdict,
    check,
)

_CAUSES = (
    "nimclient-extracts-old-libs",
    "stale-ssl-libs",
    "openssl-missing",
    "fileset-broken",
    "interim-fix-unstable",
)
_LOOK = (
    "ar -X32_64 -tv and the archive, for the member that is named; lslpp -l openssl.base and bos.sysmgt.nim.client "
    "(openssl-missing, nimclient-extracts-old-libs); ls -l /usr/lib/libssl.so* /usr/lib/libcrypto.so* (stale-ssl-libs)"
)
_LOOK_ELSEWHERE = (
    "the program's own provider: a build of it for the OpenSSL that is installed. nimsh does not rest on it"
)


@check(
    "library-not-loaded",
    title="The loader refused a program or library",
    role=Role.BOTH,
    severity=Severity.HIGH,
    source="public error reports of the AIX loader; APAR IV58877 and IBM isg1fixinfo181111 for libssl.so.0.9.8",
    impact="that program does not start, and what it was to do is not done",
    breaks=(Traffic.PUSH,),
    messages=(
        "0509-022",
        "0509-026",
        "0509-036",
        "0509-130",
        "0509-136",
        "0509-150",
        "0509-152",
        "0509-153",
        "0509-192",
    ),
    marks="C C",
)
def library_not_loaded(own: Optional[LoaderReports], setup: Optional[CryptoSetup]) -> Iterator[Verdict]:
    """nim, nimclient or nimsh did not start, since a library is not the one that it was made for."""
    for report in own.all if own else ():
        yield _finding(report)
    if own and own.all:
        return
    if setup and setup.received:
        yield Passed("nimclient -c was loaded, and did its work", [setup.received])
    else:
        yield NotApplicable("nothing of the loader was recorded")


def _finding(report: LoaderReport) -> Finding:
    program, library = report.program or "a program that is not named", report.named_library
    wanted = f"{report.symbol} in {library}" if report.symbol else library
    at_fault = f" for want of {wanted}" if wanted else ""
    if report.of_nim is False:
        return Finding(
            f"{program} was not loaded{at_fault}; it is no program of NIM",
            evidence=report.lines,
            severity=Severity.LOW,
            confidence=Confidence.LIKELY,
            cause=Inferred(
                f"{report.number}: likely the library no longer has what {program} was built for, as after an "
                "update or an interim fix of OpenSSL"
            ),
            impact=f"{program} does not start; pushes and nimsh do not need it",
            cure=Inferred(f"likely to be had from {_LOOK_ELSEWHERE}"),
        )
    return Finding(
        f"{program} was not loaded{at_fault}",
        evidence=report.lines,
        objects=[report.client] if report.client else [],
        severity=Severity.HIGH if report.of_nim else Severity.MEDIUM,
        confidence=Confidence.LIKELY if report.of_nim else Confidence.POSSIBLE,
        cause=Inferred(
            f"{explained(report.number)}; likely OpenSSL and the libraries that NIM uses are not of one level"
            if report.of_ssl
            else f"{explained(report.number)}; likely a library is missing, damaged, or of another level than the program"
        ),
        cure=Inferred(
            f"the cause likely shows here: {_LOOK}"
            if report.of_ssl
            else (
                f"lslpp -w {library} likely tells whose it is"
                if library
                else "its own lines, which likely name what is missing"
            )
        ),
        explained_by=_CAUSES if report.of_ssl else ("fileset-broken",),
    )
