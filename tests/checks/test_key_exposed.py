"""key-exposed: modes below /ssl_nimsh/keys, and who gets through the directories above."""

from hosts import evidence, results_of

CHECK = "key-exposed"
KEYS = "/ssl_nimsh/keys"
KEY = f"{KEYS}/serverkey.pem"
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


def test_advice_where_the_level_may_be_g2():
    (found,) = judge("0644", level="7200-05-03-2148")
    assert (found.outcome.value, found.fix, found.run) == ("fail", None, None)
    assert "7251173" in found.cure
