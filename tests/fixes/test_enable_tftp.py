"""enable-tftp: one row of the master's inetd.conf, byte for byte, and only where a refresh changes nothing else."""

import os

import pytest

from nimdoctor.facts import InetdConf, InetdServices
from nimdoctor.library.registry import Registry
from nimdoctor.model import Role, Text
from nimdoctor.planning.fix import FixContext, Options
from nimdoctor.planning.steps import Step, Transient
from tests.fixes.conftest import changed, read, trees, write

CONF = "/etc/inetd.conf"
ROW = b"tftp    dgram   udp6    SRC     nobody  /usr/sbin/tftpd        tftpd -n\n"
ONLY = ("--only", "enable-tftp")


def planned(conf: bytes, *, transient: bool = False, serves: str = "ftp /usr/sbin/ftpd ftpd") -> "list[object]":
    """What the fix says of an inetd.conf of the master."""
    service, command, description = serves.split(" ", 2)
    table = (
        "Subsystem         Group            PID          Status\n inetd            tcpip            4128994      active\n\n"
        "Service       Command                  Description              Status\n"
        f" {service:<12} {command:<24} {description:<24} active\n"
    )
    services = InetdServices.parse(Text.of(table, "lssrc -ls inetd"))
    fix = next(one for one in Registry().fixes() if one.id == "enable-tftp")
    case = FixContext((), Options(transient_tftp=transient), ends=(Role.CLIENT, Role.MASTER))
    return list(fix(case, InetdConf.parse(Text.of(conf, CONF)), services, None))


def edited(conf: bytes) -> bytes:
    """The file after the one edit that is planned."""
    (step,) = planned(conf)
    assert isinstance(step, Step)
    return step.do.apply_to(conf)


FTP = b"ftp stream tcp6 nowait root /usr/sbin/ftpd ftpd\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (FTP + b"#" + ROW, FTP + ROW),
        (b"#tftp\tdgram\tudp6\tSRC\tnobody\t/usr/sbin/tftpd\ttftpd -n", b"tftp\tdgram\tudp6\tSRC\tnobody\t/usr/sbin/tftpd\ttftpd -n"),
        (b"# # tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n  \n\n", b"tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n  \n\n"),
        (b"  ##\ttftp dgram udp wait root /usr/sbin/tftpd tftpd -n\n", b"tftp dgram udp wait root /usr/sbin/tftpd tftpd -n\n"),
        (b"#tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd\r\n# caf\xe9\r\n", b"tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd\r\n# caf\xe9\r\n"),
        (b"# caf\xe9 \x0c\x85\n#tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -\xe9\n", b"# caf\xe9 \x0c\x85\ntftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -\xe9\n"),
    ],
    ids=["plain", "tabs, no last newline", "two marks", "blanks before the mark", "CR LF", "ISO8859-1"],
)  # fmt: skip
def test_only_the_marks_before_the_row_go(before, after):
    assert edited(before) == after


def test_of_several_rows_the_first_that_starts_tftpd_is_switched_on():
    conf = (
        b"# tftp dgram was switched off by the audit of 2023\n"
        b"#tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n\n"
        b"#tftp dgram udp SRC nobody /usr/sbin/tftpd tftpd -n\n"
        b"#tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n\n"
    )
    lines = edited(conf).split(b"\n")
    assert lines[1] == b"tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n"
    assert [line[:1] for line in lines] == [b"#", b"t", b"#", b"#", b""]


@pytest.mark.parametrize("last", [b"", b"\n"], ids=["no last newline", "newline"])
def test_without_a_row_that_of_the_guide_is_added_at_the_end(last):
    assert (
        edited(FTP + b"# end" + last)
        == FTP + b"# end\n" + b"tftp\tdgram\tudp6\tSRC\tnobody\t/usr/sbin/tftpd\ttftpd -n" + last
    )


@pytest.mark.parametrize("other", [b"#" + ROW, b"#tftp dgram udp SRC nobody /usr/sbin/tftpd tftpd\n", b""])
def test_one_active_row_is_enough_whatever_stands_beside_it(other):
    assert planned(FTP + ROW + other, serves="tftp /usr/sbin/tftpd tftpd") == []


