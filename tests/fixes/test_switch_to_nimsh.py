"""switch-to-nimsh: the values of the old niminfo, the object that is this host's, and the way back."""

import os

import pytest

from nimdoctor.facts import Hosts, Interfaces, IosLevel, NimIdentity, NimInfo, NimObjects
from nimdoctor.library.registry import Registry
from nimdoctor.model import Role, Text
from nimdoctor.planning.fix import Advice, Caution, FixContext, Options
from nimdoctor.planning.steps import RunCommand, Step
from tests.fixes.conftest import read, trees, write
from tests.hosts import MASTER_STANZA, PLAIN_MASTER_STANZA, machine

INFO = "/etc/niminfo"
VALUES = {
    "NIM_NAME": "lpar7", "NIM_HOSTNAME": "lpar7", "NIM_CONFIGURATION": "standalone", "NIM_MASTER_HOSTNAME": "nim1",
    "NIM_MASTER_PORT": "1058", "NIM_REGISTRATION_PORT": "1059", "NIM_SHELL": "shell", "NIM_MASTERID": "00F6A1B14C00",
}  # fmt: skip
NIMINIT = (
    "niminit", "-a", "name=lpar7", "-a", "master=nim1", "-a", "master_port=1058", "-a", "registration_port=1059",
    "-a", "connect=nimsh",
)  # fmt: skip


def niminfo(**changes):
    """A client's niminfo with rsh; a value None leaves the variable out."""
    return "".join(f"export {name}={value}\n" for name, value in {**VALUES, **changes}.items() if value is not None)


def said(text, *, objects=MASTER_STANZA, hosts=None, interfaces=None):
    """What the fix says of a niminfo."""
    fix = next(one for one in Registry().fixes() if one.id == "switch-to-nimsh")
    raw = text if isinstance(text, bytes) else text.encode()
    info = NimInfo.parse(Text.of(raw, INFO))
    return list(
        fix(
            FixContext((), Options(), ends=(Role.CLIENT, Role.MASTER), client="lpar7"),
            info,
            NimIdentity.derive(info, None, None),
            NimObjects.parse(Text.of(objects + machine(connect="shell"), "lsnim -l")),
            Hosts.parse(Text.of(hosts, "/etc/hosts")) if hosts else None,
            Interfaces.parse(Text.of(interfaces, "netstat -in")) if interfaces else None,
            None,
        )
    )


def argv(things):
    """The words of niminit among what was said."""
    (words,) = (
        one.do.argv
        for one in things
        if isinstance(one, Step) and isinstance(one.do, RunCommand) and one.do.argv[0] == "niminit"
    )
    return words


@pytest.mark.parametrize(
    "text",
    [
        niminfo(),
        niminfo(NIM_NAME='"lpar7"', NIM_SHELL="'shell'", NIM_MASTER_PORT=' "1058" '),
        niminfo().replace("export ", "  ").replace("\n", "\r\n"),
        niminfo(NIM_HOSTS='" 10.1.1.17:lpar7 \n  10.1.1.10:nim1 "', ROUTES='" default:0:10.1.1.1 "')[:-1],
        b"# caf\xe9\n" + niminfo(SITE="caf").encode() + b"export CITY=caf\xe9",
        niminfo(NIM_NAME="other") + "export NIM_NAME=lpar7\n",
    ],
    ids=["plain", "quotes", "CR LF, no export", "wrapped, no last newline", "ISO8859-1", "twice: the last counts"],
)
def test_niminit_gets_the_values_of_the_old_file(text):
    assert argv(said(text)) == NIMINIT


@pytest.mark.parametrize("variable", ["NIM_NAME", "NIM_MASTER_HOSTNAME", "NIM_MASTER_PORT", "NIM_REGISTRATION_PORT"])
@pytest.mark.parametrize("value", [None, '""', "-P", "a;reboot", "$(reboot)", "lpar 7", "caf\xe9"])
def test_a_value_that_is_missing_or_no_value_reaches_no_command(variable, value):
    (advice,) = said(niminfo(**{variable: value}))
    assert isinstance(advice, Advice)
    assert advice.text == f"/etc/niminfo has no {variable} that niminit could take"


@pytest.mark.parametrize("port", ["x", "105800", "-1", "1058 "])
def test_a_port_is_a_number(port):
    things = said(niminfo(NIM_MASTER_PORT=port))
    assert isinstance(things[0], Advice) is (port != "1058 ")


