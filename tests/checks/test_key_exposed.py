"""key-exposed: modes below /ssl_nimsh/keys, and who gets through the directories above."""

import pytest
from hosts import evidence, results_of

CHECK = "key-exposed"
KEYS = "/ssl_nimsh/keys"
KEY = f"{KEYS}/serverkey.pem"
ROOT_KEY = f"{KEYS}/rootkey.pem"
FILE = {"kind": "file", "owner": "root", "group": "system", "size": 1708, "mtime": 1732089934}
DIRECTORY = {"kind": "dir", "owner": "root", "group": "system", "mtime": 1732089936}


def judge(key="0600", directory="0755", level="7100-04-08-1914", **paths):
    states = {
        "/ssl_nimsh": {**DIRECTORY, "mode": "0755"},
        "/ssl_nimsh/certs/server.pem": {**FILE, "mode": "0644"},
        KEYS: {**DIRECTORY, "mode": directory},
        KEY: {**FILE, "mode": key},
        **paths.get("paths", {}),
    }
    host = evidence(commands={"oslevel -s": level}, paths=states, host="nim1", role="master")
    return results_of(CHECK, host)


@pytest.mark.parametrize(
    ("key", "directory", "severity"),
    [
        ("0644", "0755", "high"),
        ("0666", "0711", "high"),
        ("0602", "0755", "high"),
        ("0640", "0755", "medium"),
        ("0644", "0750", "medium"),
        ("0620", "0750", "medium"),
        ("0644", "0700", "low"),
        ("0640", "0700", "low"),
    ],
)
def test_fails_as_severe_as_who_gets_at_it(key, directory, severity):
    (found,) = judge(key, directory)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", severity, "likely")
    assert (found.fix, found.objects) == ("restrict-keys", (KEY,))
    assert found.evidence[0].source == KEY and f"mode {key}" in found.evidence[0].text
    assert f"(mode {key})" in found.message


def test_fails_once_for_each_kind_of_exposure():
    found = judge("0644", paths={ROOT_KEY: {**FILE, "mode": "0640"}})
    assert [(one.severity.value, one.objects) for one in found] == [("high", (KEY,)), ("medium", (ROOT_KEY,))]


def test_fails_on_a_recorded_listing():
    row = f"-rw-r--r--    1 root     system         1708 Nov 20 2024 {KEY}\n"
    host = evidence(commands={f"ls -l {KEY}": row}, host="nim1", role="master")
    (found,) = results_of(CHECK, host)
    assert (found.outcome.value, tuple(found.evidence[0])) == ("fail", (f"ls -l {KEY}", 1, row.rstrip("\n")))


def test_passes_when_only_the_owner_gets_at_them():
    (found,) = judge(paths={ROOT_KEY: {**FILE, "mode": "0400"}})
    assert (found.outcome.value, {quote.source for quote in found.evidence}) == ("pass", {KEY, ROOT_KEY})


def test_near_miss_a_readable_certificate_is_by_design():
    # every sample here has /ssl_nimsh/certs/server.pem of mode 0644, which tftpd must read
    (found,) = judge("0600")
    assert (found.outcome.value, [quote.source for quote in found.evidence]) == ("pass", [KEY])


def test_near_miss_an_open_directory_alone_shows_names_only():
    (found,) = judge("0600", "0755")
    assert found.outcome.value == "pass"


def test_advice_where_the_level_may_be_g2():
    (found,) = judge("0644", level="7200-05-03-2148")
    assert (found.outcome.value, found.fix, found.run) == ("fail", None, None)
    assert "7251173" in found.cure


def test_unknown_from_g2_on_where_there_is_no_key():
    (found,) = judge(level="7200-05-13-2620", paths={KEY: None})
    assert (found.outcome.value, found.missing) == ("unknown", (KEYS,))
    assert judge(paths={KEY: None})[0].outcome.value == "not-applicable"


def test_unknown_for_a_link_and_for_a_mode_that_was_not_collected():
    assert judge(paths={ROOT_KEY: {**FILE, "kind": "link", "mode": "0777"}})[0].missing == (ROOT_KEY,)
    assert judge(paths={ROOT_KEY: FILE})[0].missing == (ROOT_KEY,)


def test_unknown_when_nothing_of_the_directory_was_collected():
    host = evidence(commands={"oslevel -s": "7100-04-08-1914"}, host="nim1", role="master")
    (found,) = results_of(CHECK, host)
    assert (found.outcome.value, found.missing) == ("unknown", (KEYS,))
