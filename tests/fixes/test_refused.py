"""What keeps a plan from being applied: a host at work, a generation it was not made for, names that are none."""

import json
import os
import re
import shlex
import time
from datetime import datetime

import pytest

from tests.fixes.conftest import UNPROVED, changed, read, trees, write
from tests.fixes.test_certificates import set_state
from tests.hosts import tls_push

OFF, ON = "client-nimclient-C", "client-nimclient-c"


def process(lab, end, arguments, age=60, pid=9000000, parent=1):
    """A row of ps on one end, for as long as a plan is made."""
    return changed(lab, end, f"/.lab/proc/{pid}", f"{parent} {int(time.time()) - age} - {arguments}\n")


def performed(lab, name, state):
    """What the master shows as Cstate of a machine, for as long as a plan is made."""
    (found,) = (file for file in os.listdir(lab.master + "/.lab/objects") if file.endswith("." + name))
    path = f"/.lab/objects/{found}"
    rows = read(lab, "master", path).decode().splitlines(True)
    text = "".join(f"   Cstate         = {state}\n" if " Cstate " in row else row for row in rows)
    return changed(lab, "master", path, text)


def nimsh_of(lab, end="client"):
    return int(read(lab, end, "/.lab/src/nimsh").split()[1])


BUSY = {
    "installp": ("client", "/usr/sbin/installp -acgXd /mnt all", "installp runs (process 9000000)"),
    "mksysb": ("client", "/usr/bin/mksysb -i /mnt/lpar7", "mksysb runs (process 9000000)"),
    "nimadm": ("client", "/usr/sbin/nimadm -c lpar7", "nimadm runs (process 9000000)"),
    "alt_disk_copy": ("client", "/usr/sbin/alt_disk_copy -d hdisk1", "alt_disk_copy runs (process 9000000)"),
    "nim": ("master", "nim -o cust -a filesets=x lpar8", "a nim command runs: nim -o cust -a filesets=x lpar8 (process 9000000)"),
}  # fmt: skip
PLANS = {
    "the client": ("create-bio-hang", ()),
    "the master": ("tftp-disabled", ("--only", "enable-tftp")),
    "both": ("create-bio-hang-master", ("--affects", "1")),
}


@pytest.mark.parametrize("what", BUSY)
@pytest.mark.parametrize("plan", ["the client", "both"])
def test_a_host_at_work_is_left_alone(what, plan, originals, fix):
    end, arguments, seen = BUSY[what]
    lab = originals(PLANS[plan][0])
    with process(lab, end, arguments):
        planned = fix(lab)
    assert (planned.refused, planned.document["first"]) == ([seen], None)


def test_a_refused_plan_is_not_applied(lab_of, cure):
    lab = lab_of("create-bio-hang")
    before = trees(lab)
    with process(lab, "client", "/usr/sbin/installp -acgXd /mnt all"):
        refused = cure(lab)
    assert (refused.status, refused.state) == (1, "refused")
    assert refused.outcomes == {"create-bio-hang": "refused", "certificate-mismatch": "refused"}
    assert trees(lab) == before


def test_a_plan_for_the_master_asks_the_master_for_rest(originals, fix):
    lab = originals("tftp-disabled")
    with process(lab, "master", "nim -o lslpp lpar8"):
        planned = fix(lab, "--only", "enable-tftp")
    assert planned.refused == ["a nim command runs: nim -o lslpp lpar8 (process 9000000)"]


@pytest.mark.parametrize("plan", PLANS)
def test_an_operation_on_the_plans_machine_forbids_it_elsewhere_it_does_not(plan, originals, fix):
    scenario, words = PLANS[plan]
    lab = originals(scenario)
    with performed(lab, "lpar8", "customization is being performed"):
        assert fix(lab, *words).refused == []
    with performed(lab, "lpar7", "customization is being performed"):
        assert fix(lab, *words).refused == ["lpar7: customization is being performed"]


