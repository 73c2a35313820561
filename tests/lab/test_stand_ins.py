"""What the stand-ins for AIX commands do to the trees, and what they print."""

import os
import stat

import pytest

from nimdoctor.lab import Lab

SRC_LINES = ["0513-044", "0513-077", "0513-059"]
PEM = "/ssl_nimsh/certs/server.pem"
COPIES = ("/usr/lib/libssl.so.0.9.8", "/usr/lib/libcrypto.so.0.9.8")


def read(tree: str, path: str) -> bytes:
    with open(tree + path, "rb") as stream:
        return stream.read()


def write(tree: str, path: str, content: str) -> None:
    with open(tree + path, "w", encoding="utf-8") as stream:
        stream.write(content)


def edit(tree: str, path: str, old: str, new: str) -> None:
    text = read(tree, path).decode()
    assert old in text
    write(tree, path, text.replace(old, new))


def ran(lab: Lab, end: str, *words: str) -> str:
    """What a command that must succeed printed."""
    result = lab.run(end, *words)
    assert (result.status, result.stderr) == (0, b""), result
    return result.stdout.decode()


def failed(lab: Lab, end: str, *words: str) -> str:
    """What a command that must fail said on stderr."""
    result = lab.run(end, *words)
    assert result.status == 1, result
    return result.stderr.decode()


def arguments(lab: Lab) -> str:
    """Arguments of nimsh as SRC has them."""
    return ran(lab, "client", "lssrc", "-S", "-s", "nimsh").splitlines()[1].split(":")[2]


def running(lab: Lab) -> "list[str]":
    """Command lines of the nimsh processes."""
    rows = ran(lab, "client", "ps", "-eo", "pid,ppid,etime,args").splitlines()
    return [row.split(None, 3)[3] for row in rows if "nimsh" in row]


# -- nimclient


def test_nimclient_c_prints_the_lines_of_the_guide(healthy):
    for path in COPIES:
        os.unlink(healthy.client + path)
    lines = ran(healthy, "client", "nimclient", "-c").splitlines()
    assert lines[:2] == [f"x - {path}" for path in COPIES]
    assert lines[2] == f"Received {os.path.getsize(healthy.client + PEM)} Bytes in 0.0 Seconds"
    assert [line.split()[0] for line in lines[3:]] == SRC_LINES


def test_nimclient_c_keeps_copies_that_are_there(lab_of):
    lab = lab_of("stale-ssl-libs")
    before = read(lab.client, COPIES[0])
    assert "x - " not in ran(lab, "client", "nimclient", "-c")
    assert read(lab.client, COPIES[0]) == before


def test_nimclient_c_replaces_the_certificate(lab_of):
    lab = lab_of("create-bio-hang")
    before = os.stat(lab.client + PEM)
    ran(lab, "client", "nimclient", "-c")
    after = os.stat(lab.client + PEM)
    assert after.st_ino != before.st_ino and after.st_mtime > before.st_mtime
    assert stat.S_IMODE(after.st_mode) == 0o644
    assert read(lab.client, PEM) == read(lab.master, PEM)


def test_nimclient_c_and_C_switch_crypto(healthy):
    ran(healthy, "client", "nimclient", "-C")
    assert (arguments(healthy), running(healthy)) == ("-s", ["/usr/sbin/nimsh -s"])
    assert os.path.exists(healthy.client + PEM) and os.path.exists(healthy.client + COPIES[0])
    ran(healthy, "client", "nimclient", "-c")
    assert (arguments(healthy), running(healthy)) == ("-s -c", ["/usr/sbin/nimsh -s -c"])


def test_nimclient_P_disables_pushes_and_p_allows_them(healthy):
    ran(healthy, "client", "nimclient", "-P")
    assert arguments(healthy) == "-s -c -P"
    assert b"0042-006" in healthy.push().stderr
    ran(healthy, "client", "nimclient", "-p")
    assert arguments(healthy) == "-s -c"
    assert healthy.push().status == 0


def test_a_nimsh_whose_port_is_held_or_has_no_name_does_not_start(lab_of):
    lab = lab_of("port-taken")
    assert "0513-052" in failed(lab, "client", "startsrc", "-s", "nimsh")
    assert ran(lab, "client", "netstat", "-an").count(".3901 ") == 1
    os.unlink(lab.client + "/.lab/held")
    ran(lab, "client", "startsrc", "-s", "nimsh")
    assert "0513-052" in failed(lab_of("services-missing"), "client", "startsrc", "-s", "nimsh")


