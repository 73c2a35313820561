"""No private key is collected, wherever it stands; the script's awk takes out what nimdoctor does."""

import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
from shells import shell_named

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.certificates_only import certificates_only
from nimdoctor.lab import Lab
from nimdoctor.model.private_keys import REMOVED, without_private_keys
from nimdoctor.scripts.collector import collector
from tests.model.test_private_keys import BODY, KEYS, leaked, plant

from .conftest import Collector, collected

BLOCK = b"-----BEGIN CERTIFICATE-----\n" + BODY[0].encode() + b"\n-----END CERTIFICATE-----\n"
FORMS = {
    **{f"key {form}": b"ready\n" + text.encode() + b"last line.\n" for form, text in KEYS.items()},
    **{f"certificate after a key {form}": text.encode() + BLOCK for form, text in KEYS.items()},
    **{f"certificate before a key {form}": BLOCK + text.encode() for form, text in KEYS.items()},
    "nothing of it": b"Loading private key file..\n# a PRIVATE KEY is secret\n",
    "a bundle": b"subject=CN = nim1\n" + BLOCK + b"\n" + BLOCK.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE") + b"x\n",
    "windows": BLOCK.replace(b"\n", b"\r\n"),
    "a byte order mark": b"\xef\xbb\xbf" + BLOCK,
    "without its end": BLOCK[:60] + b"\n" + BLOCK,
    "a key in a certificate": BLOCK[:40] + b"\n" + KEYS["plain"].encode() + BLOCK,
    "not of this world": b"-----BEGIN CERTIFICATE-----\n\x01\x02\n\xe9\n-----END CERTIFICATE-----\n",
    "removed before": REMOVED + b"\n" + BLOCK,
    "empty": b"",
}


@pytest.fixture(scope="module")
def by_script(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, bytes], bytes]:
    """What a function of the script makes of a text."""
    place = tmp_path_factory.mktemp("functions")
    text = collector(Catalog()).replace('\nmain "$@"\n', '\n"$@"\n').replace("trap 'clean_up' EXIT\n", "")
    (place / "functions.ksh").write_text(text)

    def run(function: str, raw: bytes) -> bytes:
        (place / "text").write_bytes(raw)
        command = [shell_named("dash"), str(place / "functions.ksh"), function, str(place / "text")]
        return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout

    return run


@pytest.mark.parametrize("form", FORMS)
def test_the_awk_of_the_script_leaves_what_nimdoctor_leaves(form: str, by_script: Any) -> None:
    raw = FORMS[form]
    for function, wanted in (
        ("without_keys", without_private_keys(raw)),
        ("first_part", without_private_keys(raw)),
        ("certificates_only", certificates_only(raw)),
    ):
        kept = by_script(function, raw)
        assert kept == wanted, function
        assert "key" not in form or not leaked(kept.replace(BLOCK, b""))


@pytest.mark.parametrize(
    ("form", "end"), [("plain", "client"), ("plain", "master"), ("commented out", "client"), ("windows", "master")]
)
def test_keys_in_every_file_and_output_reach_no_archive(
    form: str, end: str, lab_of: Callable[[str], Lab], one: Collector
) -> None:
    lab = lab_of("create-bio-hang-master+tftp-disabled+rhosts-left-over")
    assert plant(lab, KEYS[form]) > 40
    target = f"root:{lab.tree(end)}"
    for archive in (collected(target, one.place), one.archive(target)):
        raw = b"".join(archive.members.values())
        assert not leaked(raw) and not leaked(archive.said)
        assert REMOVED in raw, "that there was one can still be told"


def test_nothing_of_the_keys_directory_is_taken_not_even_through_a_link(healthy: Lab, one: Collector) -> None:
    certificates = Path(healthy.master, "ssl_nimsh/certs")
    (certificates / "sly.pem").symlink_to("../keys/serverkey.pem")
    (certificates / "key.der").write_bytes(b"\x30\x82\x04\xa3\x02\x01\x00" + bytes(range(1, 200)))
    for archive in (one.archive(healthy.master_target), collected(healthy.master_target, one.place)):
        names = [name for name in archive.members if name.startswith("files/ssl_nimsh/")]
        assert not [name for name in names if "/keys/" in name or "sly" in name]
        assert b"\x30\x82\x04\xa3" not in b"".join(archive.members.values())
        assert archive.manifest["paths"]["/ssl_nimsh/keys/serverkey.pem"]["kind"] == "file"
