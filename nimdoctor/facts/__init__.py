"""Facts: what the evidence of a host says, parsed; one module each, loaded when first asked for.

A fact is a frozen dataclass with one or more of these class methods:

- `parse(text)`: from one file's or command's `Text`; raises `BadEvidence` and nothing else.
- `combine(parts)`: from several pieces of evidence, each parsed; without it the best piece counts.
- `absent(path)`: what it is when the file is known not to exist.
- `derive(...)`: from other facts, named by type as a check's parameters are.
"""

import importlib
from typing import TYPE_CHECKING, Any, Dict, List

_MODULES: Dict[str, str] = {
    "Apars": "instfix",
    "Auditing": "audit",
    "Certificates": "certificates",
    "CryptoSetup": "crypto_setup",
    "ExtractedLibraries": "libraries",
    "FileSystems": "df",
    "FilesetHistory": "lslpp_history",
    "Filesets": "lslpp",
    "HostClock": "clock",
    "HostName": "identity",
    "Hosts": "hosts",
    "InetdConf": "inetd_conf",
    "InetdServices": "lssrc",
    "Inittab": "inittab",
    "InterimFixes": "emgr",
    "IosLevel": "oslevel",
    "LibraryArchives": "ar",
    "LocalDate": "clock",
    "LppSourceContents": "showres",
    "MachineId": "identity",
    "NameLookups": "name_lookups",
    "NetsvcConf": "netsvc",
    "NimGeneration": "generation",
    "NimInfo": "niminfo",
    "NimObjects": "lsnim",
    "NimclientObjects": "lsnim",
    "NimshDefinition": "lssrc",
    "NimshLog": "nimsh_log",
    "NimshMode": "nimsh_mode",
    "OpensslVersion": "openssl_version",
    "OsLevel": "oslevel",
    "Paths": "paths",
    "Processes": "ps",
    "PushSince": "push_since",
    "RecordedPush": "recorded_push",
    "Rhosts": "rhosts",
    "Services": "services",
    "Sockets": "netstat",
    "SslConfigs": "ssl_configs",
    "SslSamples": "ssl_configs",
    "Subsystems": "lssrc",
    "TftpAccess": "tftpaccess",
    "TlsAttempt": "tls_attempt",
    "UtcDate": "clock",
    "Wpar": "wpar",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> List[str]:
    return sorted([*globals(), *_MODULES])
