"""Reports that were written before, read to be compared with: JSON, or one a line; schema nimdoctor.report/1.

The file may come from anywhere: its size and depth are bounded, and every value is looked at before it is used.
"""

import json
import os
import re
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from nimdoctor import __version__
from nimdoctor.evidence.source import TargetError
from nimdoctor.library.errors import UsageError
from nimdoctor.model import Outcome, Role, Severity
from nimdoctor.model.wording import named, visible
from nimdoctor.report.comparison import IGNORED, Comparison, Earlier, Key, Said, State, compared, same_host
from nimdoctor.report.json_report import SCHEMA
from nimdoctor.report.scan_report import EXIT_STATUS, FAILURE, Report

LIMIT = 256 << 20
"""Bytes of a file of reports: those of ten thousand hosts."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_OUTCOMES = frozenset(one.value for one in Outcome)
_ENDS = frozenset(one.value for one in Role)
_SEVERITIES = frozenset(one.value for one in Severity)
_ADVICE = "give what nimdoctor scan --format json wrote of this host"

Given = Union[str, Mapping[str, Any]]
"""A file's path, or a report as `Report.to_dict` gives it."""


class _Wrong(Exception):
    """A value that no report has there."""


class EarlierReports(NamedTuple):
    """Those that were given, of any hosts."""

    reports: Tuple[Earlier, ...]

    def beside(self, report: Report) -> Comparison:
        """The report beside the newest of them that is of the same host. Raises TargetError where none is."""
        return compared(report, _of_the_same_host(self.reports, report), __version__)


def read(given: Given) -> EarlierReports:
    """The reports of a file, or the one that is given. Raises UsageError: what is wrong, where, and what to give."""
    if not isinstance(given, str):
        return EarlierReports((_earlier(given, "the earlier report"),))
    place = visible(given)
    found = [_earlier(document, where) for document, where in _documents(given, place)]
    if not found:
        raise UsageError(f"--compare {place} holds no report: {_ADVICE}")
    return EarlierReports(tuple(found))


def _of_the_same_host(reports: Sequence[Earlier], report: Report) -> Earlier:
    own = [one for one in reports if same_host(one.host, report.host.name)]
    # a name says more than that there is none
    of_name = [one for one in own if one.host] or own
    if not of_name:
        others = named([visible(str(one.host)) for one in reports])
        raise TargetError(
            f"{reports[0].source} is of {others}, and this is {visible(report.host.label)}: nothing can be compared; {_ADVICE}"
        )
    newest = max(of_name, key=lambda one: one.generated)
    if newest.redacted != report.redacted:
        which = "the earlier report" if newest.redacted else "this evidence"
        raise TargetError(
            f"{newest.source}: the names in {which} are pseudonyms and in the other they are not: nothing can be compared; "
            "scan both redacted with one key (nimdoctor collect --redact-key), or neither"
        )
    return newest


def _documents(path: str, place: str) -> Iterator[Tuple[Any, str]]:
    """Each report of the file, with how an error names it."""
    try:
        if not os.path.isfile(path):
            raise UsageError(f"--compare {place}: there is no such file: {_ADVICE}")
        if os.path.getsize(path) > LIMIT:
            raise UsageError(f"--compare {place} is larger than {LIMIT >> 20} MiB: {_ADVICE}")
        with open(path, "rb") as stream:
            raw = stream.read(LIMIT + 1)
    except OSError as error:
        raise UsageError(f"--compare {place} cannot be read: {error.strerror or error}") from error
    try:
        text = raw.decode(json.detect_encoding(raw)).lstrip("\ufeff")
    except ValueError as error:
        raise UsageError(f"--compare {place} is no text of JSON: {_ADVICE}") from error
    whole = _loaded(text, place, several=True)
    if whole is not None:
        yield whole, place
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            document = _loaded(line, f"{place} line {number}")
            if not (isinstance(document, dict) and document.get("schema") == FAILURE):
                yield document, f"{place} line {number}"


