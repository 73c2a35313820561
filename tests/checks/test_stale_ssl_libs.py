"""stale-ssl-libs: copies of libssl and libcrypto in /usr/lib against their members and the installation."""

from hosts import (
    AR_SSL,
    evidence,
    filesets,
    result_of,
)

CHECK = "stale-ssl-libs"
SSL, CRYPTO = "/usr/lib/libssl.so.0.9.8", "/usr/lib/libcrypto.so.0.9.8"
INSTALLED = 1730816411
"""2024-11-05T14:20:11Z."""
NEWER, OLDER = INSTALLED + 15 * 86400, INSTALLED - 86400
LEVEL = filesets("openssl.base 1.0.2.1800")


def copy(size=512318, mtime=NEWER, kind="file"):
    return {"kind": kind, "mode": "0755", "size": size, "mtime": mtime}


def client(paths=None, **commands):
    given = {SSL: copy()} if paths is None else paths
    return evidence(commands=commands.get("commands", {}), paths=given)


def judge(paths=None, commands=None):
    return result_of(CHECK, client(paths, commands={"lslpp -lc": LEVEL} if commands is None else commands))


def test_unknown_when_nothing_tells():
    found = judge({SSL: copy()}, {})
    assert found.outcome.value == "unknown"
    assert AR_SSL in found.missing
