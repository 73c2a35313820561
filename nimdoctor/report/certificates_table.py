"""The certificates of both ends side by side: each once, with the file that holds it at either end."""

from typing import Any, Dict, Iterator, List, Sequence, Tuple

from nimdoctor.diagnosis.held_certificates import (
    DAY,
    HOLDS,
    NOT_YET,
    RUN_OUT,
    Held,
    HeldCertificates,
    Holding,
    HostCertificates,
)
from nimdoctor.model.wording import as_utc, count, visible

SHOWN = 6
"""Certificates in a report of limited length."""
SHORT = 8
"""Hexadecimal digits of a fingerprint or serial that tell certificates apart."""
CAPTION = "Each certificate once, with the files below /ssl_nimsh/certs that hold it"
_LEAST, _END_WIDTH = 20, 14
"""Columns of a terminal: of a name at least, and of an end."""
_UNTIL = "2034-11-18 not yet"
_ITSELF = "itself"
_ROLES = ("client", "master")


def heading(found: HeldCertificates) -> str:
    """`Certificates of lpar7 (client) and nim1 (master)`."""
    return f"Certificates of {' and '.join(map(whose, found.hosts))}"


def whose(host: HostCertificates) -> str:
    """A host with the end it is."""
    return f"{host.host} ({host.role})" if host.role != "unknown" else host.host


def heads(found: HeldCertificates) -> Tuple[str, ...]:
    """The heads of the table."""
    return ("No.", "Subject", *map(whose, found.hosts), "State", "From", "Until", "Issued by", "SHA-256")


def rows(found: HeldCertificates) -> List[Tuple[str, ...]]:
    """Every certificate, those in use first."""
    held = found.side_by_side()
    return [
        (
            str(number),
            one.certificate.x509.subject,
            *_files(found, one),
            _state(one),
            as_utc(one.certificate.x509.not_before)[:10],
            as_utc(one.certificate.x509.not_after)[:10],
            _issuer(one, held),
            mark(one.certificate),
        )
        for number, one in enumerate(held, 1)
    ]


def as_list(found: HeldCertificates) -> List[Dict[str, Any]]:
    """Every certificate of every host, as values of JSON; `also` are the other hosts of the scan that hold the same."""
    return [
        {
            "host": host.host,
            "role": host.role,
            "file": one.path,
            "position": one.position,
            "subject": one.x509.subject,
            "issuer": one.x509.issuer,
            "serial": one.x509.serial,
            "fingerprint": one.x509.fingerprint,
            "not_before": as_utc(one.x509.not_before),
            "not_after": as_utc(one.x509.not_after),
            "days_left": one.days(host.now),
            "in_use": one.used,
            "also": [
                other.host
                for other in found.hosts
                if other is not host and any(held.identity == one.identity for held in other.certificates)
            ],
        }
        for host in found.hosts
        for one in host.certificates
    ]


def mark(one: Holding) -> str:
    """By which it is told from others of its name: the beginning of its fingerprint, else of its serial."""
    if one.x509.fingerprint:
        return one.x509.fingerprint[:SHORT]
    return f"serial {one.x509.serial[:SHORT]}" if one.x509.serial else "number not known"


def state(one: Holding, now: int) -> str:
    """How long it holds, in words: `3534 days left`."""
    found = one.state(now)
    if found == HOLDS:
        return f"{count(one.days(now), 'day')} left"
    if found == RUN_OUT:
        ago = (now - one.x509.not_after) // DAY
        return f"ran out {count(ago, 'day')} ago" if ago else "ran out within the last day"
    return f"valid in {count(-((now - one.x509.not_before) // DAY), 'day')}"


def notes(found: HeldCertificates) -> List[str]:
    """What a reader of the table must know of it, one sentence a host."""
    partly = [
        f"not all certificates of {whose(one)} could be read: what is not seen may be there"
        for one in found.hosts
        if not one.whole
    ]
    return partly + [
        f"{one.host} is judged by the clock of the scanning host" for one in found.hosts if not one.of_host
    ]


def lines(found: HeldCertificates, width: int, every: bool = False) -> Iterator[str]:
    """The table for a terminal, a line a certificate; `every` adds from when it is valid, and its number."""
    held = found.side_by_side()
    if not held:
        return
    first = max(_LEAST, width - len(_row(0, "", ["" for _ in found.hosts], _UNTIL)))
    yield _row("", "Certificate (issued by)".ljust(first), [_end(host) for host in found.hosts], "Until")
    shown = held if every else held[:SHOWN]
    for number, one in enumerate(shown, 1):
        issuer = f" ({_by(one, held)})"
        name = _cut(visible(_common_name(one.certificate)), first - len(issuer)) + issuer
        yield _row(number, name.ljust(first), [_short(one) for one in _files(found, one)], _until(one))
        if every:
            said = one.certificate.x509
            yield f"   {mark(one.certificate)}, from {as_utc(said.not_before)[:10]} on, {_state(one)}"
    if len(held) > len(shown):
        yield f"   and {count(len(held) - len(shown), 'more certificate')}: --all shows all"
    yield from (f"   {visible(note)}" for note in notes(found))


def _row(number: object, name: str, ends: Sequence[str], until: str) -> str:
    cells = [_cut(visible(end), _END_WIDTH).ljust(_END_WIDTH) for end in ends]
    return f"{number:>2} {name}  {'  '.join(cells)}  {until}".rstrip()


def _end(host: HostCertificates) -> str:
    """A host with the end it is; where there is no room, the end alone."""
    words = whose(host)
    return words if len(visible(words)) <= _END_WIDTH else f"the {host.role}" if host.role in _ROLES else words


def _until(held: Held) -> str:
    one = held.certificate
    left = {HOLDS: f"{one.days(held.now)} d", RUN_OUT: "over", NOT_YET: "not yet"}[one.state(held.now)]
    return f"{as_utc(one.x509.not_after)[:10]} {left if held.used else 'old'}"


def _common_name(one: Holding) -> str:
    """Its common name, which subjects begin with; else all of its subject."""
    first = one.x509.subject.partition(",")[0]
    return first[len("CN=") :] if first.startswith("CN=") else one.x509.subject


def _by(held: Held, every: Sequence[Held]) -> str:
    """The issuer in a word."""
    issuer = _issuer(held, every)
    return issuer if issuer == _ITSELF else issuer.replace("no. ", "by ") if issuer.startswith("no. ") else "by another"


def _short(files: str) -> str:
    first, *rest = files.split(", ")
    return f"{first} +{len(rest)}" if rest else first


def _cut(words: str, room: int) -> str:
    return words if len(words) <= room else words[: room - 2] + ".."


def _state(held: Held) -> str:
    return state(held.certificate, held.now) + ("" if held.used else ", left over")


def _issuer(held: Held, every: Sequence[Held]) -> str:
    """The number of the certificate that may have issued it, or the name of one that is not in the table."""
    one = held.certificate.x509
    if one.self_signed:
        return _ITSELF
    known = [str(number) for number, other in enumerate(every, 1) if other.certificate.x509.may_have_issued(one)]
    return f"no. {' or '.join(known)}" if known else one.issuer


def _files(found: HeldCertificates, held: Held) -> List[str]:
    return [_file(host, files) for host, files in zip(found.hosts, held.files)]


def _file(host: HostCertificates, files: Sequence[Holding]) -> str:
    """The files below /ssl_nimsh/certs that hold it; or that the host is known not to have it."""
    if not files:
        return "not there" if host.whole else "not seen"
    return ", ".join(dict.fromkeys(one.path.rpartition("/")[2] for one in files))