def _loaded(text: str, place: str, several: bool = False) -> Any:
    """What the text says; where it may be `several` documents and is, None."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise UsageError(f"--compare {place} is nested too deep for a report: {_ADVICE}") from error
    except ValueError as error:
        if several and str(error).startswith("Extra data"):
            return None
        raise UsageError(f"--compare {place} is no JSON ({visible(str(error))}): {_ADVICE}") from error


def _earlier(document: Any, place: str) -> Earlier:
    schema = document.get("schema") if isinstance(document, Mapping) else None
    if schema != SCHEMA:
        shown = f"its schema is {visible(str(schema))[:80]}" if schema else "it names no schema"
        raise UsageError(f"--compare {place} is no report ({shown}, not {SCHEMA}): {_ADVICE}")
    try:
        return Earlier(
            place,
            _moment(document.get("generated")),
            _word(document, "version"),
            _word(document, "verdict", frozenset(EXIT_STATUS)),
            _name(document, "host"),
            _name(document, "master"),
            document.get("redacted") is True,
            _states(document),
        )
    except _Wrong as error:
        raise UsageError(f"--compare {place} is damaged: {visible(str(error))}: {_ADVICE}") from error


def _states(document: Mapping[str, Any]) -> Dict[Key, Said]:
    found: Dict[Key, List[Tuple[str, State]]] = {}
    for number, one in enumerate(_list(document, "results")):
        where = f"results[{number}]"
        if not isinstance(one, Mapping):
            raise _Wrong(f"{where} is no entry")
        state = State(
            _word(one, "outcome", _OUTCOMES, where),
            _word(one, "severity", _SEVERITIES, where),
            _optional(one, "confidence", where),
            _word(one, "message", None, where),
            tuple(_texts(one.get("objects", []), f"{where}.objects")),
            tuple(_vulnerabilities(one, where)),
        )
        key = (_word(one, "check", None, where), _word(one, "where", _ENDS, where), _optional(one, "host", where))
        found.setdefault(key, []).append((_word(one, "title", None, where), state))
    for item in _list(document, "ignored", "", []):
        # reports of before had no end there
        if isinstance(item, Mapping) and isinstance(item.get("check"), str) and "where" in item:
            key = (item["check"], _word(item, "where", _ENDS, "ignored"), _optional(item, "host", "ignored"))
            found.setdefault(key, []).append((item["check"], State(IGNORED, "info", None, str(item.get("message")))))
    return {key: tuple(said) for key, said in found.items()}


def _vulnerabilities(result: Mapping[str, Any], where: str) -> List[str]:
    found = _list(result, "vulnerabilities", where, [])
    ids = [one.get("id") if isinstance(one, Mapping) else None for one in found]
    return _texts(ids, f"{where}.vulnerabilities")


def _name(document: Mapping[str, Any], end: str) -> Optional[str]:
    host = document.get(end)
    if host is None and end == "master":
        return None
    if not isinstance(host, Mapping):
        raise _Wrong(f"{end} is no host")
    return _optional(host, "name", end) or (_optional(host, "target", end) if end == "master" else None)


def _moment(value: Any) -> str:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise _Wrong("generated is no time")
    return value


def _word(record: Mapping[str, Any], name: str, among: Optional[FrozenSet[str]] = None, where: str = "") -> str:
    value = record.get(name)
    if not isinstance(value, str) or (among is not None and value not in among):
        raise _Wrong(f"{where}{'.' if where else ''}{name} is not what a report has there")
    return value


def _optional(record: Mapping[str, Any], name: str, where: str) -> Optional[str]:
    return None if record.get(name) is None else _word(record, name, None, where)


def _list(record: Mapping[str, Any], name: str, where: str = "", default: Optional[List[Any]] = None) -> List[Any]:
    value = record.get(name, default)
    if not isinstance(value, list):
        raise _Wrong(f"{where}{'.' if where else ''}{name} is no list")
    return value


def _texts(values: Any, where: str) -> List[str]:
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise _Wrong(f"{where} is no list of words")
    return values
