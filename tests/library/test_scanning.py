"""What a report puts first."""

from scenarios import ON_DISK

from nimdoctor.evidence import open_target
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import scan


def report(client, master=None):
    end = open_target(str(ON_DISK / master / "master")) if master else None
    return scan(open_target(str(ON_DISK / client / "client")), end, registry=Registry())


def test_the_worst_finding_is_the_cause_and_its_cure_comes_next():
    found = report("create-bio-hang", "create-bio-hang")
    assert found.root().check == found.first.check == "create-bio-hang"


def test_what_a_cure_cannot_do_without_comes_before_it():
    found = report("create-bio-hang", "tftp-disabled")
    assert found.root().check == "create-bio-hang"
    assert (found.first.check, found.first.host) == ("tftp-disabled", "nim1")
    assert found.first.severity.value == "high"


def test_a_finding_that_another_explains_comes_after_it():
    client = open_target(str(ON_DISK / "stale-ssl-libs" / "client"))
    order = [result.check for result in scan(client, None, registry=Registry()).results]
    assert order.index("stale-ssl-libs") < order.index("ssl-object-error")


def test_what_changed_between_the_last_good_push_and_the_first_failure_is_one_line():
    between = (
        "between the last good push 2025-03-10 11:40 (/var/adm/ras/nimsh.log line 42) and the first failure "
        "2025-03-14 12:05 (line 58)"
    )
    assert report("create-bio-hang", "create-bio-hang").changed == (
        f"nim1: openssl.base 1.0.2.2002 installed 2025-03-12 22:10 (lslpp -hc line 7); {between}"
    )
    assert report("create-bio-hang").changed == f"nothing that is known of this end (give --master); {between}"
    assert report("healthy").changed is None
