"""NIM's own files and listings: lsnim, niminfo, inetd.conf, .rhosts, and what is derived from several facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts import (
    Apars,
    InetdConf,
    InterimFixes,
    LevelTables,
    NimclientObjects,
    NimGeneration,
    NimInfo,
    NimObjects,
    NimshDefinition,
    NimshLog,
    NimshMode,
    OsLevel,
    Processes,
    Rhosts,
)
from nimdoctor.facts.lsnim import ENABLED, PERFORMED, READY
from nimdoctor.model.text import BadEvidence, Extent, OnlyAPart, Text

LSNIM = """master:
   class               = machines
   type                = master
   max_nimesis_threads = 20
   if1                 = net_10_1 nim1.example.com 0
   if2                 = net_10_2 nim1b.example.com 0
   serves              = lpp_7104
   serves              = spot_7104
   ssl_support         = yes

lpar7:
   class          = machines
   type           = standalone
   connect        = nimsh (secure)
   if1            = net_10_1 lpar7.example.com 0
   cpuid          = 00F6A1B24C00
   strange_new_one = kept
net_10_1:
   class      = networks
   type       = ent
lpp_7104:
   class       = resources
   type        = lpp_source
cec1:
   class = management
   type  = cec
"""


def objects(text=LSNIM, name="lsnim -l"):
    return NimObjects.parse(Text.of(text, name))


def test_repeated_and_unknown_attributes_are_kept():
    found = objects()
    assert found.get("master").every("serves") == ("lpp_7104", "spot_7104")
    assert found.get("lpar7").get("strange_new_one") == "kept"
    assert found.get("lpar7").quote("connect").line == 14


def test_networks_resources_and_the_master_are_no_machines():
    assert [machine.name for machine in objects().machines()] == ["lpar7"]


def test_ssl_support_absent_is_off_only_where_the_stanza_is_whole():
    assert objects().ssl_support() is True
    assert objects(LSNIM.replace("   ssl_support         = yes\n", "")).ssl_support() is False
    assert objects(LSNIM.split("lpar7:")[1].join(["lpar7:", ""]), "lsnim -l lpar7").ssl_support() is None
    assert objects("   ssl_support = yes\n", "lsnim -l master | grep ssl").ssl_support() is True
    assert objects("   connect = nimsh\n", "lsnim -l lpar7 | grep connect").ssl_support() is None


def test_a_client_is_found_by_name_then_interface_then_cpuid():
    found = objects()
    assert [item.name for item in found.find_client("lpar7", [], None)] == ["lpar7"]
    assert [item.name for item in found.find_client("other", ["LPAR7.example.com"], None)] == ["lpar7"]
    assert [item.name for item in found.find_client(None, ["lpar7"], None)] == ["lpar7"]
    assert [item.name for item in found.find_client("other", ["elsewhere"], "00f6a1b24c00")] == ["lpar7"]
    assert found.find_client("other", ["elsewhere"], "00F6A1B99C00") == ()


def test_a_nim_error_instead_of_a_stanza_is_said():
    text = '0042-053 lsnim: there is no NIM object named "lpar9"\n'
    with pytest.raises(BadEvidence, match="0042-053"):
        NimObjects.parse(Text.of(text, "lsnim -l lpar9"))


def test_nimclient_output_is_a_fact_of_its_own():
    found = NimclientObjects.parse(Text.of(LSNIM, "nimclient -l -l master"))
    assert isinstance(found, NimclientObjects) and found.ssl_support()


NIMINFO = """#------------------ Network Install Manager ---------------
# warning - this file contains NIM configuration information
export NIM_NAME=lpar7
export NIM_HOSTNAME="lpar7.example.com"
export NIM_CONFIGURATION=standalone
export NIM_MASTER_HOSTNAME='nim1.example.com'
export NIM_SHELL="nimsh"
export NIM_HOSTS=" 10.1.1.17:lpar7.example.com:lpar7
   10.1.1.10:nim1.example.com:nim1 "
