"""What a check has found: the gravest first, rows counted together, and the exit code that follows."""

import pytest

from launcher.core.findings import ROWS_NAMED, Findings, Severity, row_ranges
from launcher.core.guard import rights_of
from launcher.core.summary import Exit


def test_the_gravest_comes_first_and_rows_with_one_cause_are_one_finding() -> None:
    findings = Findings()
    findings.add(Severity.NOTE, "note", "good to know")
    findings.add_row(Severity.ROWS, "bad ID", 9, "row 9's words")
    findings.add_row(Severity.ROWS, "bad ID", 4, "row 4's words")
    findings.add(Severity.STOPS, "template", "no such template")

    found = findings.sorted()

    assert [(one.severity, one.rows, one.row_numbers) for one in found] == [
        (Severity.STOPS, 0, []),
        (Severity.ROWS, 2, [4, 9]),
        (Severity.NOTE, 0, []),
    ]
    assert found[1].text == "row 9's words", "the words are about the row that was met first"


def test_a_million_bad_rows_are_counted_and_not_kept() -> None:
    findings = Findings()
    for row_number in range(2, 5 * ROWS_NAMED):
        findings.add_row(Severity.ROWS, "bad ID", row_number, "words")

    [found] = findings.sorted()

    assert (found.rows, len(found.row_numbers)) == (5 * ROWS_NAMED - 2, ROWS_NAMED)


@pytest.mark.parametrize(
    ("severities", "refused", "code"),
    [
        ([], False, Exit.ALL_STARTED),
        ([Severity.NOTE, Severity.WARNING], False, Exit.ALL_STARTED),
        ([Severity.NOTE, Severity.ROWS], False, Exit.SOME_NOT_STARTED),
        ([Severity.STOPS, Severity.ROWS], False, Exit.WRONG_USAGE),
        ([Severity.STOPS], True, Exit.STOPPED),
    ],
)
def test_the_worst_finding_decides_on_the_exit_code(
    severities: list[Severity], refused: bool, code: Exit
) -> None:
    findings = Findings()
    for severity in severities:
        findings.add(severity, "code", "words", refused=refused)

    assert findings.exit_code is code


@pytest.mark.parametrize(
    ("numbers", "rows", "text"),
    [
        ([], 0, ""),
        ([3], 1, "3"),
        ([3, 4, 5, 9], 4, "3-5, 9"),
        ([3, 5, 7, 9, 11, 13, 15, 17, 19, 20], 1_002, "3, 5, 7, 9, 11, 13, 15, 17 (+994)"),
    ],
)
def test_row_numbers_are_shown_short_and_the_rest_is_counted(numbers: list[int], rows: int, text: str) -> None:
    assert row_ranges(numbers, rows) == text


FINE = {
    "profile": {"ID": "1", "ADMIN": True},
    "scope": ["bizproc", "crm"],
    "method": {"isExisting": True, "isAvailable": True},
    "app": {"LICENSE": "ru_ent250"},
}


def test_an_administrator_with_the_permissions_may_start() -> None:
    rights = rights_of(FINE)

    assert rights.refusals == ()
    assert (rights.has("crm"), rights.has("user"), rights.plan) == (True, False, "enterprise")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"profile": {"ADMIN": False}}, "ACCESS_DENIED"),
        ({"scope": ["crm"]}, "INSUFFICIENT_SCOPE"),
        ({"method": {"isExisting": False, "isAvailable": False}}, "ERROR_METHOD_NOT_FOUND"),
    ],
)
def test_each_right_that_is_missing_has_its_code_and_what_to_do(answer: dict[str, object], code: str) -> None:
    [(found, mend)] = rights_of(FINE | answer).refusals

    assert found == code
    assert len(mend) > 20


def test_what_the_portal_does_not_tell_refuses_nothing() -> None:
    for missing in FINE:
        assert rights_of({key: value for key, value in FINE.items() if key != missing}).refusals == ()
    rights = rights_of({})
    assert (rights.refusals, rights.plan, rights.has("bizproc")) == ((), "", True)
