"""install-openssl: from the one lpp_source at the client's level, previewed, and nothing but openssl.*"""

import os

import pytest

from tests.fixes.conftest import read, trees, write

ON = "client-nimclient-c"
ONLY = ("--only", "install-openssl")
CUST = (
    "nim -o cust -a lpp_source=lpp_7104 -a accept_licenses=yes "
    "-a filesets=openssl.base openssl.license openssl.man.en_US lpar7"
)
PREVIEW = CUST.replace("-o cust ", "-o cust -a installp_flags=-apgQX ")
SOURCE = "/.lab/lpp_sources/lpp_7104"


def test_previewed_first_then_installed_with_the_licence_accepted(lab_of, cure):
    lab = lab_of("openssl-missing")
    cured = cure(lab, *ONLY)
    assert (cured.status, cured.steps, cured.outcomes) == (0, ["master-nim-o"], {"openssl-missing": "fixed"})
    assert lab.calls("master") == [PREVIEW, CUST]
    assert "its licence is accepted by this" in cured.step("master-nim-o")["effect"]


def test_tftp_is_left_alone_where_nothing_is_fetched(lab_of, fix):
    assert fix(lab_of("openssl-missing+tftp-disabled"), *ONLY).steps == ["master-nim-o"]


def test_stale_copies_follow_in_the_same_plan(lab_of, cure, scanned):
    # crypto is on, with what nimsh has mapped, and somebody took the filesets and the archives away
    lab = lab_of("healthy")
    rows = [row for row in read(lab, "client", "/.lab/filesets").splitlines(True) if b"openssl" not in row]
    write(lab, "client", "/.lab/filesets", b"".join(rows))
    for library in ("libssl", "libcrypto"):
        os.unlink(f"{lab.client}/usr/lib/{library}.a")
        write(lab, "client", f"/usr/lib/{library}.so.0.9.8", b"x" * 4000)
    cured = cure(lab, *ONLY)
    assert (cured.status, cured.steps) == (0, ["master-nim-o", "client-remove", "client-remove", ON]), cured.said
    assert len(read(lab, "client", "/usr/lib/libssl.so.0.9.8")) == 4876
    member = "/usr/lib/libssl.a still has the member libssl.so.0.9.8"
    step = next(step for step in cured.document["steps"] if step["do"].get("path") == "/usr/lib/libssl.so.0.9.8")
    assert member in [one["says"] for one in step["then"]] and member not in [one["says"] for one in step["before"]]


def test_only_what_lacks_is_installed(lab_of, fix):
    lab = lab_of("healthy")
    rows = [row for row in read(lab, "client", "/.lab/filesets").splitlines(True) if b"openssl.man" not in row]
    write(lab, "client", "/.lab/filesets", b"".join(rows))
    assert fix(lab).steps == [], "the manual is below medium"
    planned = fix(lab, *ONLY)
    assert planned.steps == ["master-nim-o"]
    assert "filesets=openssl.man.en_US" in planned.step("master-nim-o")["do"]["argv"]


REFUSED = {
    "no source has it": "no lpp_source at the client's level 7100-04-08-1914 has openssl.base",
    "of another level": "no lpp_source at the client's level 7100-04-08-1914 has openssl.base",
    "several": "several lpp_sources fit: choose one with --lpp-source: lpp_7104, lpp_second",
}


def add_source(lab, name, content):
    """Another lpp_source of the master."""
    write(lab, "master", f"/.lab/lpp_sources/{name}", content)
    stanza = f"{name}:\n   class       = resources\n   type        = lpp_source\n   location    = /export/{name}\n"
    write(lab, "master", f"/.lab/objects/90.{name}", stanza)


@pytest.mark.parametrize("name", REFUSED)
def test_a_source_that_cannot_be_chosen_is_a_persons_matter(name, lab_of, cure):
    lab = lab_of("openssl-missing+lpp-source-lacks-openssl" if name == "no source has it" else "openssl-missing")
    content = read(lab, "master", SOURCE)
    if name == "several":
        add_source(lab, "lpp_second", content)
    elif name == "of another level":
        write(lab, "master", SOURCE, content.replace(b"7.1.4.35", b"7.2.5.200"))
    before = trees(lab)
    advised = cure(lab)
    assert (advised.status, "master-nim-o" in advised.steps) == (1, False)
    assert any(text.startswith(REFUSED[name]) for text in advised.advice), advised.advice
    assert trees(lab) == before


