"""The facts, and the module of each; made by tools/generate.py (`make generate`): what is changed here by hand is lost."""

from typing import TYPE_CHECKING, Dict

if TYPE_CHECKING:
    from nimdoctor.facts.ar import LibraryArchives as LibraryArchives
    from nimdoctor.facts.audit import Auditing as Auditing
    from nimdoctor.facts.certificate_details import CertificateDetails as CertificateDetails
    from nimdoctor.facts.certificate_state import CertificateState as CertificateState
    from nimdoctor.facts.certificate_validity import CertificateValidity as CertificateValidity
    from nimdoctor.facts.certificates import Certificates as Certificates
    from nimdoctor.facts.clock import HostClock as HostClock
    from nimdoctor.facts.clock import LocalDate as LocalDate
    from nimdoctor.facts.clock import UtcDate as UtcDate
    from nimdoctor.facts.crypto_setup import CryptoSetup as CryptoSetup
    from nimdoctor.facts.df import FileSystems as FileSystems
    from nimdoctor.facts.emgr import InterimFixes as InterimFixes
    from nimdoctor.facts.extractor import Extractor as Extractor
    from nimdoctor.facts.generation import NimGeneration as NimGeneration
    from nimdoctor.facts.hosts import Hosts as Hosts
    from nimdoctor.facts.identity import HostName as HostName
    from nimdoctor.facts.identity import MachineId as MachineId
    from nimdoctor.facts.inetd_conf import InetdConf as InetdConf
    from nimdoctor.facts.inittab import Inittab as Inittab
    from nimdoctor.facts.instfix import Apars as Apars
    from nimdoctor.facts.interfaces import Interfaces as Interfaces
    from nimdoctor.facts.judging_time import JudgingTime as JudgingTime
    from nimdoctor.facts.libraries import ExtractedLibraries as ExtractedLibraries
    from nimdoctor.facts.loader_reports import LoaderReports as LoaderReports
    from nimdoctor.facts.lslpp import Filesets as Filesets
    from nimdoctor.facts.lslpp_history import FilesetHistory as FilesetHistory
    from nimdoctor.facts.lsnim import NimclientObjects as NimclientObjects
    from nimdoctor.facts.lsnim import NimObjects as NimObjects
    from nimdoctor.facts.lssrc import InetdServices as InetdServices
    from nimdoctor.facts.lssrc import Subsystems as Subsystems
    from nimdoctor.facts.name_lookups import NameLookups as NameLookups
    from nimdoctor.facts.netstat import Sockets as Sockets
    from nimdoctor.facts.netsvc import NetsvcConf as NetsvcConf
    from nimdoctor.facts.nim_exposure import NimExposure as NimExposure
    from nimdoctor.facts.nim_identity import NimIdentity as NimIdentity
    from nimdoctor.facts.nim_messages import NimMessages as NimMessages
    from nimdoctor.facts.niminfo import NimInfo as NimInfo
    from nimdoctor.facts.niminfo import NimInfoFile as NimInfoFile
    from nimdoctor.facts.nimsh_definition import NimshDefinition as NimshDefinition
    from nimdoctor.facts.nimsh_log import NimshLog as NimshLog
    from nimdoctor.facts.nimsh_mode import NimshMode as NimshMode
    from nimdoctor.facts.openssl_version import OpensslVersion as OpensslVersion
    from nimdoctor.facts.operations import RecordedOperations as RecordedOperations
    from nimdoctor.facts.oslevel import IosLevel as IosLevel
    from nimdoctor.facts.oslevel import OsLevel as OsLevel
    from nimdoctor.facts.paths import Paths as Paths
    from nimdoctor.facts.ps import Processes as Processes
    from nimdoctor.facts.push_since import PushSince as PushSince
    from nimdoctor.facts.recorded_push import RecordedPush as RecordedPush
    from nimdoctor.facts.refused_ids import RefusedIds as RefusedIds
    from nimdoctor.facts.rehearsal import Rehearsal as Rehearsal
    from nimdoctor.facts.repair_runs import RepairRuns as RepairRuns
    from nimdoctor.facts.resolution import Resolution as Resolution
    from nimdoctor.facts.rhosts import Rhosts as Rhosts
    from nimdoctor.facts.services import Services as Services
    from nimdoctor.facts.showres import LppSourceContents as LppSourceContents
    from nimdoctor.facts.showres import LppSources as LppSources
    from nimdoctor.facts.site_levels import LevelTables as LevelTables
    from nimdoctor.facts.site_levels import SiteLevels as SiteLevels
    from nimdoctor.facts.ssl_configs import SslConfigs as SslConfigs
    from nimdoctor.facts.ssl_configs import SslSamples as SslSamples
    from nimdoctor.facts.ssl_keys import SslKeys as SslKeys
    from nimdoctor.facts.ssl_use import SslUse as SslUse
    from nimdoctor.facts.tftp_rules import TftpRules as TftpRules
    from nimdoctor.facts.tftpaccess import TftpAccess as TftpAccess
    from nimdoctor.facts.tls_attempt import TlsAttempt as TlsAttempt
    from nimdoctor.facts.vios import VirtualIoServer as VirtualIoServer
    from nimdoctor.facts.wpar import Wpar as Wpar

