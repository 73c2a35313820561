"""nim-vulnerable: which known vulnerabilities of NIM are still open on a host."""

import pytest
from hosts import evidence, filesets, quoted, result_of

CHECK = "nim-vulnerable"
CLIENT, MASTER = "bos.sysmgt.nim.client", "bos.sysmgt.nim.master"
NO_FIX = "There is no efix data on this system.\n"
ASKED = "instfix -ik IJ53757 IJ55968 IJ59566"
NONE_FOUND = "".join(f"    There was no data for {apar} in the fix database.\n" for apar in ASKED.split()[2:])
PEM = "/ssl_nimsh/certs/server.pem"
SITE = "/etc/nimdoctor.levels"


def host(level="7200-05-10-2520", *rows, role="client", files=None, emgr=NO_FIX, **more):
    commands = {
        "oslevel -s": f"{level}\n",
        "lslpp -lc": filesets(*(rows or (f"{CLIENT} 7.2.5.206",))),
        "emgr -lv3": emgr,
    }
    commands.update(more)
    return evidence(
        commands={name: text for name, text in commands.items() if text}, files=files, role=role, host="lpar7"
    )


def test_fails_where_no_fix_was_ever_made_and_says_where_to_move():
    found = result_of(CHECK, host("7100-04-08-1914", f"{CLIENT} 7.1.4.35"))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert "CVE-2024-56347 (9.6)" in found.message and "CVE-2024-56346" not in found.message
    assert found.objects[:2] == ("CVE-2025-36250", "CVE-2026-15068") and len(found.objects) == 10
    assert "move to 7200-05, 7300-02, 7300-03, 7300-04 or later" in found.cure and "node/7283157" in found.cure
    assert ("oslevel -s", 1, "7100-04-08-1914") in quoted(found) and found.fix is None


def test_fails_for_each_fileset_with_its_own_vulnerability():
    found = result_of(CHECK, host("7200-05-09-2446", f"{CLIENT} 7.2.5.205", f"{MASTER} 7.2.5.204"))
    # the client is above the levels listed for G1, and the master is the last of them
    assert "CVE-2024-56346 (10.0, nim.master)" in found.message and "CVE-2024-56347" not in found.message
    assert f"{CLIENT} 7.2.5.205 (G1) and {MASTER} 7.2.5.204 (G0)" in found.message
    assert "CVE-2025-36236 (no score, nim.master)" in found.message
    assert any(MASTER in text for _, _, text in quoted(found))


def test_fails_by_apar_and_names_the_service_pack_and_the_interim_fix():
    found = result_of(CHECK, host(**{ASKED: NONE_FOUND}))
    assert found.outcome.value == "fail" and "install 7200-05-13 (APAR IJ59566) for G3" in found.cure
    assert "interim fixes of G2 (IJ55968, IBM node/7251173): clients first, then the master" in found.cure
    assert "CVE-2024" not in found.message


def test_fails_with_an_interim_fix_that_is_not_stable():
    fix = "1   *Q*   IJ55968m0a 11/20/25 10:00:00            NIM\n"
    found = result_of(CHECK, host(emgr=fix, **{ASKED: NONE_FOUND}))
    assert found.outcome.value == "fail" and "in state *Q*" in found.cause and "CVE-2025-36250" in found.objects


def test_near_miss_a_stable_interim_fix_closes_its_own_generation_only():
    fix = "1    S    IJ55968m0a 11/20/25 10:00:00            NIM\n"
    found = result_of(CHECK, host(emgr=fix, **{ASKED: NONE_FOUND}))
    assert found.outcome.value == "fail" and not any("2025" in cve for cve in found.objects)
    assert "interim fixes of G2" not in found.cure and "(G2)" in found.message


@pytest.mark.parametrize(("level", "outcome"), [("7200-05-10-2520", "fail"), ("7200-05-13-2635", "pass")])
def test_a_key_in_a_certificate_file_is_told_and_nothing_of_it_kept(certificates, level, outcome):
    pem = certificates("plain").pem + b"-----BEGIN PRIVATE KEY-----\nMIISECRET\n-----END PRIVATE KEY-----\n"
    found = result_of(CHECK, host(level, files={PEM: pem}, **({ASKED: NONE_FOUND} if outcome == "fail" else {})))
    assert found.outcome.value == outcome and f"a private key stands in {PEM}" in found.message
    assert (PEM, None, "") in quoted(found)
    assert "SECRET" not in str(found)
    if outcome == "fail":
        assert "by design before G2: that is CVE-2025-36096" in found.message
    else:
        assert found.severity.value == "info"


# -- a site's own rows


def test_a_sites_row_against_nimdoctors_own_is_not_obeyed_and_that_is_said():
    from hosts import scan_hosts

    site = {SITE: "generations generation=G3 tl=7200-05 first=7200-05-10 source=hearsay\n"}
    report = scan_hosts(host(files=site, **{ASKED: NONE_FOUND}), only=[CHECK])
    assert any(one.check == CHECK and one.outcome.value == "fail" for one in report.results)
    assert any(remark.startswith(f"{SITE} line 1 is not obeyed: nimdoctor's own row") for remark in report.remarks)


def test_a_sites_vulnerability_is_open_like_any_other():
    site = {SITE: "nim_cves cve=CVE-2027-1111 generation=G3 score=9.9 source=IBM node/7300000\n"}
    found = result_of(CHECK, host(files=site, **{ASKED: NONE_FOUND}))
    assert "CVE-2027-1111 (9.9)" in found.message and f"{SITE} line 1: IBM node/7300000" in found.references
