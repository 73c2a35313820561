"""The first pass: who a bundle is of and by what its master is known, in whatever form it comes."""

import json
import os

import pytest
from hosts import collected
from scenarios import ON_DISK, scenario

from fleet.archives import pair_of, tgz
from nimdoctor.cli import main
from nimdoctor.fleet.identity import Identity, identify
from nimdoctor.fleet.pairing import pair

NIMINFO = (
    "export NIM_NAME=lpar7\nexport NIM_HOSTNAME=LPAR7.a.example\nexport NIM_CONFIGURATION=standalone\n"
    "export NIM_MASTER_HOSTNAME=NIM1.a.example\nexport NIM_MASTERID=00c1d2e34c00\n"
    'export NIM_HOSTS=" 10.1.1.17:lpar7  10.1.1.10:nim1.a.example:nimprod "\n'
)


def of(path: object) -> Identity:
    found = identify(str(path))
    assert "failure" not in found, found
    json.dumps(found).encode("ascii")
    return Identity.from_dict(found)


def test_a_client_tells_its_names_and_those_of_its_master(tmp_path):
    path = tgz(
        tmp_path / "a.tgz",
        collected(files={"/etc/niminfo": NIMINFO}, commands={"uname -m": "00C1D2E74C00\n", "hostname": "lpar7-boot\n"}),
    )
    assert of(path) == Identity(
        path, "lpar7", ("client",), ("lpar7", "lpar7-boot", "lpar7.a.example"), "00C1D2E74C00", "00C1D2E34C00",
        ("nim1.a.example", "nimprod"),
    )  # fmt: skip


def test_a_master_tells_every_name_of_its_own_and_keeps_no_master(tmp_path):
    objects = (
        "master:\n   class = machines\n   type = master\n   if1 = net_1 nim1-adm 0\n   if2 = net_2 nim1.b.example 0\n"
    )
    niminfo = "export NIM_NAME=master\nexport NIM_CONFIGURATION=master\nexport NIM_MASTER_HOSTNAME=nim1\nexport NIM_MASTERID=00C1D2E34C00\n"
    path = tgz(
        tmp_path / "m.tgz",
        collected(files={"/etc/niminfo": niminfo}, commands={"lsnim -l": objects}, host="nim1", role="master"),
    )
    found = of(path)
    assert (found.roles, found.masters, found.master_id) == (("master",), (), None)
    assert found.names == ("nim1", "nim1-adm", "nim1.b.example")


def test_both_ends_hold_one_certificate_and_the_same_in_every_form(tmp_path):
    client, master = pair_of("healthy", tmp_path)
    one, other = of(client), of(master)
    assert set(one.certificates) & set(other.certificates) and one.collected == other.collected == 1742032400
    on_disk = of(ON_DISK / "healthy" / "client")
    assert on_disk._replace(path=client) == one
    assert pair([one, other])[client].master == master


def test_a_bundle_of_both_ends_is_paired_already(tmp_path):
    ends = [str(ON_DISK / "healthy" / end) for end in ("client", "master")]
    words = ["report", ends[0], "--master", ends[1], "--case", "TS001234567", "--output", str(tmp_path), "--no-redact"]
    assert main(words) == 0
    (bundle,) = tmp_path.iterdir()
    found = of(bundle)
    assert found.paired and found.host == "lpar7" and found.roles == ("client",)


def test_two_ends_redacted_with_one_key_still_belong_together(tmp_path):
    paths = []
    for end in ("client", "master"):
        made, source = tmp_path / end, str(ON_DISK / "healthy" / end)
        made.mkdir()
        words = [
            "report",
            source,
            "--case",
            "TS001234567",
            "--redact-key",
            str(tmp_path / "key"),
            "--output",
            str(made),
        ]
        assert main(words) == 0
        paths += made.iterdir()
    client, master = map(of, paths)
    assert client.redacted and master.redacted and client.host != "lpar7"
    assert pair([client, master])[client.path].master == master.path
    plain = of(ON_DISK / "healthy" / "master")
    assert pair([client, plain])[client.path].master is None


def test_a_file_called_like_a_host_that_is_asked_now_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ssh:lpar7", "root:x.tgz"):
        os.rename(tgz(tmp_path / "a.tgz", scenario("healthy")["client"].files), name)
        assert of(name).host == "lpar7"


def test_ids_and_names_that_are_nobodys_are_not_kept(tmp_path):
    niminfo = NIMINFO.replace("00c1d2e34c00", "000000000000").replace("NIM1.a.example", "10.1.1.10")
    found = of(
        tgz(tmp_path / "a.tgz", collected(files={"/etc/niminfo": niminfo}, commands={"hostname": "localhost\n"}))
    )
    assert found.master_id is None and found.masters == ("nim1.a.example", "nimprod") and found.names[0] == "lpar7"
    assert "localhost" not in found.names


@pytest.mark.parametrize("raw", [b"", b"\x1f\x8b" + bytes(40), b"nothing of NIM\n"])
def test_what_cannot_be_read_is_said(tmp_path, raw):
    path = tmp_path / "a.tgz"
    path.write_bytes(raw)
    found = identify(str(path))
    assert set(found) == {"failure"} and found["failure"]["kind"] == "unreadable"
    assert str(path) in found["failure"]["message"]


def test_what_a_check_of_third_parties_would_raise_is_no_matter_here_and_an_interruption_is(tmp_path, monkeypatch):
    client, _ = pair_of("healthy", tmp_path)

    def breaks(*_, **__):
        raise SystemExit("not today")

    monkeypatch.setattr("nimdoctor.fleet.identity.Host", breaks)
    assert identify(client)["failure"]["kind"] == "failed"
    monkeypatch.setenv("NIMDOCTOR_DEBUG", "1")
    assert identify(client)["failure"]["kind"] == "failed"

    def interrupts(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nimdoctor.fleet.identity.Host", interrupts)
    with pytest.raises(KeyboardInterrupt):
        identify(client)
