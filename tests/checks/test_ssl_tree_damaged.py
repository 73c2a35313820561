"""ssl-tree-damaged: /ssl_nimsh on a master that has SSL on."""

import pytest
from hosts import MASTER_STANZA, PLAIN_MASTER_STANZA, certificate, evidence, quoted, result_of

from nimdoctor.evidence import open_target

CHECK = "ssl-tree-damaged"
DIRECTORY = {"kind": "dir", "mode": "0755", "mtime": 1732089936}
FILE = {"kind": "file", "mode": "0600", "size": 1704, "mtime": 1732089935}
WHOLE = {
    "/ssl_nimsh": DIRECTORY,
    "/ssl_nimsh/certs": DIRECTORY,
    "/ssl_nimsh/certs/server.pem": FILE,
    "/ssl_nimsh/configs": DIRECTORY,
    "/ssl_nimsh/configs/SSL_root.cnf": FILE,
    "/ssl_nimsh/keys": DIRECTORY,
    "/ssl_nimsh/keys/serverkey.pem": FILE,
}


def judge(paths, lsnim=MASTER_STANZA, level="7100-04-08-1914"):
    given = {"lsnim -l": lsnim, "oslevel -s": level}
    return result_of(CHECK, evidence(commands=given, paths=paths, host="nim1", role="master"))


def without(part):
    return {path: state for path, state in WHOLE.items() if not path.startswith(f"/ssl_nimsh/{part}")}


@pytest.mark.parametrize("part", ["certs", "configs", "keys"])
def test_fails_when_a_part_is_missing(part):
    found = judge({**without(part), f"/ssl_nimsh/{part}": None})
    assert (found.outcome.value, found.severity.value) == ("fail", "high")
    assert (found.fix, found.objects) == ("recycle-certificates", (f"/ssl_nimsh/{part}",))
    assert quoted(found) == [
        ("lsnim -l", 6, "   ssl_support         = yes"),
        (f"/ssl_nimsh/{part}", None, "does not exist"),
    ]


@pytest.mark.parametrize("part", ["certs", "configs", "keys"])
def test_fails_when_a_part_is_empty(part):
    found = judge({**without(part), f"/ssl_nimsh/{part}": DIRECTORY})
    assert (found.outcome.value, found.objects) == ("fail", (f"/ssl_nimsh/{part}",))
    assert f"/ssl_nimsh/{part} is empty" in found.message


def test_fails_when_the_whole_tree_is_missing():
    found = judge({"/ssl_nimsh": None})
    assert found.objects == ("/ssl_nimsh",)
    # the guide's mv moves into an existing ssl_nimsh_old
    assert "new name" in found.cure


def test_passes_when_every_part_holds_files():
    found = judge(WHOLE)
    assert found.outcome.value == "pass"
    assert [source for source, _, _ in quoted(found)] == ["/ssl_nimsh/certs", "/ssl_nimsh/configs", "/ssl_nimsh/keys"]


def test_passes_without_a_tree_where_ssl_is_off():
    found = judge({"/ssl_nimsh": None}, lsnim=PLAIN_MASTER_STANZA)
    assert found.outcome.value == "pass"
    assert "not configured" in found.message


def test_near_miss_a_part_that_was_not_collected_is_not_missing():
    found = judge(without("keys"))
    assert (found.outcome.value, found.missing) == ("unknown", ("/ssl_nimsh/keys",))


def test_near_miss_an_empty_directory_among_the_copies_does_not_say_that_the_host_has_no_keys(tmp_path):
    # keys are never copied, so their directory is empty in any collection made without a manifest
    for part in ("certs", "configs", "keys"):
        (tmp_path / "files" / "ssl_nimsh" / part).mkdir(parents=True)
    (tmp_path / "files" / "ssl_nimsh" / "certs" / "server.pem").write_text(certificate(1))
    (tmp_path / "files" / "ssl_nimsh" / "configs" / "SSL_root.cnf").write_text("[ req ]\n")
    (tmp_path / "commands").mkdir()
    (tmp_path / "commands" / "lsnim_-l").write_text(MASTER_STANZA)
    assert result_of(CHECK, open_target(str(tmp_path))).outcome.value == "unknown"


def test_unknown_from_generation_g2_on_when_what_it_looks_at_is_not_there():
    found = judge({**without("keys"), "/ssl_nimsh/keys": None}, level="7200-05-13-2620")
    assert found.outcome.value == "unknown"
    assert "G2" in found.message


def test_unknown_when_nothing_of_the_tree_was_collected():
    assert judge({}).outcome.value == "unknown"


def test_unknown_without_the_masters_objects():
    found = result_of(CHECK, evidence(paths=WHOLE, host="nim1", role="master"))
    assert (found.outcome.value, found.missing) == ("unknown", ("lsnim -l",))


def test_not_applicable_on_a_client_alone():
    assert result_of(CHECK, evidence(paths={"/ssl_nimsh": None})).outcome.value == "not-applicable"