export ROUTES=" default:0:10.1.1.1 " """


def test_niminfo_drops_quotes_and_joins_wrapped_values():
    info = NimInfo.parse(Text.of(NIMINFO, "/etc/niminfo"))
    assert info.get("NIM_MASTER_HOSTNAME") == "nim1.example.com"
    assert info.get("NIM_HOSTS").endswith("10.1.1.10:nim1.example.com:nim1")
    assert info.master_names() == ("nim1.example.com", "10.1.1.10", "nim1")
    assert info.quote("NIM_SHELL").line == 7


@pytest.mark.parametrize(
    ("configuration", "roles"),
    [("standalone", ("client",)), ("master", ("master",)), ("alternate_master", ("client", "master")), ("", ())],
)
def test_the_roles_of_niminfo(configuration, roles):
    assert NimInfo.parse(Text.of(f"export NIM_NAME=a\nexport NIM_CONFIGURATION={configuration}\n")).roles == roles


def test_inetd_rows_are_told_from_prose():
    conf = InetdConf.parse(
        Text.of(
            "# tftp is used by NIM, see the guide for udp and tcp and more\n"
            "tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n\n"
            "#tftp dgram udp wait nobody /usr/sbin/tftpd tftpd -n\n"
            "#  tftp\tdgram udp\twait nobody /usr/sbin/tftpd\n",
            "/etc/inetd.conf",
        )
    )
    assert [(row.commented, row.protocol, row.at.line) for row in conf.rows("tftp")] == [
        (False, "udp6", 2),
        (True, "udp", 3),
        (True, "udp", 4),
    ]


def test_part_of_inetd_conf_without_a_row_proves_nothing():
    command = "cat /etc/inetd.conf | grep tftp"
    with pytest.raises(OnlyAPart):
        InetdConf.parse(Text.of("# nothing of it\n", "mail.txt", name=command, extent=Extent.FILTERED))


def test_rhosts_names_are_whole_names():
    rhosts = Rhosts.parse(Text.of("nim1.example.com root\nnim11 root\n+ +\n#nim1\n-nim1\n", "/.rhosts"))
    assert [row.at.line for row in rhosts.naming(["nim1"])] == [1]


PS = """     PID     PPID     ELAPSED COMMAND
 3801250  2359428  1-02:03:04 /usr/sbin/nimsh -s -c
 4653142  3801250       02:05 /usr/sbin/nimsh -s -c
 4653144  4653142       02:05 /usr/lpp/bos.sysmgt/nim/methods/c_instp
