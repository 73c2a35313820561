"""nimclient-extracts-old-libs: an old nim.client beside an OpenSSL that has other members."""

import pytest
from hosts import AR_SSL, evidence, filesets, members, niminfo, quoted, result_of

CHECK = "nimclient-extracts-old-libs"
WITH, WITHOUT = members("libssl.a", 512318), members("libssl.a", 512318, version="1.1")
WRAPPED = (
    "exec(): 0509-036 Cannot load program nimsh because of the following errors:\n"
    "\t0509-136   Symbol SSL_CTX_new (number 12) is not exported from\n"
    "\t           dependent module /usr/lib/libssl.so.0.9.8.\n"
)
NAMED = "0509-136 Symbol SSL_CTX_new is not exported from dependent module /usr/lib/libssl.so.0.9.8.\n"
SETUP = "x - /usr/lib/libssl.so.0.9.8\nx - /usr/lib/libcrypto.so.0.9.8\nReceived 2788 Bytes in 0.0 Seconds\n"


def given(nim, openssl="1.0.2.1800", ar=WITH, **more):
    rows = [f"bos.sysmgt.nim.client {nim}"] if nim else []
    rows += [f"openssl.base {openssl}"] if openssl else []
    commands = {"lslpp -lc": filesets("bos.rte 7.1.4.35", *rows), **({AR_SSL: ar} if ar else {})}
    return evidence(commands={**commands, **more.pop("commands", {})}, **more)


def judge(*parts, **more):
    return result_of(CHECK, given(*parts, **more))


@pytest.mark.parametrize("nim", ["7.1.4.34", "7.1.5.31", "7.2.1.4", "7.2.2.17", "7.2.3.16"])
def test_fails_high_below_the_table_when_the_member_is_gone(nim):
    found = judge(nim, "3.0.8.1000", WITHOUT)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert (found.fix, found.where.value) == (None, "client")
    assert found.causes == ("stale-ssl-libs", "ssl-object-error")
    assert [line[:2] for line in quoted(found)] == [("lslpp -lc", 3), ("lslpp -lc", 4), (AR_SSL, None)]


@pytest.mark.parametrize("nim", ["7.1.4.34", "7.2.3.16"])
def test_fails_low_and_explains_nothing_while_the_member_is_there(nim):
    found = judge(nim)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "low", "certain")
    assert found.causes == () and found.missing == ()
    assert [quote.text.split()[-1] for quote in found.against] == ["libssl.so.0.9.8"]


@pytest.mark.parametrize("ar", [None, "ar: 0707-117 The archive cannot be opened.\n"])
def test_fails_low_when_nothing_lists_the_members_and_says_what_would(ar):
    found = judge("7.1.4.34", "1.0.2.1800", ar)
    assert (found.severity.value, found.missing) == ("low", (AR_SSL,))


def test_fails_high_but_only_possible_when_nothing_lists_the_members_of_a_line_without_it():
    found = judge("7.1.4.34", "3.0.8.1000", None)
    assert (found.severity.value, found.confidence.value, found.missing) == ("high", "possible", (AR_SSL,))


def test_near_miss_a_listing_of_32_bit_members_alone_does_not_prove_that_it_is_gone():
    commands = {"ar -tv /usr/lib/libssl.a": WITHOUT}
    assert judge("7.1.4.34", "1.1.2.2200", None, commands=commands).severity.value == "low"


@pytest.mark.parametrize("nim", ["7.1.3.1", "7.1.0.15", "7.2.0.2", "6.1.9.200"])
def test_fails_for_a_technology_level_that_is_older_than_the_table(nim):
    low, high = judge(nim), judge(nim, "3.0.8.1000", WITHOUT)
    assert (low.severity.value, low.confidence.value) == ("low", "possible")
    assert (high.severity.value, high.confidence.value) == ("high", "likely")
    assert "move to a technology level" in high.cure


def test_fails_high_and_certain_when_the_loader_refuses_the_copies():
    found = judge("7.1.4.34", commands={"nimclient -c": SETUP + NAMED})
    assert (found.severity.value, found.confidence.value) == ("high", "certain")
    assert quoted(found)[-1] == ("nimclient -c", 4, NAMED.strip())


def test_fails_high_when_the_loaders_line_is_wrapped_before_the_name():
    found = judge("7.1.4.34", commands={"nimclient -c": SETUP + WRAPPED})
    assert found.severity.value == "high"
    assert [line[:2] for line in quoted(found)[-2:]] == [("nimclient -c", 5), ("nimclient -c", 6)]