def test_the_interface_comes_along_where_the_evidence_has_it():
    table = "Name  Mtu   Network     Address            Ipkts Ierrs    Opkts Oerrs  Coll\n"
    table += "en4   1500  10.1.1      10.1.1.17          15033     0   70201     0     0\n"
    words = argv(said(niminfo(), hosts="10.1.1.17 lpar7\n", interfaces=table))
    assert attributes(words) == ["name=lpar7", "master=nim1", "master_port=1058", "pif_name=en4", "connect=nimsh"]
    things = said(niminfo(), hosts="10.1.1.99 lpar7\n", interfaces=table)
    assert argv(things) == NIMINIT
    assert any("niminit gets no pif_name" in one.text for one in things if isinstance(one, Caution))


EN4 = "en4   1500  10.1.1      10.1.1.17          15033     0   70201     0     0\n"


def attributes(words):
    """What stands behind each -a."""
    assert words[1::2] == ("-a",) * (len(words) // 2)
    return list(words[2::2])


@pytest.mark.parametrize(
    ("ports", "left"),
    [
        (("1058", "1059"), ["master_port=1058", "pif_name=en4"]),
        (("1060", "1059"), ["master_port=1060", "pif_name=en4"]),
        (("1058", "1061"), ["registration_port=1061", "pif_name=en4"]),
        # without a port of its own niminit cannot reach the master; IBM's own code gives no pif_name
        (("1060", "1061"), ["master_port=1060", "registration_port=1061"]),
    ],
)
@pytest.mark.parametrize("known", [True, False], ids=["interface known", "interface not known"])
def test_niminit_gets_five_attributes_at_most_and_every_one_that_it_cannot_do_without(ports, left, known):
    table = "Name  Mtu   Network     Address            Ipkts Ierrs    Opkts Oerrs  Coll\n" + EN4
    info = niminfo(NIM_MASTER_PORT=ports[0], NIM_REGISTRATION_PORT=ports[1])
    things = said(info, **({"hosts": "10.1.1.17 lpar7\n", "interfaces": table} if known else {}))
    given = attributes(argv(things))
    assert len(given) <= 5 and given[:2] == ["name=lpar7", "master=nim1"] and given[-1] == "connect=nimsh"
    for one, usual in zip(("master_port", "registration_port"), ("1058", "1059")):
        value = ports[usual == "1059"]
        assert f"{one}={value}" in given or value == usual
    if known:
        assert given[2:-1] == left
    told = [one.text for one in things if isinstance(one, Caution) and "pif_name" in one.text]
    assert bool(told) is not any(one.startswith("pif_name=") for one in given)
    assert not told or ("no room" in told[0]) is known


@pytest.mark.parametrize("shell", ["shell", None], ids=["by rsh", "no niminfo"])
def test_a_vios_is_advised_its_own_command_and_niminit_is_not_planned(shell):
    fix = next(one for one in Registry().fixes() if one.id == "switch-to-nimsh")
    info = NimInfo.parse(Text.of(niminfo(NIM_SHELL=shell), INFO)) if shell else None
    level = IosLevel.parse(Text.of("3.1.4.21\n", "ioscli ioslevel"))
    case = FixContext((), Options(), ends=(Role.CLIENT,), client="lpar7")
    (advice,) = fix(case, info, NimIdentity.derive(info, None, None), None, None, None, None, level)
    assert (advice.run, advice.where) == ("remote_management [-interface INTERFACE] MASTER", Role.CLIENT)
    assert "padmin" in advice.text and "nimclient -c" in advice.text


def test_a_machine_that_the_master_calls_a_vios_is_one():
    info = NimInfo.parse(Text.of(niminfo(), INFO))
    objects = NimObjects.parse(Text.of(MASTER_STANZA + machine(connect="shell", kind="vios"), "lsnim -l"))
    fix = next(one for one in Registry().fixes() if one.id == "switch-to-nimsh")
    case = FixContext((), Options(), ends=(Role.CLIENT, Role.MASTER), client="lpar7")
    (advice,) = fix(case, info, NimIdentity.derive(info, None, None), objects, None, None, None)
    assert isinstance(advice, Advice) and advice.run.startswith("remote_management")


def test_a_sites_own_variables_are_shown_as_a_diff_and_nims_are_not():
    things = said(niminfo(NIM_HOSTS='" 10.1.1.17:lpar7 "', ROUTES='" "', SITE_PATCH="sunday", NIM_SITE="x"))
    (diff,) = (one.text for one in things if isinstance(one, Caution) and "+++" in one.text)
    assert diff.split("\n")[1:] == [
        "--- /etc/niminfo",
        "+++ /etc/niminfo as niminit writes it",
        "-export SITE_PATCH=sunday",
        "-export NIM_SITE=x",
    ]


def test_with_ssl_on_the_client_is_secured_at_once_else_not():
    assert [one.title for one in said(niminfo()) if isinstance(one, Step)][-1].startswith("fetch the certificate")
    plain = [one for one in said(niminfo(), objects=PLAIN_MASTER_STANZA) if isinstance(one, Step)]
    assert [one.phase.value for one in plain] == ["identity", "identity"]


# -- on the lab


def set_niminfo(lab, text):
    write(lab, "client", INFO, text)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("lpar9", "the master shows no machine lpar9"),
        ("lpar8", "lpar8 has the interfaces lpar8"),
        ("nim1", "the master shows no machine nim1"),
        ("net_10_1", "the master shows no machine net_10_1"),
    ],
    ids=["missing", "of another host", "none", "a network"],
)
def test_refused_unless_the_object_is_this_hosts(name, seen, lab_of, cure):
    lab = lab_of("client-uses-rsh")
    set_niminfo(lab, niminfo(NIM_NAME=name))
    before = trees(lab)
    refused = cure(lab, "--only", "switch-to-nimsh")
    assert (refused.status, seen in refused.refused) == (1, True), refused.refused
    assert trees(lab) == before