"""


def test_the_daemon_is_the_nimsh_that_no_nimsh_started():
    mode = NimshMode.derive(Processes.parse(Text.of(PS, "ps -eo pid,ppid,etime,args")), None)
    assert (mode.secure, mode.running, mode.elapsed) == (True, True, 93784)
    assert [child.pid for child in mode.children] == [4653142]


def test_without_the_process_the_definition_tells_the_mode():
    definition = NimshDefinition.parse(
        Text.of(
            "#subsysname:synonym:cmdargs:path:uid:auditid:standin:standout:standerr:action:multi:contact:svrkey:"
            "svrmtype:priority:signorm:sigforce:display:waittime:grpname:\n"
            "nimsh::-s -c -P:/usr/sbin/nimsh:0:0:/dev/console:/var/adm/ras/nimsh.log:/var/adm/ras/nimsh.log:-R:-Q:-S:0:0:"
            "20:15:9:-d:20:nimclient:\n",
            "lssrc -S -s nimsh",
        )
    )
    mode = NimshMode.derive(None, definition)
    assert (mode.secure, mode.push_disabled, mode.running) == (True, True, False)


def generation(level=None, apars="", fixes=None, listed_by="emgr -l"):
    return NimGeneration.derive(
        Apars.parse(Text.of(apars, "instfix -ik")) if apars else None,
        InterimFixes.parse(Text.of(fixes, listed_by)) if fixes else None,
        OsLevel.parse(Text.of(level + "\n", "oslevel -s")) if level else None,
        None,
        LevelTables(None),
    )


def test_a_generation_is_proved_by_service_pack_by_apar_or_by_interim_fix():
    assert generation("7200-05-10-2520").proved == "G1"
    assert generation("7300-03-03-2620").proved == "G3"
    assert generation("7300-02-02-2420", "    All filesets for IJ56113 were found.\n").proved == "G2"
    stable = "1    S    IJ55968s9a 11/20/25 10:00:00            IJ55968 NIM\n"
    listing = (
        "ID  STATE LABEL      INSTALL TIME      UPDATED BY ABSTRACT\n=== ===== ========== ======= ========== ====\n"
    )
    assert generation("7200-05-09-2446", fixes=listing + stable).proved == "G2"
    assert generation("7200-05-09-2446", fixes=listing + stable.replace("  S  ", " *Q* ")).proved is None


def test_without_evidence_a_concerned_level_is_unknown_never_unpatched():
    found = generation("7200-05-04-2220")
    assert (found.proved, found.may_be_hardened) == (None, True)
    newer = generation("7400-00-00-0000")
    assert (newer.proved, newer.may_be_hardened) == (None, True)


def test_a_generation_is_ruled_out_only_where_every_interim_fix_is_listed():
    lacking = "    Not all filesets for IJ53757 were found.\n    Not all filesets for IJ55968 were found.\n"
    lacking += "    Not all filesets for IJ60000 were found.\n"
    other = (
        "ID  STATE LABEL\n=== ===== =====\n1    S    IJ40000s9a 11/20/25 10:00:00            IJ40000 something else\n"
    )
    assert "G2" in generation("7200-05-09-2446", lacking, other).ruled_out
    found = generation("7200-05-09-2446", lacking, other, "emgr -l -L IJ40000s9a")
    assert (found.ruled_out, found.may_be_hardened) == (frozenset(), True)


def test_a_level_no_fix_was_made_for_is_g0():
    found = generation("7100-04-08-1914")
    assert (found.proved, found.at_least("G1"), found.may_be_hardened) == ("G0", False, False)


@pytest.mark.parametrize("kind", [NimObjects, NimclientObjects, NimInfo, InetdConf, Rhosts, NimshLog])
@given(raw=st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_arbitrary_bytes_are_evidence_or_bad_evidence(kind, raw):
    try:
        kind.parse(Text.of(raw, "lsnim -l"))
    except BadEvidence as error:
        assert str(error)


@given(
    lines=st.lists(st.sampled_from([*LSNIM.splitlines(), *NIMINFO.splitlines(), "tftp dgram udp", "\0", "\r", "= ="])),
    kind=st.sampled_from([NimObjects, NimInfo, InetdConf, Rhosts]),
)
def test_shuffled_lines_never_break_a_parser(lines, kind):
    try:
        kind.parse(Text.of("\n".join(lines), "lsnim -l master"))
    except BadEvidence:
        pass


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("ready for a NIM operation", (READY, True)),
        ("Base  Operating System installation has been enabled", (ENABLED, True)),
        ("customization is being performed", (PERFORMED, True)),
        ("la personnalisation est en cours", (PERFORMED, False)),
        ("not ready for a NIM operation", ("", False)),
        ("", ("", False)),
    ],
)
def test_a_control_state_is_known_by_its_words(words, state):
    listing = (
        f"lpar7:\n   class = machines\n   type = standalone\n   Cstate = {words}\n   prev_state = is being performed\n"
    )
    assert NimObjects.parse(Text.of(listing, "lsnim -l")).objects[0].state == state


def test_a_value_of_niminfo_goes_on_in_the_next_line_only_inside_its_quotes():
    text = (
        "export NIM_NAME=nim1\nexport NIM_SHELL='nimsh'\nexport NIM_HOSTS=\" 10.1.1.7:lpar7\n  10.1.1.5:nim1 \"\n"
        "export NIM_CONFIGURATION=master\n\nBest regards\nftp stream tcp6 nowait root /usr/sbin/ftpd ftpd\n"
    )
    info = NimInfo.parse(Text.of(text, "/etc/niminfo"))
    assert info.roles == ("master",)
    assert info.get("NIM_HOSTS").split() == ["10.1.1.7:lpar7", "10.1.1.5:nim1"]
    assert info.get("NIM_SHELL") == "nimsh"


def test_a_quotation_mark_that_is_never_closed_takes_no_more_than_a_value_has():
    text = 'export NIM_NAME=nim1\nexport NIM_HOSTS=" 10.1.1.7:lpar7\n' + "word\n" * 500
    assert len(NimInfo.parse(Text.of(text, "/etc/niminfo")).get("NIM_HOSTS").split()) < 100
