"""What every check must say of every scenario in fixtures/hosts, thought out from FACTS.

Three ways to scan a scenario: `pair` (the client with --master), `client` and `master` (each alone).
A key is `CHECK END`, the end at which the entry stands; a value is an outcome, and for a fail
`fail SEVERITY CONFIDENCE FIX`, several findings parted by ` + `. `verdict` is the report's, and that of operation. A scenario names
only what differs from HEALTHY.
"""

from typing import Dict

Way = Dict[str, str]

OLD_OPENSSL = "fail low likely None"
_CLIENT_END: Way = {
    "certificate-expired client": "pass",
    "certificate-expiring client": "pass",
    "certificate-not-yet-valid client": "pass",
    "certificate-weak client": "pass",
    "client-certificate-missing client": "pass",
    # its certificate is the master's; without the master it is not asked
    "certificate-mismatch client": "pass",
    "client-not-secure client": "pass",
    "client-uses-rsh client": "pass",
    "cpuid-changed client": "pass",
    "create-bio-hang client": "pass",
    "filesystem-full client": "pass",
    "hung-push client": "pass",
    "fileset-broken client": "pass",
    # the master is not hardened yet
    "hardening-order client": "pass",
    "hardening-skew client": "pass",
    "interim-fix-unstable client": "pass",
    "level-order client": "pass",
    "master-id-changed client": "pass",
    "name-resolution client": "pass",
    # 7.1 never got a fix (C): open, as gravely as the worst score says, and no matter of operation
    "nim-vulnerable client": "fail high likely None",
    # its nim.client is at the level of the table
    "nimclient-extracts-old-libs client": "pass",
    "niminfo-broken client": "pass",
    "niminfo-wrong-master client": "pass",
    "nimsh-inactive client": "pass",
    "nimsh-not-at-boot client": "pass",
    "openssl-missing client": "pass",
    # 1.0.2 has no support any more: no score is known of it
    "openssl-unsupported client": OLD_OPENSSL,
    "port-taken client": "pass",
    "push-disabled client": "pass",
    "rhosts-left-over client": "pass",
    # nothing was ever repaired there
    "run-unfinished client": "not-applicable",
    "services-missing client": "pass",
    "ssl-object-error client": "pass",
    "ssl-one-sided client": "pass",
    # the copies have their members' sizes and are newer than the installation
    "stale-ssl-libs client": "pass",
}
_MASTER_END: Way = {
    "certificate-expired master": "pass",
    "certificate-expiring master": "pass",
    "certificate-not-yet-valid master": "pass",
    "certificate-weak master": "pass",
    "client-not-secure master": "pass",
    "client-uses-rsh master": "pass",
    # two collections tell nothing of their clocks
    "clock-skew master": "not-applicable",
    "cstate-stuck master": "pass",
    "filesystem-full master": "pass",
    "fileset-broken master": "pass",
    "interim-fix-unstable master": "pass",
    # modes of keys are recorded, and are 0600
    "key-exposed master": "pass",
    # private keys are never collected, so recorded evidence has nothing to rehearse with
    "handshake-fails master": "not-applicable",
    # no `nim -o showres` was recorded
    "lpp-source-lacks-openssl master": "not-applicable",
    "nimesis-inactive master": "pass",
    "nim-vulnerable master": "fail high likely None",
    "name-resolution master": "pass",
    "niminfo-broken master": "pass",
    "nimsh-inactive master": "pass",
    "openssl-missing master": "pass",
    "openssl-unsupported master": OLD_OPENSSL,
    "port-taken master": "pass",
    "run-unfinished master": "not-applicable",
    "services-missing master": "pass",
    "ssl-not-configured master": "pass",
    # a comparison needs the client's side: judged there, or no client was named
    "ssl-one-sided master": "not-applicable",
    "ssl-tree-damaged master": "pass",
    "tftp-blocked-by-audit master": "pass",
    # there is no /etc/tftpaccess.ctl: whatever others can read is served
    "tftp-denied master": "pass",
    # `tftpd` is inoperative in `lssrc -a` there, which is normal
    "tftp-disabled master": "pass",
    # keys of mode 0600 are served to nobody
    "tftp-exposes-keys master": "pass",
}

