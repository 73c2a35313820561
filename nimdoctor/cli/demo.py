"""A demonstration on the lab's simulated hosts: push, scan, plan, apply, push, scan. None of it is AIX.

What happens is real as far as Linux can be: the push hangs in a TLS handshake that hangs, and the
cure is what `nimdoctor fix` does. Commands are shown as a person types them on real hosts.
"""

import contextlib
import os
import shutil
import signal
import tempfile
import textwrap
import threading
import time
from datetime import datetime, timedelta
from typing import Callable, Iterator, List, Optional, Sequence, Tuple

from nimdoctor.applying import runs
from nimdoctor.applying.execute import NotApplied
from nimdoctor.applying.run_document import as_dict
from nimdoctor.evidence import open_target
from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.lab import SCENARIOS, Lab, LabCannotBeBuilt, problems
from nimdoctor.library.registry import Registry
from nimdoctor.library.repair import Repair, RepairTarget
from nimdoctor.library.scanning import scan, with_ways
from nimdoctor.model import Outcome, Role
from nimdoctor.planning.document import Plan
from nimdoctor.planning.fix import Fix, Options
from nimdoctor.planning.steps import RunCommand
from nimdoctor.report import plan_text, run_text, text_report
from nimdoctor.report.scan_report import HEALTHY, Report
from nimdoctor.system.command import CommandResult

__all__ = ["DEFAULT", "SCENARIOS", "LabCannotBeBuilt", "known", "show"]

DEFAULT = "create-bio-hang"
CLIENT, MASTER, LOG = "lpar7", "nim1", "var/adm/ras/nimsh.log"
_NAMES = {Role.CLIENT: CLIENT, Role.MASTER: MASTER}
PATIENCE, PROOF = 2.0, 20.0
"""Seconds that a push gets: before the cure, when it may hang, and after it."""
_INDENT = "    "
_STAMP = "%a %b %d %H:%M:%S %Y"
_SHOWRES = ("nim", "-o", "showres", "lpp_7104")

_AT_ITS_END = ((Role.MASTER, "nimdoctor fix --apply"), (Role.CLIENT, "nimdoctor fix --master MASTER --apply"))

Out = Callable[[str], None]


def known(scenario: str) -> bool:
    """Whether there is such a scenario; several may be joined by `+`."""
    return all(name in SCENARIOS for name in scenario.split("+"))


def on_real_hosts(plan: Plan, fixes: Sequence[Fix]) -> List[str]:
    """What is typed where nimdoctor cannot reach both hosts at once, one line a command, with the host it is typed on."""
    acting = {fix for step in plan.steps if step.where is Role.MASTER for fix in step.fixes}
    own_way = next((fix.apart for fix in fixes if fix.apart and fix.id in acting), ())
    # to the master alone the client of this plan is one of them
    affected = str(len(plan.affects.clients) + 1) if plan.affects else "N"
    return [
        f"{_NAMES[where] + '#':<6} {' '.join(affected if word == 'N' else word for word in command.split())}"
        for where, command in own_way or _AT_ITS_END
        if own_way or plan.touches(where)
    ]


def show(scenario: str, out: Out, width: int = 80) -> List[str]:
    """Shows a scenario line by line and leaves nothing behind; gives what did not go as it should.

    Raises LabCannotBeBuilt, or OSError where there is no room for it.
    """
    with _built(scenario) as lab:
        return _Demo(lab, out, width).run()


