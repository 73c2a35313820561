"""Evidence of a host: where its raw text comes from."""

import os
import stat
from typing import TYPE_CHECKING, BinaryIO, Callable, List, Optional, Sequence, Tuple

from nimdoctor.evidence.bundles import ends_of_bundle, folder_of_bundle, order_of
from nimdoctor.evidence.files import open_regular
from nimdoctor.evidence.source import Evidence, NothingRecognised, TargetError
from nimdoctor.evidence.tree import DirectoryTree, Subtree, Tree

if TYPE_CHECKING:
    from nimdoctor.evidence.catalog import Catalog
    from nimdoctor.evidence.source import Progress

__all__ = [
    "ARCHIVE_NAMES",
    "UNREAD_ARCHIVES",
    "Evidence",
    "TargetError",
    "hosts_of",
    "is_asked_now",
    "open_host",
    "open_target",
]

Piece = Tuple[str, Callable[[], BinaryIO], int]
"""A loose piece: its name, how to open it, its size in bytes."""

_MARKS = ("manifest.json", "files", "commands")
ARCHIVE_NAMES = (
    ".tar",
    ".tar.gz",
    ".tgz",
    ".zip",
    ".pax",
    ".pax.gz",
    ".cpio",
    ".cpio.gz",
    ".tar.z",
    ".pax.z",
    ".cpio.z",
)
"""Names that promise an archive, whatever the first bytes say."""
_SHOWN = 10
UNREAD_ARCHIVES = (".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".7z", ".rar")
"""Names that promise an archive of a kind that is not read."""


def open_target(
    target: str = "",
    *,
    timeout: float = 30.0,
    progress: "Optional[Progress]" = None,
    catalog: "Optional[Catalog]" = None,
) -> Evidence:
    """The evidence a TARGET names: "" is this host. Raises TargetError, one line.

    `catalog` is what recorded evidence is sorted by; it holds a third party's rows where there are any.
    """
    return open_host((target,), timeout=timeout, progress=progress, catalog=catalog)


def is_asked_now(target: str) -> bool:
    """Whether a TARGET names a host whose commands run now: this one, `root:DIR`, `ssh:HOST`."""
    return target == "" or target.startswith(("root:", "ssh:"))


def hosts_of(targets: Sequence[str]) -> List[Tuple[str, ...]]:
    """The targets of each host, in the order given; plain files among them are one host together.

    No target at all is this host. Nothing is left open; what cannot be read is a host of its own, which `open_host`
    refuses.
    """
    if len(targets) == 1:
        return [tuple(targets)]
    found: List[Tuple[str, ...]] = []
    files: Optional[int] = None
    for target in targets or [""]:
        if not _is_plain_file(target):
            found.append((target,))
        elif files is None:
            files = len(found)
            found.append((target,))
        else:
            found[files] += (target,)
    return found


def open_host(
    targets: Sequence[str],
    *,
    timeout: float = 30.0,
    progress: "Optional[Progress]" = None,
    catalog: "Optional[Catalog]" = None,
) -> Evidence:
    """The evidence of one host, as `hosts_of` puts targets together. Raises TargetError, one line."""
    only = targets[0] if len(targets) == 1 else None
    found = _host(only, timeout, progress, catalog) if only is not None else None
    return found or _loose(", ".join(targets), _file_pieces(targets), None, catalog)


def _host(
    target: str, timeout: float, progress: "Optional[Progress]", catalog: "Optional[Catalog]"
) -> Optional[Evidence]:
    """The evidence of one target; None for a plain file."""
    if target.startswith("ssh:"):
        from nimdoctor.evidence.ssh import SshHost

        return SshHost(target, timeout, progress)
    if is_asked_now(target):
        from nimdoctor.evidence.live import LiveHost

        root = target[5:] if target else None
        if root is not None and not stat.S_ISDIR(_state(root, target).st_mode):
            raise TargetError(f"{target}: not a directory")
        return LiveHost(root, timeout, progress)
    mode = _state(target, target).st_mode
    if stat.S_ISDIR(mode):
        return _directory(target, catalog)
    if not stat.S_ISREG(mode):
        raise TargetError(f"{target}: neither a directory nor a regular file")
    if target.lower().endswith(UNREAD_ARCHIVES):
        raise TargetError(f"{target}: this kind of archive is not read: unpack it and give the directory")
    kind = _kind(target)
    return _archive(target, kind, catalog) if kind else None


def _is_plain_file(target: str) -> bool:
    if is_asked_now(target) or target.lower().endswith(UNREAD_ARCHIVES):
        return False
    try:
        return stat.S_ISREG(_state(target, target).st_mode) and _kind(target) is None
    except TargetError:
        return False


def _state(path: str, target: str) -> os.stat_result:
    try:
        return os.stat(path)
    except FileNotFoundError:
        raise TargetError(f"{target}: no such file or directory") from None
    except OSError as error:
        raise TargetError(f"{target}: {error.strerror or error}") from None
    except ValueError:
        raise TargetError(f"{target}: no path has a NUL in it") from None


def _directory(target: str, catalog: "Optional[Catalog]") -> Evidence:
    try:
        inside = os.listdir(target)
    except OSError as error:
        raise TargetError(f"{target}: {error.strerror or error}") from None
    tree = DirectoryTree(os.path.realpath(target))
    if any(mark in inside for mark in _MARKS):
        from nimdoctor.evidence.recorded import RecordedEvidence

        return _bundled(target, tree, catalog) or RecordedEvidence(target, tree, catalog)
    return _attached(target, tree, catalog)


def _kind(target: str) -> Optional[str]:
    """Which archive a file is; None for a plain file. Raises TargetError."""
    try:
        if not _may_be_archive(target):
            return None
        from nimdoctor.evidence.archive import archive_kind

        return archive_kind(target)
    except OSError as error:
        raise TargetError(f"{target}: {error.strerror or error}") from None


def _archive(target: str, kind: str, catalog: "Optional[Catalog]") -> Evidence:
    from nimdoctor.evidence.archive import open_archive

    tree: Tree = open_archive(target, kind, target)
    try:
        return _in_archive(target, tree, catalog)
    except BaseException:
        tree.close()
        raise


def _in_archive(target: str, tree: Tree, catalog: "Optional[Catalog]") -> Evidence:
    from nimdoctor.evidence.recorded import RecordedEvidence

    bundled = _bundled(target, tree, catalog)
    if bundled:
        return bundled
    if any(name.split("/")[0] in _MARKS for name in (*tree.names(), *tree.directories())):
        return RecordedEvidence(target, tree, catalog)
    return _attached(target, tree, catalog)


def _attached(target: str, tree: Tree, catalog: "Optional[Catalog]") -> Evidence:
    """The evidence in what somebody put together: evidence directories, archives, loose files."""
    from nimdoctor.evidence.attachments import Attachments
    from nimdoctor.evidence.catalog import Catalog
    from nimdoctor.evidence.folders import evidence_folders, open_folders

    catalog = catalog or Catalog()
    attached = Attachments(tree)
    try:
        folders = evidence_folders(attached, catalog)
        if folders:
            return open_folders(target, attached, folders, catalog)
        return _loose(target, _tree_pieces(attached, target), attached, catalog)
    except BaseException:
        attached.close()
        raise


def _bundled(target: str, tree: Tree, catalog: "Optional[Catalog]") -> Optional[Evidence]:
    """The evidence in a bundle: the first end of it, with its master as `paired` where both are there."""
    from nimdoctor.evidence.recorded import RecordedEvidence

    folder = folder_of_bundle(tree)
    if folder is None:
        return None
    inside = Subtree(tree, folder) if folder else tree
    ends = ends_of_bundle(inside, target)
    first, *others = (RecordedEvidence(target, Subtree(inside, ends[end]), catalog) for end in order_of(ends))
    first.paired = others[-1] if others else None
    return first


def _may_be_archive(path: str) -> bool:
    """A look at the file without loading tarfile. Raises OSError."""
    with open_regular(path) as stream:
        start = stream.read(512)
    packed = start.startswith((b"\x1f\x8b", b"PK\3\4", b"PK\5\6", b"07070", b"\xc7\x71", b"\x71\xc7"))
    # an old tar has no magic word; its name field is padded with NUL, which no text holds
    return packed or b"\0" in start or path.lower().endswith(ARCHIVE_NAMES)


def _file_pieces(files: Sequence[str]) -> List[Piece]:
    plain = [os.path.basename(path) for path in files]
    pieces: List[Piece] = []
    for path, name in zip(files, plain):
        shown = name if plain.count(name) == 1 else path
        pieces.append((shown, lambda path=path: open_regular(path), _state(path, path).st_size))  # type: ignore[misc]
    return pieces


def _tree_pieces(tree: Tree, target: str) -> List[Piece]:
    pieces: List[Piece] = []
    for name in tree.names():
        try:
            pieces.append((name, lambda name=name: tree.open(name), tree.size(name)))  # type: ignore[misc]
        except OSError as error:
            tree.remarks.append(f"{ascii(name)[1:-1]} cannot be read: {error.strerror or error}")
    if not pieces:
        raise TargetError(f"{target}: holds no files")
    return pieces


def _loose(target: str, pieces: List[Piece], tree: Optional[Tree], catalog: "Optional[Catalog]") -> Evidence:
    from nimdoctor.evidence.loose import read_loose

    try:
        evidence = read_loose(target, pieces, catalog)
    except TargetError as error:
        if tree is None:
            raise
        message = f"{error}; {_inside(tree)}" if isinstance(error, NothingRecognised) else str(error)
        # what was not looked at may be why nothing was found
        message = f"{message}; {tree.remarks[0]}" if tree.remarks else message
        raise TargetError(message) from error
    if tree is not None:
        evidence.held = tree
        evidence.remarks.extend(tree.remarks)
    return evidence


def _inside(tree: Tree) -> str:
    """The first files of a tree in which nothing was found, and how many more there are."""
    names = list(tree.names())
    shown = ", ".join(ascii(name)[1:-1][:80] for name in names[:_SHOWN])
    return f"it holds {shown}" + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
