"""The certificates of both ends beside each other: whose each is, and how long it holds."""

from hosts import MemoryTree, loose, registry
from scenarios import scenario

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.library.scanning import scan
from nimdoctor.report import certificates_table, text_report

CERTS = "files/ssl_nimsh/certs"


def scanned(name, *, without=(), master=True, **more):
    ends = {end: MemoryTree(dict(tree.files)) for end, tree in scenario(name).items()}
    for end, file in without:
        del ends[end].files[file]
    client, other = (RecordedEvidence(f"{name}/{end}", ends[end]) for end in ("client", "master"))
    return scan(client, other if master else None, registry=registry(), **more)


def cells(report):
    """Of each row the common name, and which files hold it on each host."""
    rows = certificates_table.rows(report.certificates)
    return [(row[1].partition(",")[0], *row[2:-5]) for row in rows]


def test_certificates_are_held_against_the_hosts_own_clock():
    client, _ = scanned("certificate-expired").certificates.there()
    assert client.of_host and client.now == 1742032400
    assert client.days_left() < 0
    assert {held.state(client.now) for held in client.certificates} == {"has run out"}


def test_days_left_are_those_of_the_first_to_run_out():
    client, _ = scanned("healthy").certificates.there()
    assert client.days_left() == min(held.days(client.now) for held in client.certificates) == 3534


def test_each_certificate_stands_once_with_the_files_that_hold_it_at_either_end():
    assert cells(scanned("healthy")) == [
        ("CN=nim1 NIM server", "server.pem", "server.pem"),
        ("CN=nim1 NIM root", "server.pem", "root.pem, server.pem"),
        ("CN=nim1 NIM client", "not there", "client.pem"),
    ]


def test_a_client_that_has_not_followed_shares_no_row_with_its_master():
    found = cells(scanned("certificate-mismatch"))
    assert len(found) == 5 and all("not there" in row for row in found)


def test_of_two_issuers_of_one_name_the_row_names_the_one_whose_key_it_was():
    rows = certificates_table.rows(scanned("certificate-mismatch").certificates)
    assert [row[-2] for row in rows] == ["no. 2", "itself", "no. 4", "itself", "no. 4"]


def test_what_a_host_holds_beside_a_file_that_was_not_collected_is_not_seen_and_never_absent():
    report = scanned("healthy", without=[("client", f"{CERTS}/server.pem")])
    assert {row[1] for row in cells(report)} == {"not seen"}
    assert "not all certificates of lpar7 (client) could be read" in certificates_table.notes(report.certificates)[0]


def test_a_client_without_certificate_stands_beside_its_master_as_one_that_has_none():
    assert {row[1] for row in cells(scanned("client-certificate-missing"))} == {"not there"}


def test_a_host_scanned_alone_has_one_column():
    report = scanned("healthy", master=False)
    assert certificates_table.heading(report.certificates) == "Certificates of lpar7 (client)"
    assert [len(row) for row in cells(report)] == [2, 2]


def test_they_bear_on_findings_of_certificates_and_handshakes_and_on_no_other():
    for name, expected in (
        ("create-bio-hang", True), ("certificate-expired", True), ("ssl-object-error", True),
        ("tftp-disabled", False), ("healthy", False), ("nim-vulnerable", False),
    ):  # fmt: skip
        report = scanned(name)
        assert report.certificates.bear_on(report.story.findings) is expected, name


def test_a_scan_of_a_check_that_needs_no_certificate_reads_none():
    assert scanned("healthy", only=["tftp-disabled"]).certificates.hosts == ()


def test_a_reader_that_breaks_costs_the_table_and_not_the_report(monkeypatch):
    from nimdoctor.facts import CertificateDetails

    def broken(**_):
        raise ZeroDivisionError

    monkeypatch.setattr(CertificateDetails, "derive", broken)
    report = scanned("healthy")
    assert report.certificates.hosts == () and "error" in {one.outcome.value for one in report.results}


