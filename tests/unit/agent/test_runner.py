"""One attempt with the replay engine, in this process: what it writes and how it ends."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import struct
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.engines.base import EngineError
from agent.engines.recording import load_recording
from agent.engines.table import maker
from agent.order import Order, parse_order
from agent.pipes import Sender, read_lines
from agent.runner import Outcome, run_attempt
from agent.spool import read_spool
from agent.stop_reasons import outcome_of
from agent.wire import decode
from tests.fakes.clock import SteppingClock
from tests.fakes.replays import (
    LOAD_NS,
    PREFILL_NS,
    STEP_NS,
    order,
    recording,
    request,
    write_recording,
)


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """An attempt switches the collector off for its process; here that is the tests' own."""
    yield
    gc.enable()
    gc.unfreeze()


def run(
    wanted: dict[str, Any], stop: threading.Event | None = None
) -> tuple[Outcome, list[dict[str, Any]]]:
    """Outcome and progress messages of an attempt."""
    parsed: Order = parse_order(wanted)
    parsed.directory.mkdir()
    engine = maker(parsed.engine.kind)(parsed.model, parsed.engine.settings, SteppingClock())
    read_end, write_end = os.pipe()
    sender = Sender(write_end)
    outcome = run_attempt(parsed, engine, sender, stop or threading.Event())
    sender.close()
    said = [decode(raw) for raw in read_lines(read_end)]
    os.close(read_end)
    return outcome, said


def events_of(directory: Path) -> list[tuple[int, str, dict[str, Any]]]:
    lines = read_spool((directory / "events.tsv").read_bytes()).lines
    return [(int(f[0]), f[1], json.loads(f[2])) for f in (line.fields for line in lines)]