def test_mkitab_adds_a_row_once_and_rmitab_takes_it_out(lab_of):
    lab = lab_of("healthy")
    row = ran(lab, "client", "lsitab", "nimsh").strip()
    before = read(lab.client, "/etc/inittab")
    assert "already used" in failed(lab, "client", "mkitab", row)
    ran(lab, "client", "rmitab", "nimsh")
    result = lab.run("client", "lsitab", "nimsh")
    assert (result.status, result.stdout, result.stderr) == (1, b"", b"")
    ran(lab, "client", "mkitab", row)
    assert read(lab.client, "/etc/inittab") == before
    assert failed(lab, "client", "rmitab", "nothing") == ""


def test_nimclient_l_asks_the_master(healthy):
    assert ran(healthy, "client", "nimclient", "-l", "-l", "lpar8") == ran(healthy, "master", "lsnim", "-l", "lpar8")
    assert "0042-053" in failed(healthy, "client", "nimclient", "-l", "-l", "lpar99")
    ran(healthy, "master", "stopsrc", "-s", "nimesis")
    assert "0042-006" in failed(healthy, "client", "nimclient", "-l", "-l", "lpar8")
    assert healthy.calls() == []


def _row_off(lab):
    edit(lab.master, "/etc/inetd.conf", "\ntftp ", "\n#tftp ")


def _not_refreshed(lab):
    _row_off(lab)
    ran(lab, "master", "refresh", "-s", "inetd")
    edit(lab.master, "/etc/inetd.conf", "\n#tftp ", "\ntftp ")


def _inetd_down(lab):
    ran(lab, "master", "stopsrc", "-s", "inetd")


def _auditing(lab):
    write(lab.master, "/.lab/auditing", "")
    assert ran(lab, "master", "audit", "query").startswith("auditing on\n")


def _denied(lab):
    write(lab.master, "/etc/tftpaccess.ctl", "allow:/ssl_nimsh\ndeny: /ssl_nimsh/certs/\n")


def _not_allowed(lab):
    write(lab.master, "/etc/tftpaccess.ctl", "# boot only\nallow:/tftpboot\nallow:/ssl_nimsh/cert\n")


def _not_readable(lab):
    os.chmod(lab.master + PEM, 0o640)


def _no_certificate(lab):
    os.unlink(lab.master + PEM)


@pytest.mark.parametrize(
    "prevent",
    [_row_off, _not_refreshed, _inetd_down, _auditing, _denied, _not_allowed, _not_readable, _no_certificate],
)
def test_a_certificate_that_is_not_served_leaves_nimsh_alone(prevent, healthy):
    prevent(healthy)
    before = running(healthy), healthy.snapshot()
    said = failed(healthy, "client", "nimclient", "-c")
    assert "tftp: " in said and "0042-175" in said
    assert (running(healthy), healthy.snapshot()) == before


@pytest.mark.parametrize(
    ("rules", "mode"),
    [("allow:/ssl_nimsh\ndeny:/ssl_nimsh/keys\n", 0o644), ("deny:/etc\n", 0o644), ("allow:/tftpboot\n", 0o600)],
)
def test_rules_of_tftp_that_let_the_certificate_pass(rules, mode, healthy):
    write(healthy.master, "/etc/tftpaccess.ctl", rules)
    os.chmod(healthy.master + "/etc/tftpaccess.ctl", mode)
    assert "Received " in ran(healthy, "client", "nimclient", "-c")


# -- nimconfig


def test_nimconfig_C_takes_the_attribute_away_and_keeps_the_tree(healthy):
    before = healthy.snapshot("master")
    ran(healthy, "master", "nimconfig", "-C")
    assert "ssl_support" not in ran(healthy, "master", "lsnim", "-l")
    assert healthy.snapshot("master") == before
    assert b"0042-006" in healthy.push().stderr


def test_nimconfig_c_keeps_keys_that_are_complete(lab_of):
    lab = lab_of("ssl-not-configured")
    before = lab.snapshot("master")
    ran(lab, "master", "nimconfig", "-c")
    assert "   ssl_support         = yes\n" in ran(lab, "master", "lsnim", "-l", "master")
    assert lab.snapshot("master") == before
    assert lab.push().status == 0


def test_nimconfig_c_makes_new_keys_where_no_tree_is(healthy):
    before = healthy.snapshot("master")
    os.rename(healthy.master + "/ssl_nimsh", healthy.master + "/ssl_nimsh_old.1")
    ran(healthy, "master", "nimconfig", "-c")
    after = healthy.snapshot("master")
    for path, entry in before.items():
        if path.startswith("/ssl_nimsh"):
            assert after[path][:2] == entry[:2], path
            assert (after[path].content == entry.content) == (entry.kind == "dir" or "/configs/" in path), path