def test_an_active_row_that_inetd_does_not_serve_wants_a_refresh_and_no_edit():
    (step,) = planned(FTP + ROW)
    assert (step.do.name, step.do.action, step.no_undo != "") == ("inetd", "refresh", True)


def test_part_of_the_file_is_not_edited():
    # a section of a longer transcript: its lines count from further down
    fix = next(one for one in Registry().fixes() if one.id == "enable-tftp")
    conf = InetdConf.parse(Text.of(b"#" + ROW, CONF, first_line=40))
    (said,) = fix(FixContext((), Options(), ends=(Role.MASTER,)), conf, None, None)
    assert said.text == "only part of /etc/inetd.conf was collected"


def test_cured_for_good_and_taken_back_the_file_is_what_it_was(lab_of, cure, capsys):
    from nimdoctor.cli import main

    lab = lab_of("tftp-disabled")
    os.chmod(lab.master + CONF, 0o640)
    write(lab, "master", CONF, read(lab, "master", CONF).replace(b"\n#tftp ", b"\n# \t# tftp\t"))
    before = read(lab, "master", CONF)
    cured = cure(lab, *ONLY)
    assert (cured.status, cured.outcomes) == (0, {"tftp-disabled": "fixed"})
    assert cured.step("master-edit")["do"]["diff"][2:] == [
        "@@ -13,1 +13,1 @@",
        "-# \t# tftp\t   dgram   udp6    SRC     nobody  /usr/sbin/tftpd        tftpd -n",
        "+tftp\t   dgram   udp6    SRC     nobody  /usr/sbin/tftpd        tftpd -n",
    ]
    assert read(lab, "master", CONF) == before.replace(b"# \t# tftp", b"tftp")
    assert os.stat(lab.master + CONF).st_mode & 0o7777 == 0o640
    capsys.readouterr()
    assert main(["rollback", "--state-dir", f"{lab.client}/var/adm/nimdoctor", "--yes"]) == 0
    assert read(lab, "master", CONF) == before
    assert "tftp" not in lab.run("master", "lssrc", "-t", "tftp").stdout.decode().split("active")[0].split("\n")[1:2]


def test_switched_on_by_hand_and_not_refreshed_the_file_stays_as_it_is(lab_of, cure):
    lab = lab_of("tftp-not-refreshed")
    before = read(lab, "master", CONF)
    cured = cure(lab, *ONLY)
    assert (cured.status, cured.steps, cured.outcomes) == (0, ["master-subsystem"], {"tftp-disabled": "fixed"})
    assert read(lab, "master", CONF) == before
    assert lab.calls("master") == ["refresh -s inetd"]


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ((b"#login  stream", b"login  stream"), "refresh -s inetd would start login"),
        ((b"\ntelnet", b"\n#telnet"), "refresh -s inetd would stop telnet"),
        ((b"/usr/sbin/ftpd   ", b"/opt/ftp/ftpd   "), "refresh -s inetd would change ftp (from /usr/sbin/ftpd to /opt/ftp/ftpd)"),
        ((b"telnetd -a", b"telnetd -n"), "refresh -s inetd would change telnet (from 'telnetd -a' to 'telnetd -n')"),
        ((b"daytime  stream tcp     nowait  root    internal", b"daytime  stream tcp     nowait  root    /opt/daytimed daytimed"),
         "refresh -s inetd would change daytime (from internal to /opt/daytimed)"),
    ],
    ids=["start", "stop", "program", "arguments", "built in"],
)  # fmt: skip
def test_refused_when_a_refresh_would_change_another_service(change, seen, originals, fix):
    lab = originals("tftp-disabled")
    with changed(lab, "master", CONF, read(lab, "master", CONF).replace(*change, 1)):
        assert fix(lab, *ONLY).refused == [seen]


def test_refused_the_refresh_alone_and_nothing_is_done(lab_of, cure):
    lab = lab_of("tftp-not-refreshed")
    write(lab, "master", CONF, read(lab, "master", CONF).replace(b"#login  stream", b"login  stream"))
    before = trees(lab)
    refused = cure(lab, *ONLY)
    assert (refused.status, refused.state) == (1, "refused")
    assert refused.refused == ["refresh -s inetd would start login"]
    assert trees(lab) == before


