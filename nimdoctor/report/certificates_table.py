"""The certificates of both ends side by side: each once, with the file that holds it at either end."""

from typing import Any, Dict, Iterator, List, Sequence, Tuple

from nimdoctor.diagnosis.held_certificates import DAY, HOLDS, RUN_OUT, Held, HeldCertificates, Holding, HostCertificates
from nimdoctor.model.wording import as_utc, count, visible

SHOWN = 6
"""Certificates in a report of limited length."""
SHORT = 8
"""Hexadecimal digits of a fingerprint or serial that tell certificates apart."""
CAPTION = "Each certificate once, with the files below /ssl_nimsh/certs that hold it"
_END_WIDTH = 22


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
    return one.x509.fingerprint[:SHORT] if one.x509.fingerprint else f"serial {one.x509.serial[:SHORT]}"


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


def lines(found: HeldCertificates, width: int) -> Iterator[str]:
    """The table for a terminal: of each certificate its subject and the files that hold it, and below that the rest."""
    held = found.side_by_side()
    if not held:
        return
    first = max(24, width - 3 - (_END_WIDTH + 2) * len(found.hosts))
    yield _columns("Certificate, SHA-256, validity", [whose(host) for host in found.hosts], first + 3)
    for number, one in enumerate(held[:SHOWN], 1):
        yield f"{number:>2} " + _columns(visible(one.certificate.x509.subject), _files(found, one), first)
        yield "   " + _cut(visible(f"{_validity(one)}, issued by {_issuer(one, held)}"), width - 3)
    if len(held) > SHOWN:
        yield f"   and {count(len(held) - SHOWN, 'more certificate')}: --format html shows all"
    yield from (f"   {visible(note)}" for note in notes(found))


def _columns(words: str, ends: Sequence[str], first: int) -> str:
    cells = [_name(words, first).ljust(first), *(_cut(visible(end), _END_WIDTH).ljust(_END_WIDTH) for end in ends)]
    return "  ".join(cells).rstrip()


def _name(words: str, room: int) -> str:
    """The first parts of a subject, as many as there is room for."""
    while len(words) > room and "," in words:
        words = words.rpartition(",")[0]
    return _cut(words, room)


def _cut(words: str, room: int) -> str:
    return words if len(words) <= room else words[: room - 2] + ".."


def _state(held: Held) -> str:
    return state(held.certificate, held.now) + ("" if held.used else ", left over")


def _validity(held: Held) -> str:
    said = held.certificate.x509
    return f"{mark(held.certificate)}, {as_utc(said.not_before)[:10]} to {as_utc(said.not_after)[:10]}, {_state(held)}"


def _issuer(held: Held, every: Sequence[Held]) -> str:
    """The number of the certificate that may have issued it, or the name of one that is not in the table."""
    one = held.certificate.x509
    if one.self_signed:
        return "itself"
    known = [str(number) for number, other in enumerate(every, 1) if other.certificate.x509.may_have_issued(one)]
    return f"no. {' or '.join(known)}" if known else one.issuer


def _files(found: HeldCertificates, held: Held) -> List[str]:
    return [_file(host, files) for host, files in zip(found.hosts, held.files)]


def _file(host: HostCertificates, files: Sequence[Holding]) -> str:
    """The files below /ssl_nimsh/certs that hold it; or that the host is known not to have it."""
    if not files:
        return "not there" if host.whole else "not seen"
    return ", ".join(dict.fromkeys(one.path.rpartition("/")[2] for one in files))
