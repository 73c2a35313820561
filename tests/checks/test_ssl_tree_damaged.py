"""ssl-tree-damaged: /ssl_nimsh on a master that has SSL on."""

from hosts import MASTER_STANZA, certificate, result_of

from nimdoctor.evidence import open_target

CHECK = "ssl-tree-damaged"


def test_near_miss_an_empty_directory_among_the_copies_does_not_say_that_the_host_has_no_keys(tmp_path):
    # keys are never copied, so their directory is empty in any collection made without a manifest
    for part in ("certs", "configs", "keys"):
        (tmp_path / "files" / "ssl_nimsh" / part).mkdir(parents=True)
    (tmp_path / "files" / "ssl_nimsh" / "certs" / "server.pem").write_text(certificate(1))
    (tmp_path / "files" / "ssl_nimsh" / "configs" / "SSL_root.cnf").write_text("[ req ]\n")
    (tmp_path / "commands").mkdir()
    (tmp_path / "commands" / "lsnim_-l").write_text(MASTER_STANZA)
    assert result_of(CHECK, open_target(str(tmp_path))).outcome.value == "unknown"
