"""handshake-fails: what a rehearsal with the master's files came to."""

import json

import pytest
from hosts import MASTER_STANZA, PLAIN_MASTER_STANZA, AskedNow, evidence, loose, machine, quoted, result_of

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.model.text import Text

CHECK = "handshake-fails"
KEY = {
    "rehearsal": "fails",
    "step": "key matches certificate",
    "reason": "key values mismatch",
    "code": "error:05800074",
    "path": "/ssl_nimsh/certs/client.pem",
    "side": "master",
}
FITS = {
    "rehearsal": "fits",
    "openssl": "OpenSSL 3.0.8",
    "protocol": "TLSv1.2",
    "sides": [
        ["nimsh", "/ssl_nimsh/certs/server.pem", "AA:01", "/ssl_nimsh/certs/server.pem"],
        ["master", "/ssl_nimsh/certs/client.pem", "BB:02", "/ssl_nimsh/keys/clientkey.pem"],
    ],
}


class Live(AskedNow):
    """A master that is asked now: recorded evidence, and a verdict in place of a rehearsal."""

    def __init__(self, recorded: RecordedEvidence, verdict: object) -> None:
        super().__init__(recorded)
        self._verdict = verdict if isinstance(verdict, str) else json.dumps(verdict)

    def texts(self, row, names):
        if row.facts == ("Rehearsal",):
            return [Text.of(self._verdict, row.name)]
        return super().texts(row, names)


OBJECTS = MASTER_STANZA + machine()


def judge(verdict, lsnim=OBJECTS, level="7100-04-08-1914"):
    given = {"lsnim -l": lsnim, "oslevel -s": level}
    return result_of(CHECK, Live(evidence(commands=given, host="nim1", role="master"), verdict))


def failed(**other):
    return judge({**KEY, **other})


def test_fails_when_a_key_does_not_fit_and_names_the_step_the_reason_and_the_code():
    found = judge(KEY)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert (found.fix, found.objects, found.touches) == ("recycle-certificates", ("/ssl_nimsh/certs/client.pem",), 1)
    assert "step 'key matches certificate'" in found.message and "belongs to another certificate" in found.message
    assert "error:05800074" in found.message
    assert quoted(found) == [
        (
            "/ssl_nimsh/certs/client.pem",
            None,
            "step 'key matches certificate' of master: key values mismatch (error:05800074)",
        )
    ]


@pytest.mark.parametrize(
    ("step", "reason", "code", "fix", "says"),
    [
        ("chain", "certificate has expired", "verify error 10 at depth 1", "recycle-certificates", "run out"),
        ("chain", "unable to get local issuer certificate", "verify error 20 at depth 0", "recycle-certificates", "signed"),
        ("chain", "certificate signature failure", "verify error 7 at depth 0", "recycle-certificates", "root"),
        ("private key", "no private key was found", "", "recycle-certificates", "several makings"),
        ("chain", "certificate is not yet valid", "verify error 9 at depth 0", None, "clock"),
        ("private key", "the private key is encrypted", "", None, "passphrase"),
        ("private key", "no start line", "error:0480006C", None, "PEM"),
        ("certificate", "bad base64 decode", "error:04800064", None, "cut"),
        ("handshake", "no shared cipher", "error:0A0000C1", None, "refuses"),
        ("context", "no cipher match", "error:0A0000B9", None, "refuses"),
    ],
)  # fmt: skip
def test_fails_with_the_fix_of_its_reason_or_with_advice(step, reason, code, fix, says):
    found = failed(step=step, reason=reason, code=code)
    assert (found.outcome.value, found.fix) == ("fail", fix)
    assert says in found.cause and found.cure
    assert fix or "not automatic" in found.cure


def test_fails_in_the_handshake_by_a_verify_error_are_of_the_chain():
    found = failed(
        step="handshake", reason="certificate verify failed", code="error:0A000086, verify error 10 at depth 0"
    )
    assert found.fix == "recycle-certificates" and "run out" in found.cause


def test_fails_with_advice_only_from_generation_g2_on():
    found = judge(KEY, level="7200-05-13-2620")
    assert (found.outcome.value, found.fix, found.run) == ("fail", None, None)
    assert found.cure.startswith("advice only") and "7283157" in found.cure


def test_passes_and_says_no_more_than_that_the_files_fit_together():
    found = judge(FITS)
    assert found.outcome.value == "pass"
    assert found.message.startswith("the files fit together") and "works" not in found.message
    assert quoted(found) == [
        ("/ssl_nimsh/certs/server.pem", None, "nimsh: certificate sha256 AA:01, fits a key in the same file"),
        ("/ssl_nimsh/certs/client.pem", None, "master: certificate sha256 BB:02, fits /ssl_nimsh/keys/clientkey.pem"),
    ]


def test_passes_where_ssl_is_off_whatever_lies_there():
    found = judge(KEY, lsnim=PLAIN_MASTER_STANZA)
    assert found.outcome.value == "pass" and "not configured" in found.message
    assert quoted(found) == [("lsnim -l", 1, "master:")]


def test_near_miss_recorded_evidence_has_no_keys_and_is_not_judged():
    found = result_of(CHECK, evidence(commands={"lsnim -l": MASTER_STANZA}, host="nim1", role="master"))
    assert found.outcome.value == "not-applicable"
    assert "never collected" in found.message and "on the master itself" in found.message


def test_near_miss_a_verdict_that_somebody_recorded_is_no_evidence():
    recorded = evidence(
        commands={"lsnim -l": MASTER_STANZA, "rehearsal of the handshake": json.dumps(KEY)}, host="nim1", role="master"
    )
    assert result_of(CHECK, recorded).outcome.value == "not-applicable"


def test_unknown_with_how_to_get_it_where_pyopenssl_is_not_there():
    found = judge({"rehearsal": "undone", "reason": "pyOpenSSL is not installed for /usr/bin/python3: install it ..."})
    # nothing is wrong with a master for that: it does not make the whole scan inconclusive
    assert (found.outcome.value, found.severity.value) == ("unknown", "low")
    assert "pyOpenSSL" in found.message and found.missing == ("rehearsal of the handshake",)


@pytest.mark.parametrize("reason", ["/ssl_nimsh/keys is empty", "it did not end within 30 s and was ended"])
def test_unknown_where_none_could_be_held(reason):
    found = judge({"rehearsal": "undone", "reason": reason})
    assert (found.outcome.value, found.severity.value) == ("unknown", "high")
    assert reason in found.message


@pytest.mark.parametrize("verdict", ["", "{", "[]", '{"rehearsal": "perfect"}', "Traceback (most recent call last):"])
def test_unknown_when_the_verdict_is_not_one(verdict):
    assert judge(verdict).outcome.value in ("unknown", "not-applicable")


def test_unknown_without_the_masters_own_object():
    found = judge(FITS, lsnim=machine())
    assert (found.outcome.value, found.missing) == ("unknown", ("lsnim -l",))


def test_not_applicable_on_a_client_alone_and_for_loose_files():
    assert (
        result_of(CHECK, evidence(commands={"nimclient -l -l master": MASTER_STANZA})).outcome.value == "not-applicable"
    )
    assert result_of(CHECK, loose({"lsnim.txt": MASTER_STANZA + machine()})).outcome.value == "not-applicable"