def test_nimconfig_c_follows_the_samples(healthy):
    os.rename(healthy.master + "/ssl_nimsh", healthy.master + "/ssl_nimsh_old.1")
    edit(healthy.master, "/usr/samples/nim/ssl/SSL_server.cnf", "O                   = Example", "O = Another")
    ran(healthy, "master", "nimconfig", "-c")
    shown = healthy.run("master", "openssl", "x509", "-noout", "-subject", "-in", healthy.master + PEM)
    assert b"Another" in shown.stdout


def test_nimconfig_c_refuses_a_tree_that_is_not_complete(lab_of):
    lab = lab_of("ssl-tree-damaged")
    before = lab.snapshot("master")
    assert "0042-175" in failed(lab, "master", "nimconfig", "-c")
    assert lab.snapshot("master") == before


# -- niminit


def test_niminit_needs_that_niminfo_is_gone(lab_of):
    lab = lab_of("client-uses-rsh")
    words = ("niminit", "-a", "name=lpar7", "-a", "master=nim1", "-a", "connect=nimsh")
    assert "already exists" in failed(lab, "client", *words)
    os.rename(lab.client + "/etc/niminfo", lab.client + "/etc/niminfo.old")
    assert "0513-059" in ran(lab, "client", *words)
    info = read(lab.client, "/etc/niminfo").decode()
    assert 'export NIM_SHELL="nimsh"\n' in info and "export NIM_MASTER_PORT=1058\n" in info
    assert "SITE_PATCH_WINDOW" not in info and "ROUTES" not in info
    assert lab.connect() == "nimsh"
    ran(lab, "client", "nimclient", "-c")
    assert lab.push().status == 0
    assert lab.connect() == "nimsh (secure)"


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (("name=lpar99", "master=nim1"), "0042-053"),
        (("name=lpar7", "master=nim2"), "0042-006"),
        (("name=lpar7",), "usage"),
    ],
)
def test_niminit_that_fails_writes_nothing(words, number, lab_of):
    lab = lab_of("client-uses-rsh")
    os.rename(lab.client + "/etc/niminfo", lab.client + "/etc/niminfo.old")
    assert number in failed(lab, "client", "niminit", *(part for word in words for part in ("-a", word)))
    assert not os.path.exists(lab.client + "/etc/niminfo")
    assert lab.connect() == "shell"


def test_niminit_without_a_connect_asks_for_rsh(healthy):
    os.unlink(healthy.client + "/etc/niminfo")
    ran(healthy, "client", "niminit", "-a", "name=lpar7", "-a", "master=nim1")
    assert healthy.connect() == "shell"


# -- nim


def test_a_push_by_rsh_prints_the_filesets_and_stays_rsh(lab_of):
    lab = lab_of("client-uses-rsh")
    assert b"bos.mp64" in lab.push().stdout
    assert lab.connect() == "shell"


def test_a_push_to_nimsh_without_crypto_is_plain(lab_of):
    lab = lab_of("ssl-one-sided")
    assert b"bos.mp64" in lab.push().stdout
    assert lab.connect() == "nimsh"


def test_a_push_to_a_nimsh_that_is_down_is_refused(lab_of):
    assert b"0042-006" in lab_of("nimsh-inactive").push().stderr


def test_a_push_of_a_master_without_its_keys_fails_at_once(lab_of):
    assert b"0042-175" in lab_of("ssl-tree-damaged").push().stderr


def test_stale_libraries_end_a_push_in_the_error_of_the_guide(lab_of):
    lab = lab_of("stale-ssl-libs")
    assert b"Error connecting to SSL object" in lab.push().stderr
    assert read(lab.client, "/var/adm/ras/nimsh.log").rstrip().endswith(b"Error connecting to SSL object")


def test_fresh_copies_come_only_where_the_stale_ones_are_gone(lab_of):
    lab = lab_of("both-known-issues")
    ran(lab, "client", "nimclient", "-C")
    ran(lab, "client", "nimclient", "-c")
    assert b"Error connecting to SSL object" in lab.push().stderr
    for path in COPIES:
        os.unlink(lab.client + path)
    ran(lab, "client", "nimclient", "-c")
    assert lab.push().status == 0
    assert lab.connect() == "nimsh (secure)"


def test_a_nimsh_that_mapped_stale_libraries_is_well_after_a_restart(lab_of):
    lab = lab_of("ssl-object-error")
    assert b"Error connecting to SSL object" in lab.push().stderr
    ran(lab, "client", "nimclient", "-C")
    ran(lab, "client", "nimclient", "-c")
    assert lab.push().status == 0


