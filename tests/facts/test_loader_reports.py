"""Which program was not loaded, and for want of what."""

import pytest

from nimdoctor.facts.loader_reports import LoaderReports
from nimdoctor.model.text import Text

HEAD = "exec(): 0509-036 Cannot load program {} because of the following errors:"


def said(*lines, command="nimclient"):
    return LoaderReports.parse(Text.of("\n".join(lines), command, command=True)).all


@pytest.mark.parametrize(
    ("lines", "number", "library"),
    [
        (("0509-150   Dependent module /usr/lib/libssl.a(libssl.so.0.9.8) could not be loaded.",
          "0509-152   Member libssl.so.0.9.8 is not found in archive"), "0509-152", "/usr/lib/libssl.a(libssl.so.0.9.8)"),
        (("0509-136   Symbol SSL_new (number 12) is not exported from",
          "           dependent module /usr/lib/libssl.so.0.9.8."), "0509-136", "/usr/lib/libssl.so.0.9.8"),
        (("0509-150   Dependent module libcrypto.so.1.0.2 could not be loaded.",
          "0509-022 Cannot load module libcrypto.so.1.0.2.",
          "0509-026 System error: A file or directory in the path name does not exist."), "0509-150", "libcrypto.so.1.0.2"),
        (("0509-130 Symbol resolution failed for nimclient because:",
          "0509-136   Symbol X (number 1) is not exported from dependent module /usr/lib/libssl.a(libssl.so).",
          "0509-192 Examine .loader section symbols with the"), "0509-136", "/usr/lib/libssl.a(libssl.so)"),
    ],
)  # fmt: skip
def test_the_line_that_says_why_names_library_and_member(lines, number, library):
    (report,) = said(HEAD.format("nimclient"), *("        " + line for line in lines))
    assert (report.number, report.named_library) == (number, library)
    assert report.of_nim and report.of_ssl
    assert [line.line for line in report.lines] == list(range(1, len(lines) + 2))


@pytest.mark.parametrize(
    ("program", "of_nim"),
    [
        ("/usr/sbin/nimsh", True), ("nim", True), ("/usr/lpp/bos.sysmgt.nim/methods/c_installp", True),
        ("/opt/site/bin/curl", False), ("/usr/bin/ssh", False),
    ],
)  # fmt: skip
def test_whose_the_program_is_its_name_says(program, of_nim):
    (report,) = said(HEAD.format(program), "        0509-150   Dependent module libssl.so could not be loaded.")
    assert report.program == program and report.of_nim is of_nim


def test_whose_it_is_is_not_known_without_a_name_unless_a_command_was_typed():
    line = "0509-150   Dependent module /usr/lib/libssl.a(libssl.so.0.9.8) could not be loaded."
    assert said(line)[0].of_nim is None
    assert said(line, command="nimclient -c")[0].of_nim is True


def test_two_programs_are_two_reports():
    found = said(
        HEAD.format("nimsh"), " 0509-150 Dependent module a.so", HEAD.format("nim"), " 0509-150 Dependent module b.so"
    )
    assert [report.program for report in found] == ["nimsh", "nim"]


@pytest.mark.parametrize("content", ["", "0042-001 nim: x"])
def test_a_text_may_hold_nothing_of_the_loader(content):
    assert said(content) == ()
