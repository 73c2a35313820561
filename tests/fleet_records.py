"""Records nimdoctor.fleet/1 of made-up hosts, as many as wanted, always the same: what nimdoctor says of the scenarios, over a fleet.

`python tests/fleet_records.py NUMBER` writes them, one JSON object a line; with `--html FILE` their overview.
"""

import argparse
import json
import random
import sys
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, Iterator, List, Optional

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=timezone.utc)
LEVELS = (
    ("7100-04-08-1914", "G0"), ("7100-05-06-2028", "G0"), ("7200-04-02-2028", "G0"), ("7200-05-09-2446", "G0"),
    ("7200-05-10-2520", "G1"), ("7200-05-11-2546", "G2"), ("7200-05-13-2635", "G3"), ("7300-02-04-2520", "G1"),
    ("7300-03-01-2520", "G2"), ("7300-03-03-2635", "G3"), (None, None),
)  # fmt: skip
PEM = "/ssl_nimsh/certs/server.pem"
SAID = {
    "create-bio-hang": ("critical", "likely", "the newest session that loaded certificates stops at 'create BIO', {0} h {1} min ago", "recycle-certificates", ()),
    "stale-ssl-libs": ("high", "certain", "2 copies not of the installed OpenSSL: /usr/lib/libssl.so.0.9.8: its size is 494526 bytes, that of the member in libssl.a 510774 and 583490, written 2024-11-20T08:{1:02}:41Z, before openssl.base, installed 2025-03-13 09:15:51 local time", "refresh-ssl-libs", ("/usr/lib/libssl.so.0.9.8", "/usr/lib/libcrypto.so.0.9.8")),
    "certificate-expired": ("high", "likely", f"{PEM} (CN=nim NIM server,OU=NIM,O=Example,C=BG) ran out, {{0}} d {{1}} h ago", "recycle-certificates", (PEM,)),
    "certificate-mismatch": ("high", "likely", "client and master share no certificate and no issuer's key", "refresh-client-certificate", (PEM,)),
    "nimsh-inactive": ("high", "certain", "SRC says nimsh is inoperative", "start-nimsh", ()),
    "client-not-secure": ("medium", "certain", "connect = nimsh while the master has ssl_support", "enable-client-ssl", ()),
    "client-uses-rsh": ("medium", "certain", 'NIM_SHELL is "shell" and connect = shell', "switch-to-nimsh", ()),
    "filesystem-full": ("medium", "likely", "/usr: {0}{1} KB free (100 % used), 3212 KB wanted by nimclient -c", None, ("/usr",)),
    "services-missing": ("medium", "possible", "/etc/services has no row for nimsh 3901/tcp, nimaux 3902/tcp", "add-services", ("nimsh", "nimaux")),
    "rhosts-left-over": ("low", "certain", "1 line for its master though pushes go by nimsh (secure)", "remove-rhosts", ("/.rhosts",)),
    "tftp-disabled": ("high", "certain", "the tftp row is commented out; a cure of this scan runs nimclient -c, which needs it", "enable-tftp", ()),
    "nim-vulnerable": ("high", "likely", "bos.sysmgt.nim.client 7.1.4.35 (G0): open to 10 CVEs: CVE-2025-36250 (10.0), CVE-2026-15068 (9.9), CVE-2024-56347 (9.6), CVE-2025-36251 (9.6), CVE-2026-15065 (9.1), CVE-2025-36096 (9.0)", None, ("CVE-2025-36250", "CVE-2026-15068", "CVE-2024-56347")),
    "openssl-unsupported": ("low", "likely", "openssl.base 1.0.2.1800: OpenSSL 1.0.2 has no support since 2023-12", None, ()),
}  # fmt: skip
EXPOSURES = ("nim-vulnerable", "openssl-unsupported")
OF_CLIENTS = tuple(one for one in SAID if one not in (*EXPOSURES, "tftp-disabled"))
UNDECIDED = (
    {"check": "create-bio-hang", "severity": "critical", "message": "not tried since openssl.base 1.0.2.1800 was installed: the newest session that loaded certificates is older"},
    {"check": "name-resolution", "severity": "high", "message": "/etc/niminfo: given but not understood: is empty"},
    {"check": "fileset-broken", "severity": "medium", "message": "lslpp -lc: not collected"},
)  # fmt: skip
EMPTY: Dict[str, Any] = {
    "schema": "nimdoctor.fleet/1", "version": "0.1.0", "host": None, "role": None, "level": None, "generation": None,
    "collected": None, "master": None, "master_target": None, "pairing": None, "verdict": None, "exit_status": 0,
    "exposure": None, "findings": [], "undecided": [], "certificate_days": None, "certificate_not_after": None,
    "followed": None, "missing": [], "failure": None,
}  # fmt: skip


def finding(check: str, host: Optional[str], where: str = "client", *numbers: int) -> Dict[str, Any]:
    """One of a record's findings."""
    severity, confidence, message, fix, objects = SAID[check]
    return {
        "check": check, "severity": severity, "confidence": confidence, "where": where, "host": host, "fix": fix,
        "topic": "exposure" if check in EXPOSURES else "operation", "message": message.format(*(numbers or (3, 40))),
        "objects": list(objects), "object_count": len(objects),
    }  # fmt: skip