def test_events_come_in_order_with_what_belongs_to_them(tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json")
    outcome, _ = run(order(tmp_path / "1", model))
    assert (outcome.status, outcome.reason) == ("valid", "")
    events = events_of(tmp_path / "1")
    one = ["request_start", "tokenized", "prefill_start", "prefill_end", "request_end"]
    assert [e[1] for e in events] == ["load_start", "load_end", *one, *one, "unload"]
    named = {(e[1], e[2].get("request")): e for e in events}
    assert named["request_start", 1][2]["item"] == "b"
    assert named["request_start", 0][2]["warmup"] is True
    ids = hashlib.sha256(struct.pack("<8i", *b"hellohel")).hexdigest()
    assert named["tokenized", 1][2] == {"request": 1, "prompt_tokens": 8, "prompt_sha256": ids}
    end = {"request": 1, "stop_reason": "length", "output_tokens": 4}
    assert named["request_end", 1][2] == end
    stamps = [e[0] for e in events]
    assert stamps == sorted(stamps)


def test_recorded_spans_come_out_as_they_were_recorded(tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json")
    run(order(tmp_path / "1", model))
    events = {(e[1], e[2].get("request")): e[0] for e in events_of(tmp_path / "1")}
    start_ns = events["prefill_start", 0]
    assert events["load_end", None] - events["load_start", None] >= LOAD_NS
    assert events["prefill_end", 0] - start_ns >= PREFILL_NS
    lines = read_spool((tmp_path / "1/tokens.tsv").read_bytes()).lines
    first = [line.fields for line in lines if line.fields[0] == "0"]
    for index, fields in enumerate(first):
        ready_ns = start_ns + PREFILL_NS + index * STEP_NS
        token = str(ord("a") + index)
        assert fields == ("0", str(index), str(ready_ns), str(ready_ns + 500), token, "1")
    assert events["request_end", 0] > int(first[-1][3])


def test_two_replays_leave_the_same_bytes(tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json")
    ends = [run(order(tmp_path / name, model))[0].streams for name in ("1", "2")]
    assert ends[0] == ends[1]


def test_the_streams_are_closed_with_their_counts_and_hashes(tmp_path: Path) -> None:
    outcome, _ = run(order(tmp_path / "1", write_recording(tmp_path / "r.json")))
    assert {end.stream: end.lines for end in outcome.streams} == {"events": 13, "tokens": 8}
    for end in outcome.streams:
        data = (tmp_path / "1" / f"{end.stream}.tsv").read_bytes()
        assert (end.size_bytes, end.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_run_can_be_replayed_from_its_own_folder(tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json")
    run(order(tmp_path / "1", model))
    again = load_recording(tmp_path / "1")
    original = load_recording(model)
    assert [one.tokens for one in again.requests] == [original.requests[0].tokens] * 2
    assert again.pieces[ord("a")] == b"?"


def test_progress_names_the_phase_and_counts_requests_from_one(tmp_path: Path) -> None:
    slow = recording(tokens=4)
    tokens = [[i * 10**9, i * 10**9 + 1, 65 + i] for i in range(4)]
    slow["requests"] = [{"prefill_ns": 0, "end_ns": 4 * 10**9, "tokens": tokens}]
    model = tmp_path / "r.json"
    model.write_text(json.dumps(slow))
    _, said = run(order(tmp_path / "1", model))
    assert said[0]["phase"] == "load"
    last = [one for one in said if one["phase"] == "decode"][-1]
    assert (last["request"], last["requests"], last["tokens"]) == (2, 2, 4)
    assert last["rate"] == pytest.approx(1.0)
    assert {one["request"] for one in said if one["phase"] == "warm-up"} == {1}


def test_progress_of_a_load_that_lasts_tells_its_time_from_the_first_scored_request_on(
    tmp_path: Path,
) -> None:
    tokens = [[i * 10**9, i * 10**9 + 1, 65 + i] for i in range(4)]
    slow = {"prefill_ns": 0, "end_ns": 4 * 10**9, "tokens": tokens}
    model = write_recording(tmp_path / "r.json", requests=[slow])
    _, said = run(order(tmp_path / "1", model, lasting_s=9.0))
    scored = [one for one in said if one["request"] > 1]
    assert {one["request"] for one in scored} == {2, 3, 4}, "again and again, of one in the order"
    times = [one["lasted_s"] for one in scored]
    assert times == sorted(times)
    assert 10 < times[-1] < 12
    assert {one["lasting_s"] for one in scored} == {9.0}
    assert not any("lasted_s" in one for one in said if one["request"] < 2)


def test_idle_phases_are_announced_with_their_silence(tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json")
    wanted = order(tmp_path / "1", model, idle_before_s=0.001, idle_after_s=0.002)
    _, said = run(wanted)
    assert [one["silent_s"] for one in said if one["phase"] == "idle"] == [0.001, 0.002]
    names = [e[1] for e in events_of(tmp_path / "1")]
    assert names[2:4] == ["idle_before_start", "idle_before_end"]
    assert names[-3:] == ["idle_after_start", "idle_after_end", "unload"]


def test_too_few_output_tokens_void_the_attempt(tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json", tokens=3)
    outcome, _ = run(order(tmp_path / "1", model))
    said = "token-count: request 0: 3 output tokens, 4 ordered"
    assert (outcome.status, outcome.reason) == ("void", said)
    assert {end.stream: end.lines for end in outcome.streams}["tokens"] == 3


def test_a_natural_end_may_come_early(tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json", tokens=3)
    outcome, _ = run(order(tmp_path / "1", model, stop="natural"))
    assert outcome.status == "valid"
    ends = [e[2]["stop_reason"] for e in events_of(tmp_path / "1") if e[1] == "request_end"]
    assert ends == ["end-of-text", "end-of-text"]


def test_an_attempt_that_was_stopped_is_incomplete_and_closed(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    outcome, _ = run(order(tmp_path / "1", write_recording(tmp_path / "r.json")), stop)
    assert (outcome.status, outcome.reason) == ("incomplete", "stopped")
    assert [end.lines for end in outcome.streams] == [0, 0]


def test_a_model_that_is_none_is_an_engine_error_with_its_code(tmp_path: Path) -> None:
    outcome, _ = run(order(tmp_path / "1", tmp_path / "none.json"))
    assert outcome.status == "void"
    assert outcome.reason.startswith("engine-error: bad-model: none.json")


def test_a_context_that_is_too_small_is_said(tmp_path: Path) -> None:
    wanted = order(tmp_path / "1", write_recording(tmp_path / "r.json"))
    wanted["engine"]["settings"]["n_ctx"] = 11
    outcome, _ = run(wanted)
    assert outcome.reason.startswith("engine-error: context-full")


def test_a_stream_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    parsed = parse_order(order(tmp_path, write_recording(tmp_path / "r.json")))
    (tmp_path / "tokens.tsv").write_text("mine")
    engine = maker("replay")(parsed.model, {}, SteppingClock())
    read_end, write_end = os.pipe()
    outcome = run_attempt(replace(parsed), engine, Sender(write_end), threading.Event())
    os.close(write_end)
    os.close(read_end)
    assert (outcome.status, outcome.reason) == ("incomplete", "spool-unwritable: File exists")
    assert (tmp_path / "tokens.tsv").read_text() == "mine"


@pytest.mark.parametrize(
    ("err", "status", "reason"),
    [
        (MemoryError(), "void", "engine-out-of-memory: no memory for the engine"),
        (EngineError("out-of-memory", "3 GiB"), "void", "engine-out-of-memory: 3 GiB"),
        (EngineError("decode-failed", "gave 1"), "void", "engine-error: decode-failed: gave 1"),
        (OSError(28, "No space left"), "incomplete", "disk-full: No space left"),
        (OSError(27, "File too large"), "incomplete", "disk-full: File too large"),
        (OSError(5, "I/O error"), "incomplete", "spool-unwritable: I/O error"),
        (ZeroDivisionError("x"), "void", "engine-error: ZeroDivisionError: x"),
    ],
)
def test_every_failure_has_its_status_and_reason(err: Exception, status: str, reason: str) -> None:
    assert outcome_of(err) == (status, reason)


def test_more_requests_than_recorded_begin_again(tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json")
    wanted = order(tmp_path / "1", model, requests=[request() for _ in range(5)])
    outcome, _ = run(wanted)
    assert {end.stream: end.lines for end in outcome.streams}["tokens"] == 20


def test_the_bytes_of_every_token_are_written_down_where_that_is_ordered(tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json")
    outcome, _ = run({**order(tmp_path / "1", model), "pieces": True})
    assert [end.stream for end in outcome.streams] == ["events", "tokens", "pieces"]
    tokens = read_spool((tmp_path / "1" / "tokens.tsv").read_bytes())
    pieces = read_spool((tmp_path / "1" / "pieces.tsv").read_bytes())
    sizes = {line.fields[4]: int(line.fields[5]) for line in tokens.lines}
    known = {line.fields[0]: bytes.fromhex(line.fields[1]) for line in pieces.lines}
    assert sizes
    assert {token: len(piece) for token, piece in known.items()} == sizes
    run(order(tmp_path / "2", model))
    assert not (tmp_path / "2" / "pieces.tsv").exists()
