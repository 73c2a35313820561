"""nimdoctor field-test: which texts of a host have a known shape, and an archive that holds shapes alone."""

import json
import random
import re
import string
import tarfile
from pathlib import Path
from typing import Callable, Dict, NamedTuple, Tuple

import pytest

from nimdoctor.cli import field_testing, main
from nimdoctor.collection.field_test import FieldTest, field_test
from nimdoctor.collection.lines_read import GROUPS, LINES, STRANGE, LineState, lines_read
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.catalog import Kind, Row
from nimdoctor.evidence.live import LiveHost
from nimdoctor.facts import NimshLog, Subsystems
from nimdoctor.lab import Lab
from nimdoctor.model import BadEvidence, Text
from tests.redaction.test_neutral import foreign

from .conftest import REGISTRY

HEADER = "Subsystem         Group            PID          Status\n"
ROW = next(row for row in REGISTRY.catalog if row.label == "lssrc -a")
LOG = next(row for row in REGISTRY.catalog if row.label == "/var/adm/ras/nimsh.log")


def tried(root: str, **more: object) -> FieldTest:
    return field_test(Host(LiveHost(root, **more), REGISTRY.catalog))  # type: ignore[arg-type]


def prints(lab: Lab, command: str, script: str) -> None:
    """Puts another command into the client's tree."""
    (Path(lab.client) / "usr/sbin" / command).unlink(missing_ok=True)
    place = Path(lab.client) / "usr/bin" / command
    place.write_text(f"#!/bin/sh\n{script}\n")
    place.chmod(0o755)


def with_interfaces(lab: Lab) -> Lab:
    """The lab with a netstat that knows -in, which the lab's own does not."""
    for tree in (lab.client, lab.master):
        place = Path(tree) / "usr/bin/netstat"
        old = next(path for path in (place, Path(tree) / "usr/sbin/netstat") if path.exists())
        text = old.read_text()
        rows = r"Name Mtu Network Address Ipkts Ierrs Opkts Oerrs Coll\nen0 1500 10.1.1 10.1.1.7 1 0 1 0 0\n"
        head, _, rest = text.partition("\n")
        old.write_text(f"{head}\n[ \"$1\" != -in ] || {{ printf '{rows}'; exit; }}\n{rest}")
    return lab


def of(found: FieldTest, label: str):
    return next(one for one in found.tried if one.label == label)


def members(path: Path) -> Dict[str, str]:
    with tarfile.open(path) as archive:
        return {one.name: archive.extractfile(one).read().decode("ascii") for one in archive if one.isfile()}  # type: ignore[union-attr]


# -- what is said of a host


@pytest.mark.parametrize("end", ["client", "master"])
def test_all_that_the_lab_prints_has_a_known_shape(end: str, lab_of: Callable[[str], Lab]) -> None:
    found = tried(with_interfaces(lab_of("healthy")).tree(end))
    assert [(one.label, one.verdict(), one.strange[:3]) for one in found.tried if not one.known] == []
    assert found.known and found.role == end and found.level
    assert sum(one.text is not None for one in found.tried) > 30


def test_a_line_that_nothing_knows_is_told_with_its_number_and_its_shape(lab_of: Callable[[str], Lab]) -> None:
    lab = lab_of("healthy")
    prints(lab, "oslevel", "echo 7200-05-03-2148; echo the moon is blue over lpar7")
    found = tried(lab.client)
    (strange,) = of(found, "oslevel -s").strange
    assert (strange.number, strange.state) == (2, LineState.UNREAD)
    assert "lpar7" not in strange.shape and not found.known


def test_an_output_that_no_parser_takes_is_not_understood(lab_of: Callable[[str], Lab]) -> None:
    lab = lab_of("healthy")
    prints(lab, "lssrc", "echo gone fishing")
    said = of(tried(lab.client), "lssrc -a").verdict()
    assert said.startswith("not understood: ")


def test_a_command_that_is_not_there_or_hangs_is_no_unknown_shape(lab_of: Callable[[str], Lab]) -> None:
    lab = lab_of("healthy")
    prints(lab, "emgr", "sleep 60")
    (Path(lab.client) / "usr/bin/audit").unlink(missing_ok=True)
    (Path(lab.client) / "usr/sbin/audit").unlink(missing_ok=True)
    found = tried(lab.client, timeout=0.3)
    hung = of(found, "emgr -lv3")
    assert "hung" in hung.verdict() and hung.known and hung.seconds > 0.2
    assert "no such command" in of(found, "audit query").verdict()


def test_an_empty_output_is_said_and_counts_unless_it_is_an_answer(lab_of: Callable[[str], Lab]) -> None:
    lab = lab_of("healthy")
    prints(lab, "lssrc", "exit 0")
    prints(lab, "lsitab", "exit 1")
    found = tried(lab.client)
    assert (of(found, "lssrc -a").verdict(), of(found, "lssrc -a").known) == ("empty", False)
    assert of(found, "lsitab nimsh").known