def record(host: Optional[str] = "lpar7", *checks: str, **changes: Any) -> Dict[str, Any]:
    """A client of nim1 on which these checks failed; `changes` are other fields."""
    made = {
        **EMPTY, "target": f"bundles/{host}.tar.gz", "host": host, "role": "client", "level": "7200-05-10-2520",
        "generation": "G1", "collected": "2026-11-28T08:00:00Z", "master": "nim1",
        "master_target": "bundles/nim1.tar.gz", "pairing": "found by name and machine id",
        "verdict": "problems" if checks else "healthy", "exit_status": 1 if checks else 0,
        "exposure": {"open": 0, "worst": None}, "findings": [finding(one, host) for one in checks],
        "certificate_days": 200, "certificate_not_after": "2027-06-16T08:00:00Z", "followed": True,
    }  # fmt: skip
    return {**made, **changes}


def failure(target: str, message: str, kind: str = "unreadable") -> Dict[str, Any]:
    """The record of a bundle without a report."""
    return {**EMPTY, "target": target, "exit_status": 2, "failure": {"kind": kind, "message": message}}


def fleet(number: int, seed: int = 7) -> Iterator[Dict[str, Any]]:
    """As many records, of masters with some 160 clients each, most of them healthy, some twice, some not to be read."""
    chance = random.Random(seed)
    master, pushed = "", False
    for at in range(number):
        if at % 160 == 0:
            master, pushed = f"nim{at // 160 + 1}", chance.random() < 0.4
            yield _master(master, chance)
            continue
        target = f"bundles/2026/{master}/lpar{at:05}.tar.gz"
        luck = chance.random()
        if luck < 0.02:
            yield failure(target, *_reason(target, chance))
        elif luck < 0.04 and at % 160 > 1:
            yield _client(master, at - 1, f"bundles/2026/{master}/lpar{at - 1:05}-again.tar.gz", pushed, chance)
        else:
            yield _client(master, at, target, pushed, chance)


def _reason(target: str, chance: random.Random) -> List[str]:
    return chance.choice(
        (
            [f"{target}: is no whole gzip file: it ends too early; send it again", "unreadable"],
            [f"{target}: nothing of NIM was recognised in it", "unreadable"],
            [f"{target}: has more than 20,000 members; nimdoctor reads no such archive", "unreadable"],
            ["it killed its worker twice", "crashed"],
        )
    )


def _master(name: str, chance: random.Random) -> Dict[str, Any]:
    level, generation = chance.choice(LEVELS[:-1])
    checks = [*(["tftp-disabled"] if chance.random() < 0.2 else []), "nim-vulnerable"]
    return record(
        name, *checks, role="master", level=level, generation=generation, master=None, master_target=None,
        pairing=None, target=f"bundles/2026/{name}/{name}.tar.gz", followed=None, certificate_days=90,
        certificate_not_after="2027-02-26T08:00:00Z", exposure={"open": 11, "worst": 10.0},
        verdict="problems" if len(checks) > 1 else "healthy", findings=[finding(one, name, "master") for one in checks],
    )  # fmt: skip


def _client(master: str, at: int, target: str, recycled: bool, chance: random.Random) -> Dict[str, Any]:
    level, generation = chance.choice(LEVELS)
    luck, host = chance.random(), f"lpar{at:05}"
    checks = chance.sample(OF_CLIENTS, chance.choice((1, 1, 2, 3))) if luck < 0.28 else []
    undecided = list(UNDECIDED) if luck > 0.92 else []
    collected = NOW - timedelta(days=int(chance.random() ** 3 * 150), hours=chance.randrange(24))
    days = chance.choice((chance.randrange(-60, 30), chance.randrange(30, 900), chance.randrange(30, 900)))
    seen = chance.random() < 0.85
    findings = [finding(one, host, "client", chance.randrange(1, 90), chance.randrange(60)) for one in checks]
    if generation != "G3":
        findings += [finding(one, host) for one in EXPOSURES]
    findings += [finding("tftp-disabled", master, "master")] if "create-bio-hang" in checks else []
    return record(
        host, target=target, level=level, generation=generation, master=master, findings=findings, undecided=undecided,
        master_target=f"bundles/2026/{master}/{master}.tar.gz", collected=f"{collected:%Y-%m-%dT%H:%M:%SZ}",
        verdict="problems" if checks and checks != ["rhosts-left-over"] else "inconclusive" if undecided else "healthy",
        exposure={"open": 0 if generation == "G3" else 10, "worst": None if generation == "G3" else 10.0},
        certificate_days=days if seen else None, missing=["/etc/niminfo", "lslpp -lc"] if undecided else [],
        certificate_not_after=f"{collected + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" if seen else None,
        followed=(not recycled or chance.random() < 0.7) if seen else None,
    )  # fmt: skip


def main() -> None:
    """Writes them."""
    from nimdoctor.report.fleet.overview import overview

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("number", type=int)
    asked.add_argument("--html")
    given = asked.parse_args()
    if not given.html:
        for one in fleet(given.number):
            sys.stdout.write(json.dumps(one) + "\n")
        return
    with open(given.html, "w", encoding="ascii") as page:
        page.writelines(overview(lambda: fleet(given.number), NOW))


if __name__ == "__main__":
    main()
