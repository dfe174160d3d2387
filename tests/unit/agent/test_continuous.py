"""Streams at once in llama.cpp on the tiny model: what is batched, and that no token changes."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.continuous import Running, next_parts
from agent.engines.base import EngineError, Part
from agent.engines.llama_cpp import open_engine
from agent.engines.table import maker
from agent.order import OrderError, Request, parse_order
from agent.pipes import Sender
from agent.runner import run_attempt
from agent.spool import read_spool
from collectors.clocks import device_clock
from host.align.requests import events_of, requests_of
from host.check.streams import early_starts
from host.handover.trace import RequestTrace
from tests.fakes.replays import order, request, write_recording
from tests.fakes.traces import attempt

TEXTS = {
    "a": "The quick brown fox says hello and goes home. ",
    "b": "打开空调，把温度调到二十二度。",
    "c": "Set a timer for ten minutes, and remind me of the tea. ",
}
# Of each item; different, so that streams end at different steps.
PROMPTS, OUTPUTS = {"a": 24, "b": 40, "c": 31}, {"a": 4, "b": 20, "c": 11}
STREAMS = 3


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """An attempt switches the collector off for its process; here that is the tests' own."""
    yield
    gc.enable()
    gc.unfreeze()


def asked(item: str, streams: int = 0, stream: int = 0, **over: Any) -> dict[str, Any]:  # noqa: ANN401
    about = {"text": TEXTS[item], "prompt_tokens": PROMPTS[item], "output_tokens": OUTPUTS[item]}
    which = {"streams": streams, "stream": stream} if streams else {}
    return request(item=item, **{**about, **which, **over})


def by_streams(items: Sequence[str], streams: int = STREAMS) -> list[dict[str, Any]]:
    """Every stream with these items, each beginning with another one."""
    count = len(items)
    return [
        asked(items[(s + i) % count], streams, s) for s in range(streams) for i in range(count)
    ]


def run(
    place: Path, model: Path, requests: list[dict[str, Any]], **settings: int
) -> tuple[str, str]:
    """Status and reason of an attempt with llama.cpp on one thread."""
    ours = {"n_threads": 1, "n_ctx": 256 * STREAMS, "n_seq_max": STREAMS, **settings}
    engine = {"kind": "llama_cpp", "settings": ours}
    return play(order(place, model, engine=engine, requests=requests))


def play(wanted: dict[str, Any]) -> tuple[str, str]:
    parsed = parse_order(wanted)
    parsed.directory.mkdir()
    engine = maker(parsed.engine.kind)(parsed.model, parsed.engine.settings, device_clock())
    sender = Sender(os.open(os.devnull, os.O_WRONLY))
    outcome = run_attempt(parsed, engine, sender, threading.Event())
    sender.close()
    engine.close()
    return outcome.status, outcome.reason


def read(place: Path) -> tuple[RequestTrace, ...]:
    events, tokens = (
        read_spool((place / f"{name}.tsv").read_bytes()) for name in ("events", "tokens")
    )
    return requests_of(events_of(events), tokens, OUTPUTS)


def ids(found: RequestTrace) -> list[int]:
    return [int(token) for token in found.tokens.tokens]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, tiny_gguf: Path) -> tuple[RequestTrace, ...]:
    """One attempt: each item by itself, then three streams with all of them."""
    place = tmp_path_factory.mktemp("continuous") / "1"
    requests = [*(asked(item) for item in TEXTS), *by_streams(list(TEXTS))]
    assert run(place, tiny_gguf, requests) == ("valid", "")
    return read(place)


def test_every_stream_makes_the_tokens_that_its_prompt_makes_alone(
    both: tuple[RequestTrace, ...],
) -> None:
    alone = {r.item: ids(r) for r in both if not r.streams}
    found = [r for r in both if r.streams]
    assert [(r.item, r.stream) for r in found[:4]] == [("a", 0), ("b", 0), ("c", 0), ("b", 1)]
    assert len(found) == STREAMS * len(TEXTS)
    assert all(ids(r) == alone[r.item] for r in found)


def test_streams_overlap_and_each_takes_its_next_request_while_others_decode(
    both: tuple[RequestTrace, ...],
) -> None:
    assert list(early_starts(attempt(both))) == []
    found = [r for r in both if r.streams]
    firsts = [r for r in found if r.number % len(TEXTS) == 0]
    assert len({r.start_ns for r in firsts}) == 1, "all streams begin at one moment"
    assert len({r.prefill.end_ns for r in firsts}) == 1, "their prompts are computed together"
    short, long = firsts[0], firsts[1]
    follower = found[1]
    assert (follower.item, follower.stream) == ("b", short.stream)
    assert short.end_ns <= follower.start_ns < follower.prefill.end_ns < long.end_ns