def test_it_changes_nothing_on_the_host(lab_of: Callable[[str], Lab], tmp_path: Path) -> None:
    lab = lab_of("healthy")
    before = lab.snapshot("client", log=True)
    main(["field-test", lab.client_target, "--output", str(tmp_path / "x.tar.gz")])
    assert lab.snapshot("client", log=True) == before


# -- lines


def text_of(content: str, name: str = "lssrc -a") -> Text:
    return Text.of(content, name, name=name, command=not name.startswith("/"))


def states(row: Row, content: str, *parsers: object) -> "list[LineState]":
    return [line.state for line in lines_read(row, text_of(content, row.label), parsers).lines]


def test_a_line_of_a_shape_that_was_not_seen_but_that_a_fact_rests_on_is_read() -> None:
    class Counted(NamedTuple):
        lines: Tuple[str, ...]

        @classmethod
        def parse(cls, text: Text) -> "Counted":
            return cls(tuple(line for _, line in text.lines() if line.startswith("+")))

    row = Row("nothing of the table", Kind.COMMAND)
    assert states(row, "+ one two\nwhat\n+ three\n", Counted) == [LineState.READ, LineState.UNREAD, LineState.READ]


def test_blank_lines_and_comments_of_files_are_known_and_comments_of_outputs_are_not() -> None:
    hosts = Row("/etc/site.conf", Kind.FILE)
    assert states(hosts, "# ours\n\n") == [LineState.KNOWN, LineState.KNOWN]
    assert states(ROW, HEADER + "# odd\n", Subsystems)[1] is LineState.UNREAD


def test_a_message_of_the_log_that_nobody_met_is_not_called_known() -> None:
    lines = "Fri Mar 14 10:05:02 2025 Loading certificates..\nFri Mar 14 10:05:03 2025 whistling a tune\n"
    first, second = states(LOG, lines, NimshLog)
    assert first is LineState.KNOWN and second in STRANGE


def test_a_shape_that_was_only_believed_is_told_and_counts_as_known(lab_of: Callable[[str], Lab]) -> None:
    assert states(LOG, "Fri Mar 14 10:05:02 2025 getting 2nd port\n", NimshLog) == [LineState.BELIEVED]
    lab = lab_of("healthy")
    with (Path(lab.client) / "var/adm/ras/nimsh.log").open("a") as log:
        log.write("Fri Mar 14 10:05:02 2025 getting 2nd port\n")
    found = tried(lab.client)
    assert of(found, LOG.label).known and of(found, LOG.label).believed
    assert "shapes that were only believed stand here:" in list(field_testing.told(found, 80))


def test_a_message_whose_number_is_known_is_known_wherever_it_stands() -> None:
    assert states(ROW, HEADER + "0042-006 nimclient: (To_Master) connect Connection refused\n0042-999 x\n", Subsystems)[
        1:
    ] == [LineState.KNOWN, LineState.UNREAD]


def test_what_a_value_opened_belongs_to_it_until_it_is_closed() -> None:
    row = next(row for row in REGISTRY.catalog if row.label == "/etc/niminfo")
    wrapped = 'export NIM_NAME=x\nexport NIM_HOSTS=" 10.1.1.1:a\n10.1.1.2:b "\nwell well\n'
    assert states(row, wrapped) == [LineState.KNOWN, LineState.KNOWN, LineState.KNOWN, LineState.UNREAD]


def test_of_a_long_text_the_last_lines_are_looked_at_with_their_true_numbers() -> None:
    read = lines_read(ROW, text_of(HEADER * (LINES + 10) + "odd one\n"), [Subsystems])
    assert read.left_out == 11 and len(read.lines) == LINES
    assert (read.lines[-1].number, read.lines[-1].state) == (LINES + 11, LineState.UNREAD)


def test_of_very_many_strange_shapes_the_first_are_tried_and_the_others_are_not_called_unread() -> None:
    odd = "".join(f"{'=' * number}\n" for number in range(1, GROUPS + 4))
    found = states(ROW, HEADER + " nimsh nimclient 123 active\n" + odd, Subsystems)
    assert found.count(LineState.UNREAD) == GROUPS and found[-3:] == [LineState.UNTRIED] * 3


def test_a_text_that_cannot_be_read_raises_that() -> None:
    def refused():
        raise PermissionError(13, "Permission denied")

    for row in (ROW, LOG):
        with pytest.raises(BadEvidence):
            lines_read(row, Text(row.label, refused), [Subsystems])


# -- what leaves


def random_name(chance: random.Random) -> str:
    return "".join(chance.choice(string.ascii_lowercase) for _ in range(7)) + str(chance.randrange(2, 90))


