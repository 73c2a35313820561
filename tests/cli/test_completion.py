"""Shell completion, by the protocol that the installed completion script speaks."""

import pytest


def complete(installed, line):
    words = line.split(" ")
    found = installed(
        env={"_NIMDOCTOR_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    )
    assert (found.status, found.err) == (0, "")
    return found.out.split()


@pytest.mark.parametrize("option", ["--check", "--skip"])
def test_ids_of_checks_are_completed(installed, option):
    assert complete(installed, f"nimdoctor scan {option} cre") == ["create-bio-hang"]


def test_explain_completes_ids(installed):
    assert set(complete(installed, "nimdoctor explain client-")) == {
        "client-certificate-missing",
        "client-not-secure",
        "client-uses-rsh",
    }
    assert complete(installed, "nimdoctor explain enable-") == ["enable-client-ssl", "enable-tftp"]


@pytest.mark.parametrize("command", ["fix", "rollback"])
def test_ids_of_fixes_are_completed(installed, command):
    assert complete(installed, f"nimdoctor {command} --only rem") == ["remove-rhosts"]


def test_commands_are_completed(installed):
    assert {"scan", "checks", "explain", "demo"} <= set(complete(installed, "nimdoctor "))


def test_formats_and_severities_are_completed(installed):
    assert complete(installed, "nimdoctor scan --format js") == ["json", "jsonl"]
    assert complete(installed, "nimdoctor scan --fail-on cr") == ["critical"]


def test_scenarios_of_the_demo_are_completed(installed):
    assert complete(installed, "nimdoctor demo sta") == ["stale-ssl-libs"]
    assert complete(installed, "nimdoctor demo li") == ["list"]