def test_a_push_to_nobody_is_an_error_of_nim(healthy):
    assert b"0042-053" in healthy.push("lpar99").stderr
    assert b"0042-028" in healthy.push("lpp_7104").stderr


def test_a_push_leaves_a_session_in_the_log_and_no_process(healthy, scan):
    before = read(healthy.client, "/var/adm/ras/nimsh.log")
    assert healthy.push().status == 0
    session = read(healthy.client, "/var/adm/ras/nimsh.log")[len(before) :].decode()
    messages = [line[25:] for line in session.splitlines() if line]
    assert messages[-5:-1] == [
        "Loading certificates..",
        "Negotiating SSL_CTX object using SSLv23_method",
        "Loading private key file..",
        "create BIO",
    ]
    assert len(running(healthy)) == 1
    assert "nim -o" not in ran(healthy, "master", "ps", "-eo", "pid,ppid,etime,args")
    assert scan(healthy).exit_status == 0


def test_showres_lists_what_an_lpp_source_has(originals):
    from nimdoctor.facts import LppSourceContents
    from nimdoctor.model.text import Text

    for scenario, has in (("healthy", True), ("lpp-source-lacks-openssl", False)):
        listing = ran(originals(scenario), "master", "nim", "-o", "showres", "lpp_7104")
        (source,) = LppSourceContents.parse(Text.of(listing, "nim -o showres lpp_7104")).sources
        assert source.has("bos.mp64") and source.has("openssl.base") == has


CUST = ("-a", "lpp_source=lpp_7104", "-a", "filesets=openssl.base openssl.license openssl.man.en_US")


def test_a_preview_of_cust_changes_nothing(lab_of):
    lab = lab_of("openssl-missing")
    before = lab.snapshot(), ran(lab, "client", "lslpp", "-lc")
    said = ran(
        lab, "master", "nim", "-o", "cust", *CUST, "-a", "accept_licenses=yes", "-a", "installp_flags=-acgXYp", "lpar7"
    )
    assert "openssl.base 1.1.2.2200" in said
    assert (lab.snapshot(), ran(lab, "client", "lslpp", "-lc")) == before


def test_cust_installs_openssl_so_that_crypto_can_be_switched_on(lab_of, scan):
    lab = lab_of("openssl-missing")
    assert "0707-109" in failed(lab, "client", "nimclient", "-c")
    ran(lab, "master", "nim", "-o", "cust", *CUST, "-a", "accept_licenses=yes", "lpar7")
    assert ran(lab, "client", "lslpp", "-lc", "openssl.base").count("openssl.base:1.1.2.2200::COMMITTED") == 1
    assert "openssl.base:1.1.2.2200::COMMIT:COMPLETE" in ran(lab, "client", "lslpp", "-hc", "openssl.base")
    assert ran(lab, "client", "openssl", "version") == "OpenSSL 1.1.1t  7 Feb 2023\n"
    assert "x - /usr/lib/libssl.so.0.9.8" in ran(lab, "client", "nimclient", "-c")
    assert lab.push().status == 0
    assert scan(lab).exit_status == 0


def test_cust_wants_the_licence_accepted_and_the_filesets_there(lab_of):
    lab = lab_of("openssl-missing+lpp-source-lacks-openssl")
    assert "0042-175" in failed(lab, "master", "nim", "-o", "cust", *CUST, "-a", "accept_licenses=yes", "lpar7")
    lab = lab_of("openssl-missing")
    assert "licence" in failed(lab, "master", "nim", "-o", "cust", *CUST, "lpar7")
    assert "0042-053" in failed(lab, "master", "nim", "-o", "cust", "-a", "lpp_source=lpp_9", "lpar7")
    assert lab.run("client", "lslpp", "-lc", "openssl.base").status == 1


# -- SRC and inetd


def test_refresh_makes_active_what_the_file_says(lab_of, scan):
    lab = lab_of("tftp-not-refreshed")
    assert ran(lab, "master", "lssrc", "-t", "tftp").splitlines()[1].split() == ["tftp", "inoperative"]
    assert ran(lab, "master", "refresh", "-s", "inetd").startswith("0513-095 ")
    assert ran(lab, "master", "lssrc", "-t", "tftp").splitlines()[1].split()[-1] == "active"
    assert " tftp         /usr/sbin/tftpd          tftpd -n                 active\n" in ran(
        lab, "master", "lssrc", "-ls", "inetd"
    )
    edit(lab.master, "/etc/inetd.conf", "\ntftp ", "\n # tftp ")
    assert ran(lab, "master", "lssrc", "-t", "tftp").splitlines()[1].split()[-1] == "active"
    ran(lab, "master", "refresh", "-s", "inetd")
    assert ran(lab, "master", "lssrc", "-t", "tftp").splitlines()[1].split()[-1] == "inoperative"


