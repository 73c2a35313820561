"""level-order: the client's level of AIX against its master's."""

import pytest
from hosts import evidence, loose, quoted, result_of

CHECK = "level-order"
SP10 = "7200-05-10-2520"


def client(level=SP10, **more):
    commands = {"oslevel -s": level + "\n"} if level else {}
    return evidence(commands={**commands, **more.pop("commands", {})}, **more)


def master(level=SP10):
    return evidence(commands={"oslevel -s": level + "\n"} if level else {}, host="nim1", role="master")


def judge(own, masters):
    return result_of(CHECK, client(own), master(masters))


@pytest.mark.parametrize(
    ("own", "masters"),
    [
        ("7200-05-01-2038", "7200-04-06-2220"),
        ("7300-00-01-2148", "7200-05-10-2520"),
        ("7200-10-00-0000", "7200-09-10-2520"),
        ("7200-05", "7200-04-06-2220"),
        ("7.3.0.0", "7.2.0.0"),
        ("7.3.0.0", SP10),
    ],
)
def test_fails_medium_when_version_or_technology_level_is_above(own, masters):
    found = judge(own, masters)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "medium", "certain")
    assert (found.fix, found.where.value) == (None, "client")
    assert quoted(found) == [("oslevel -s", 1, own), ("oslevel -s", 1, masters)]
    assert own in found.message and masters in found.message


def test_fails_low_and_less_sure_when_only_the_service_pack_is_above():
    found = judge(SP10, "7200-05-09-2446")
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "low", "likely")


@pytest.mark.parametrize("masters", [SP10, "7200-05-11-2546", "7300-00-01-2148", "7300-03", "7.3.0.0"])
def test_passes_at_the_masters_level_or_below(masters):
    found = judge(SP10, masters)
    assert found.outcome.value == "pass"
    assert quoted(found) == [("oslevel -s", 1, SP10), ("oslevel -s", 1, masters)]


def test_near_miss_a_later_build_of_the_same_service_pack_is_no_higher_level():
    assert judge("7200-05-10-2546", SP10).outcome.value == "pass"


def test_near_miss_a_client_ahead_by_an_interim_fix_alone_is_at_its_masters_level():
    fixes = "1    S    IJ55968s5a 12/01/25 09:00:12            IJ55968 for 7.2 TL5\n"
    ahead = client(commands={"emgr -lv3": fixes})
    assert result_of(CHECK, ahead, master()).outcome.value == "pass"


@pytest.mark.parametrize(
    ("own", "masters", "severity"),
    [("7.2.0.0", SP10, "medium"), (SP10, "7.2.0.0", "medium"), ("7200-05", SP10, "low"), (SP10, "7200-05", "low")],
)
def test_unknown_when_the_field_that_decides_is_not_told(own, masters, severity):
    found = judge(own, masters)
    assert (found.outcome.value, found.severity.value, found.missing) == ("unknown", severity, ("oslevel -s",))


@pytest.mark.parametrize(("own", "masters"), [(None, SP10), (SP10, None), (None, None), ("", SP10), ("n/a", SP10)])
def test_unknown_without_the_level_of_an_end(own, masters):
    found = judge(own, masters)
    assert (found.outcome.value, found.missing) == ("unknown", ("oslevel -s",))


@pytest.mark.parametrize("level", [SP10, None])
def test_not_applicable_for_a_vios_whose_levels_are_its_own(level):
    vios = client(level, commands={"ioscli ioslevel": "3.1.4.21\n"})
    found = result_of(CHECK, vios, master("7200-04-06-2220"))
    assert found.outcome.value == "not-applicable" and "VIOS 3.1.4.21" in found.message


@pytest.mark.parametrize("role", ["client", "client,master", None])
def test_not_applicable_on_one_host_alone_whatever_its_role(role):
    assert result_of(CHECK, client(role=role)).outcome.value == "not-applicable"


def test_not_applicable_on_a_master_alone_and_on_loose_files():
    assert result_of(CHECK, master()).outcome.value == "not-applicable"
    assert result_of(CHECK, loose({"oslevel.txt": f"# oslevel -s\n{SP10}\n"})).outcome.value == "not-applicable"
