"""certificate-mismatch: whether both ends know one certificate, or one issuer's key."""

from hosts import evidence, processes, quoted, result_of

CHECK = "certificate-mismatch"
SERVER = "/ssl_nimsh/certs/server.pem"
PS = "ps -eo pid,ppid,etime,args"


def host(pem, role="client", name="server.pem", **commands):
    path = f"/ssl_nimsh/certs/{name}"
    return evidence(
        files={path: pem}, paths={path: {"kind": "file", "mtime": 1700000000}}, commands=commands, role=role
    )


def test_fails_when_nothing_is_shared(certificates):
    client, master = host(certificates("rsa2048").pem), host(certificates("plain").pem, "master")
    found = result_of(CHECK, client, master)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert (found.fix, found.objects, found.where.value) == ("refresh-client-certificate", (SERVER,), "client")
    assert len(quoted(found)) == 2 and "the master stays as it is" in found.cure


def test_near_miss_one_name_made_by_another_key_is_not_shared(certificates):
    # both are CN=nim1 of Example and self-signed
    client, master = host(certificates("p384").pem), host(certificates("plain").pem, "master")
    assert result_of(CHECK, client, master).outcome.value == "fail"


def test_passes_when_one_certificate_is_on_both_ends(certificates):
    both = certificates("rsa2048").pem + certificates("plain").pem
    found = result_of(CHECK, host(certificates("rsa2048").pem), host(both, "master"))
    assert found.outcome.value == "pass" and quoted(found)


def test_passes_when_one_issuers_key_is_on_both_ends(certificates):
    # the client holds the leaf alone, the master the root alone
    found = result_of(CHECK, host(certificates("leaf").pem), host(certificates("plain").pem, "master", "root.pem"))
    assert found.outcome.value == "pass" and "issuer" in found.message


def two_files(old, new):
    old_path, new_path = "/ssl_nimsh/certs/old.pem", SERVER
    times = {old_path: {"kind": "file", "mtime": 1600000000}, new_path: {"kind": "file", "mtime": 1700000000}}
    return evidence(files={old_path: old, new_path: new}, paths=times)


def test_an_older_file_that_fits_does_not_hide_a_newer_one_that_does_not(certificates):
    client = two_files(certificates("plain").pem, certificates("rsa2048").pem)
    found = result_of(CHECK, client, host(certificates("plain").pem, "master"))
    assert found.outcome.value == "unknown" and "old.pem" in found.message
    assert len(quoted(found)) == 3


def test_passes_with_an_older_file_that_does_not_fit(certificates):
    client = two_files(certificates("plain").pem, certificates("rsa2048").pem)
    found = result_of(CHECK, client, host(certificates("rsa2048").pem, "master"))
    assert found.outcome.value == "pass" and SERVER in found.message


def test_passes_where_crypto_is_off(certificates):
    client = host(certificates("rsa2048").pem, **{PS: processes("-s")})
    assert result_of(CHECK, client, host(certificates("plain").pem, "master")).outcome.value == "pass"


def test_without_the_master_it_is_not_asked(certificates):
    found = result_of(CHECK, host(certificates("rsa2048").pem))
    assert found.outcome.value == "not-applicable" and "give --master" in found.message


def test_a_master_whose_certificates_were_not_collected_leaves_it_unknown(certificates):
    assert (
        result_of(CHECK, host(certificates("rsa2048").pem), evidence(role="master", host="nim1")).outcome.value
        == "unknown"
    )


def test_a_file_that_could_not_be_read_may_be_the_shared_one(certificates):
    broken = certificates("rsa2048").pem + certificates("plain").pem.replace(b"M", b"!", 1)
    found = result_of(CHECK, host(broken), host(certificates("plain").pem, "master"))
    assert found.outcome.value == "unknown" and "not read" in found.message


def test_from_g2_on_what_must_fit_is_not_public(certificates):
    level = {"oslevel -s": "7300-03-03-2630\n"}
    client, master = host(certificates("rsa2048").pem, **level), host(certificates("plain").pem, "master", **level)
    assert result_of(CHECK, client, master).outcome.value == "unknown"