MODULES: Dict[str, str] = {
    "Apars": "instfix",
    "Auditing": "audit",
    "CertificateDetails": "certificate_details",
    "CertificateState": "certificate_state",
    "CertificateValidity": "certificate_validity",
    "Certificates": "certificates",
    "CryptoSetup": "crypto_setup",
    "ExtractedLibraries": "libraries",
    "Extractor": "extractor",
    "FileSystems": "df",
    "FilesetHistory": "lslpp_history",
    "Filesets": "lslpp",
    "HostClock": "clock",
    "HostName": "identity",
    "Hosts": "hosts",
    "InetdConf": "inetd_conf",
    "InetdServices": "lssrc",
    "Inittab": "inittab",
    "Interfaces": "interfaces",
    "InterimFixes": "emgr",
    "IosLevel": "oslevel",
    "JudgingTime": "judging_time",
    "LevelTables": "site_levels",
    "LibraryArchives": "ar",
    "LoaderReports": "loader_reports",
    "LocalDate": "clock",
    "LppSourceContents": "showres",
    "LppSources": "showres",
    "MachineId": "identity",
    "NameLookups": "name_lookups",
    "NetsvcConf": "netsvc",
    "NimExposure": "nim_exposure",
    "NimGeneration": "generation",
    "NimIdentity": "nim_identity",
    "NimInfo": "niminfo",
    "NimInfoFile": "niminfo",
    "NimMessages": "nim_messages",
    "NimObjects": "lsnim",
    "NimclientObjects": "lsnim",
    "NimshDefinition": "nimsh_definition",
    "NimshLog": "nimsh_log",
    "NimshMode": "nimsh_mode",
    "OpensslVersion": "openssl_version",
    "OsLevel": "oslevel",
    "Paths": "paths",
    "Processes": "ps",
    "PushSince": "push_since",
    "RecordedOperations": "operations",
    "RecordedPush": "recorded_push",
    "RefusedIds": "refused_ids",
    "Rehearsal": "rehearsal",
    "RepairRuns": "repair_runs",
    "Resolution": "resolution",
    "Rhosts": "rhosts",
    "Services": "services",
    "SiteLevels": "site_levels",
    "Sockets": "netstat",
    "SslConfigs": "ssl_configs",
    "SslKeys": "ssl_keys",
    "SslSamples": "ssl_configs",
    "SslUse": "ssl_use",
    "Subsystems": "lssrc",
    "TftpAccess": "tftpaccess",
    "TftpRules": "tftp_rules",
    "TlsAttempt": "tls_attempt",
    "UtcDate": "clock",
    "VirtualIoServer": "vios",
    "Wpar": "wpar",
}