def test_a_step_gives_one_ready_stamp_and_a_choice_after_the_other(
    both: tuple[RequestTrace, ...],
) -> None:
    found = [r.tokens for r in both if r.streams]
    shared = set(found[0].ready_ns.tolist()) & set(found[3].ready_ns.tolist())
    assert len(shared) == OUTPUTS["a"], "both decode in each step until the first has ended"
    for tokens in found:
        assert (tokens.t_ns > tokens.ready_ns).all()
        assert (tokens.ready_ns[1:] > tokens.t_ns[:-1]).all()


@pytest.mark.parametrize(
    ("settings", "alike"),
    [({"n_batch": 16}, max(OUTPUTS.values())), ({"kv_unified": True}, 6)],
)
def test_small_batches_and_one_cache_for_all_give_the_same_tokens(
    both: tuple[RequestTrace, ...],
    tiny_gguf: Path,
    tmp_path: Path,
    settings: dict[str, int],
    alike: int,
) -> None:
    """A prompt of 40 tokens takes three steps of 16, in which the other streams go on.

    One cache for all adds up attention in another order: a near tie later on falls otherwise.
    """
    alone = {r.item: ids(r)[:alike] for r in both if not r.streams}
    assert run(tmp_path / "1", tiny_gguf, by_streams(["a", "b"]), **settings) == ("valid", "")
    found = read(tmp_path / "1")
    assert len(found) == STREAMS * 2
    assert all(ids(r)[:alike] == alone[r.item] for r in found)


def test_output_that_ends_by_itself_gives_its_stream_to_the_next_request(
    both: tuple[RequestTrace, ...], tiny_gguf: Path, tmp_path: Path
) -> None:
    """Natural ends: no more tokens than asked for, and all requests are done."""
    engine = {"kind": "llama_cpp", "settings": {"n_threads": 1, "n_ctx": 512, "n_seq_max": 2}}
    wanted = by_streams(["a", "c"], 2)
    natural = order(tmp_path / "1", tiny_gguf, engine=engine, requests=wanted, stop="natural")
    assert play(natural) == ("valid", "")
    found = read(tmp_path / "1")
    assert [r.item for r in found] == ["a", "c", "c", "a"]
    assert all(0 < r.tokens.made <= OUTPUTS[r.item] for r in found)
    assert {r.stop_reason for r in found} <= {"length", "end-of-text"}


def test_what_has_no_room_is_refused_with_what_there_is(tiny_gguf: Path, tmp_path: Path) -> None:
    one = [asked("b", STREAMS, s) for s in range(STREAMS)]
    status, reason = run(tmp_path / "1", tiny_gguf, one, n_ctx=150)
    assert status == "void"
    assert "context-full: 60 tokens wanted, 50 are there for each sequence" in reason
    status, reason = run(tmp_path / "2", tiny_gguf, one, n_seq_max=2)
    assert (status, "3 streams at once are ordered, n_seq_max is 2" in reason) == ("void", True)
    with pytest.raises(EngineError, match="n_seq_max 3 is more than the 2 of n_batch"):
        run(tmp_path / "3", tiny_gguf, one, n_batch=2)


def test_context_of_several_sequences_scores_as_that_of_one(tiny_gguf: Path) -> None:
    found = []
    for count in (1, STREAMS):
        settings = {"n_threads": 1, "n_ctx": 64 * count, "n_seq_max": count}
        engine = open_engine(tiny_gguf, settings, device_clock())
        engine.load()
        found.append(list(engine.score(engine.tokenize(TEXTS["a"] * 4)[:40], 10)))
        engine.close()
    assert len(found[0]) == 29
    assert found[0] == found[1]


def test_engine_of_one_sequence_refuses_streams(tmp_path: Path) -> None:
    wanted = order(tmp_path / "1", write_recording(tmp_path / "r.json"))
    wanted["requests"] = [request(streams=2, stream=s) for s in range(2)]
    assert play(wanted) == (
        "void",
        "engine-error: no-streams: the engine computes one sequence at a time",
    )


def test_stream_beyond_those_of_its_step_is_no_order(tmp_path: Path) -> None:
    wanted = order(tmp_path / "1", tmp_path / "m", requests=[request(streams=2, stream=2)])
    with pytest.raises(OrderError, match=r"stream: not a whole number from 0 to 1"):
        parse_order(wanted)


def test_next_tokens_come_before_prompts_and_prompts_take_the_room_that_is_left() -> None:
    wanted, not_yet = True, False
    about = Request("a", "text", None, 4, warmup=False, streams=3)
    decoding = Running(0, about, [1, 2], 0, left=2, fed=2, last=9)
    waiting = [Running(n, about, [4, 5, 6], n, left=4) for n in (1, 2)]
    parts = [part for _, part in next_parts([waiting[0], decoding, waiting[1]], 6)]
    assert parts == [
        Part(0, 3, (9,), wanted),
        Part(1, 0, [4, 5, 6], wanted),
        Part(2, 0, [4, 5], not_yet),
    ]
    waiting[1].fed = 2
    assert next_parts(waiting[1:], 6) == [(waiting[1], Part(2, 2, [6], wanted))]
