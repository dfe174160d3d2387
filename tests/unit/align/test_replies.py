"""Chunks of a server become entries of a trace; what the server did not count stays unknown."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from agent.spool import header, line, read_spool
from agent.streams import CHUNK_COLUMNS
from host.align.replies import replies_of
from host.align.requests import Event
from host.handover.trace import RequestTrace
from host.reduce.coverage import CoverageError
from host.reduce.latency import (
    mean_request_latency,
    mean_time_to_first_token,
    pooled_intervals_s,
)
from host.reduce.served import accepted_length, draft_acceptance
from host.reduce.throughput import decode_rate, output_byte_rate, prefill_rate

# When a chunk came, tokens so far (None: not told), its text.
Chunks = Sequence[tuple[int, int | None, str]]
MS = 1_000_000
PROMPT, TOLD_MS = 10, 90


def reply(chunks: Chunks, total: int, **stated: float) -> RequestTrace:
    """A request sent at 100 ms; the server says that its prompt took 90 ms."""
    rows = [
        (
            "0",
            str(i),
            str(t * MS),
            "!not-stated" if made is None else str(made),
            str(len(text.encode())),
            json.dumps(text),
            "!not-stated",
        )
        for i, (t, made, text) in enumerate(chunks)
    ]
    data = header("chunks", "c", CHUNK_COLUMNS) + b"".join(line(i, r) for i, r in enumerate(rows))
    first = next(t for t, _, text in chunks if text)
    args = {"request": 0}
    server = {"prompt_ms": float(TOLD_MS), **stated}
    events = [
        Event(
            100 * MS,
            "request_start",
            {**args, "item": "a", "warmup": False} | {"scheduled_ns": 100 * MS},
        ),
        Event(100 * MS, "tokenized", {**args, "prompt_tokens": PROMPT}),
        Event(100 * MS, "prefill_start", args),
        Event(first * MS, "prefill_end", args),
        Event(
            900 * MS,
            "request_end",
            {**args, "stop_reason": "length", "output_tokens": total, "server": server},
        ),
    ]
    (found,) = replies_of(events, read_spool(data), {"a": total})
    return found


def test_single_tokens_give_every_figure_and_the_servers_time_bounds_how_late_they_are() -> None:
    r = reply([(200, 1, "a"), (250, 2, "b"), (300, 3, "c"), (301, 3, "")], 3)
    assert r.tokens.single
    assert decode_rate([r]).value == pytest.approx(2 / 0.1)
    assert prefill_rate([r]).value == pytest.approx(PROMPT / 0.1)
    assert mean_time_to_first_token([r]).value == pytest.approx(0.1)
    assert pooled_intervals_s([r]).tolist() == pytest.approx([0.05, 0.05])
    basis = prefill_rate([r]).basis
    assert basis is not None
    assert basis.late_s == pytest.approx(0.01), "100 ms were seen, 90 ms are stated"


def test_chunk_of_two_tokens_counts_as_two_and_single_intervals_are_refused() -> None:
    r = reply([(200, 2, "ab"), (300, 4, "cd"), (400, 6, "ef")], 6)
    assert decode_rate([r]).value == pytest.approx(4 / 0.2), "the first chunk's two are not steps"
    assert output_byte_rate([r]).value == pytest.approx(4 / 0.2)
    with pytest.raises(CoverageError, match="tokens-in-chunks"):
        pooled_intervals_s([r])


def test_reply_in_one_chunk_has_a_latency_and_no_first_token_prefill_or_decode() -> None:
    r = reply([(800, 16, "all of it")], 16)
    assert mean_request_latency([r]).value == pytest.approx(0.7)
    for figure in (mean_time_to_first_token, prefill_rate, decode_rate, output_byte_rate):
        with pytest.raises(CoverageError, match="one-chunk"):
            figure([r])


def test_empty_chunks_are_no_first_token_and_what_they_counted_came_with_the_text() -> None:
    """A beginning-of-text token in an empty chunk (kubernetes-sigs/inference-perf#566)."""
    r = reply([(150, 1, ""), (200, 2, "a"), (300, 3, ""), (400, 4, "b")], 4)
    assert r.prefill.end_ns == 200 * MS
    assert r.tokens.counts is not None
    assert r.tokens.counts.tolist() == [2, 1, 1]
    assert decode_rate([r]).value == pytest.approx(2 / 0.2)


def test_chunks_with_one_stamp_are_one_entry() -> None:
    r = reply([(200, 1, "a"), (300, 2, "b"), (300, 3, "c"), (400, 4, "d")], 4)
    assert len(r.tokens) == 3
    assert decode_rate([r]).value == pytest.approx(3 / 0.2)


def test_sum_alone_is_enough_for_as_many_chunks_and_else_no_rate_is_given() -> None:
    same = reply([(200, None, "a"), (300, None, "b"), (400, 2, "")], 2)
    assert decode_rate([same]).value == pytest.approx(1 / 0.1)
    other = reply([(200, None, "a"), (300, None, "bcd"), (400, 4, "")], 4)
    assert other.tokens.made == 4
    assert mean_time_to_first_token([other]).value == pytest.approx(0.1)
    with pytest.raises(CoverageError, match="chunk-counts-unknown"):
        decode_rate([other])


def test_drafted_tokens_are_counted_and_their_bursts_give_no_intervals() -> None:
    """As llama-server said of 16 tokens: 11 of 11 drafted ones accepted, mean length 3.75."""
    chunks = [(200 + i, i + 1, "w") for i in range(16)]
    r = reply(chunks, 16, draft_n=11.0, draft_n_accepted=11.0)
    assert draft_acceptance([r]).value == 1.0
    assert accepted_length([r]).value == pytest.approx(3.75)
    with pytest.raises(CoverageError, match="speculative"):
        pooled_intervals_s([r])
    with pytest.raises(CoverageError, match="drafts-impossible"):
        draft_acceptance([reply(chunks, 16, draft_n=2.0, draft_n_accepted=3.0)])


def test_server_whose_time_is_longer_than_what_was_seen_is_not_believed() -> None:
    r = reply([(150, 1, "a"), (250, 2, "b")], 2)
    assert r.reply is not None
    assert r.reply.late_ns is None
    basis = prefill_rate([r]).basis
    assert basis is not None
    assert not basis.late_known, "nobody knows how late the stamps are: the row stays open"


def test_count_that_goes_back_is_damage() -> None:
    with pytest.raises(ValueError, match="goes back"):
        reply([(200, 3, "a"), (300, 2, "b")], 3)


@pytest.mark.parametrize("absurd", [1e308, -1e308, 1e-308, float(10**18) * 2])
def test_what_a_server_states_beyond_every_time_and_count_is_left_out(absurd: float) -> None:
    made = reply(
        [(200, 1, "a"), (300, 2, "b")], 2, prompt_ms=absurd, draft_n=absurd, predicted_n=2
    )
    assert made.reply is not None
    assert made.reply.stated == {"predicted_n": 2.0}
