"""`nim -o showres`."""

import pytest

from nimdoctor.facts.showres import LppSourceContents
from nimdoctor.model.text import BadEvidence, Extent, Text

LIST = """  Fileset Name                Level                     I/U Q Content
  ====================================================================
#   Base Operating System
  bos.mp64                    7.2.5.200                  I  N usr,root
  openssl.base                1.0.2.1800                 I  N usr,root
  openssl.man.en_US           1.0.2.1800                 I  N usr
"""


def listed(content, command="nim -o showres lpp_7200"):
    return LppSourceContents.parse(Text.of(content, command, command=True)).sources[0]


def test_filesets_carry_level_and_line():
    source = listed(LIST)
    assert source.has("openssl.man.en_US") and not source.has("openssl.license")
    assert source.filesets[1] == ("openssl.base", "1.0.2.1800", ("nim -o showres lpp_7200", 5, LIST.splitlines()[4]))
    assert source.complete


@pytest.mark.parametrize(
    "line", ["openssl.base.1.0.2.1800.I", "openssl.base-1.0.2.1800", "openssl.base:openssl.base:1.0.2.1800::I:"]
)
def test_image_names_and_colon_rows_are_read(line):
    assert listed(f"bos.mp64 7.2.5.200\n{line}\n").filesets[1][:2] == ("openssl.base", "1.0.2.1800")


@pytest.mark.parametrize(
    "command, name",
    [
        ("/usr/sbin/nim -o showres -a installp_flags=L lpp_7200", "lpp_7200"),
        ("nim_-o_showres_lpp_7200", "lpp_7200"),
        ("nim -o showres", "lpp_source"),
        ("showres.txt", "lpp_source"),
    ],
)
def test_the_name_comes_from_the_command(command, name):
    assert listed(LIST, command).name == name


def test_a_filtered_list_lacks_nothing_for_certain():
    filtered = Text.of(LIST, "nim -o showres lpp_7200 | grep -i ssl", extent=Extent.FILTERED)
    assert not LppSourceContents.parse(filtered).sources[0].complete
    assert not listed("openssl.base 1.0.2.1800 I N usr\n", "nim -o showres lpp_7200").complete


@pytest.mark.parametrize(
    "junk",
    [
        "",
        '0042-053 lsnim: there is no NIM object named "x"\n',
        "Fileset Name Level\n",
        "1.2.3.4 5.6.7.8\n",
        "bos.mp64 7.2\n",
    ],
)
def test_a_text_without_fileset_is_no_evidence(junk):
    with pytest.raises(BadEvidence):
        listed(junk)


def test_combined_a_complete_list_replaces_a_filtered_one():
    parse = LppSourceContents.parse
    few = parse(Text.of("openssl.base 1.0.2.1800 I N usr\n", "nim -o showres lpp_7200 | grep ssl"))
    both = LppSourceContents.combine([few, parse(Text.of(LIST, "nim -o showres lpp_7200"))])
    assert len(both.sources) == 1 and both.sources[0].complete


RECORDED = """\
bos.mp64                                                         ALL  @@I:bos.mp64 _all_filesets
 + 7.2.5.200  Base Operating System 64-bit                        @@S:bos.mp64 7.2.5.200

openssl.base                                                     ALL  @@I:openssl.base _all_filesets
 @ 1.0.2.1800  Open Secure Socket Layer                           @@I:openssl.base 1.0.2.1800
 + 1.0.2.2100  Open Secure Socket Layer                           @@S:openssl.base 1.0.2.2100

cdrecord                                                         ALL  @@R:cdrecord _all_filesets
 @@R:cdrecord-1.9-9 1.9-9
"""


def test_levels_are_read_from_what_is_behind_the_at_signs_and_heads_and_rpm_packages_are_no_levels():
    source = listed(RECORDED)
    assert [(row.fileset, row.level) for row in source.filesets] == [
        ("bos.mp64", "7.2.5.200"), ("openssl.base", "1.0.2.1800"), ("openssl.base", "1.0.2.2100"),
    ]  # fmt: skip
    assert source.complete and source.filesets[1].at.line == 5
    # what of it went through grep is all of openssl's
    assert not listed(RECORDED[RECORDED.index("openssl.base") : RECORDED.index("cdrecord")]).complete


def test_heads_alone_tell_no_level():
    with pytest.raises(BadEvidence):
        listed(RECORDED.splitlines()[0] + "\n")