# -- a push that hangs


@pytest.mark.parametrize("scenario", ["create-bio-hang", "create-bio-hang-master"])
def test_an_operation_proved_hung_is_waived_by_its_clients_name_and_not_ended(scenario, lab_of, fix, cure, capsys):
    from nimdoctor.cli import main

    lab = lab_of(scenario)
    lab.hang()
    set_state(lab, "lpar7", "customization is being performed")
    words = ("--affects", "1") if scenario.endswith("master") else ()
    refused = cure(lab, *words)
    assert refused.status == 1
    command = f"nimdoctor fix {lab.client_target} --master {lab.master_target} --accept-hung lpar7"
    master, client = sorted(refused.refused)
    assert master == (
        "a nim command runs: nim -o lslpp lpar7 (process 9437574): it belongs to the push that hangs, and --accept-hung "
        "waives it"
    )
    assert re.fullmatch(
        r"nimsh has a child: a push is under way \(process 9306482\); it stands at create BIO since "
        r"/var/adm/ras/nimsh.log line \d+: [A-Z][a-z]{2} .* \d\d:\d\d:\d\d \d{4} create BIO, 23 h \d+ min ago, more than 10 "
        r"minutes: that proves that it hangs, and --accept-hung waives it",
        client,
    )
    assert refused.helps == [command, command] and f"; what helps: {command}" in refused.said
    assert refused.document["first"] == command
    capsys.readouterr()
    main(["fix", lab.client_target, "--master", lab.master_target])
    assert re.sub(r" \\\n *", " ", capsys.readouterr().out).splitlines()[0] == command
    cured = cure(lab, *words, "--accept-hung", "lpar7")
    cause = {} if words else {"certificate-mismatch": "fixed"}
    assert (cured.status, cured.outcomes) == (0, {"create-bio-hang": "applied-unverified", **cause}), cured.said
    assert os.path.exists(lab.client + "/.lab/proc/9306482") and os.path.exists(lab.master + "/.lab/proc/9437574")


CHOSEN = {
    "nothing": (),
    "a fix": ("--only", "refresh-client-certificate"),
    "two fixes": ("--only", "refresh-client-certificate", "--only", "enable-tftp"),
    "a change": ("--change", "CHG0012 345"),
    "an age": ("--evidence-age", "30"),
    "a source": ("--lpp-source", "lpp_7104"),
    "tftp for the time": ("--transient-tftp",),
    "a state directory": ("--state-dir", "STATE"),
    "all of them": (
        "--only", "refresh-client-certificate", "--transient-tftp", "--lpp-source", "lpp_7104", "--evidence-age", "30",
        "--change", "CHG0012", "--state-dir", "STATE",
    ),
}  # fmt: skip


@pytest.fixture
def waived(lab_of, capsys, tmp_path):
    """A lab with a push that hangs, and the words of the waiver that a plan of these choices prints for it."""
    from nimdoctor.cli import main

    def made(*words):
        capsys.readouterr()
        status = main([*words, "--format", "json"])
        said = capsys.readouterr()
        assert status == 1, said.err
        return json.loads(said.out)

    def get(chosen):
        lab = lab_of("create-bio-hang+tftp-disabled")
        lab.hang()
        words = [str(tmp_path / "state") if word == "STATE" else word for word in CHOSEN[chosen]]
        refused = made("fix", lab.client_target, "--master", lab.master_target, *words)
        printed = refused["first"]
        assert {one["run"] for one in refused["refusals"]} == {printed} and len(refused["refusals"]) == 2
        program, *typed = shlex.split(printed)
        assert program == "nimdoctor" and typed[-2:] != ["--accept-hung", ""]
        planned = made(*typed)
        assert (planned["refusals"], planned["first"]) == ([], None)
        assert planned["options"] == {**refused["options"], "accept_hung": "lpar7"}
        assert [step["id"] for step in planned["steps"]] == [step["id"] for step in refused["steps"]]
        return lab, typed

    return get


