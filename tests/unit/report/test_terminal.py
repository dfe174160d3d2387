from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import msgspec
from rich.console import Console

from host.handover.reasons import REASONS
from host.handover.record import Record
from host.report.terminal import show
from tests.fakes.full_records import full_record
from tests.fakes.records import record_of, sample_record
from tests.fakes.traces import example_run


def printed(record: Record, width: int = 140) -> str:
    """What a pipe of this width gets."""
    file = io.StringIO()
    console = Console(file=file, width=width, markup=False, highlight=False)
    show(console, record, Path("runs/x"), Path("runs/x/report.html"))
    return file.getvalue()


def test_the_verdict_comes_first_and_the_command_that_checks_last() -> None:
    lines = printed(sample_record()).strip().splitlines()
    assert lines[0].startswith(sample_record().verdict.text.zh)
    assert lines[-1].endswith("inferometer verify runs/x")


def test_every_value_is_printed_with_its_u_and_unit() -> None:
    record = sample_record()
    said = printed(record)
    shown = [q for q in record.results if q.measurand_id in ("decode_rate@1", "load_time@1")]
    whole = [q for q in shown if q.scope == "" and q.reported is not None]
    assert whole
    for q in whole:
        assert q.reported is not None
        assert f"{q.reported.value} ± {q.reported.U}" in said
        assert q.reported.unit in said


def test_what_was_not_measured_is_said_with_its_reason() -> None:
    record = sample_record(sources=False)
    missing = [q for q in record.results if q.value is None]
    assert missing
    said = " ".join(printed(record, width=1000).split())
    for q in missing:
        assert q.missing in said


def test_warnings_and_the_choice_of_engine_are_said_in_both_languages() -> None:
    record = sample_record()
    assert record.warnings
    said = printed(record, width=4000)
    for warning in record.warnings:
        assert f"! {warning.code}: {warning.text.zh} {warning.text.en}" in said
        assert warning.next is None or f"{warning.next.zh} {warning.next.en}" in said
    assert "由方案指定 named by the plan" in said


def test_what_a_reason_code_means_is_said_below_it_in_both_languages() -> None:
    run = example_run(2)
    charged = tuple(replace(a, status="void", reason="charged: by usb") for a in run.attempts)
    said = printed(record_of(replace(run, attempts=charged)), width=1000)
    words = REASONS["charged"]
    assert f"attempt-void: attempt 2, charged: by usb\n    {words.zh} {words.en}" in said


def test_a_narrow_terminal_loses_no_digit() -> None:
    record = sample_record()
    for width in (24, 40, 69, 80):
        said = printed(record, width)
        for q in record.results:
            if q.measurand_id == "decode_rate@1" and q.scope == "" and q.reported is not None:
                assert f"{q.reported.value} ± {q.reported.U}" in said


def test_names_from_outside_cannot_move_the_cursor_or_become_markup() -> None:
    record = sample_record()
    model = {
        **record.model_artifact,
        "name": "[red]x[/red]\x1b[2J\u202e",
        "quantization": "[q4_0]",
    }
    said = printed(msgspec.structs.replace(record, model_artifact=model))
    assert "[red]x[/red]\\x1b[2J\\u202e" in said
    assert "[q4_0]" in said
    assert "\x1b" not in said


def test_the_state_stands_after_the_verdict_and_before_it_when_withdrawn() -> None:
    assert "draft, not issued" in printed(sample_record()).splitlines()[1]
    issued = printed(full_record("issued")).splitlines()[1]
    assert "issued" in issued
    assert "EX-2026-001" in issued
    assert "WITHDRAWN" in printed(full_record("withdrawn")).splitlines()[0]


def test_rows_left_out_of_u_are_named_with_the_next_step() -> None:
    said = printed(sample_record())
    assert "not evaluated: agent (全部 all budgets); " in said
    assert "gain" in said
    assert "inferometer perturbation" in said
    assert "Type A" not in said


def test_what_time_is_traceable_to_is_said() -> None:
    assert "not traceable to UTC" in printed(sample_record())