HEALTHY: Dict[str, Way] = {
    "pair": {**_CLIENT_END, **_MASTER_END, "verdict": "healthy"},
    "client": {
        **_CLIENT_END,
        # `nimclient -l -l master` counts as evidence of the master, so its ssl_support is known
        "ssl-not-configured master": "pass",
        # so is its own object's state
        "cstate-stuck master": "pass",
        # nothing on a client tells of these: give --master
        "certificate-mismatch client": "not-applicable",
        "clock-skew master": "not-applicable",
        "level-order client": "not-applicable",
        "hardening-order client": "not-applicable",
        "hardening-skew client": "not-applicable",
        "master-id-changed client": "not-applicable",
        "handshake-fails master": "not-applicable",
        "key-exposed master": "not-applicable",
        "lpp-source-lacks-openssl master": "not-applicable",
        "nimesis-inactive master": "not-applicable",
        "ssl-tree-damaged master": "not-applicable",
        "tftp-blocked-by-audit master": "not-applicable",
        "tftp-denied master": "not-applicable",
        "tftp-disabled master": "not-applicable",
        "tftp-exposes-keys master": "not-applicable",
        "verdict": "healthy",
    },
    "master": {
        **_MASTER_END,
        # these look at a client, and none was given
        "certificate-mismatch client": "not-applicable",
        "client-certificate-missing client": "not-applicable",
        "cpuid-changed client": "not-applicable",
        "create-bio-hang client": "not-applicable",
        "hung-push client": "not-applicable",
        "level-order client": "not-applicable",
        "hardening-order client": "not-applicable",
        "hardening-skew client": "not-applicable",
        "master-id-changed client": "not-applicable",
        # the client's name is asked, and none was given
        "name-resolution master": "not-applicable",
        "nimclient-extracts-old-libs client": "not-applicable",
        "niminfo-wrong-master client": "not-applicable",
        "nimsh-not-at-boot client": "not-applicable",
        "push-disabled client": "not-applicable",
        "rhosts-left-over client": "not-applicable",
        "ssl-object-error client": "not-applicable",
        "stale-ssl-libs client": "not-applicable",
        "verdict": "healthy",
    },
}

PROBLEMS = {"verdict": "problems"}
NOT_SECURE = "fail medium certain enable-client-ssl"
ENDS_OF = {"pair": ("client", "master"), "client": ("client",), "master": ("master",)}
NO_CERTIFICATE = {
    f"{check} client": "not-applicable"
    for check in ("certificate-expired", "certificate-expiring", "certificate-not-yet-valid", "certificate-weak")
}
NEVER_SECURED = {
    **NO_CERTIFICATE,
    "certificate-mismatch client": "not-applicable",
    "client-certificate-missing client": "not-applicable",
    "hung-push client": "not-applicable",
}
"""A client that has no certificate and needs none."""
BY_RSH = "fail medium certain switch-to-nimsh"

