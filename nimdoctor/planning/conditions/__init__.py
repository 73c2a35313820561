"""Conditions: what must hold before a step, and what shows that it worked, as data.

A condition is an immutable record with the end it is about. `decide` answers it from a fresh read, its line of shell in
a change package (`nimdoctor.scripts.package`).
"""

from nimdoctor.planning.conditions.base import Answer, Condition, condition, from_dict, kind_of, kinds
from nimdoctor.planning.conditions.certificates import (
    CertificateNew,
    CertificatesAre,
    CertificatesRenewed,
    SecuredClientsAre,
    SharesCertificate,
    SslSupport,
    TreeComplete,
)
from nimdoctor.planning.conditions.evidence import EvidenceFresh
from nimdoctor.planning.conditions.fetch import (
    AuditingOff,
    CanExtract,
    CertificateServed,
    FetchUnproved,
    TftpAllowed,
    TftpAnswers,
    TftpServed,
)
from nimdoctor.planning.conditions.files import (
    FileAbsent,
    FileIs,
    LibraryCopyIs,
    MemberKept,
    ModeIs,
    NotOwned,
    Renamable,
)
from nimdoctor.planning.conditions.guards import ClientIdle, MasterIdle, NotHardened, NotInWpar, NotSecureMaster, RoleIs
from nimdoctor.planning.conditions.inetd import InetdAgrees, NobodyFetches, TftpdIdle
from nimdoctor.planning.conditions.nim import (
    BootRow,
    CryptoIs,
    FilesetsInstalled,
    FilesetsUnlocked,
    NimInfoSays,
    ObjectIsHosts,
    PortFor,
    PortFree,
    PreviewTouchesOnly,
    PushIs,
    SubsystemIs,
)

__all__ = [
    "Answer", "AuditingOff", "BootRow", "CanExtract", "CertificateNew", "CertificateServed", "CertificatesAre", "CertificatesRenewed", "ClientIdle", "Condition",
    "CryptoIs", "EvidenceFresh", "FetchUnproved", "FileAbsent", "FileIs", "FilesetsInstalled", "FilesetsUnlocked", "InetdAgrees",
    "LibraryCopyIs", "MasterIdle", "MemberKept", "ModeIs", "NimInfoSays", "NobodyFetches", "NotHardened", "NotInWpar",
    "NotOwned", "NotSecureMaster", "ObjectIsHosts", "PortFor", "PortFree", "PreviewTouchesOnly", "PushIs", "Renamable", "RoleIs",
    "SecuredClientsAre", "SharesCertificate", "SslSupport", "SubsystemIs", "TftpAllowed", "TftpAnswers",
    "TftpServed", "TftpdIdle", "TreeComplete", "condition", "from_dict", "kind_of", "kinds",
]  # fmt: skip
