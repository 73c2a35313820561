"""SSL_root.cnf, SSL_server.cnf and SSL_client.cnf: what the master's certificates are made from."""

import difflib
import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Type, TypeVar

from nimdoctor.model.rows import ONLY_MASTER, Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_SECTION = re.compile(r"\s*\[([^\]]{1,400})\]\s*")
_SETTING = re.compile(r"\s*([A-Za-z0-9_.:;,-]{1,200})\s*=(.*)")
_COMMENT = re.compile(r"(?<!\\)#.*")

Self = TypeVar("Self", bound="_CnfFiles")


class CnfSetting(NamedTuple):
    """One `key = value`; `section` is "" before the first section."""

    section: str
    key: str
    value: str
    at: Quote


class CnfFile(NamedTuple):
    """One file in OpenSSL's configuration syntax, its settings in file order, its `lines` as they are."""

    path: str
    settings: Tuple[CnfSetting, ...]
    lines: Tuple[str, ...] = ()

    def get(self, key: str, section: Optional[str] = None) -> Optional[CnfSetting]:
        """The last setting of that key, as OpenSSL takes it, in one section or in any."""
        found = [row for row in self.settings if row.key == key and section in (None, row.section)]
        return found[-1] if found else None


class CnfChange(NamedTuple):
    """A file that differs from its sample: `diff` is a unified diff from sample to file, as lines."""

    path: str
    diff: Tuple[str, ...]


class _CnfFiles(NamedTuple):
    source: str
    files: Tuple[CnfFile, ...]

    @classmethod
    def parse(cls: Type[Self], text: Text) -> Self:
        """Raises BadEvidence for an empty text or one that is not in this syntax."""
        section, settings = "", []
        any_text = recognised = prose = False
        for quote in text.quotes():
            line = _COMMENT.sub("", quote.text)
            any_text = any_text or bool(quote.text.strip())
            if not line.strip():
                continue
            opened, setting = _SECTION.fullmatch(line), _SETTING.fullmatch(line)
            if "\0" in line or not (opened or setting):
                prose = True
            elif opened:
                section, recognised = opened.group(1).strip(), True
            elif setting:
                settings.append(CnfSetting(section, setting.group(1), setting.group(2).strip().strip("\"'"), quote))
                recognised = True
        if not any_text:
            raise BadEvidence(f"{text.source} is empty")
        if prose and not recognised:
            raise BadEvidence(f"{text.source} is not a configuration of OpenSSL")
        path = text.name if text.name.startswith("/") else text.source
        lines = tuple(line for _, line in text.lines())
        return cls(text.source, (CnfFile(path, tuple(settings), lines),))

    @classmethod
    def combine(cls: Type[Self], parts: Sequence[Self]) -> Self:
        """The files of all parts; of one path the first counts."""
        files: Dict[str, CnfFile] = {}
        sources: List[str] = []
        for part in parts:
            sources.append(part.source)
            for file in part.files:
                files.setdefault(file.path, file)
        return cls(", ".join(dict.fromkeys(sources)), tuple(files.values()))

    def file(self, name: str) -> Optional[CnfFile]:
        """The file of that name, whatever its directory."""
        return next((file for file in self.files if file.path.rsplit("/", 1)[-1] == name), None)

    def whole(self) -> Quote:
        """A quote that means all files."""
        return Quote(self.source, None, "")


@fact(Row("/ssl_nimsh/configs/*", Kind.FILE, roles=ONLY_MASTER))
class SslConfigs(_CnfFiles):
    """The configurations in use, /ssl_nimsh/configs.

    >>> configs = SslConfigs.parse(Text.of('''# for the master's certificate
    ... [ req ]
    ... default_bits = 1024   # RSA
    ... ''', "/ssl_nimsh/configs/SSL_server.cnf"))
    >>> configs.file("SSL_server.cnf").get("default_bits").value
    '1024'
    """

    def changed_from(self, samples: "SslSamples") -> Tuple[CnfChange, ...]:
        """The files that differ from the sample of their name, with what a new set from the sample would lose."""
        found = []
        for file in self.files:
            sample = samples.file(file.path.rsplit("/", 1)[-1])
            if sample and sample.lines != file.lines:
                diff = difflib.unified_diff(sample.lines, file.lines, sample.path, file.path, lineterm="", n=1)
                found.append(CnfChange(file.path, tuple(diff)))
        return tuple(found)


@fact(Row("/usr/samples/nim/ssl/*", Kind.FILE, roles=ONLY_MASTER))
class SslSamples(_CnfFiles):
    """The templates as they are shipped, or edited before `nimconfig -c`: /usr/samples/nim/ssl.

    >>> samples = SslSamples.parse(Text.of("[ req ]\\ndefault_md = sha256\\n", "/usr/samples/nim/ssl/SSL_root.cnf"))
    >>> samples.file("SSL_root.cnf").settings[0].section
    'req'
    """
