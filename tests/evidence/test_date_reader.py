"""The clocks of two live hosts, read by programs."""

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.date_reader import DateReader
from nimdoctor.evidence.live import LiveHost


def test_a_live_host_is_asked_anew_each_time(tmp_path):
    for name, ahead in (("client", 0), ("master", 7200)):
        (tmp_path / name / "usr/bin").mkdir(parents=True)
        program = tmp_path / name / "usr/bin/date"
        program.write_text(
            f'#!/bin/sh\nread -r n < "$0.n"; echo $((n + 1)) > "$0.n"\nexec /bin/date -d @$(({ahead} + 1742032400 + n)) "$@"\n'
        )
        program.chmod(0o755)
        (tmp_path / name / "usr/bin/date.n").write_text("0\n")
    client, master = (LiveHost(str(tmp_path / name)) for name in ("client", "master"))
    readers = [DateReader(host, Catalog()) for host in (client, master)]
    texts, problem = readers[0].around(readers[1])
    assert [text.read().strip() for text in texts] == [
        "2025-03-15T09:53:20Z",
        "2025-03-15T11:53:20Z",
        "2025-03-15T09:53:21Z",
    ]
    assert problem == "" and not readers[0].is_of(readers[1])
    (tmp_path / "master/usr/bin/date").unlink()
    assert readers[0].around(readers[1]) == ([], "no such command on this host")
