"""filesystem-full: room for what a push, its set-up and its repair write."""

import re
from pathlib import Path

import pytest
from hosts import AR_CRYPTO, AR_SSL, MemoryTree, evidence, loose, members, quoted, result_of, scan_hosts
from scenarios import scenario

from nimdoctor.evidence.recorded import RecordedEvidence

CHECK = "filesystem-full"
SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
HEADER = "Filesystem    1024-blocks      Free %Used    Iused %Iused Mounted on\n"
ROOMY = {"/": 548212, "/usr": 1270816, "/var": 1538204, "/tmp": 998312}
DEVICES = {"/": "/dev/hd4", "/usr": "/dev/hd2", "/var": "/dev/hd9var", "/tmp": "/dev/hd3"}


def df(used=None, header=HEADER, **free):
    rooms = {**ROOMY, **{"/" + name.strip("_"): kib for name, kib in free.items()}}
    text = header
    for mount, kib in rooms.items():
        if kib is not None:
            percent = (used or {}).get(mount, min(99, 100 - kib * 100 // 4587520))
            text += f"{DEVICES.get(mount, '/dev/lv00'):<15} 4587520 {kib:>12}  {percent}%    11204     8% {mount}\n"
    return text + "/proc                   -            -    -         -     -  /proc\n"


def client(text, command="df -k", **commands):
    return evidence(commands={command: text, **commands})


def master(text):
    return evidence(commands={"df -k": text}, host="nim1", role="master")


def kind(found):
    return (found.outcome.value, found.severity.value, found.confidence and found.confidence.value)


def test_fails_when_usr_has_less_than_the_copies_need():
    libraries = {AR_SSL: members("libssl.a", 512318), AR_CRYPTO: members("libcrypto.a", 2103456)}
    found = result_of(CHECK, client(df(usr=2000), **libraries))
    assert kind(found) == ("fail", "medium", "likely")
    assert (found.objects, found.fix) == (("/usr",), None)
    assert "2556 KB wanted by nimclient -c" in found.message
    assert [text.split()[0] for _, _, text in quoted(found)] == ["/dev/hd2"]
    assert "chfs -a size=+64M /usr" in found.cure and found.run.startswith("du -kxs /usr/*")
    assert result_of(CHECK, client(df(usr=2560), **libraries)).outcome.value == "pass"


def test_fails_when_nothing_is_left_and_lists_every_file_system():
    found = result_of(CHECK, client(df(used={"/": 100, "/tmp": 100}, _=0, tmp=12)))
    assert kind(found) == ("fail", "medium", "likely") and found.objects == ("/", "/tmp")
    assert found.run.startswith("du -kxs /* ")


def test_fails_on_the_master_by_what_nimconfig_writes():
    found = result_of(CHECK, master(df(_=900)))
    assert kind(found) == ("fail", "medium", "likely") and "nimconfig -c" in found.message


def test_fails_low_when_only_the_backups_have_no_room():
    found = result_of(CHECK, client(df(var=9000)))
    assert kind(found) == ("fail", "low", "likely") and "nimdoctor fix" in found.message


def test_fails_low_at_100_percent_with_enough_left():
    assert kind(result_of(CHECK, client(df(used={"/usr": 100})))) == ("fail", "low", "likely")


def test_fails_by_the_file_system_below_which_the_certificates_are():
    text = df() + "/dev/nimssl  16384  0  100%   11   1% /ssl_nimsh\n"
    assert result_of(CHECK, client(text)).objects == ("/ssl_nimsh",)


def test_fails_by_an_nfs_server_which_is_not_grown_here():
    text = df(var=None) + "a.very.long.server.example.com:/export/var\n  4587520  0  100%  11  1% /var\n"
    found = result_of(CHECK, client(text))
    assert found.objects == ("/var",) and "chfs" not in found.cure and "a.very.long.server" in found.cure


def test_passes_with_room_everywhere():
    found = result_of(CHECK, client(df()))
    assert found.outcome.value == "pass" and len(quoted(found)) == 4


def test_near_miss_90_percent_of_usr_is_normal():
    assert result_of(CHECK, client(df(used={"/usr": 90}, usr=458751))).outcome.value == "pass"


def test_near_miss_another_file_system_may_be_full():
    text = df() + "/dev/nimlv  41943040  0  100%  8102  1% /export/nim\n"
    assert result_of(CHECK, master(text)).outcome.value == "pass"


def test_near_miss_blocks_of_512_bytes_count_half():
    text = df(header=HEADER.replace("1024", "512"), usr=2 * 8 * 1024)
    assert result_of(CHECK, client(text, "df")).outcome.value == "pass"
    assert result_of(CHECK, client(text.replace("16384", "16382"), "df")).outcome.value == "fail"


def test_one_file_system_for_all_of_it_needs_the_sum():
    alone = HEADER + "Global  4587520  {}  70%  11204  8% /\n"
    assert result_of(CHECK, client(alone.format(25000))).outcome.value == "pass"
    assert kind(result_of(CHECK, client(alone.format(12000)))) == ("fail", "low", "likely")
    assert kind(result_of(CHECK, client(alone.format(9000)))) == ("fail", "medium", "likely")


@pytest.mark.parametrize("command", ["df -k /", "df -k / /usr"])
def test_what_was_not_asked_is_not_taken_from_the_root(command):
    rows = df(var=None, tmp=None, **({"usr": None} if command == "df -k /" else {}))
    found = result_of(CHECK, client(rows, command))
    assert kind(found) == ("unknown", "low", None) and "/tmp" in found.message


def test_unknown_without_df():
    assert kind(result_of(CHECK, evidence(commands={"hostname": "lpar7"}))) == ("unknown", "low", None)


def test_bare_df_output_without_its_heading_counts_in_the_smaller_unit():
    assert result_of(CHECK, loose({"df.txt": df(header="", usr=9000)})).outcome.value == "fail"


@pytest.mark.parametrize(("left", "first"), [("9000", "create-bio-hang"), ("90", CHECK)])
def test_what_the_cure_has_no_room_for_comes_first_unless_it_is_low(left, first):
    files = dict(scenario("create-bio-hang")["client"].files)
    full = files["commands/df_-k"].replace(b"1538204", left.rjust(7).encode())
    report = scan_hosts(RecordedEvidence("case", MemoryTree({**files, "commands/df_-k": full})))
    assert report.first.check == first


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded samples are not here")
@pytest.mark.parametrize("name", ["df.1", "df.2", "df.3"])
def test_recorded_hosts_have_room(name):
    text = (SAMPLES / name).read_text()
    assert re.match("Filesystem +512-blocks", text)
    assert result_of(CHECK, client(text, "df")).outcome.value == "pass"
