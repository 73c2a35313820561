"""What a fix is: a function that names the facts it needs and yields the steps that cure a finding.

Its parameters are resolved as a check's are; one of type `FixContext` says what is to be cured and what
the user chose. A fix yields `Step`, `Advice`, `Affects` and `Caution`; nothing means that all is
right already. It reads nothing and does nothing.
"""

import re
from typing import Any, Callable, Iterator, NamedTuple, Optional, Sequence, Tuple, Union

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import FixTraits, Role
from nimdoctor.model.text import Quote, decode
from nimdoctor.planning.conditions import Condition, EvidenceFresh
from nimdoctor.planning.ends import EVIDENCE_AGE
from nimdoctor.planning.steps import Step

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*\Z")


def is_nim_name(name: Optional[str]) -> bool:
    """Whether a name out of evidence may stand in a command: it can be neither an option nor shell text.

    >>> is_nim_name("lpar7"), is_nim_name("-P"), is_nim_name("a;b"), is_nim_name(None)
    (True, False, False, False)
    """
    return bool(name and _NAME.match(name))


def line_as_it_is(raw: bytes, quote: Quote) -> Optional[str]:
    r"""A quoted line without its end, its bytes as ISO8859-1 characters; None where it is not a line of `raw`.

    >>> line_as_it_is(b"a \r\nb", Quote("f", 1, "a ")), line_as_it_is(b"a", Quote("f", 4, "a"))
    ('a ', None)
    """
    lines = raw.split(b"\n")
    if quote.line is None or not 0 < quote.line <= len(lines):
        return None
    line = lines[quote.line - 1]
    line = line[:-1] if line.endswith(b"\r") else line
    found = line.decode("iso8859-1")
    return found if quote.text in (found, decode(line)) else None


class Options(NamedTuple):
    """What the user chose on the command line; `change` is the number of a change, kept with plan and run."""

    only: Tuple[str, ...] = ()
    transient_tftp: bool = False
    lpp_source: str = ""
    accept_hung: str = ""
    probe: bool = False
    change: str = ""
    evidence_age: int = EVIDENCE_AGE
    """Minutes"""


class FixContext(NamedTuple):
    """What a fix is called for.

    `findings` are those that call for it (none when it was only named); `fixes` all ids of this
    plan. `client` is the client's NIM name, `client_host` and `master_host` host names; None where
    not known. `ends` are the ends given, `recorded` those of which there is only what was
    collected. `tftp_address` is where a probe asked the master's tftp and learned whether it
    answers. `pushed_well` names another secured client that a probe saw being pushed well.
    `fetch_replaces` says that a fetch may write over a certificate of the client which it does not
    bring back, `comparable` that the master's are known. `another_fetches` says that another fix of
    this plan ends with a fetch. `extractor_cured_at` is the level of a nim.client that extracts
    from any OpenSSL, empty where it need not, or does not.
    """

    findings: Tuple[Result, ...]
    options: Options
    fixes: Tuple[str, ...] = ()
    client: Optional[str] = None
    client_host: Optional[str] = None
    master_host: Optional[str] = None
    ends: Tuple[Role, ...] = ()
    tftp_address: Optional[Tuple[str, int]] = None
    pushed_well: Optional[str] = None
    fetch_replaces: bool = True
    comparable: bool = True
    recorded: Tuple[Role, ...] = ()
    another_fetches: bool = False
    extractor_cured_at: str = ""

    def given(self, where: Role) -> bool:
        """Whether that end was given."""
        return where in self.ends

    @property
    def accepts_hung(self) -> bool:
        """Whether the user accepted this client's hung operation."""
        return bool(self.options.accept_hung) and self.options.accept_hung == self.client

    @property
    def accepted(self) -> str:
        """The client whose hung operation is accepted, or empty."""
        return self.options.accept_hung if self.accepts_hung else ""

    @property
    def machines(self) -> Tuple[str, ...]:
        """The machine of the plan as the master names it; empty where there is none, or its name is not known."""
        return (self.client,) if self.client else ()

    @property
    def rests_on_master(self) -> Tuple[Condition, ...]:
        """What a step asks for that rests on what is known of the master."""
        return (EvidenceFresh(Role.MASTER),) if Role.MASTER in self.recorded else ()

    def objects(self) -> Tuple[str, ...]:
        """The objects of all findings, each once."""
        return tuple(dict.fromkeys(name for result in self.findings for name in result.objects))


class Advice(NamedTuple):
    """What a person must decide or do: `text` says what and why it is not done here, `run` the exact command."""

    text: str
    run: Optional[str] = None
    where: Optional[Role] = None
    objects: Tuple[str, ...] = ()


class Affects(NamedTuple):
    """Other clients that lose their push by this plan, and what each must run."""

    clients: Tuple[str, ...]
    why: str
    cure: Tuple[Tuple[str, ...], ...]


class Caution(NamedTuple):
    """Worth knowing before the plan is applied; it stops nothing."""

    text: str


PlanItem = Union[Step, Advice, Affects, Caution]


class Fix(NamedTuple):
    """One registered fix: the function and what its decorator said of it.

    `needs` are fixes that come along where they are not right already. `classic` fixes touch
    certificates, libraries or tftp as they were before generation G2; from then on they are advice.
    `named_only` fixes are never planned unless named by --only. `runs` are beginnings of commands, in words, that its
    steps may run beside those of `nimdoctor.applying.refusals.COMMANDS`. `fetches` says that its steps may end with
    `nimclient -c`, which fetches the client's certificate. `apart` are the commands that carry it out where the two ends
    are not reached from one place, each with its end, where that is not a fix on the master and then one on the client;
    DIR, MASTER and N stand for a directory, the master's evidence and the number of clients affected. `doubted_by_push`
    says that a push which reaches another client speaks against it: what it cures would keep all of them from it.
    """

    id: str
    title: str
    where: Role
    function: Callable[..., Optional[Iterator[PlanItem]]]
    risk: str
    source: str = ""
    needs: Tuple[str, ...] = ()
    classic: bool = False
    named_only: bool = False
    runs: Tuple[Tuple[str, ...], ...] = ()
    fetches: bool = False
    apart: Tuple[Tuple[Role, str], ...] = ()
    doubted_by_push: bool = False

    @property
    def traits(self) -> FixTraits:
        """What a scan must know of it."""
        return FixTraits(self.classic, self.named_only, self.fetches)

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (self.function.__doc__ or self.title).strip().splitlines()[0]

    def __call__(self, *args: Any, **kwargs: Any) -> Optional[Iterator[PlanItem]]:
        """Calls the function as written, so that a test can feed it facts."""
        return self.function(*args, **kwargs)


def fix(
    id: str,
    *,
    title: str,
    where: Role,
    risk: str,
    source: str = "",
    needs: Sequence[str] = (),
    classic: bool = False,
    named_only: bool = False,
    runs: Sequence[Tuple[str, ...]] = (),
    fetches: bool = False,
    apart: Sequence[Tuple[Role, str]] = (),
    doubted_by_push: bool = False,
) -> Callable[[Callable[..., Optional[Iterator[PlanItem]]]], Fix]:
    """Makes a function a fix. `risk` says in a sentence what it can break; `where` is the end it acts on."""

    def register(function: Callable[..., Optional[Iterator[PlanItem]]]) -> Fix:
        return Fix(
            id,
            title,
            where,
            function,
            risk,
            source,
            tuple(needs),
            classic,
            named_only,
            tuple(runs),
            fetches,
            tuple(apart),
            doubted_by_push,
        )

    return register
