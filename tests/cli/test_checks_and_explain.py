"""`nimdoctor checks` lists, `nimdoctor explain` teaches."""

import io

import pytest

from nimdoctor.cli import main

HEADINGS = ["Problem", "Detecting with nimdoctor", "Detecting by hand", "Resolving with nimdoctor", "Resolving by hand"]
CORE = [
    "client-not-secure",
    "client-uses-rsh",
    "create-bio-hang",
    "lpp-source-lacks-openssl",
    "nimsh-inactive",
    "openssl-missing",
    "rhosts-left-over",
    "ssl-not-configured",
    "ssl-object-error",
    "ssl-one-sided",
    "ssl-tree-damaged",
    "stale-ssl-libs",
    "tftp-disabled",
]


def test_checks_lists_every_core_check_with_end_and_severity(installed):
    ended = installed("checks")
    assert (ended.status, ended.err) == (0, "")
    rows = {line.split()[0]: line.split()[1:3] for line in ended.out.splitlines()[2:]}
    assert set(CORE) <= set(rows)
    assert rows["create-bio-hang"] == ["client", "critical"]
    assert rows["tftp-disabled"] == ["master", "high"]
    assert rows["rhosts-left-over"] == ["client", "low"]


@pytest.mark.parametrize("check", CORE)
def test_explain_teaches_a_check_by_the_five_headings(doctor, check):
    ended = doctor("explain", check)
    assert (ended.status, ended.err) == (0, "")
    found = [line.lstrip("# ") for line in ended.out.splitlines() if line.startswith("## ")]
    assert found == HEADINGS
    assert ended.out.startswith(f"# {check}: ")
    assert ended.out.isascii()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["0042-006"], "0042-006"),
        (["0513-059", "The", "nimsh", "Subsystem", "has", "been", "started."], "0513-059"),
        (["0509-136"], "0509-136"),
        (["Fri Mar 14 12:05:04 2025 create BIO"], "create-bio-hang"),
        (["Error connecting to SSL object"], "ssl-object-error"),
        (["#tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n"], "tftp-disabled"),
    ],
)
def test_explain_takes_a_message_number_or_a_quoted_line(doctor, words, named):
    ended = doctor("explain", *words)
    assert ended.status == 0
    assert named in ended.out


def test_a_line_that_begins_with_dashes_can_be_explained(doctor):
    assert doctor("explain", "--", "--- create BIO").status == 0


def test_lines_on_standard_input_are_explained(monkeypatch, capsys):
    class Piped:
        buffer = io.BytesIO(b"0042-001 nim: error\n0042-154 c_stat: gone\n")

        @staticmethod
        def isatty():
            return False

    for words in (["explain", "-"], ["explain"]):
        Piped.buffer.seek(0)
        monkeypatch.setattr("sys.stdin", Piped)
        assert main(words) == 0
        said = capsys.readouterr().out
        assert "0042-001  (" in said and "0042-154  (" in said


def test_explain_of_nothing_says_what_it_takes(installed):
    ended = installed("explain")
    assert (ended.status, ended.out) == (2, "")
    assert "standard input" in ended.err


def test_explain_of_something_unknown_exits_2_and_says_what_it_takes(doctor):
    ended = doctor("explain", "qqqq")
    assert (ended.status, ended.out) == (2, "")
    assert "nimdoctor checks" in ended.err


def test_explain_of_a_mistyped_id_gives_the_page_of_the_right_one(doctor):
    ended = doctor("explain", "create-bio-hung")
    assert ended.status == 0
    assert "# create-bio-hang: " in ended.out


def test_explain_of_what_may_mean_several_things_names_them_with_their_titles(doctor):
    ended = doctor("explain", "client-")
    assert (ended.status, ended.out) == (2, "")
    assert "client-uses-rsh  " in ended.err and "client-not-secure  " in ended.err


@pytest.mark.parametrize("words", [["nimclient", "-c"], ["nimsh", "-s", "-c"], ["lsnim", "-l"]])
def test_a_command_with_its_options_can_be_explained_as_it_is_typed(doctor, words):
    assert doctor("explain", *words).status == 0


@pytest.mark.parametrize("word", ["", " ", "\x1b[2J", "\0", "x" * 5000, "%s", "0042-"])
def test_explain_survives_anything(doctor, word):
    ended = doctor("explain", word)
    assert ended.status == 2
    assert "\x1b" not in ended.out + ended.err


@pytest.mark.parametrize("encoding", ["ascii", "iso8859-1"])
def test_both_print_on_any_terminal(installed, encoding):
    for words in (["checks"], ["explain", "create-bio-hang"]):
        assert installed(*words, env={"PYTHONIOENCODING": encoding}).status == 0


def test_version_and_help_go_to_stdout(doctor):
    from nimdoctor import __version__

    assert doctor("--version").out == f"nimdoctor {__version__}\n"
    for words in (["--help"], ["-h"], ["scan", "--help"]):
        ended = doctor(*words)
        assert (ended.status, ended.err) == (0, "") and "Usage: nimdoctor" in ended.out
