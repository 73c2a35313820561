"""SSL_*.cnf."""

import pytest

from nimdoctor.facts.ssl_configs import SslConfigs, SslSamples
from nimdoctor.model.text import BadEvidence, Text

CNF = """# root certificate
HOME = .
[ req ]
default_bits = 1024  # RSA
distinguished_name=req_dn
default_bits = 2048
[req_dn]
commonName = "NIM \\# master"
"""


def test_settings_carry_their_section_and_line():
    file = SslConfigs.parse(Text.of(CNF, "/ssl_nimsh/configs/SSL_root.cnf")).file("SSL_root.cnf")
    assert [(row.section, row.key, row.value) for row in file.settings][:2] == [
        ("", "HOME", "."),
        ("req", "default_bits", "1024"),
    ]
    assert file.get("default_bits").value == "2048"
    assert file.get("default_bits").at.line == 6
    assert file.get("commonName", "req_dn").value == "NIM \\# master"
    assert file.get("commonName", "req") is None


def test_a_file_of_comments_sets_nothing():
    assert SslConfigs.parse(Text.of("# empty\n", "/ssl_nimsh/configs/SSL_root.cnf")).files[0].settings == ()


@pytest.mark.parametrize(
    "junk", ["", "\n\n", "cat: cannot open\n", "V\t250314Z\t\t01\tunknown\t/C=US/CN=nim\n", "\0\0 = \0\n"]
)
def test_anything_else_is_no_configuration(junk):
    with pytest.raises(BadEvidence):
        SslConfigs.parse(Text.of(junk, "/ssl_nimsh/configs/index.txt"))


def test_combined_files_are_found_by_name_and_keep_their_kind():
    parts = [
        SslSamples.parse(Text.of(CNF, f"/usr/samples/nim/ssl/SSL_{name}.cnf")) for name in ("root", "client", "root")
    ]
    both = SslSamples.combine(parts)
    assert isinstance(both, SslSamples) and len(both.files) == 2
    assert both.file("SSL_client.cnf").path == "/usr/samples/nim/ssl/SSL_client.cnf"
    assert both.file("SSL_server.cnf") is None