@contextlib.contextmanager
def _built(scenario: str) -> Iterator[Lab]:
    place = tempfile.mkdtemp(prefix="nimdoctor-demo-")
    lab: Optional[Lab] = None
    try:
        lab = Lab.build(scenario, place, daemons=True)
        yield lab
    finally:
        with _undisturbed():
            if lab is not None:
                lab.close()
            shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not leave half of it behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Demo:
    """One demonstration on a lab that is built."""

    def __init__(self, lab: Lab, out: Out, width: int) -> None:
        self.lab = lab
        self.out = out
        self.width = width
        self.registry = Registry()
        self.wrong: List[str] = []
        self.number = 0
        self.set_back = False

    def run(self) -> List[str]:
        self._introduce()
        if self.lab.scenario == "lpp-source-lacks-openssl":
            self._contents_of_the_lpp_source()
            return self._end()
        if "ssl-one-sided" not in self.lab.scenario:
            # there a push would change what the master shows as connect
            self._push_as_it_is()
        repair = self._scan()
        if repair.plan.steps:
            self._plan(repair)
            self._apply(repair)
            self._push_that_proves()
            self._second_scan(repair)
        elif any(found.rules_out for found in repair.report.with_outcome(Outcome.FAIL)):
            self._leave_it_to_a_person(repair)
        return self._end()

    # -- the steps

    def _introduce(self) -> None:
        self.out(f"SIMULATION {self.lab.scenario}")
        for name in self.lab.scenario.split("+"):
            self._say(SCENARIOS[name])
        self.out("")
        self._say(
            f"The NIM master {MASTER} and its clients {' and '.join(self.lab.clients)} are directories below "
            f"{self.lab.place}. Their AIX commands are stand-ins that print what recorded outputs show; certificates "
            "and TLS handshakes are real. None of it is AIX. Nothing outside that directory is changed, and it is "
            "removed at the end. Commands are shown as root types them on real hosts; MASTER stands for evidence of "
            f"{MASTER} (a directory or an archive)."
        )

    def _push_as_it_is(self) -> None:
        self._next(f"A push as things are: {MASTER} asks {CLIENT} for its filesets.")
        log = os.path.join(self.lab.client, LOG)
        before = os.path.getsize(log) if os.path.exists(log) else 0
        pushed = self._push(PATIENCE)
        if _came_through(pushed):
            self._connect()
        elif os.path.exists(log) and os.path.getsize(log) > before:
            self._typed(CLIENT, "tail -1 /var/adm/ras/nimsh.log", _lines_from(log, before)[-1])
        if os.path.exists(log):
            self.set_back = _an_hour_earlier(log, before)

    def _scan(self) -> Repair:
        later = "An hour later (the demo sets the log's stamps back): the" if self.set_back else "The"
        self._next(f"{later} scan, shortened. It reads, and changes nothing.")
        repair = self._repair(Options())
        self._report(with_ways(repair.report, repair.engine, self.registry))
        failed = {found.check for found in repair.report.with_outcome(Outcome.FAIL)}
        missed = problems(self.lab.scenario) - failed
        if missed:
            self.wrong.append(f"the scan did not find {', '.join(sorted(missed))}")
        if repair.plan.steps:
            return repair
        low = sorted(
            {found.fix for found in repair.report.with_outcome(Outcome.FAIL) if found.fix and found.check in failed}
        )
        return self._repair(Options(only=tuple(low))) if low else repair

    def _plan(self, repair: Repair) -> None:
        only = repair.options.only
        self._next(
            "The plan, shortened. It is only shown: nothing is done yet."
            + (" What is below medium, or may be meant, is planned only where it is named." if only else "")
        )
        self._typed(CLIENT, _words("nimdoctor fix --master MASTER", only))
        self._quoted(plan_text.render_plan(repair.plan, width=self._inner, brief=True))

    def _leave_it_to_a_person(self, repair: Repair) -> None:
        self._next(
            "What nimdoctor fix says of it. No plan holds a step that a finding rules out: only a person can end it."
        )
        self._typed(CLIENT, _words("nimdoctor fix --master MASTER", repair.options.only))
        self._quoted(plan_text.render_plan(repair.plan, width=self._inner))

    def _apply(self, repair: Repair) -> None:
        plan = repair.plan
        self._next(f"The plan is applied to the simulated hosts. {_what_it_asks(plan)}")
        self._why_a_person_must(plan)
        if plan.touches(Role.MASTER):
            self._say("This demo reaches both hosts at once. On real ones, each does its own part, the master first:")
            for line in on_real_hosts(plan, self.registry.fixes()):
                self.out(line)
        else:
            self._typed(CLIENT, _words("nimdoctor fix --master MASTER", repair.options.only, "--apply"))
        try:
            result = repair.apply()
        except NotApplied as error:
            self._quoted("\n".join(f"refused: {one.must}: {one.seen}" for one in error.refusals))
            self.wrong.append("the plan was refused")
            return
        self._quoted(run_text.render_result(result, plan, width=self._inner, brief=True))
        if not result.good:
            self.wrong.append(f"the run ended {result.state}")

    def _why_a_person_must(self, plan: Plan) -> None:
        clients = plan.affects.clients if plan.affects else ()
        if clients:
            self._say(
                f"New certificates on {MASTER} shut out every other secured client ({', '.join(clients)}): no push "
                "reaches it until somebody has been on it, by ssh or console. Only a person can say that this may "
                "happen now, so --yes is not enough: --affects must repeat their number. Here the demo says "
                f"{len(clients)}; on {MASTER} alone, {CLIENT} counts as well."
            )

    def _push_that_proves(self) -> None:
        self._next("The push that proves it; no return code and no scan can.")
        pushed = self._push(PROOF)
        self._connect()
        if not _came_through(pushed):
            self.wrong.append("the push did not come through")

    def _second_scan(self, done: Repair) -> None:
        self._next("The second scan, the list of runs, and the way back.")
        repair = self._repair(done.options)
        self._report(with_ways(repair.report, repair.engine, self.registry))
        if repair.report.verdict != HEALTHY:
            self.wrong.append(f"the second scan's verdict is {repair.report.verdict}")
        repair.note_proved()
        state = os.path.join(self.lab.client, "var", "adm", "nimdoctor")
        recorded = [as_dict(run) for run in runs.every(state)]
        self._typed(CLIENT, "nimdoctor runs", run_text.render_runs(recorded, STATE_DIRECTORY, width=self._inner))
        self._typed(CLIENT, "nimdoctor rollback last", f"(not done here: {_way_back(done.plan)})")

    def _contents_of_the_lpp_source(self) -> None:
        self._next("What the lpp_source holds is known only where somebody lists it; that list is then scanned.")
        place = os.path.join(self.lab.place, "showres.txt")
        listed = self.lab.run("master", *_SHOWRES)
        words = " ".join(_SHOWRES)
        with open(place, "wb") as stream:
            stream.write(f"# {words}\n".encode() + listed.stdout)
        self._typed(MASTER, f'( echo "# {words}"; {words} ) > showres.txt')
        check = self.lab.scenario
        evidence = open_target(place, catalog=self.registry.catalog)
        report = scan(evidence, None, registry=Registry([check]), only=[check])
        evidence.close()
        shown = text_report.render(report, width=self._inner, brief=True).replace(place, "showres.txt")
        self._typed(MASTER, f"nimdoctor scan --check {check} showres.txt", shown)
        if not report.with_outcome(Outcome.FAIL):
            self.wrong.append(f"the scan did not find {check}")
        self._say("No fix does this: the filesets come from IBM, and a person adds them to the lpp_source.")

    def _end(self) -> List[str]:
        self.out("")
        if self.wrong:
            self._say(f"The demonstration did not go as it should: {'; '.join(self.wrong)}.")
        self._say(
            "That was a simulation, which is removed now. On a real client, as root: nimdoctor scan, then nimdoctor "
            "fix --probe. nimdoctor demo list names the other scenarios."
        )
        return self.wrong

    # -- doing

    def _repair(self, options: Options) -> Repair:
        where = RepairTarget(self.lab.client_target, self.lab.master_target)
        return Repair(where, self.registry, options, say=lambda line: self._quoted(line))

    def _push(self, patience: float) -> CommandResult:
        begun = time.monotonic()
        pushed = self.lab.push(CLIENT, timeout=patience)
        took = time.monotonic() - begun
        lines = [line for line in pushed.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
        if pushed.timed_out:
            text = f"(no answer in {patience:.0f} s: it hangs. On AIX it hangs until somebody ends it; the demo has ended it)"
        elif _came_through(pushed):
            text = "\n".join([*(line for line in lines if "mp64" in line), f"(came back in {took:.1f} s)"])
        else:
            text = "\n".join(lines + pushed.stderr.decode("utf-8", "replace").splitlines())
        self._typed(
            MASTER, f"nim -o lslpp {CLIENT} | grep mp64" if _came_through(pushed) else f"nim -o lslpp {CLIENT}", text
        )
        return pushed

    def _connect(self) -> None:
        shown = self.lab.connect(CLIENT)
        self._typed(MASTER, f"lsnim -l {CLIENT} | grep connect", f"   connect        = {shown}")

    # -- writing

    @property
    def _inner(self) -> int:
        return self.width - len(_INDENT)

    def _next(self, text: str) -> None:
        self.number += 1
        self.out("")
        self._say(f"{self.number}. SIMULATION: {text}", "   ")

    def _say(self, text: str, hang: str = "") -> None:
        for line in textwrap.wrap(
            text, self.width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
        ):
            self.out(line)

    def _typed(self, host: str, command: str, output: str = "") -> None:
        self.out(f"{host + '#':<6} {command}")
        self._quoted(output)

    def _quoted(self, text: str) -> None:
        for line in text.rstrip("\n").splitlines():
            self.out(f"{_INDENT}{line}".rstrip())

    def _report(self, report: Report) -> None:
        """The report with the targets as they are typed on a real host."""
        master = report.master and report.master._replace(target="MASTER")
        report = report._replace(host=report.host._replace(target=""), master=master)
        self._typed(CLIENT, "nimdoctor scan --master MASTER", text_report.render(report, width=self._inner, brief=True))


def _came_through(pushed: CommandResult) -> bool:
    return pushed.status == 0 and not pushed.timed_out


def _what_it_asks(plan: Plan) -> str:
    licence = any(isinstance(step.do, RunCommand) and "accept_licenses=yes" in step.do.argv for step in plan.steps)
    licence_clause = ", and told that this accepts the licence of OpenSSL" if licence else ""
    return f"On a terminal you would be asked first{licence_clause}; here the demo answers."


def _way_back(plan: Plan) -> str:
    last = max((number for number, step in enumerate(plan.steps, 1) if step.no_undo and not step.restores), default=0)
    if not last:
        return "it would undo every step"
    if last == len(plan.steps):
        return "it would refuse, since the last step cannot be undone, and say what stands"
    return f"it would undo what came after step {last}, and say what stands"


def _words(command: str, only: Tuple[str, ...], *more: str) -> str:
    return " ".join([command, *(f"--only {name}" for name in only), *more])


def _lines_from(log: str, offset: int) -> List[str]:
    with open(log, encoding="utf-8", errors="replace") as stream:
        stream.seek(offset)
        return [line for line in stream.read().splitlines() if line.strip()] or [""]


def _an_hour_earlier(log: str, offset: int) -> bool:
    """Sets what stands behind the offset an hour back, since a session of this minute may be under way; False without any."""
    hour = timedelta(hours=1)
    with open(log, encoding="utf-8") as stream:
        old = stream.read(offset)
        lines = stream.read().splitlines(True)
    if not lines:
        return False
    for number, line in enumerate(lines):
        with contextlib.suppress(ValueError):
            when = datetime.strptime(line[:24], _STAMP) - hour
            lines[number] = f"{when:%a %b} {when.day:2} {when:%H:%M:%S %Y}{line[24:]}"
    with open(log, "w", encoding="utf-8") as stream:
        stream.write(old + "".join(lines))
    then = time.time() - hour.total_seconds()
    os.utime(log, (then, then))
    return True