DIFFERENT: Dict[str, Dict[str, Way]] = {
    "healthy": {},
    "french-master": {},
    "create-bio-hang": {
        # certificates match, are older than the hang and than the master's openssl: recycle (order of section 6, 5)
        "pair": {"create-bio-hang client": "fail critical likely recycle-certificates", **PROBLEMS},
        # whether the master must be recycled is not known without it
        "client": {"create-bio-hang client": "fail critical likely refresh-client-certificate", **PROBLEMS},
    },
    "create-bio-hang-fresh-certificate": {
        # the master's newest certificate is later than the hang (order of section 6, 2)
        "pair": {"create-bio-hang client": "fail critical likely refresh-client-certificate", **PROBLEMS},
        "client": {"create-bio-hang client": "fail critical likely refresh-client-certificate", **PROBLEMS},
    },
    "ssl-object-error": {
        # whether nimsh.log prints the message is not known (C), so it is no more than likely
        "pair": {"ssl-object-error client": "fail high likely refresh-client-certificate", **PROBLEMS},
        "client": {"ssl-object-error client": "fail high likely refresh-client-certificate", **PROBLEMS},
    },
    "stale-ssl-libs": {
        # the last session is older than the installation, so it says nothing of the state now
        way: {
            "stale-ssl-libs client": "fail high certain refresh-ssl-libs",
            "create-bio-hang client": "unknown",
            "hung-push client": "not-applicable",
            "ssl-object-error client": "unknown",
            # 7100-03 is older than the table, and the 0.9.8 member is there: latent
            "nimclient-extracts-old-libs client": "fail low possible None",
            **PROBLEMS,
        }
        for way in ("pair", "client")
    },
    "tftp-disabled": {
        # lpar9 is not secure yet, so it must fetch: high
        way: {
            "tftp-disabled master": "fail high certain enable-tftp",
            "client-not-secure master": NOT_SECURE,
            **PROBLEMS,
        }
        for way in ("pair", "master")
    },
    "tftp-not-refreshed": {
        # every client is secure and no cure fetches anything: low, which is below the bar
        way: {"tftp-disabled master": "fail low certain enable-tftp"}
        for way in ("pair", "master")
    },
    "openssl-missing": {
        "pair": {
            **NEVER_SECURED,
            "openssl-missing client": "fail high certain install-openssl + fail low certain install-openssl",
            "openssl-unsupported client": "not-applicable",
            "nimclient-extracts-old-libs client": "not-applicable",
            "client-not-secure client": NOT_SECURE,
            "client-not-secure master": NOT_SECURE,
            **PROBLEMS,
        },
        "client": {
            **NEVER_SECURED,
            "openssl-missing client": "fail high certain install-openssl + fail low certain install-openssl",
            "openssl-unsupported client": "not-applicable",
            "nimclient-extracts-old-libs client": "not-applicable",
            # FACTS says not-applicable for a client alone whose nimsh has no -c; here `nimclient -l -l` shows both
            # connect and ssl_support, and DESIGN counts that as evidence of the master
            "client-not-secure client": NOT_SECURE,
            **PROBLEMS,
        },
        "master": {"client-not-secure master": NOT_SECURE, **PROBLEMS},
    },
    "nimsh-inactive": {
        # the log still speaks: nothing was started, written or installed since its last session
        way: {"nimsh-inactive client": "fail high certain start-nimsh", **PROBLEMS}
        for way in ("pair", "client")
    },
    "nimesis-inactive": {
        "pair": {"nimesis-inactive master": "fail medium certain start-nimesis", **PROBLEMS},
        # the client cannot ask its master anything, so what nimclient would show is not there
        "client": {
            "cpuid-changed client": "not-applicable",
            "cstate-stuck master": "not-applicable",
            "niminfo-wrong-master client": "not-applicable",
            "ssl-not-configured master": "not-applicable",
            "ssl-one-sided client": "not-applicable",
        },
        "master": {"nimesis-inactive master": "fail medium certain start-nimesis", **PROBLEMS},
    },
    "ssl-not-configured": {
        # nimsh with -c and no ssl_support belongs to this check and not to ssl-one-sided; with SSL off the tree is not
        # looked at; on the client alone the master's stanza without ssl_support is seen through nimclient
        way: {"ssl-not-configured master": "fail high certain configure-ssl", **PROBLEMS}
        for way in ("pair", "client", "master")
    },
    "ssl-tree-damaged": {
        way: {
            "ssl-tree-damaged master": "fail high certain recycle-certificates",
            # the keys are gone
            "key-exposed master": "not-applicable",
            "tftp-exposes-keys master": "not-applicable",
            **PROBLEMS,
        }
        for way in ("pair", "master")
    },
    "client-uses-rsh": {
        # /.rhosts is needed there, so rhosts-left-over passes; nimsh without -c cannot hang in TLS
        "pair": {**NEVER_SECURED, "client-uses-rsh client": BY_RSH, "client-uses-rsh master": BY_RSH, **PROBLEMS},
        "client": {**NEVER_SECURED, "client-uses-rsh client": BY_RSH, **PROBLEMS},
        "master": {"client-uses-rsh master": BY_RSH, **PROBLEMS},
    },
    "client-not-secure": {
        "pair": {
            **NEVER_SECURED,
            "client-not-secure client": NOT_SECURE,
            "client-not-secure master": NOT_SECURE,
            **PROBLEMS,
        },
        # as in openssl-missing: nimclient shows connect and ssl_support
        "client": {**NEVER_SECURED, "client-not-secure client": NOT_SECURE, **PROBLEMS},
        "master": {"client-not-secure master": NOT_SECURE, **PROBLEMS},
    },
    "rhosts-left-over": {
        way: {"rhosts-left-over client": "fail low certain remove-rhosts"} for way in ("pair", "client")
    },
    "lpp-source-lacks-openssl": {
        # what goes into an lpp_source is a person's choice: no fix
        way: {"lpp-source-lacks-openssl master": "fail low certain None"}
        for way in ("pair", "master")
    },
    "ssl-one-sided": {
        # nimsh was started after the last session: whether TLS works now was not tried. connect is `nimsh (secure)`,
        # so client-not-secure has nothing to say
        way: {
            "ssl-one-sided client": "fail high certain align-ssl-mode",
            "create-bio-hang client": "unknown",
            "hung-push client": "not-applicable",
            "ssl-object-error client": "unknown",
            **PROBLEMS,
        }
        for way in ("pair", "client")
    },
    "certificate-expired": {
        # the dates of a set made anew are new at both ends, so the master is recycled; none holds that could run out soon
        "pair": {
            "certificate-expired client": "fail high likely recycle-certificates",
            "certificate-expired master": "fail high likely recycle-certificates",
            "certificate-expiring client": "not-applicable",
            "certificate-expiring master": "not-applicable",
            **PROBLEMS,
        },
        # whether the master's have run out too is not known without it: the smaller cure first
        "client": {
            "certificate-expired client": "fail high likely refresh-client-certificate",
            "certificate-expiring client": "not-applicable",
            **PROBLEMS,
        },
        "master": {
            "certificate-expired master": "fail high likely recycle-certificates",
            "certificate-expiring master": "not-applicable",
            **PROBLEMS,
        },
    },
    "certificate-not-yet-valid": {
        way: {**{f"certificate-not-yet-valid {end}": "fail high likely None" for end in ends}, **PROBLEMS}
        for way, ends in ENDS_OF.items()
    },
    "certificate-expiring": {
        # 16 days: below 30, so medium; the day of a recycle is a person's choice
        way: {**{f"certificate-expiring {end}": "fail medium likely None" for end in ends}, **PROBLEMS}
        for way, ends in ENDS_OF.items()
    },
    "certificate-weak": {
        # low, which is below the bar
        way: {f"certificate-weak {end}": "fail low likely None" for end in ends}
        for way, ends in ENDS_OF.items()
    },
    "certificate-mismatch": {
        "pair": {"certificate-mismatch client": "fail high likely refresh-client-certificate", **PROBLEMS},
    },
    "client-certificate-missing": {
        "pair": {
            **NO_CERTIFICATE,
            "client-certificate-missing client": "fail high likely refresh-client-certificate",
            # there is nothing to compare
            "certificate-mismatch client": "not-applicable",
            **PROBLEMS,
        },
        "client": {
            **NO_CERTIFICATE,
            "client-certificate-missing client": "fail high likely refresh-client-certificate",
            **PROBLEMS,
        },
    },
    "nim-hardened": {
        "pair": {
            "nim-vulnerable client": "pass",
            "nim-vulnerable master": "pass",
            # the order of G2 is not that of G3
            "hardening-order client": "not-applicable",
        },
        "client": {"nim-vulnerable client": "pass"},
        "master": {"nim-vulnerable master": "pass"},
    },
    "nim-vulnerable": {
        # the client's level is one of those that IBM lists (A); of the master's G2 one source tells (B)
        way: {"nim-vulnerable client": "fail high certain None"}
        for way in ("pair", "client")
    },
    "hardening-skew": {
        # what breaks is inferred; only both ends together show it
        "pair": {
            "hardening-skew client": "fail medium likely None",
            "hardening-order client": "not-applicable",
            "nim-vulnerable master": "pass",
            **PROBLEMS,
        },
        "master": {"nim-vulnerable master": "pass"},
    },
    "hardening-order": {
        # neither end is of G3; that the master is open to G3's is said by one table (A) and instfix
        "pair": {
            "hardening-order client": "fail medium likely None",
            "nim-vulnerable master": "fail high certain None",
            **PROBLEMS,
        },
        "master": {"nim-vulnerable master": "fail high certain None"},
    },
    "niminfo-broken": {
        # which master the client had stood in that file alone
        "pair": {
            "niminfo-broken client": "fail high certain None",
            "name-resolution client": "unknown",
            "niminfo-wrong-master client": "unknown",
            "master-id-changed client": "unknown",
            "rhosts-left-over client": "unknown",
            # the ports of nim and nimreg stood there; low
            "services-missing client": "unknown",
            **PROBLEMS,
        },
        # NIM_SHELL stood there too, and nimclient, which would show the objects, refuses
        "client": {
            "niminfo-broken client": "fail high certain None",
            "name-resolution client": "unknown",
            "niminfo-wrong-master client": "not-applicable",
            "client-uses-rsh client": "unknown",
            "cpuid-changed client": "not-applicable",
            "cstate-stuck master": "not-applicable",
            "rhosts-left-over client": "unknown",
            "services-missing client": "unknown",
            "ssl-not-configured master": "not-applicable",
            "ssl-one-sided client": "not-applicable",
            **PROBLEMS,
        },
    },
    "niminfo-wrong-master": {
        # NIM_MASTERID is that of the other master
        "pair": {
            "niminfo-wrong-master client": "fail high certain None",
            "master-id-changed client": "unknown",
            **PROBLEMS,
        },
        # nimclient asks the old master, which does not answer: of the new one nothing is known
        "client": {
            "niminfo-wrong-master client": "not-applicable",
            "cpuid-changed client": "not-applicable",
            "cstate-stuck master": "not-applicable",
            "ssl-not-configured master": "not-applicable",
            "ssl-one-sided client": "not-applicable",
        },
    },
    "master-id-changed": {
        # only both ends together show it
        "pair": {"master-id-changed client": "fail high likely None", **PROBLEMS},
    },
    "cpuid-changed": {
        "pair": {
            **NEVER_SECURED,
            "cpuid-changed client": "fail high likely None",
            "client-not-secure client": NOT_SECURE,
            "client-not-secure master": NOT_SECURE,
            **PROBLEMS,
        },
        # nimclient shows the object's cpuid too
        "client": {
            **NEVER_SECURED,
            "cpuid-changed client": "fail high likely None",
            "client-not-secure client": NOT_SECURE,
            **PROBLEMS,
        },
        "master": {"client-not-secure master": NOT_SECURE, **PROBLEMS},
    },
    "cstate-stuck": {
        # both ends were looked at, so likely; on the master alone the client's processes are not known
        "pair": {"cstate-stuck master": "fail medium likely None", **PROBLEMS},
        # what a client sees of its own object does not tell what runs on the master
        "client": {"cstate-stuck master": "not-applicable"},
        "master": {"cstate-stuck master": "fail medium possible None", **PROBLEMS},
    },
    "filesystem-full": {
        # 1204 KB are fewer than the two copies that nimclient -c extracts; 90 % of the master's /usr is normal
        way: {"filesystem-full client": "fail medium likely None", **PROBLEMS}
        for way in ("pair", "client")
    },
    "hung-push": {
        # the connection that is still open is the second witness: certain; the processes are low
        "pair": {
            "create-bio-hang client": "fail critical certain recycle-certificates",
            "hung-push client": "fail low likely None",
            **PROBLEMS,
        },
        "client": {
            "create-bio-hang client": "fail critical certain refresh-client-certificate",
            "hung-push client": "fail low likely None",
            **PROBLEMS,
        },
    },
    "name-resolution": {
        way: {"name-resolution client": "fail high likely None", **PROBLEMS} for way in ("pair", "client")
    },
    "fileset-broken": {
        # nimsh still runs, and no other check looks at the state of that fileset
        way: {"fileset-broken client": "fail medium certain None", **PROBLEMS}
        for way in ("pair", "client")
    },
    "interim-fix-unstable": {
        # the libraries are still those of the archives that were recorded, so nothing else shows it
        way: {"interim-fix-unstable client": "fail medium certain None + fail low certain None", **PROBLEMS}
        for way in ("pair", "client")
    },
    "level-order": {
        # a technology level above; only both ends together show it
        "pair": {"level-order client": "fail medium certain None", **PROBLEMS},
    },
    "nimclient-extracts-old-libs": {
        # the copies' member is gone too, and cannot come back before nim.client is updated; no push since
        way: {
            "nimclient-extracts-old-libs client": "fail high likely None",
            "stale-ssl-libs client": "fail high certain refresh-ssl-libs",
            "openssl-unsupported client": "fail low certain None",
            "create-bio-hang client": "unknown",
            "hung-push client": "not-applicable",
            "ssl-object-error client": "unknown",
            **PROBLEMS,
        }
        for way in ("pair", "client")
    },
    "openssl-unsupported": {
        # the advisory is IBM's own, so it is surer than the end of support of 1.0.2
        way: {"openssl-unsupported master": "fail low certain None"}
        for way in ("pair", "master")
    },
    "services-missing": {
        # nimsh has its socket still, and what it does without the row is not known; the master's row of nim is low
        "pair": {
            "services-missing client": "fail medium possible add-services",
            "services-missing master": "fail low likely None",
            **PROBLEMS,
        },
        "client": {"services-missing client": "fail medium possible add-services", **PROBLEMS},
        "master": {"services-missing master": "fail low likely None"},
    },
    "port-taken": {
        # the same start-nimsh is called for, which says that it cannot
        way: {
            "port-taken client": "fail high certain None",
            "nimsh-inactive client": "fail high likely start-nimsh",
            **PROBLEMS,
        }
        for way in ("pair", "client")
    },
    "push-disabled": {
        # no push has come since nimsh was started with -P, and none can
        way: {
            "push-disabled client": "fail high certain allow-push",
            "create-bio-hang client": "unknown",
            "hung-push client": "not-applicable",
            "ssl-object-error client": "unknown",
            **PROBLEMS,
        }
        for way in ("pair", "client")
    },
    "nimsh-not-at-boot": {
        # that nothing else starts it is not known
        way: {"nimsh-not-at-boot client": "fail medium likely start-at-boot", **PROBLEMS}
        for way in ("pair", "client")
    },
    "tftp-denied": {
        # lpar7 must still fetch; which file it fetches is inferred, so no more than likely
        "pair": {
            **NEVER_SECURED,
            "client-not-secure client": NOT_SECURE,
            "client-not-secure master": NOT_SECURE,
            "tftp-denied master": "fail high likely allow-tftp",
            **PROBLEMS,
        },
        "client": {**NEVER_SECURED, "client-not-secure client": NOT_SECURE, **PROBLEMS},
        "master": {
            "client-not-secure master": NOT_SECURE,
            "tftp-denied master": "fail high likely allow-tftp",
            **PROBLEMS,
        },
    },
    "tftp-blocked-by-audit": {
        # tftp itself is well; auditing is a site's policy: no fix
        "pair": {
            **NEVER_SECURED,
            "client-not-secure client": NOT_SECURE,
            "client-not-secure master": NOT_SECURE,
            "tftp-blocked-by-audit master": "fail high certain None",
            **PROBLEMS,
        },
        "client": {**NEVER_SECURED, "client-not-secure client": NOT_SECURE, **PROBLEMS},
        "master": {
            "client-not-secure master": NOT_SECURE,
            "tftp-blocked-by-audit master": "fail high certain None",
            **PROBLEMS,
        },
    },
    "tftp-exposes-keys": {
        way: {
            # what stands open to others leaves the verdict as it is
            "tftp-exposes-keys master": "fail high likely None",
            "key-exposed master": "fail high likely restrict-keys",
        }
        for way in ("pair", "master")
    },
    "key-exposed": {
        # its group alone: medium; nobody is not in it, so tftp serves no key
        way: {"key-exposed master": "fail medium likely restrict-keys"}
        for way in ("pair", "master")
    },
    "rsh-many": {
        # thirty clients are one finding; lpar7 is none of them
        way: {"client-uses-rsh master": BY_RSH, **PROBLEMS}
        for way in ("pair", "master")
    },
}


def expected(scenario: str, way: str) -> Way:
    """Every entry that scenario has when scanned that way."""
    return {**HEALTHY[way], **DIFFERENT[scenario].get(way, {})}
