"""What is to be sent, so that more can be said: commands to run on each host, as a block of the report and as a mail."""

from typing import Dict, Iterator, List, Tuple

from nimdoctor.diagnosis.settlement import Wanted
from nimdoctor.model import Role
from nimdoctor.model.wording import as_file_name, named
from nimdoctor.report.layout import WIDTH, command, printable, wrapped
from nimdoctor.report.scan_report import Report

SENDING = "What to send"
"""What a report says above the block."""
SHORT_FORM = "All in one file: nimdoctor collect there, or without Python the script of nimdoctor collect --script."
_IDS_SHOWN, _IDS_AT = 2, 34
_PUSH = "a push, which alone shows whether it works now."
_HANGS = "It may hang: end it after five minutes with Ctrl-C, and send what it printed."
_NAMES = "The file holds names and addresses as they are; no line asks for a private key."
_CAPITALS = "A word in capitals stands for a name: put it in."


def ends_of(report: Report) -> List[Tuple[str, List[Wanted]]]:
    """What is to be sent, by the host it is on, as `lpar7 (client)`."""
    ends: Dict[str, List[Wanted]] = {}
    for one in report.to_send:
        if not one.is_push:
            ends.setdefault(_place(one), []).append(one)
    return list(ends.items())


def pushes_of(report: Report) -> List[Wanted]:
    """What is to be tried."""
    return [one for one in report.to_send if one.is_push]


def block(report: Report, width: int) -> Iterator[str]:
    """The lines of the block, below its heading; none where nothing is to be sent. A push stands where it is wanted."""
    ends = ends_of(report)
    for place, wanted in ends:
        yield from wrapped(f"On {place}, as root, each with its command line:", width, "   ")
        for one in wanted:
            yield from _with_ids(one, width)
    if ends:
        yield from wrapped(f"{SHORT_FORM} As a mail: nimdoctor ask TARGET.", width, "   ")


def mail(report: Report) -> str:
    """The same as a text to be mailed to whoever has the hosts."""
    ends, pushes = ends_of(report), pushes_of(report)
    label = printable(report.host.label)
    if not ends and not pushes:
        return "\n".join(_nothing(report, label)) + "\n"
    lines = wrapped(f"To say more about {label}, nimdoctor needs what these commands print.", WIDTH)
    for place, wanted in ends:
        file = f"/tmp/{as_file_name(wanted[0].host or wanted[0].where.value)}.nimdoctor.txt"
        lines += ["", *wrapped(f"On {place}, as root; they change no configuration. Then send {file}:", WIDTH), ""]
        # the shell writes each command before what it prints
        lines += ["    (", "    export LC_ALL=C; set -x"]
        lines += [line for one in wanted for line in command(one.command, WIDTH, "    ")]
        lines += [f"    ) >{file} 2>&1"]
    if ends:
        capitals = any(_stands_for_a_name(one) for _, wanted in ends for one in wanted)
        lines += ["", *wrapped(" ".join([_NAMES, SHORT_FORM, *([_CAPITALS] if capitals else [])]), WIDTH)]
    if pushes:
        lines += ["", *wrapped(f"On the master, as root, {_PUSH} {_HANGS}", WIDTH), ""]
        lines += [line for one in pushes for line in command(one.command, WIDTH, "    ")]
    return "\n".join(lines) + "\n"


def _nothing(report: Report, label: str) -> Iterator[str]:
    yield from wrapped(f"Nothing more is needed of {label}: whatever was asked is decided.", WIDTH)
    if report.master is None and report.host.role == Role.CLIENT.value:
        words = (
            "Its master would say more: nimdoctor collect there, then nimdoctor scan with --master and that archive."
        )
        yield from wrapped(words, WIDTH)


def _with_ids(one: Wanted, width: int) -> Iterator[str]:
    """The command, and as a comment of the shell the checks that it serves, where there is room."""
    lines = command(one.command, width, "      ")
    for shown in (_IDS_SHOWN, 1):
        line = f"{lines[0]:<{_IDS_AT}}  # {printable(named(list(one.checks), shown))}"
        if len(lines) == 1 and len(line) <= width:
            yield line
            return
    yield from lines


def _place(one: Wanted) -> str:
    return f"{one.host} ({one.where.value})" if one.host else f"the {one.where.value}"


def _stands_for_a_name(one: Wanted) -> bool:
    words = one.settlement.argv or ()
    return any(word.isupper() and "_" in word for word in words)