def test_the_named_source_is_taken_where_it_fits(lab_of, fix):
    lab = lab_of("openssl-missing")
    content = read(lab, "master", SOURCE)
    add_source(lab, "lpp_second", content)
    add_source(lab, "lpp_alone", b"".join(row for row in content.splitlines(True) if row.startswith(b"openssl")))
    add_source(lab, "lpp_other", content.replace(b"7.1.4.35", b"7.2.5.200"))
    add_source(lab, "lpp_bare", b"".join(row for row in content.splitlines(True) if not row.startswith(b"openssl")))
    add_source(lab, "-P", content)
    for named in ("lpp_second", "lpp_alone"):
        planned = fix(lab, *ONLY, "--lpp-source", named)
        assert f"lpp_source={named}" in planned.step("master-nim-o")["do"]["argv"]
    refused = {
        "lpp_other": "lpp_other is not at the client's level 7100-04-08-1914",
        "lpp_bare": "lpp_bare has no openssl.base, openssl.license, openssl.man.en_US",
        "lpp_none": "the master shows no lpp_source lpp_none",
        "-P": "the master shows no lpp_source -P",
    }
    for named, why in refused.items():
        planned = fix(lab, *ONLY, f"--lpp-source={named}")
        assert (planned.steps, planned.advice) == ([], [why])


def test_an_installation_that_would_change_others_is_refused_by_its_preview(lab_of, cure):
    lab = lab_of("openssl-missing")
    nim = read(lab, "master", "/usr/sbin/nim")
    more = b"echo '  bos.rte.security 7.1.4.35               # Base Security Function'\n        case $FLAGS in\n            *p*)"
    write(lab, "master", "/usr/sbin/nim", nim.replace(b"case $FLAGS in\n            *p*)", more))
    before = lab.snapshot()
    refused = cure(lab, *ONLY)
    assert (refused.status, refused.state) == (1, "restored")
    assert "it would change others too: bos.rte.security" in refused.why
    assert lab.calls("master") == [PREVIEW]
    assert lab.snapshot() == before


def test_a_preview_that_fails_installs_nothing(lab_of, cure):
    lab = lab_of("openssl-missing")
    lab.fault("master", "nim.cust", "fail")
    refused = cure(lab, *ONLY)
    assert (refused.status, "the preview ended with status 1" in refused.why) == (1, True)


def test_a_fileset_that_an_interim_fix_locks_is_refused(lab_of, cure):
    lab = lab_of("openssl-missing")
    row = b"/usr/lib/objrepos:openssl.base:1.0.2.1500::BROKEN:I:Open Secure Socket Layer:EFIXLOCKED\n"
    write(lab, "client", "/.lab/filesets", read(lab, "client", "/.lab/filesets") + row)
    refused = cure(lab, *ONLY)
    assert (refused.status, refused.refused) == (1, ["locked by an interim fix: openssl.base"])
    assert lab.calls("master") == []


def test_the_master_first(lab_of, cure):
    lab = lab_of("openssl-missing")
    rows = [row for row in read(lab, "master", "/.lab/filesets").splitlines(True) if b"openssl" not in row]
    write(lab, "master", "/.lab/filesets", b"".join(rows))
    refused = cure(lab)
    assert refused.status == 1
    assert "not installed, or broken: openssl.base" in refused.refused
    assert any(text.startswith("openssl.base is not installed. ") for text in refused.advice)


@pytest.mark.parametrize("target", [None, ""])
def test_without_master_or_name_the_command_is_shown(target, lab_of, fix):
    lab = lab_of("openssl-missing")
    if target == "":
        # a client that the master does not know, with a name that no command takes
        write(lab, "client", "/etc/niminfo", read(lab, "client", "/etc/niminfo").replace(b"lpar7", b"-lpar7"))
        write(
            lab,
            "client",
            "/.lab/host",
            read(lab, "client", "/.lab/host").replace(b"lpar7", b"-lpar7").replace(b"B24C00", b"B99C00"),
        )
    planned = fix(lab, *ONLY, master=target)
    assert planned.steps == []
    assert planned.advice == ["nim -o cust is the master's: give --master, and evidence that has the client's NIM name"]
    name = "lpar7" if target is None else "CLIENT"
    assert planned.document["advice"][0]["run"].endswith(f'" {name}')


def test_without_openssl_and_a_source_of_it_nothing_fetches_a_certificate(lab_of, fix):
    lab = lab_of("openssl-missing+lpp-source-lacks-openssl")
    before = trees(lab)
    done = fix(lab, "--apply", "--yes")
    assert done.status == 1
    assert "not installed, or broken: openssl.base" in done.said
    assert (lab.calls("client"), lab.calls("master"), trees(lab)) == ([], [], before)
