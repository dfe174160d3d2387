import pytest

from host.handover.record import AttemptField, Attempts, Status
from host.record.verdict import verdict_of


def attempts(*statuses: Status, planned: int | None = None) -> Attempts:
    fields = tuple(
        AttemptField(n, status, "hot" if status != "valid" else "", 1, 1, "0")
        for n, status in enumerate(statuses, 1)
    )
    return Attempts(
        planned=planned or len(statuses),
        valid=statuses.count("valid"),
        void=statuses.count("void"),
        incomplete=statuses.count("incomplete"),
        attempts=fields,
    )


@pytest.mark.parametrize(
    ("found", "interrupted", "expected"),
    [
        (attempts("valid"), "", "valid"),
        (attempts("valid", "void"), "", "valid"),
        (attempts("void", "void"), "", "void"),
        (attempts("valid", "incomplete", planned=1), "", "valid"),
        (attempts("valid", "incomplete", planned=2), "", "incomplete"),
        (attempts("valid", planned=2), "", "incomplete"),
        (attempts("void", planned=2), "", "incomplete"),
        (attempts("valid"), "user", "incomplete"),
        (attempts("void"), "user", "incomplete"),
        (attempts("valid", "valid", planned=1), "", "valid"),
    ],
)
def test_a_run_is_valid_only_when_all_planned_attempts_ended_and_one_is(
    found: Attempts, interrupted: str, expected: str
) -> None:
    assert verdict_of(found, interrupted).status == expected


def test_a_clean_run_needs_no_reason() -> None:
    assert verdict_of(attempts("valid", "valid"), "").reasons == ()


def test_reasons_name_what_was_void_what_was_missing_and_who_stopped_it() -> None:
    found = verdict_of(attempts("valid", "void", planned=5), "user")
    assert found.reasons == (
        "ended-early: user",
        "attempt-void: attempt 2, hot",
        "attempts-missing: 3 of 5",
    )


def test_every_verdict_but_a_clean_one_has_a_reason() -> None:
    for found in (attempts("void"), attempts("incomplete"), attempts("valid", planned=2)):
        assert verdict_of(found, "").reasons


def test_the_sentence_counts_all_attempts_in_both_languages() -> None:
    text = verdict_of(attempts("valid", "void", planned=3), "").text
    assert text.en.startswith("Incomplete: 3 attempts planned, 1 valid, 1 void, 0 incomplete")
    assert text.zh.startswith("未完成：计划 3 次，有效 1 次，作废 1 次，未完成 0 次")
