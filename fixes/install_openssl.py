"""Installs the OpenSSL filesets on a client from an lpp_source of its master."""

from typing import Iterator, List, Optional, Tuple

from nimdoctor.facts import (
    ExtractedLibraries,
    Filesets,
    LppSources,
    NimObjects,
    NimshMode,
    OsLevel,
    Paths,
    VirtualIoServer,
)
from nimdoctor.facts.level import Level
from nimdoctor.facts.showres import LppSource
from nimdoctor.model import OnClient, OnMaster, Role
from nimdoctor.model.wording import UPDATEIOS
from nimdoctor.planning.client_crypto import HAS_OPENSSL, at_rest, below_g2, crypto_on, remove_copy
from nimdoctor.planning.conditions import FilesetsInstalled, FilesetsUnlocked, PreviewTouchesOnly, RoleIs
from nimdoctor.planning.fix import Advice, FixContext, PlanItem, fix, is_nim_name
from nimdoctor.planning.steps import CUST_DEADLINE, Phase, RunCommand, Step

FILESETS = ("openssl.base", "openssl.license", "openssl.man.en_US")


@fix(
    "install-openssl",
    title="Install the OpenSSL filesets on the client",
    where=Role.CLIENT,
    risk="nim -o cust installs software and accepts its licence; it is previewed, and refused when it would change more",
    source="isg3T1024615, Installing OpenSSL from an lpp_source",
    needs=("allow-tftp", "enable-tftp"),
    classic=True,
    fetches=True,
    apart=(
        (Role.CLIENT, "nimdoctor fix --master MASTER --script DIR"),
        (Role.MASTER, "ksh DIR/master/apply.ksh"),
        (Role.CLIENT, "ksh DIR/client/apply.ksh"),
    ),
)
def install_openssl(
    case: FixContext,
    filesets: Optional[OnClient[Filesets]],
    level: Optional[OnClient[OsLevel]],
    sources: Optional[OnMaster[LppSources]],
    objects: Optional[OnMaster[NimObjects]],
    libraries: Optional[OnClient[ExtractedLibraries]],
    paths: Optional[OnClient[Paths]],
    mode: Optional[OnClient[NimshMode]],
    vios: Optional[OnClient[VirtualIoServer]],
) -> Iterator[PlanItem]:
    """`nim -o cust` on the master, previewed first; then the stale copies and `nimclient -c` as in refresh-ssl-libs."""
    wanted = _lacking(filesets)
    if not wanted:
        return
    if vios:
        yield Advice(
            f"the client is a VIOS, which nim -o cust is not for: as padmin, from a directory with {', '.join(wanted)}",
            UPDATEIOS,
            Role.CLIENT,
        )
        return
    name = case.client
    if not case.given(Role.MASTER) or name is None:
        yield Advice(
            "nim -o cust is the master's: give --master, and evidence that has the client's NIM name",
            f'nim -o cust -a lpp_source=LPP_SOURCE -a accept_licenses=yes -a filesets="{" ".join(wanted)}" {name or "CLIENT"}',
            Role.MASTER,
        )
        return
    source, why = _choose(sources, level, wanted, case.options.lpp_source)
    if source is None:
        yield Advice(why, "nim -o showres LPP_SOURCE | grep openssl", Role.MASTER)
        return
    common = ("-a", f"lpp_source={source.name}", "-a", "accept_licenses=yes", "-a", f"filesets={' '.join(wanted)}")
    preview = ("nim", "-o", "cust", "-a", "installp_flags=-apgQX", *common, name)
    yield Step(
        where=Role.MASTER,
        phase=Phase.FILESETS,
        title=f"install {', '.join(wanted)} on {name} from {source.name}",
        do=RunCommand(("nim", "-o", "cust", *common, name), CUST_DEADLINE),
        why="crypto needs OpenSSL on both ends",
        effect=f"{', '.join(wanted)} installed on {name}; its licence is accepted by this",
        before=(
            *below_g2(),
            RoleIs(Role.MASTER, "master"),
            *at_rest(case, Role.MASTER),
            at_rest(case, Role.CLIENT)[0],
            FilesetsInstalled(Role.MASTER, ("openssl.base",)),
            FilesetsUnlocked(Role.CLIENT, tuple(wanted)),
        ),
        then=(PreviewTouchesOnly(Role.MASTER, preview, "openssl."),),
        verify=(FilesetsInstalled(Role.CLIENT, tuple(wanted)), HAS_OPENSSL),
        no_undo="installed software is not taken out again by nimdoctor",
        impact="file systems of the client may grow; programs that use OpenSSL see another level",
        risk="medium: software is installed, and the licence of OpenSSL accepted",
    )
    secure = mode is not None and mode.secure
    if FILESETS[0] not in wanted or not (secure or case.another_fetches):
        return
    for copy in libraries.copies if libraries else ():
        state = paths.get(copy.path) if paths else None
        if state is not None and state.size is not None:
            yield remove_copy(
                case, copy.path, state.size, "it is of the OpenSSL that was there before", after_install=True
            )
    if secure:
        yield crypto_on(case, mode, "nimclient -c extracts the copies anew from the OpenSSL just installed")


def _lacking(filesets: Optional[Filesets]) -> List[str]:
    """All three where the base is missing or broken; else what of them is."""
    if filesets is None:
        return []
    return [name for name in FILESETS if filesets.installed(name) is False or filesets.broken(name)]


def _choose(
    sources: Optional[LppSources], level: Optional[OsLevel], wanted: List[str], named: str
) -> Tuple[Optional[LppSource], str]:
    """The one lpp_source at the client's level that has the filesets, or None and why."""
    if sources is None:
        return None, "the contents of the master's lpp_sources are not known (nim -o showres LPP_SOURCE)"
    known = [one for one in sources.sources if is_nim_name(one.name)]
    if named:
        found = next((one for one in known if one.name == named), None)
        if found is None:
            return None, f"the master shows no lpp_source {named}"
        gone = [name for name in wanted if not found.has(name)]
        if gone:
            return None, f"{named} has no {', '.join(gone)}"
        # one without a base system, for OpenSSL alone, has no level
        if level is not None and _at_level(found, level) is False:
            return None, f"{named} is not at the client's level {level.text}"
        return found, ""
    if level is None:
        return None, "the client's level is not known (oslevel -s): choose an lpp_source with --lpp-source"
    fitting = [one for one in known if _at_level(one, level) and all(one.has(name) for name in wanted)]
    if not fitting:
        return None, f"no lpp_source at the client's level {level.text} has {', '.join(wanted)}"
    if len(fitting) > 1:
        return None, f"several lpp_sources fit: choose one with --lpp-source: {', '.join(one.name for one in fitting)}"
    return fitting[0], ""


def _at_level(source: LppSource, level: OsLevel) -> Optional[bool]:
    """Whether the source's base system is of the client's version, release and technology level; None without one."""
    wanted = Level((level.version // 1000, level.version // 100 % 10, *([level.tl] if level.tl is not None else [])))
    base = [row for row in source.filesets if row.fileset in ("bos.rte", "bos.mp64", "bos.rte.install")]
    if not base:
        return None
    return any(found is not None and found.on_line(wanted) for found in (Level.read(row.level) for row in base))