@pytest.mark.parametrize("kind", ["symlink", "hard link", "fifo"])
def test_refused_where_the_file_is_something_else(kind, lab_of, cure):
    lab = lab_of("client-uses-rsh")
    place = lab.client + INFO
    os.rename(place, place + ".site")
    if kind == "symlink":
        os.symlink("niminfo.site", place)
    elif kind == "hard link":
        os.link(place + ".site", place)
    else:
        os.mkfifo(place)
    before = trees(lab)
    refused = cure(lab)
    said = {"symlink": ["/etc/niminfo is a link"], "hard link": ["/etc/niminfo has 2 hard links"], "fifo": []}[kind]
    assert (refused.status, refused.refused) == (1, said)
    assert trees(lab) == before


def test_a_niminfo_moved_away_by_hand_is_asked_back(lab_of, cure):
    lab = lab_of("client-uses-rsh")
    os.rename(lab.client + INFO, lab.client + INFO + ".old")
    before = trees(lab)
    advised = cure(lab)
    assert (advised.status, advised.steps) == (1, [])
    assert any("if it was moved away by hand, move it back and plan again" in text for text in advised.advice)
    assert trees(lab) == before
    os.rename(lab.client + INFO + ".old", lab.client + INFO)
    assert cure(lab).status == 0


def test_a_failed_niminit_gives_the_old_file_back(lab_of, cure):
    lab = lab_of("client-uses-rsh")
    lab.fault("client", "niminit", "fail")
    before = trees(lab)
    failed = cure(lab)
    assert (failed.status, failed.state, failed.outcomes) == (1, "restored", {"client-uses-rsh": "restored"})
    assert trees(lab) == before


def test_the_old_file_keeps_its_bytes_and_mode_under_the_runs_name(lab_of, cure):
    lab = lab_of("client-uses-rsh")
    os.chmod(lab.client + INFO, 0o640)
    before = lab.snapshot()[INFO]
    cured = cure(lab)
    assert lab.snapshot()[f"{INFO}.old.{cured.document['result']['run']}"] == before
    assert b'export NIM_SHELL="nimsh"' in read(lab, "client", INFO)


def test_nimsh_down_is_started_by_niminit_and_not_once_more(lab_of, cure):
    lab = lab_of("client-uses-rsh+ssl-not-configured+nimsh-inactive")
    # without SSL there is no nimclient -c that would start it
    lab.run("master", "nimconfig", "-C")
    for name in ("lpar7", "lpar8"):
        path = next(file for file in os.listdir(lab.master + "/.lab/objects") if file.endswith("." + name))
        text = read(lab, "master", f"/.lab/objects/{path}").replace(b"nimsh (secure)", b"nimsh")
        write(lab, "master", f"/.lab/objects/{path}", text)
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, ["client-move", "client-niminit-a"]), cured.said
    assert cured.outcomes == {"client-uses-rsh": "fixed", "nimsh-inactive": "fixed"}
    assert lab.calls("client") == ["niminit " + " ".join(NIMINIT[1:])]
