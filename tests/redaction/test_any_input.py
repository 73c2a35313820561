"""Redactor and gate come to the end of whatever text there is, with long lines and long words too."""

import pytest
from hosts import MemoryTree, collected, niminfo
from pump import LINE, MEGABYTE, RUNS, ends_in_time, on_one_line

from nimdoctor.redaction import Leak, Redactor

KEY = bytes(range(32))
SECONDS = 300
SEEDS = {
    "names": b"host name is lpar7 of root@lpar7.acme.bank, 10.1.1.17 and fe80::17 bos.rte 7.2.5.0\n",
    "passwords": b'mysql -u nim -p word; "db_password" : "x", pass:x {ssha256}06$abc ftp://joe:x@lpar7/\n',
    "numbers": b"serial number: 783D5F7 system id 00F6A1B24C00 fa:16:3e:1b:22:01 A7-0F DNS:a.acme.bank\n",
}
MORE = {**RUNS, "at signs": b"@", "underscores": b"_", "numbers": b"1.1.1.1 ", "short names": b"a-", "words": b"passw"}
SPOKEN = {
    "sentences": b"password for the user ",
    "options": b"-pass",
    "tags": b"<password ",
    "escapes": rb"aB3/\n",
    "marked dots": b"10[.]",
    "pairs": b"ab:",
    "nibbles": b"a.",
}


def redact(raw: bytes) -> None:
    """A text as a file of evidence, and at the gate as it is."""
    files = {"/etc/niminfo": niminfo(NIM_HOSTS='" 10.1.1.17:lpar7 "'), "/etc/netsvc.conf": raw}
    tree = MemoryTree(collected(files=files))
    redactor = Redactor(KEY)
    redactor.learn(tree)
    redactor.check(redactor.redacted(tree))
    try:
        redactor.check(MemoryTree({"files/etc/netsvc.conf": raw}))
    except Leak:
        pass


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_of_anything_does_not_stop_redaction(seed: str) -> None:
    ends_in_time(f"{__name__}:redact", on_one_line(SEEDS[seed], LINE // 4, MORE), SECONDS)


def test_a_run_of_what_begins_a_password_or_a_key_does_not_stop_redaction() -> None:
    ends_in_time(f"{__name__}:redact", on_one_line(SEEDS["passwords"], LINE // 4, SPOKEN), SECONDS)


@pytest.mark.parametrize("run", [b"a", b"a.", b"-"])
def test_a_megabyte_on_a_line_does_not_stop_redaction(run: bytes) -> None:
    texts = (("before", run * MEGABYTE + SEEDS["names"]), ("within", SEEDS["names"].replace(b" ", run * LINE, 3)))
    ends_in_time(f"{__name__}:redact", texts, SECONDS)


def test_a_clients_name_costs_no_look_at_all_other_names() -> None:
    stanzas = "".join(f"lpar{at}:\n   class = machines\n   type  = standalone\n" for at in range(10_000))
    ends_in_time(f"{__name__}:redact_listing", [("ten thousand clients", stanzas.encode())], SECONDS)


def redact_listing(raw: bytes) -> None:
    """A listing of NIM objects, and a hosts file of them."""
    tree = MemoryTree(collected(files={"/etc/niminfo": niminfo()}, commands={"lsnim -l": raw}, role="master"))
    redactor = Redactor(KEY)
    redactor.learn(tree)
    redactor.check(redactor.redacted(tree))