@pytest.mark.parametrize(("client", "severity"), [("lpar7", "high"), ("lpar8", "low")])
def test_the_loader_in_a_recorded_push_counts_when_it_is_to_this_client(client, severity):
    files = {"/etc/niminfo": niminfo()}
    push = '0042-001 nim: processing error encountered on "lpar":\n' + NAMED
    master = evidence(commands={f"nim -o lslpp {client}": push}, host="nim1", role="master")
    assert result_of(CHECK, given("7.1.4.34", files=files), master).severity.value == severity


@pytest.mark.parametrize(
    "line",
    [WRAPPED.replace("0.9.8", "1.1"), NAMED.replace("ssl.so.0.9.8", "ssl.so.1.0.2"), NAMED.replace("0509-", "0042-")],
)
def test_near_miss_another_complaint(line):
    assert judge("7.1.4.34", commands={"nimclient -c": SETUP + line}).severity.value == "low"


@pytest.mark.parametrize("openssl", ["20.13.102.1000", "1.1.2.2200", "1.0.0.500"])
def test_fails_for_every_line_from_1_0_on_fips_builds_too(openssl):
    assert judge("7.1.4.34", openssl).outcome.value == "fail"


@pytest.mark.parametrize("openssl", ["0.9.8.2400", "12.9.8.1100"])
def test_passes_where_0_9_8_is_the_installed_openssl(openssl):
    assert judge("7.1.4.34", openssl).outcome.value == "pass"


@pytest.mark.parametrize(
    "nim", ["7.1.4.35", "7.1.5.32", "7.1.5.37", "7.2.1.5", "7.2.2.18", "7.2.3.17", "7.2.4.0", "7.2.4.3"]
)
def test_passes_at_or_above_the_table(nim):
    found = judge(nim, "3.0.8.1000", WITHOUT)
    assert found.outcome.value == "pass"
    assert [line for _, line, _ in quoted(found)] == [3, 4]


@pytest.mark.parametrize("nim", ["7.2.5.0", "7.2.5.203", "7.3.0.0", "7.3.4.1"])
def test_passes_for_a_technology_level_that_began_after_the_cure(nim):
    assert judge(nim, "3.0.16.1000", WITHOUT).outcome.value == "pass"


def test_passes_when_the_apar_is_installed():
    commands = {"instfix -ik IJ13756": "    All filesets for IJ13756 were found.\n"}
    found = judge("7.1.4.34", "3.0.8.1000", WITHOUT, commands=commands)
    assert found.outcome.value == "pass" and quoted(found)[-1][0] == "instfix -ik IJ13756"


@pytest.mark.parametrize(("state", "outcome"), [("S", "pass"), ("*Q*", "fail")])
def test_an_interim_fix_counts_only_when_it_is_stable(state, outcome):
    fix = f"1  {state}  IJ13756s8a 03/20/25 10:22:41            nimclient -c\n"
    assert judge("7.1.4.34", "3.0.8.1000", WITHOUT, commands={"emgr -lv3": fix}).outcome.value == outcome


@pytest.mark.parametrize(
    "said", ["Not all filesets for {} were found.", "There was no data for {} in the fix database."]
)
def test_near_miss_an_apar_that_is_not_wholly_installed_or_of_another_level(said):
    commands = {"instfix -ik": "    " + said.format("IJ13756") + "\n    All filesets for IJ11924 were found.\n"}
    found = judge("7.1.4.34", "3.0.8.1000", WITHOUT, commands=commands)
    assert found.outcome.value == "fail"
    assert ("instfix -ik", 1, "    " + said.format("IJ13756")) in quoted(found)


@pytest.mark.parametrize(("nim", "openssl"), [(None, "1.0.2.1800"), ("7.1.4.34", None)])
def test_not_applicable_without_one_of_the_filesets(nim, openssl):
    assert judge(nim, openssl).outcome.value == "not-applicable"


def test_unknown_without_levels():
    found = result_of(CHECK, evidence())
    assert (found.outcome.value, found.severity.value, found.missing) == ("unknown", "high", ("lslpp -lc",))
    partial = evidence(commands={"lslpp -lc openssl.base": filesets("openssl.base 1.0.2.1800")})
    assert result_of(CHECK, partial).outcome.value == "unknown"


def test_a_row_of_the_site_counts_and_is_quoted():
    line = "nimclient_members tl=7200-00 apar=IJ60001 fileset=bos.sysmgt.nim.client level=7.2.0.9 source=our letter 7"
    files = {"/etc/nimdoctor.levels": line + "\n"}
    assert judge("7.2.0.9", files=files).outcome.value == "pass"
    assert quoted(judge("7.2.0.8", files=files))[-1] == ("/etc/nimdoctor.levels", 1, line)
