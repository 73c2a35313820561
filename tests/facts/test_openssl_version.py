"""`openssl version`."""

import pytest

from nimdoctor.facts.openssl_version import OpensslVersion
from nimdoctor.model.text import BadEvidence, Text


def test_a_warning_before_the_version_is_passed_over():
    content = (
        "WARNING: can't open config file: /var/ssl/openssl.cnf\nOpenSSL 3.0.8 7 Feb 2023 (Library: OpenSSL 3.0.8)\n"
    )
    found = OpensslVersion.parse(Text.of(content, "openssl version"))
    assert found.version == "3.0.8" and found.at.line == 2


@pytest.mark.parametrize("junk", ["", "ksh: openssl:  not found.\n", "LibreSSL 3.3.6\n", "OpenSSL\n"])
def test_anything_else_names_no_version(junk):
    with pytest.raises(BadEvidence):
        OpensslVersion.parse(Text.of(junk, "openssl version"))