@pytest.mark.parametrize("chosen", CHOSEN)
def test_the_waiver_as_it_is_printed_makes_the_same_plan_and_nothing_refuses_it(chosen, waived):
    assert waived(chosen)


def test_the_waiver_as_it_is_printed_is_applied_with_all_that_was_chosen(waived, tmp_path, capsys):
    from nimdoctor.cli import main

    lab, typed = waived("all of them")
    assert main([*typed, "--apply", "--yes"]) == 0, capsys.readouterr().err
    assert lab.calls("client") == ["nimclient -C", "nimclient -c"]
    assert os.listdir(tmp_path / "state")


def test_the_waiver_that_a_scan_prints_is_taken_as_it_is_printed(lab_of, capsys):
    from nimdoctor.cli import main

    lab = lab_of("create-bio-hang")
    lab.hang()
    main(["scan", lab.client_target, "--master", lab.master_target])
    found = re.findall(r"nimdoctor fix \S+ --master \S+(?: --[a-z-]+ \S+)*", " ".join(capsys.readouterr().out.split()))
    commands = {one for one in found if "--accept-hung" in one}
    assert commands == {f"nimdoctor fix {lab.client_target} --master {lab.master_target} --accept-hung lpar7"}
    assert main([*shlex.split(commands.pop())[1:], "--apply", "--yes"]) == 0


def test_a_hung_push_that_goes_on_without_its_nimsh_is_not_taken_for_nimsh(lab_of, cure):
    """Once nimsh is stopped its child belongs to init, and ps may show it before the new nimsh."""
    lab = lab_of("create-bio-hang")
    lab.hang()
    os.rename(lab.client + "/.lab/proc/9306482", lab.client + "/.lab/proc/1306482")
    cured = cure(lab, "--accept-hung", "lpar7")
    assert (cured.status, lab.calls("client")) == (0, ["nimclient -C", "nimclient -c"]), cured.said


def test_another_name_waives_nothing_and_that_is_said(lab_of, fix):
    lab = lab_of("create-bio-hang")
    lab.hang()
    for name in ("lpar8", "-P"):
        planned = fix(lab, f"--accept-hung={name}")
        assert len(planned.refused) == 2
        assert planned.document["cautions"] == [f"--accept-hung {name} waives nothing: the plan's client is lpar7"]


def test_what_is_not_proved_to_hang_is_not_waived(lab_of, fix):
    lab = lab_of("stale-ssl-libs")
    lab.hang(age=7200)
    planned = fix(lab, "--accept-hung", "lpar7")
    assert (
        "nimsh has a child: a push is under way (process 9306482), and nothing in nimsh.log shows that it hangs: wait until "
        "it has ended"
    ) in planned.refused
    assert planned.helps == [None, None]
    assert fix(lab).document["first"] is None


def test_a_push_that_began_after_the_one_that_hangs_is_not_waived(lab_of, fix):
    lab = lab_of("create-bio-hang")
    lab.hang()
    child = process(lab, "client", "/usr/sbin/nimsh -s -c", age=90, pid=9999998, parent=nimsh_of(lab))
    with child, process(lab, "master", "nim -o cust lpar7", age=90, pid=9999998):
        planned = fix(lab, "--accept-hung", "lpar7")
        without = fix(lab)
    assert planned.refused == [
        "nimsh has a child: a push is under way (process 9999998), which began after the one that stands at create BIO",
        "a nim command runs: nim -o cust lpar7 (process 9999998)",
    ]
    assert without.document["first"] is None