def test_the_table_for_a_terminal_is_within_eighty_columns_and_names_both_ends():
    lines = list(certificates_table.lines(scanned("certificate-mismatch").certificates, 80))
    assert max(map(len, lines)) <= 80
    assert "lpar7 (client)" in lines[0] and "nim1 (master)" in lines[0]
    assert lines[1:3] == [
        " 1 nim1 NIM server (by 2)     server.pem      not there       2034-01-01 3213 d",
        " 2 nim1 NIM root (itself)     server.pem      not there       2034-01-01 3213 d",
    ]
    assert lines[4] == " 4 nim1 NIM root (itself)     not there       root.pem +1     2034-11-18 3534 d"


def test_whole_the_table_says_which_certificate_it_is_and_from_when_it_holds():
    lines = list(certificates_table.lines(scanned("certificate-mismatch").certificates, 80, every=True))
    assert max(map(len, lines)) <= 80
    assert lines[2] == "   1365452a, from 2022-01-01 on, 3213 days left"


def test_what_has_run_out_is_over():
    lines = list(certificates_table.lines(scanned("certificate-expired").certificates, 80))
    assert all(line.endswith(" over") for line in lines[1:])


def test_json_has_every_certificate_of_every_host_whole():
    found = scanned("healthy").to_dict()["certificates"]
    assert [(one["host"], one["file"], one["position"]) for one in found][:2] == [
        ("lpar7", "/ssl_nimsh/certs/server.pem", 1),
        ("lpar7", "/ssl_nimsh/certs/server.pem", 2),
    ]
    assert found[0]["also"] == ["nim1"] and len(found[0]["fingerprint"]) == 64
    assert (found[0]["days_left"], found[0]["not_after"]) == (3534, "2034-11-18T08:05:33Z")
    only = next(one for one in found if one["file"].endswith("client.pem"))
    assert only["host"] == "nim1" and only["also"] == [] and only["issuer"].startswith("CN=nim1 NIM root")


def test_the_table_keeps_its_width_whatever_the_hosts_are_called():
    found = scanned("certificate-mismatch").certificates
    long = [host._replace(host=f"{host.host}.prod.aix.dc1.example.com") for host in found.hosts]
    lines = list(certificates_table.lines(found._replace(hosts=tuple(long)), 80))
    assert max(map(len, lines)) <= 80 and "the client" in lines[0]


def test_a_certificate_of_which_only_the_dates_were_printed_has_no_number_and_is_there_all_the_same():
    printed = (
        "# openssl x509 -noout -subject -issuer -dates -in /ssl_nimsh/certs/server.pem\n"
        "subject= /C=BG/O=Example/CN=nim1 NIM server\nissuer= /C=BG/O=Example/CN=nim1 NIM root\n"
        "notBefore=Nov 20 08:05:33 2024 GMT\nnotAfter=Nov 18 08:05:33 2034 GMT\n"
    )
    found = scan(loose({"x509.txt": printed}), registry=registry()).certificates
    assert certificates_table.rows(found)[0][-1] == "number not known"
    assert any("clock of the scanning host" in note for note in certificates_table.notes(found))


def test_on_the_screen_the_table_stands_for_the_quotes_of_certificates_and_the_other_quotes_stay():
    text = text_report.render(scanned("certificate-expired"))
    assert "Evidence: 4 certificates: the table below" in text and " 1 nim1 NIM server (by 2) " in text
    assert "date -u +%Y-%m-%dT%H:%M:%SZ line 1: 2025-03-15T09:53:20Z" in text
    every = text_report.render(scanned("certificate-expired"), every=True)
    assert "certificate 1: CN=nim1 NIM" in every and "85db332f" in every


def test_a_report_on_one_problem_stays_within_its_lines_and_healthy_ones_have_no_table():
    for name in ("create-bio-hang", "certificate-mismatch"):
        assert len(text_report.render(scanned(name)).splitlines()) <= text_report.FEW, name
    assert "nim1 NIM root" not in text_report.render(scanned("healthy"))
