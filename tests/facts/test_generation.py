"""Which levels may carry security generation G2, on which no classic cure is safe: every boundary, and what settles it."""

import pytest

from nimdoctor.diagnosis.engine import HARDENED
from nimdoctor.facts import Apars, InterimFixes, NimGeneration, OsLevel
from nimdoctor.facts.level_table import table
from nimdoctor.facts.oslevel import IosLevel
from nimdoctor.facts.site_levels import LevelTables, SiteLevels
from nimdoctor.model import Outcome, Role, Text
from nimdoctor.planning.conditions import NotHardened
from tests.hosts import evidence, result_of
from tests.planning.test_conditions import answer

NO_FIX = "There is no efix data on this system.\n"
ROWS = table("generations").rows


def generation(level="", apars=None, fixes=None, ios="", site=None):
    """By `oslevel -s`, the answers of `instfix -ik`, `emgr -l` and `ioslevel`."""
    return NimGeneration.derive(
        None if apars is None else Apars.parse(Text.of(apars, "instfix -ik")),
        None if fixes is None else InterimFixes.parse(Text.of(fixes, "emgr -l")),
        OsLevel.parse(Text.of(level + "\n", "oslevel -s")) if level else None,
        IosLevel.parse(Text.of(ios + "\n", "ioscli ioslevel")) if ios else None,
        LevelTables(SiteLevels.parse(Text.of(site, "/etc/nimdoctor.levels")) if site else None),
    )


def lacking(level, *but):
    """`instfix -ik` where none of the level's APARs is installed, apart from these generations."""
    return "".join(
        f"    {'All' if row.text('generation') in but else 'Not all'} filesets for {row.text('apar')} were found.\n"
        for row in ROWS
        if row.get("apar") and row.text("tl") == level[:7]
    )


NEVER = [
    "5300-12", "6100-09-12-1846", "7100-00", "7100-03-09", "7100-04", "7100-04-08-1914", "7100-05", "7100-05-00-0000",
    "7100-05-12-2320", "7100-09", "7200-00", "7200-01-06-1845", "7200-02", "7200-02-06-2016", "7200-03",
    "7200-03-00-0000", "7200-03-07-2114", "7200-04", "7200-04-00-1914", "7200-04-06-2220", "7.1.0.0", "7.1.5.0", "7.2.4.0",
]  # fmt: skip
MAY = [
    "7200-05", "7200-05-00-2037", "7200-05-09-2446", "7200-06", "7300-00", "7300-00-04-2320",
    "7300-01", "7300-01-04-2320", "7300-02", "7300-02-03-2420", "7300-03", "7300-03-00-2446", "7300-04",
    "7300-04-01-2546", "7400-00", "8100-00-00-0000", "7.2.0.0", "7.2.5.0", "7.3.0.0",
]  # fmt: skip


@pytest.mark.parametrize("level", NEVER)
def test_below_72_tl5_no_fix_was_ever_made(level):
    found = generation(level)
    assert (found.proved, found.concerned, found.may_be_hardened) == ("G0", False, False)
    assert found.ruled_out == {"G1", "G2", "G3"} and found.evidence[0].text.strip() == level


@pytest.mark.parametrize("level", MAY)
def test_from_72_tl5_on_a_level_alone_decides_nothing(level):
    found = generation(level)
    assert (found.proved, found.concerned, found.may_be_hardened) == (None, True, True)
    assert found.ruled_out == frozenset() and [one.text.strip() for one in found.evidence] == [level]


@pytest.mark.parametrize("tl", ["7200-05", "7300-01", "7300-02", "7300-03"])
def test_where_every_apar_was_asked_for_and_no_interim_fix_is_there_it_is_below_g2(tl):
    level = f"{tl}-00-0000"
    found = generation(level, lacking(level), NO_FIX)
    assert (found.proved, found.concerned, found.may_be_hardened) == ("G0", True, False)
    assert {"G1", "G2"} <= found.ruled_out
    # each of the two alone proves nothing
    assert generation(level, lacking(level)).may_be_hardened
    assert generation(level, None, NO_FIX).may_be_hardened
    other = next(one for one in ("7200-05", "7300-01") if one != tl)
    assert generation(level, lacking(other), NO_FIX).may_be_hardened, "the APARs of another technology level"


@pytest.mark.parametrize("tl", ["7200-05", "7300-01", "7300-02", "7300-03"])
@pytest.mark.parametrize(("there", "hardened"), [("G1", False), ("G2", True), ("G3", True)])
def test_an_apar_proves_its_generation_and_not_the_next(tl, there, hardened):
    level = f"{tl}-00-0000"
    if there not in {row.text("generation") for row in ROWS if row.text("tl") == tl and row.get("apar")}:
        assert (tl, there) == ("7300-01", "G3"), "IBM made none"
        return
    found = generation(level, lacking(level, there), NO_FIX)
    assert (found.proved, found.may_be_hardened) == (there, hardened)
    assert found.at_least(there) and not found.at_least("G" + str(int(there[1]) + 1))
    assert found.ruled_out == {name for name in ("G2", "G3") if name > there and (tl, name) != ("7300-01", "G3")}


def test_one_apar_that_was_not_asked_for_keeps_its_generation_open():
    level = "7200-05-09-2446"
    apar = next(row.text("apar") for row in ROWS if (row.text("generation"), row.text("tl")) == ("G2", "7200-05"))
    rest = "".join(line for line in lacking(level).splitlines(True) if apar not in line)
    found = generation(level, rest, NO_FIX)
    assert "G2" not in found.ruled_out and "G1" in found.ruled_out
    assert found.proved is None and found.may_be_hardened


