"""nimclient-extracts-old-libs: an old nim.client beside an OpenSSL that has other members."""

import pytest
from hosts import AR_SSL, evidence, filesets, members, quoted, result_of

CHECK = "nimclient-extracts-old-libs"
WITH, WITHOUT = members("libssl.a", 512318), members("libssl.a", 512318, version="1.1")


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