def test_inetd_down_is_a_persons_matter(lab_of, fix):
    lab = lab_of("tftp-disabled")
    lab.run("master", "stopsrc", "-s", "inetd")
    planned = fix(lab, *ONLY)
    assert (planned.status, planned.steps) == (1, [])
    assert planned.advice == ["inetd is not running; to start it would start every service of /etc/inetd.conf"]


# -- for the time of a fetch


def test_transient_tftp_is_open_for_the_fetch_and_the_bytes_return(lab_of, cure, fix, scanned):
    lab = lab_of("tftp-disabled")
    before = lab.snapshot("master")
    cured = cure(lab, "--transient-tftp")
    assert cured.status == 0
    assert cured.steps == ["master-transient", "client-nimclient-c", "master-transient-tidy"]
    assert cured.outcomes == {"client-not-secure": "applied-unverified"}, "that tftp is off is this site's will"
    assert {path: entry for path, entry in lab.snapshot("master").items() if path == CONF} == {CONF: before[CONF]}
    assert lab.calls("master") == ["refresh -s inetd", "refresh -s inetd"]
    assert fix(lab, "--transient-tftp").status == 0


def test_transient_tftp_with_nothing_to_fetch_is_not_opened(lab_of, fix):
    lab = lab_of("tftp-disabled")
    planned = fix(lab, *ONLY, "--transient-tftp")
    assert (planned.status, planned.steps) == (1, [])
    assert planned.advice == ["Switch tftp on at the master: not for a time, since this plan does nothing meanwhile"]


def test_transient_tftp_is_refused_with_a_recycle(lab_of, cure):
    lab = lab_of("create-bio-hang-master+tftp-disabled")
    before = trees(lab)
    refused = cure(lab, "--transient-tftp", "--affects", 1)
    assert (refused.status, refused.state) == (1, "refused")
    assert "--transient-tftp is refused with a recycle: the other clients must fetch later" in refused.advice
    assert refused.refused == ["no active tftp row is in the master's /etc/inetd.conf"]
    assert trees(lab) == before


def test_the_row_of_the_guide_taken_in_for_a_time_goes_again(lab_of, cure):
    lab = lab_of("tftp-disabled")
    write(lab, "master", CONF, FTP + b"# no tftp here")
    lab.run("master", "refresh", "-s", "inetd")
    cured = cure(lab, "--transient-tftp")
    assert cured.status == 0, cured.said
    assert cured.document["steps"][-1]["title"] == "take the tftp row out again"
    assert read(lab, "master", CONF) == FTP + b"# no tftp here"


def test_a_transient_says_of_both_its_steps_what_they_are():
    opening, closing = planned(FTP + b"#" + ROW, transient=True)
    assert isinstance(opening.do, Transient) and opening.do.edit and not opening.do.of
    assert (closing.restores, closing.then != (), closing.before) == (True, True, ())


# -- what stands in the place of the file


@pytest.mark.parametrize("kind", ["symlink", "hard link"])
def test_a_file_that_is_also_something_else_is_refused(kind, lab_of, cure):
    lab = lab_of("tftp-disabled")
    place = lab.master + CONF
    os.rename(place, place + ".site")
    if kind == "symlink":
        os.symlink("inetd.conf.site", place)
    else:
        os.link(place + ".site", place)
    before = trees(lab)
    refused = cure(lab, *ONLY)
    said = "/etc/inetd.conf is no regular file but a link" if kind == "symlink" else "/etc/inetd.conf has 2 hard links"
    assert (refused.status, refused.refused) == (1, [said])
    assert trees(lab) == before


@pytest.mark.parametrize("kind", ["fifo", "directory"])
def test_what_is_no_file_is_not_even_opened(kind, lab_of, cure):
    lab = lab_of("tftp-disabled")
    place = lab.master + CONF
    os.unlink(place)
    (os.mkfifo if kind == "fifo" else os.mkdir)(place)
    advised = cure(lab, *ONLY)
    assert (advised.status, advised.steps) == (1, [])
    assert advised.advice == ["/etc/inetd.conf was not read, or is no regular file"]


def test_steps_of_a_master_are_not_done_on_a_client(lab_of, cure):
    lab = lab_of("tftp-disabled")
    refused = cure(lab, *ONLY, master=f"root:{lab.tree('lpar8')}")
    assert (refused.status, "the host's role is client" in refused.refused) == (1, True)