@pytest.mark.parametrize("state", [" S ", "*Q*", " T ", " B "])
def test_an_interim_fix_in_whatever_state_keeps_its_generation_open(state):
    listing = (
        "ID  STATE LABEL      INSTALL TIME      UPDATED BY ABSTRACT\n=== ===== ========== ======= ========== ====\n"
    )
    row = f"1   {state}   IJ55968s9a 11/20/25 10:00:00            IJ55968 NIM\n"
    found = generation("7200-05-09-2446", lacking("7200-05"), listing + row)
    assert found.may_be_hardened and "G2" not in found.ruled_out
    assert found.proved == ("G2" if state == " S " else None)


@pytest.mark.parametrize("row", [row for row in ROWS if row.get("first")], ids=lambda row: f"{row.text('first')}")
def test_a_service_pack_proves_its_generation_from_the_first_that_carries_it_on(row):
    first, carried = row.text("first"), row.text("generation")
    *line, last = first.replace(".", "-").split("-")
    sign = "." if "." in first else "-"
    levels = [sign.join([*line, f"{int(last) + step:0{len(last)}d}"]) for step in (-1, 0, 1)]
    found = [generation(ios=one) if sign == "." else generation(one) for one in levels]
    assert not found[0].at_least(carried)
    assert found[1].at_least(carried) and found[2].at_least(carried)
    assert [one.may_be_hardened for one in found] == [True] * 3
    assert found[1].evidence[0].text.strip() == levels[1]


@pytest.mark.parametrize(
    ("proved", "concerned", "ruled_out", "hardened"),
    [
        (None, False, (), False),
        (None, True, (), True),
        (None, True, ("G2",), False),
        (None, True, ("G3",), True),
        ("G0", True, (), False),
        ("G1", True, (), True),
        ("G1", True, ("G2", "G3"), False),
        ("G1", True, ("G3",), True),
        ("G1", False, (), False),
        ("G2", True, ("G3",), True),
        ("G2", False, (), True),
        ("G3", True, (), True),
    ],
)
def test_hardened_is_what_is_proved_or_is_not_ruled_out_where_it_was_made(proved, concerned, ruled_out, hardened):
    found = NimGeneration(proved, concerned, frozenset(ruled_out))
    assert found.may_be_hardened is hardened
    assert [found.at_least(f"G{number}") for number in range(1, 4)] == [
        proved is not None and int(proved[1]) >= number for number in range(1, 4)
    ]


@pytest.mark.parametrize("where", list(Role)[:2])
@pytest.mark.parametrize(
    ("level", "apars", "holds", "says"),
    [
        ("7100-05-12-2320", None, True, "the {} is below generation G2"),
        ("7200-04-06-2220", None, True, "the {} is below generation G2"),
        ("7200-05-00-0000", None, False, "the {} may be of generation G2: IBM node/7251173 and node/7283157 say what to do"),
        ("7200-05-00-0000", ("G2",), False, "the {} is of generation G2: IBM node/7251173 and node/7283157 say what to do"),
        ("7200-05-00-0000", (), True, "the {} is below generation G2"),
        ("", None, None, "the {}'s level is not known (oslevel -s)"),
    ],
)  # fmt: skip
def test_the_condition_of_a_step_says_which(where, level, apars, holds, says):
    end = {"hostname": "lpar7\n"}
    if level:
        end["oslevel -s"] = level + "\n"
    if apars is not None:
        end["instfix -ik"] = lacking(level, *apars)
        end["emgr -l"] = NO_FIX
    assert tuple(answer(NotHardened(where), **{where.value: end})) == (holds, says.format(where.value))
    other = Role.MASTER if where is Role.CLIENT else Role.CLIENT
    assert tuple(answer(NotHardened(other), **{where.value: end})) == (True, f"no {other.value} was given")


@pytest.mark.parametrize(
    ("client", "master", "hardened"),
    [
        ("7100-05-12-2320", "7200-04-06-2220", False),
        ("7200-05-09-2446", "7200-04-06-2220", True),
        ("7100-05-12-2320", "7300-00-00-0000", True),
        ("7200-05-09-2446", "7300-00-00-0000", True),
    ],
)
def test_a_cure_of_before_g2_is_not_named_where_either_end_may_be_of_it(client, master, hardened):
    inetd = {"/etc/inetd.conf": "#tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n\n"}
    ends = (
        evidence(commands={"oslevel -s": client + "\n"}),
        evidence(commands={"oslevel -s": master + "\n"}, files=inetd, role="master"),
    )
    found = result_of("tftp-disabled", *ends)
    assert (found.outcome, found.fix) == (Outcome.FAIL, None if hardened else "enable-tftp")
    assert found.cure.startswith(HARDENED) is hardened


def test_a_row_of_the_site_proves_a_generation_and_never_rules_one_out():
    site = "generations generation=G2 tl=7300-04 apar=IJ99999 source=letter 7\n"
    there = "    {} filesets for IJ99999 were found.\n"
    found = generation("7300-04-00-0000", there.format("All"), NO_FIX, site=site)
    assert (found.proved, [one.source for one in found.evidence]) == ("G2", ["instfix -ik", "/etc/nimdoctor.levels"])
    found = generation("7300-04-00-0000", there.format("Not all"), NO_FIX, site=site)
    assert (found.proved, found.may_be_hardened) == (None, True) and "G2" not in found.ruled_out
