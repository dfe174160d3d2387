"""An attempt of a plain graph in this process: what it writes and how it ends."""

from __future__ import annotations

import gc
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.engines.table import maker
from agent.order import OrderError, parse_order
from agent.pipes import Sender
from agent.runner import Outcome, run_attempt
from agent.spool import read_spool
from collectors.clocks import device_clock
from tests.fakes.graphs import ONE_THREAD, scaling_graph
from tests.fakes.replays import order, request


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """An attempt switches the collector off for its process; here that is the tests' own."""
    yield
    gc.enable()
    gc.unfreeze()


def graph_order(directory: Path, model: Path, count: int) -> dict[str, Any]:
    engine = {"kind": "onnx", "settings": {**ONE_THREAD, "symbols": {"height": 4}}}
    wanted = [
        {**request(item=f"seed-{n}"), "text": f"seed:{n}", "prompt_tokens": 0, "output_tokens": 0}
        for n in (1, 2)
    ]
    found = {**order(directory, model), "engine": engine, "requests": wanted}
    return {**found, "inferences": count}


def run(wanted: dict[str, Any], *, stop: bool = False) -> Outcome:
    parsed = parse_order(wanted)
    parsed.directory.mkdir()
    engine = maker(parsed.engine.kind)(parsed.model, parsed.engine.settings, device_clock())
    read_end, write_end = os.pipe()
    sender, stopped = Sender(write_end), threading.Event()
    if stop:
        stopped.set()
    outcome = run_attempt(parsed, engine, sender, stopped)
    sender.close()
    os.close(read_end)
    return outcome


def test_every_inference_has_its_two_stamps_in_a_stream_of_its_own(tmp_path: Path) -> None:
    outcome = run(graph_order(tmp_path / "1", scaling_graph(tmp_path / "m.onnx"), 5))
    assert (outcome.status, outcome.reason) == ("valid", "")
    assert [end.stream for end in outcome.streams] == ["events", "inferences"]
    lines = read_spool((tmp_path / "1" / "inferences.tsv").read_bytes()).lines
    rows = [tuple(map(int, line.fields)) for line in lines]
    assert [row[:2] for row in rows] == [(r, i) for r in (0, 1) for i in range(5)]
    stamps = [stamp for row in rows for stamp in row[2:]]
    assert stamps == sorted(stamps)


def test_events_say_what_went_in_and_what_came_out(tmp_path: Path) -> None:
    run(graph_order(tmp_path / "1", scaling_graph(tmp_path / "m.onnx"), 3))
    lines = read_spool((tmp_path / "1" / "events.tsv").read_bytes()).lines
    events = [(f.fields[1], json.loads(f.fields[2])) for f in lines]
    one = ["request_start", "inputs_ready", "request_end"]
    assert [name for name, _ in events] == ["load_start", "load_end", *one, *one, "unload"]
    ends = [args for name, args in events if name == "request_end"]
    assert [(end["inferences"], end["repeated"]) for end in ends] == [(3, True)] * 2
    assert ends[0]["output_sha256"] != ends[1]["output_sha256"]


def test_an_attempt_that_is_told_to_stop_ends_with_what_it_has(tmp_path: Path) -> None:
    outcome = run(graph_order(tmp_path / "1", scaling_graph(tmp_path / "m.onnx"), 3), stop=True)
    assert (outcome.status, outcome.reason) == ("incomplete", "stopped")


def test_an_order_of_inferences_for_an_engine_of_tokens_is_void_and_says_so(
    tmp_path: Path,
) -> None:
    wanted = graph_order(tmp_path / "1", tmp_path / "r.json", 3)
    (tmp_path / "r.json").write_text("{}")
    outcome = run({**wanted, "engine": {"kind": "replay", "settings": {}}})
    assert outcome.status == "void"
    assert "no-inference" in outcome.reason


@pytest.mark.parametrize("count", [0, -1, True, 1.5, 10**9])
def test_a_count_that_is_none_is_refused(count: object, tmp_path: Path) -> None:
    wanted = {**graph_order(tmp_path, tmp_path / "m.onnx", 1), "inferences": count}
    with pytest.raises(OrderError, match=r"order\.inferences"):
        parse_order(wanted)
