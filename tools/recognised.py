"""docs/recognised.md: what each kind of text is recognised by, in which forms, and from where these are known."""

from typing import Iterator, List

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.recognition.kinds import KINDS, Form, TextKind

HEAD = """\
# Recognised text

What nimdoctor takes a text for that somebody pasted or attached: each kind, its forms, from where each form is known, and
what reads it. `make generate` writes it from the recogniser's own table (`nimdoctor/evidence/recognition/kinds/`); a test
holds it current. Names, addresses and serials in the samples are made up.

A: a page of IBM or two independent sources. B: one good source. C: inferred. M: remembered, found in no source.

A text is taken for a kind by lines that nothing else prints. A stretch of that kind ends where its lines end: what follows
is judged by itself, and what no kind takes is listed with its lines. A file given under its own name stays whole.
"""


def document() -> str:
    """The page."""
    catalog = Catalog()
    return "\n".join([HEAD, *(line for kind in KINDS for line in _kind(kind, catalog)), *_lists()]) + "\n"


def _kind(kind: TextKind, catalog: Catalog) -> Iterator[str]:
    rows = [row for row in catalog if row.label in kind.rows]
    facts = dict.fromkeys(fact for row in rows for fact in row.facts)
    yield f"## {', '.join(f'`{name}`' for name in kind.rows)}"
    yield f"Read by: {', '.join(facts)}."
    if not any(sign.points for sign in kind.signs):
        yield "Recognised by the command or the file's name alone: its text says too little."
    yield ""
    for form in kind.forms:
        yield f"- {form.shape}. {_known(form)}"
        yield ""
        yield from (f"      {line}" for line in form.sample.splitlines())
        yield ""


def _known(form: Form) -> str:
    origin = form.origin.value
    return f"{origin[:1].upper()}{origin[1:]} ({form.mark}): {form.source}."


def _lists() -> Iterator[str]:
    seen: List[str] = []
    believed: List[str] = []
    for kind in KINDS:
        for form in kind.forms:
            line = f"- {' or '.join(f'`{name}`' for name in kind.rows[:2])}: {form.shape} ({form.mark})"
            (seen if form.origin.seen else believed).append(line)
    yield "## Shapes seen"
    yield "Somebody showed such a text: a recording, a page of IBM, a public report."
    yield ""
    yield from seen
    yield ""
    yield "## Shapes only believed"
    yield "Nobody showed such a text yet; what rests on them is worded as likely or possible."
    yield ""
    yield from believed
