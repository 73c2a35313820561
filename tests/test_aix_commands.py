"""Every AIX command line that is run or printed has a source, and none breaks a rule of its own page."""

import re

import pytest
from aix_commands import (
    REPOSITORY,
    ROWS,
    Use,
    believed_part,
    broken,
    form_of,
    forms_in,
    in_shell,
    lines_in,
    table,
    uses,
)
from hosts import scan_hosts
from scenarios import ENDS, names, scenario

from nimdoctor.evidence.catalog import ROWS as CATALOG
from nimdoctor.evidence.catalog import Kind
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.model import Outcome

NOT_YET = REPOSITORY / "docs" / "not-yet-on-aix.md"
USES = uses()


def without_row(found):
    return sorted({(use.form, use.place) for use in found if use.form not in table()})


def test_every_command_line_has_a_row_with_its_source():
    assert not without_row(USES), f"add a row to {ROWS.name}: an IBM page, a recorded text, or believed"


def test_a_row_that_nothing_uses_any_more_goes():
    assert {form for form, row in table().items() if not row.made} <= {use.form for use in USES}


def test_every_row_has_a_source_and_a_mark_and_what_is_believed_says_why():
    for row in table().values():
        assert row.source and row.mark in ("A", "B", "C", "M"), row
        assert (row.source == "believed") is (row.mark in ("C", "M")) is bool(row.why), row


def test_no_command_line_breaks_a_rule_of_its_page():
    assert not [(use.place, use.words) for use in USES if broken(list(use.words))]


def test_what_is_believed_is_named_where_it_says_what_was_not_seen_on_aix():
    (part,) = re.findall(r"<!-- believed -->\n(.*?)<!-- end -->", NOT_YET.read_text("utf-8"), re.S)
    assert part.strip() and part == believed_part()


def test_the_catalog_the_steps_the_probes_the_scripts_and_the_pages_are_all_read():
    assert {row.label.split()[0] for row in CATALOG if row.kind is Kind.COMMAND} <= {use.words[0] for use in USES}
    places = {use.place for use in USES}
    for part in ("evidence", "planning/client_crypto", "probe", "collection/parts", "scripts/parts", "remote/at_host"):
        assert any(place.startswith(f"nimdoctor/{part}") for place in places), part
    assert {"README.md", "docs/fixing.md", "checks/fileset_broken.md", "checks/fileset_broken.py"} <= places
    assert {use.kind for use in USES} == {"run", "script", "printed"}


@pytest.mark.parametrize("name", names())
def test_what_a_finding_prints_has_a_row_and_breaks_no_rule(name):
    ends = {end: RecordedEvidence(end, scenario(name)[end]) for end in ENDS}
    for found in scan_hosts(ends["client"], ends["master"]).with_outcome(Outcome.FAIL):
        for text in (found.run or "", found.cure or "", found.message):
            for words in lines_in(text):
                assert not without_row([Use(tuple(words), found.check, "printed")]) and not broken(words)


# -- the reader itself


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("on the client: stopsrc -s nimsh; startsrc -s nimsh. Not done", {"stopsrc -s", "startsrc -s"}),
        ("see `lssrc -t tftp`, or ask `host nim1`", {"lssrc -t", "host"}),
        ("nimclient -c fetches it and -C does not", {"nimclient -c"}),
        ("niminit -a name=C -a master=M \\\n    -a connect=nimsh", {"niminit -a connect= -a master= -a name="}),
        ('nim -o cust -a filesets="a b; rm -r c" lpar7', {"nim -o cust -a filesets="}),
        ("tail -20 log; tail -n +2 log", {"tail -N", "tail -n +N"}),
        ("timeout 30 lsnim -l", {"lsnim -l"}),
        ("the host is up, and find out who", set()),
    ],
)
def test_command_lines_are_found_in_sentences(text, forms):
    assert forms_in(text) == forms


def test_a_program_without_options_counts_where_nothing_but_commands_stands():
    assert forms_in("oslevel\nreadlink -f x | sort", code=True) == {"oslevel", "readlink -f", "sort"}
    assert forms_in("oslevel is the level") == set()


def test_every_command_of_a_script_is_found_wherever_it_stands():
    script = """
    f() { within 30 "$x" || return 1; }
    case $(uname -s) in
        AIX) if ! lssrc -s nimsh > /dev/null 2>&1; then kill -9 $p; fi ;;  # rm -r
        (*) x="$(readlink -f "$y")" ;;
    esac
    for n in a b; do [ -e "$n" ] && stat -c %s "$n"; done
    cat << 'END'
    rm -rf /
    END
    """
    found = {form_of(words) for words in in_shell(script)} - {"f", "within"}
    assert found == {"uname -s", "lssrc -s", "kill -N", "readlink -f", "[ -e", "stat -c", "cat"}


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("installp -acgXYF -d DIR all", "installp: -F excludes -g"),
        ("installp -a -g -F -d DIR all", "installp: -F excludes -g"),
        ("installp -acXYF -d DIR all", ""),
        ("nimclient -c -C", "nimclient: -c excludes -C"),
        ("niminit -a a=1 -a b=1 -a c=1 -a d=1 -a e=1 -a f=1", "niminit takes 5 attributes"),
        ("tail -1 /var/adm/nimdoctor/runs/*/journal.jsonl", "tail takes one file"),
        ("tail -1 /a /b", "tail takes one file"),
        ("tail -1 /a", ""),
    ],
)
def test_a_line_that_its_page_forbids_is_told(line, wrong):
    assert broken(line.split()) == wrong


def test_a_new_command_line_without_a_row_is_told():
    assert without_row([Use(("readlink", "-f", "/x"), "checks/new.md", "printed")]) == [
        ("readlink -f", "checks/new.md")
    ]