def test_a_hang_below_ten_minutes_is_not_proved(lab_of, fix):
    lab = lab_of("create-bio-hang")
    lab.hang(age=300)
    then = time.time() - 300
    write(lab, "client", "/var/adm/ras/nimsh.log", tls_push(datetime.fromtimestamp(int(then)), ""))
    os.utime(lab.client + "/var/adm/ras/nimsh.log", (then, then))
    planned = fix(lab, "--accept-hung", "lpar7")
    assert planned.steps == [OFF, ON], "it is found, and only not sure"
    (seen,) = (seen for seen in planned.refused if seen.startswith("nimsh has a child"))
    assert "it stands at create BIO since /var/adm/ras/nimsh.log line 8: " in seen
    assert "5 min ago; at 10 minutes, in " in seen and seen.endswith(
        ", that proves that it hangs, and --accept-hung waives it"
    )
    without = fix(lab)
    assert without.document["first"] is None
    command = f"nimdoctor fix {lab.client_target} --master {lab.master_target} --accept-hung lpar7"
    assert command in without.helps, "the command for then"


def test_with_the_waiver_the_fetch_is_asked_for_no_less(lab_of, fix):
    lab = lab_of("create-bio-hang")
    lab.hang()
    planned = fix(lab, "--accept-hung", "lpar7", master=None)
    assert planned.refused == [UNPROVED]
    # and where more than the hang is in the way, its waiver is not the first line
    assert fix(lab, master=None).document["first"] is None


# -- security generations

APAR = "IJ55968"


def at_tl5(lab, end, *, apars=(), known=True):
    """7.2 TL5, for which generation G2 was made; `known` says whether APARs can be asked for."""
    write(lab, end, "/.lab/oslevel", "7200-05-03-2148\n")
    write(lab, end, "/.lab/apars", "".join(f"{apar}\n" for apar in apars))
    if not known:
        os.unlink(f"{lab.tree(end)}/usr/sbin/instfix")


@pytest.mark.parametrize(
    ("scenario", "end", "apars", "known"),
    [
        ("both-known-issues", "client", (APAR,), True),
        ("both-known-issues", "master", (), False),
        ("client-uses-rsh+tftp-disabled", "master", (APAR,), True),
        ("client-uses-rsh+tftp-disabled", "client", (), False),
    ],
    ids=["client of G2", "master not known at 7.2 TL5", "master of G2", "client not known at 7.2 TL5"],
)
def test_from_g2_on_and_where_it_may_be_the_classic_cures_are_advice(scenario, end, apars, known, lab_of, cure):
    lab = lab_of(scenario)
    at_tl5(lab, end, apars=apars, known=known)
    before = trees(lab)
    advised = cure(lab)
    assert (advised.status, advised.steps, advised.state) == (1, [], "refused")
    # beside what is said of the levels of the two ends
    levels = ("hardening-skew", "hardening-order", "level-order")
    cures = [one["text"] for one in advised.document["advice"] if one["about"] not in levels]
    assert cures and [text for text in cures if "IBM node/7251173, node/7283157" not in text] == []
    assert trees(lab) == before


def test_at_tl5_without_any_fix_of_it_the_classic_cures_are_planned(lab_of, fix):
    lab = lab_of("create-bio-hang")
    for end in ("client", "master"):
        at_tl5(lab, end)
    assert (fix(lab).steps, fix(lab).refused) == ([OFF, ON], [])


@pytest.mark.parametrize(
    "only", ["refresh-client-certificate", "recycle-certificates", "enable-tftp", "disable-client-ssl"]
)
def test_named_from_g2_on_they_are_advice_too(only, lab_of, cure):
    lab = lab_of("tftp-disabled")
    at_tl5(lab, "client", apars=(APAR,))
    advised = cure(lab, "--only", only)
    assert (advised.status, advised.steps) == (1, [])
    assert len(advised.advice) == 1 and "node/7283157" in advised.advice[0]


def test_what_touches_no_certificate_is_planned_at_any_generation(lab_of, cure):
    lab = lab_of("nimsh-inactive")
    at_tl5(lab, "client", apars=(APAR,))
    assert cure(lab).status == 0


