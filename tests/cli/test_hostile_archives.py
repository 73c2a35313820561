"""Archives out of somebody else's mail: refused in one line, or read with what was wrong said."""

import pytest
from hostile_archives import GOOD, KINDS, READ, REFUSED

SLUG = {name: name.replace(" ", "-") for name in KINDS}


@pytest.mark.parametrize("name", KINDS, ids=SLUG.get)
def test_a_hostile_archive_is_refused_in_one_line_or_read(doctor, tmp_path, name):
    kind = KINDS[name]
    place = tmp_path / f"case.{kind.suffix}"
    place.write_bytes(kind.make())
    ended = doctor("scan", place, json=True)
    if ended.status == 2:
        (line,) = ended.said
        assert kind.outcome != READ, line
        assert line.isascii() and "case" in line and kind.says in line, line
        assert (ended.report["schema"], ended.report["kind"]) == ("nimdoctor.failure/1", "target")
    else:
        assert ended.status in (0, 1, 3) and kind.outcome != REFUSED, ended.out[:500]
        assert "error" not in ended.outcomes().values()
        assert kind.says in ended.out


def test_what_is_read_of_a_hostile_archive_is_its_good_member(doctor, tmp_path):
    tried = []
    for name, kind in KINDS.items():
        if kind.outcome != READ:
            continue
        place = tmp_path / f"case.{kind.suffix}"
        raw = kind.make()
        if len(raw) > 1 << 16 or GOOD[0].encode() not in raw:
            continue  # packed, or the good member is not in it as it stands
        place.write_bytes(raw)
        found = doctor("scan", place, "--check", "create-bio-hang", json=True).result("create-bio-hang")
        assert found["outcome"] == "fail", name
        tried.append(name)
    assert len(tried) > 9, tried