def test_refresh_of_a_stopped_inetd_fails_and_its_start_reads_the_file(lab_of):
    lab = lab_of("tftp-not-refreshed")
    ran(lab, "master", "stopsrc", "-s", "inetd")
    assert "0513-036" in failed(lab, "master", "refresh", "-s", "inetd")
    assert "0513-004" in failed(lab, "master", "lssrc", "-t", "tftp")
    ran(lab, "master", "startsrc", "-s", "inetd")
    assert ran(lab, "master", "lssrc", "-t", "tftp").splitlines()[1].split()[-1] == "active"


def test_startsrc_and_stopsrc(lab_of):
    lab = lab_of("nimsh-inactive")
    assert "0513-004" in failed(lab, "client", "stopsrc", "-s", "nimsh")
    assert ran(lab, "client", "lssrc", "-s", "nimsh").splitlines()[1].split() == ["nimsh", "nimclient", "inoperative"]
    said = ran(lab, "client", "startsrc", "-s", "nimsh")
    assert said.startswith("0513-059 The nimsh Subsystem has been started. Subsystem PID is ")
    pid = said.rstrip(".\n").split()[-1]
    assert ran(lab, "client", "lssrc", "-s", "nimsh").splitlines()[1].split() == ["nimsh", "nimclient", pid, "active"]
    assert "0513-029" in failed(lab, "client", "startsrc", "-s", "nimsh")
    assert "*.3901" in ran(lab, "client", "netstat", "-an")
    assert ran(lab, "client", "stopsrc", "-s", "nimsh") == "0513-044 The nimsh Subsystem was requested to stop.\n"
    assert "*.3901" not in ran(lab, "client", "netstat", "-an")
    assert "0513-085" in failed(lab, "client", "startsrc", "-s", "no-such")


def test_what_acted_is_counted_in_order(healthy):
    ran(healthy, "client", "nimclient", "-C")
    ran(healthy, "client", "lssrc", "-a")
    ran(healthy, "master", "nim", "-o", "showres", "lpp_7104")
    ran(healthy, "client", "nimclient", "-c")
    ran(healthy, "master", "refresh", "-s", "inetd")
    assert healthy.calls() == ["nimclient -C", "nimclient -c"]
    assert healthy.calls("master") == ["refresh -s inetd"]


# -- what is only asked


def test_lslpp_w_tells_what_a_fileset_owns(healthy):
    row = ran(healthy, "client", "lslpp", "-w", "/usr/lib/libssl.a").splitlines()[-1]
    assert row.split() == ["/usr/lib/libssl.a", "openssl.base", "File"]
    said = failed(healthy, "client", "lslpp", "-w", COPIES[0])
    assert "not owned" in said and "0504-132" not in said


def test_lslpp_of_a_fileset_that_is_not_installed(originals):
    assert "0504-132" in failed(originals("openssl-missing"), "client", "lslpp", "-lc", "openssl.base")


def test_ar_t_lists_names(originals):
    names = ran(originals("healthy"), "client", "ar", "-X32_64", "-t", "/usr/lib/libcrypto.a").split()
    assert set(names) == {"libcrypto.so", "libcrypto.so.1.0.0", "libcrypto.so.0.9.8"}
    assert len(names) == 6


def test_host_answers_from_the_hosts_file(originals):
    assert ran(originals("healthy"), "client", "host", "nim1") == "nim1 is 10.1.1.10\n"
    assert "0827-803" in failed(originals("healthy"), "client", "host", "nim9")


def test_date_is_that_of_the_machine(originals):
    import time

    assert abs(int(ran(originals("healthy"), "master", "date", "+%s")) - time.time()) < 60


def test_there_is_no_rpm(originals):
    with pytest.raises(FileNotFoundError):
        originals("healthy").run("client", "rpm", "-qf", COPIES[0])


# -- chmod


def test_chmod_changes_a_file_of_its_own_tree_and_says_so_where_there_is_none(healthy):
    key = "/ssl_nimsh/keys/serverkey.pem"
    assert ran(healthy, "master", "chmod", "640", key) == ""
    assert stat.S_IMODE(os.stat(healthy.master + key).st_mode) == 0o640
    assert "does not exist" in failed(healthy, "master", "chmod", "600", "/ssl_nimsh/keys/none")
    assert healthy.calls("master")[-2:] == [f"chmod 640 {key}", "chmod 600 /ssl_nimsh/keys/none"]
