"""Evidence that wants to be more than evidence, and reports whose every text is such."""

from datetime import datetime, timezone

from nimdoctor.diagnosis.causes import Pair, story_of
from nimdoctor.diagnosis.engine import Result
from nimdoctor.diagnosis.held_certificates import HeldCertificates, Holding, HostCertificates
from nimdoctor.diagnosis.ignore import Ignored
from nimdoctor.diagnosis.pictures import Pictures
from nimdoctor.diagnosis.pictures.links import BROKEN, HostLinks, Link
from nimdoctor.diagnosis.pictures.sessions import Mark, Timeline
from nimdoctor.diagnosis.settlement import Wanted
from nimdoctor.diagnosis.timeline import Change, Turn
from nimdoctor.library.scanning import PROBLEMS, Report, ScannedHost
from nimdoctor.model import Command, Confidence, Outcome, Push, Quote, Role, Severity
from nimdoctor.model.certificate_record import X509Record
from nimdoctor.probe import Probe

NOW = datetime(2025, 3, 15, 9, 53, 20, tzinfo=timezone.utc)

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'",
    "</title></style></svg></pre></code><script>x</script>",
    "<!-- x --> <![CDATA[ ]]> &lt;script&gt; &#60;b&#62;",
    "```\n# heading\n```` ~~~",
    "`one ``two ```three",
    "[link](http://evil.example/) ![x](http://evil.example/x.png) <http://evil.example> www.evil.example",
    "a | b || c \\| d",
    "@somebody #1 **bold** __bold__ ~~gone~~ $x$ {{ x }}",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b]8;;http://evil.example\x07x\x1b]8;;\x07 \x9b2J \x90q\x9c",
    "\u202egnp.exe\u202c \u2066x\u2069 \u200f\u200e\u061c \u200b\ufeff",
    "line\rline\nline\x0b\x0c\x1c\x85\u2028\u2029end",
    "\0\x01\x08\x0e\x1f\x7f\x80\x9f\ufffe\uffff\ud800",
    "| nagios=1;2;3 `id` $(id) ; id",
    "",
    " ",
    "]]>",
    "x" * 5000,
)  # fmt: skip


def report(words, *, others=(), severity=Severity.HIGH, confidence=Confidence.LIKELY):
    """A report with those words in the place of every text that may come from a host."""
    quotes = (Quote(words, 3, words), Quote(words, None, words), Quote(words, 4, words))

    def result(outcome, where=Role.CLIENT, check="tftp-disabled", causes=()):
        return Result(
            check, words, outcome, severity, where, words or None, words, confidence, words, words, words,
            "enable-tftp", (words,), quotes, (words,), (words,), words, 2, quotes, causes,
        )  # fmt: skip

    failed = [result(Outcome.FAIL, check="nimsh-inactive", causes=("tftp-disabled",)), result(Outcome.FAIL)]
    story = story_of(failed, Pair)
    rest = [
        result(Outcome.ERROR, Role.MASTER),
        result(Outcome.UNKNOWN),
        result(Outcome.PASS),
        result(Outcome.PASS, check="note")._replace(severity=Severity.INFO),
        result(Outcome.NOT_APPLICABLE, Role.MASTER),
        *others,
    ]
    return Report(
        NOW,
        ScannedHost(words or None, "client", words, words),
        ScannedHost(words, "master", words, words),
        PROBLEMS,
        (*story.findings, *rest),
        (Ignored(failed[0], (words,), words, words, 3),),
        (words,),
        ((words, words, words),),
        Turn(None, None, (Change(NOW.replace(tzinfo=None), words, words, Quote(words, 3, words)),)),
        story.findings[0],
        (Probe("client", words, True, words),),
        story,
        pictures(words),
        certificates(words),
        to_send=(
            Wanted(Command(words or "x", where=Role.CLIENT), words or None, words, (words,)),
            Wanted(Push(words or "x"), words or None, words, (words,)),
        ),
    )


def pictures(words):
    """Pictures with those words in every place."""
    when = NOW.replace(tzinfo=None)
    marks = (Mark(when.replace(day=1), "went-on", 3), Mark(None, "other", None), Mark(when, "hung", 58))
    link = Link(words, words, (words, words), BROKEN, (words, words))
    return Pictures(
        HostLinks(words, words, (link,) * 3, words, words),
        (Timeline(words, words, marks, (("plain", 3),), marks[-1], ((when.replace(day=10), words),), when),),
        (words,),
    )


def certificates(words):
    """Certificates of two hosts with those words in every place."""
    epoch = int(NOW.timestamp())
    said = X509Record(words, words, words, words, epoch - 86400, epoch + 86400, words, 2048, words, words, False)
    held = Holding(words, said)
    host = HostCertificates(words, words, epoch, False, (held, held._replace(used=False)), False)
    return HeldCertificates((host, host._replace(certificates=())), frozenset(["nimsh-inactive"]))