@pytest.mark.parametrize("seed", range(3))
def test_nothing_of_a_site_with_any_names_is_in_the_archive(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    names = [random_name(chance) for _ in range(6)]
    host, user, domain, place, other, comment = names
    with Lab.build("create-bio-hang+tftp-disabled", clients=[host]) as lab:
        root = Path(lab.clients[host])
        for path, line in (
            ("etc/hosts", f"10.77.3.9 {other}.{domain}.org {other} # {comment}"),
            ("etc/niminfo", f"# {comment} wrote this"),
            ("var/adm/ras/nimsh.log", f"Fri Mar 14 10:05:03 2025 command to exec __ /usr/bin/test -f /{place}/{user}"),
            ("etc/inetd.conf", f"{other} stream tcp nowait {user} /opt/{place}/{other} {comment}"),
            ("etc/services", f"{place} 4711/tcp # {comment}"),
        ):
            with (root / path).open("a") as file:
                file.write(line + "\n")
        (root / "ssl_nimsh/certs" / f"{other}.pem").write_text(f"owned by {user}@{domain}.org\n")
        prefix = "#!/bin/sh\n"
        (root / "usr/bin/df").unlink(missing_ok=True)
        (root / "usr/sbin/df").unlink(missing_ok=True)
        (root / "usr/bin/df").write_text(f"{prefix}echo /dev/{place} on {domain}: refused to {user}; exit 3\n")
        (root / "usr/bin/df").chmod(0o755)
        for end in ("client", "master"):
            target = lab.clients[host] if end == "client" else lab.master
            main(["field-test", f"root:{target}", "--output", str(tmp_path / f"{end}.tar.gz")])
            found = members(tmp_path / f"{end}.tar.gz")
            whole = "\n".join([*found, *found.values()]).lower()
            assert [name for name in (*names, "nim1", "lpar8", str(lab.place).lower()) if name in whole] == []
            for name, text in found.items():
                if name.startswith("shapes/"):
                    shapes = [line.split(" | ", 1)[1] for line in text.splitlines() if " | " in line]
                    assert foreign(re.sub(r"\[\d+ of these\]", "", "\n".join(shapes))) == [], name
            assert "PRIVATE KEY-----\n" not in whole


def test_the_archive_is_private_and_says_what_it_is(
    lab_of: Callable[[str], Lab], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "shapes.tar.gz"
    lab = with_interfaces(lab_of("healthy"))
    assert main(["field-test", lab.client_target, "--output", str(path)]) == 0
    assert path.stat().st_mode & 0o777 == 0o600
    found = members(path)
    assert "Read it" in found["README.txt"]
    document = json.loads(found["field-test.json"])
    assert document["schema"] == "nimdoctor.field-test/1" and document["known"] is True
    assert {"name", "seconds", "said", "lines", "known", "read", "unread", "left_out"} <= set(document["tried"][0])
    assert "known    |  nimsh            nimclient" in found["shapes/lssrc_-a.txt"]
    said = capsys.readouterr()
    assert "have shapes that are known" in said.out and "read it, then send it" in said.err


def test_unknown_shapes_are_status_3_and_stand_first(
    lab_of: Callable[[str], Lab], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    lab = with_interfaces(lab_of("healthy"))
    prints(lab, "oslevel", "echo 7200-05-03-2148; for n in 1 2 3 4 5 6 7; do echo odd $n x; done")
    path = tmp_path / "x.tar.gz"
    assert main(["field-test", lab.client_target, "--output", str(path)]) == 3
    said = capsys.readouterr().out
    assert "oslevel -s: 7 unread" in said and "line 2, unread: " in said and "and 2 more lines" in said
    assert "1 not." in said
    assert "unread   | word 0 word   [7 of these]" in members(path)["shapes/oslevel_-s.txt"]


@pytest.mark.parametrize("output", ["shapes.zip", "", "no/such/place.tar.gz"])
def test_a_place_that_no_archive_can_be_written_to_is_refused(
    output: str, healthy: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["field-test", healthy.client_target, "--output", output]) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_its_place_is_not_followed(healthy: Lab, tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").symlink_to(tmp_path / "other")
    assert main(["field-test", healthy.client_target, "--output", str(tmp_path / "x.tar.gz")]) == 2
    assert not (tmp_path / "other").exists()


def test_another_system_and_recorded_evidence_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "files").mkdir()
    for words, why in (([], "not AIX"), (["host"], "recorded evidence")):
        assert main(["field-test", *words]) == 2
        assert why in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["host"]


def test_what_takes_long_is_told(healthy: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(field_testing, "SLOW", 0.0)
    told = list(field_testing.told(tried(healthy.client), 80))
    assert "took long:" in told and any(line.startswith("    lssrc -a  ") for line in told)
