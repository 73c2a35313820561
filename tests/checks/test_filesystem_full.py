"""filesystem-full: room for what a push, its set-up and its repair write."""

import re
from pathlib import Path

import pytest
from hosts import AR_CRYPTO, AR_SSL, MemoryTree, evidence, members, quoted, result_of, scan_hosts
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


def test_fails_by_an_nfs_server_which_is_not_grown_here():
    text = df(var=None) + "a.very.long.server.example.com:/export/var\n  4587520  0  100%  11  1% /var\n"
    found = result_of(CHECK, client(text))
    assert found.objects == ("/var",) and "chfs" not in found.cure and "a.very.long.server" in found.cure


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
