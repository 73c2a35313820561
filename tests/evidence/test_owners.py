"""Whose each attachment is: one host, a client and its master, or a refusal."""

from typing import Dict

import pytest
from hosts import loose

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.loose import LooseEvidence
from nimdoctor.evidence.source import TargetError

NIMINFO = (
    "export NIM_NAME=sofdb12\nexport NIM_HOSTNAME=sofdb12.example.com\nexport NIM_CONFIGURATION=standalone\n"
    "export NIM_MASTER_HOSTNAME=nimsrv5.example.com\n"
)
LOG = "Fri Mar 14 10:05:02 2025 Loading certificates..\nFri Mar 14 10:05:04 2025 create BIO\n"
OBJECTS = (
    "master:\n   class = machines\n   type = master\n   if1 = net_a nimsrv5 0\n"
    "sofdb12:\n   class = machines\n   type = standalone\n   connect = nimsh (secure)\n   if1 = net_a sofdb12 0\n"
)
STATUS = "Subsystem         Group            PID          Status\n nimsh            nimclient        77  active\n"
INETD = "tftp   dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n\n"


def ends(found: LooseEvidence) -> Dict[str, "set[str]"]:
    """Which files each end has."""
    hosts = [one for one in (found, found.paired) if one]
    return {(one.roles or ("",))[0]: {text.source for row in Catalog() for text in one.texts(row, {})} for one in hosts}


@pytest.mark.parametrize(
    ("files", "client", "master"),
    [
        ({"c/niminfo": NIMINFO, "c/nimsh.log": LOG, "m/objects.txt": OBJECTS, "m/inetd.conf": INETD},
         {"c/niminfo", "c/nimsh.log"}, {"m/objects.txt", "m/inetd.conf"}),
        ({"niminfo": NIMINFO, "nimsh.log": LOG, "objects.txt": OBJECTS}, {"niminfo", "nimsh.log"}, {"objects.txt"}),
        ({"niminfo": NIMINFO, "objects.txt": OBJECTS, "inetd.conf.master": INETD}, {"niminfo"},
         {"objects.txt", "inetd.conf.master"}),
        ({"niminfo": NIMINFO, "objects.txt": OBJECTS, "nimsrv5_lssrc.txt": STATUS}, {"niminfo"},
         {"objects.txt", "nimsrv5_lssrc.txt"}),
        ({"a.txt": f"root@sofdb12:/ # lssrc -s nimsh\n{STATUS}root@sofdb12:/ # cat /etc/niminfo\n{NIMINFO}",
          "b.txt": f"root@nimsrv5:/ # lssrc -s nimsh\n{STATUS}root@nimsrv5:/ # lsnim -l\n{OBJECTS}"},
         {"a.txt"}, {"b.txt"}),
        ({"both.txt": f"root@sofdb12:/ # cat /var/adm/ras/nimsh.log\n{LOG}root@nimsrv5:/ # lsnim -l\n{OBJECTS}"},
         {"both.txt"}, {"both.txt"}),
    ],
)  # fmt: skip
def test_a_client_and_its_master_are_parted_by_what_names_them(
    files: Dict[str, str], client: "set[str]", master: "set[str]"
) -> None:
    found = loose(files)
    assert ends(found) == {"client": client, "master": master}
    assert found.paired and (found.host, found.paired.host) == ("sofdb12", "nimsrv5")
    assert any("client sofdb12 and its master nimsrv5" in remark for remark in found.remarks)


def test_what_nothing_names_goes_to_the_client_and_is_said() -> None:
    found = loose({"niminfo": NIMINFO, "objects.txt": OBJECTS, "levels.txt": "# oslevel -s\n7200-05-03-2148\n"})
    assert ends(found)["client"] == {"niminfo", "levels.txt"}
    assert "levels.txt: not said whose it is; taken as the client's" in found.remarks


@pytest.mark.parametrize(
    "files",
    [
        {"a.txt": f"root@lpar7:/ # lssrc -s nimsh\n{STATUS}", "b.txt": f"root@lpar8:/ # lssrc -s nimsh\n{STATUS}"},
        {"x/niminfo": NIMINFO, "y/niminfo": NIMINFO.replace("sofdb12", "sofdb13")},
        {"t.txt": "lpar7:/# oslevel -s\n7200-05-03-2148\nlpar8:/# oslevel -s\n7200-05-03-2148\n"},
    ],
)  # fmt: skip
def test_one_kind_of_two_hosts_that_are_no_pair_is_refused(files: Dict[str, str]) -> None:
    with pytest.raises(TargetError, match=r"two hosts' files of one kind: .* put each host's files"):
        loose(files)


def test_one_host_is_not_parted() -> None:
    found = loose({"niminfo": NIMINFO, "t.txt": f"root@sofdb12:/ # lssrc -s nimsh\n{STATUS}", "nimsh.log": LOG})
    assert found.paired is None and found.roles == ()


def test_short_and_full_names_and_the_names_of_niminfo_are_one_host() -> None:
    named = NIMINFO.replace("NIM_NAME=sofdb12", "NIM_NAME=db12_prod")
    found = loose({"niminfo": named, "t.txt": f"root@SOFDB12:/ # lssrc -s nimsh\n{STATUS}"})
    assert found.paired is None and not any("several hosts" in remark for remark in found.remarks)


def test_a_masters_objects_beside_a_log_without_a_name_stay_one_heap() -> None:
    found = loose({"nimsh.log": LOG, "objects.txt": OBJECTS, "inetd.conf": INETD})
    assert found.paired is None


def test_a_masters_own_files_are_no_second_host() -> None:
    own = "export NIM_NAME=master\nexport NIM_HOSTNAME=nimsrv5\nexport NIM_CONFIGURATION=master\n"
    found = loose({"niminfo": own, "objects.txt": OBJECTS})
    assert found.paired is None and found.roles == ()


def test_a_masters_objects_in_a_file_that_has_the_clients_name_are_the_masters() -> None:
    client = "sofdb12:\n   class    = machines\n   type     = standalone\n   if1      = net_10_1 sofdb12 0\n"
    itself = "master:\n   class    = machines\n   type     = master\n   if1      = net_10_1 nimsrv5 0\n"
    found = loose({"niminfo": NIMINFO, "lsnim_sofdb12.txt": client, "lsnim_master.txt": itself})
    assert found.paired is not None and (found.host, found.paired.host) == ("sofdb12", "nimsrv5")
    assert "lsnim -l" not in " ".join(ends(found)["client"])