def test_a_fix_of_g2_that_came_after_the_plan_makes_it_refused(lab_of, fix, cure, tmp_path):
    lab = lab_of("create-bio-hang")
    for end in ("client", "master"):
        at_tl5(lab, end)
    fix(lab, "--plan", tmp_path / "plan.json")
    at_tl5(lab, "master", apars=(APAR,))
    refused = cure(lab, "--plan", tmp_path / "plan.json")
    assert (refused.status, refused.state) == (1, "refused")
    assert lab.calls("client") == []


# -- names out of evidence

HOSTILE = ["-P", "a;reboot", "$(reboot)", "a b", "../lpar7", "a\nb", "--"]


def test_a_name_that_is_none_reaches_no_command_and_no_command_line(lab_of, fix, capsys):
    from nimdoctor.cli import main

    lab = lab_of("create-bio-hang")
    lab.hang()
    # nothing but this name leads to the master's object
    text = read(lab, "client", "/etc/niminfo").decode().replace("NIM_HOSTNAME=lpar7", "NIM_HOSTNAME=elsewhere")
    write(lab, "client", "/usr/bin/hostname", "#!/bin/sh\necho elsewhere\n")
    write(lab, "client", "/usr/bin/uname", "#!/bin/sh\necho 00F000000000\n")
    only = ("--only", "refresh-client-certificate", "--only", "install-openssl", "--only", "align-ssl-mode")
    for name in HOSTILE:
        write(lab, "client", "/etc/niminfo", text.replace("NIM_NAME=lpar7", f"NIM_NAME='{name}'"))
        planned = fix(lab, *only)
        words = [word for step in planned.document["steps"] for word in step["do"].get("argv", ())]
        assert set(words) <= {"nimclient", "-C", "-c"}
        assert planned.document["first"] is None
    capsys.readouterr()
    main(["fix", lab.client_target, "--master", lab.master_target])
    commands = [
        line for line in capsys.readouterr().out.splitlines() if line.lstrip().startswith(("nim ", "nimdoctor "))
    ]
    assert all(HOSTILE[-1] not in line.split() for line in commands)


def test_a_hostile_stanza_of_the_master_names_nobody_in_a_command(lab_of, fix):
    lab = lab_of("create-bio-hang-master")
    stanza = "-x:\n   class          = machines\n   type           = standalone\n   connect        = nimsh (secure)\n   if1            = net_10_1 x 0\n"
    write(lab, "master", "/.lab/objects/80.-x", stanza)
    planned = fix(lab)
    assert planned.document["affects"]["clients"] == ["-x", "lpar8"]
    assert all("-x" not in step["do"].get("argv", ()) for step in planned.document["steps"])


def test_the_plan_that_a_command_line_shows_can_be_typed(lab_of, capsys, tmp_path):
    import shlex

    from nimdoctor.cli import main

    lab = lab_of("nimsh-inactive")
    odd = tmp_path / "a dir; with $odd 'name'"
    os.symlink(lab.client, odd)
    capsys.readouterr()
    assert main(["fix", f"root:{odd}", "--master", lab.master_target]) == 1
    out = re.sub(r" \\\n *", " ", capsys.readouterr().out.split("Next:")[1])
    typed = out.split(" --apply")[0].strip()
    assert shlex.split(typed)[:3] == ["nimdoctor", "fix", lab.client_target]


# -- JSON whatever happens


def test_every_refusal_is_a_document_too(lab_of, fix, tmp_path):
    lab = lab_of("create-bio-hang")
    (tmp_path / "bad.json").write_text("{")
    refused = fix(lab, "--apply", "--plan", tmp_path / "bad.json")
    assert (refused.status, refused.state) == (1, "refused")
    assert refused.why.startswith(f"{tmp_path}/bad.json is no plan that can be applied: it is no JSON")
    asked = fix(lab, "--apply")
    assert (asked.status, asked.why) == (1, "nobody can be asked: no terminal; --yes applies without a question")
    assert json.dumps(asked.document)
