"""A step that checks drafted tokens reads the weights once for all that it accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from host.check.rules_limits import CACHED_BYTES, bandwidth_kept, compute_kept
from host.check.weights_read import MOST_DRAFTED
from host.handover.case import Case
from host.handover.trace import Reply, RequestTrace
from tests.fakes.traces import Shape, request

# 4 tokens a second, each a whole reading of 2**28 bytes beyond what caches hold.
RATE, BYTES_PER_S = 4.0, 4.0 * CACHED_BYTES


def _case(limit: float, accepted: float | None, *requests: RequestTrace) -> Case:
    results = [("decode_rate@1", RATE), ("accepted_length@1", accepted)]
    quantities = [
        SimpleNamespace(measurand_id=name, tier="", by_attempt=((1, str(value)),))
        for name, value in results
        if value is not None
    ]
    said = {"memory_bandwidth_bytes_per_s": {"value": limit, "document": "a paper"}}
    facts = SimpleNamespace(
        model={"decode_weight_bytes": 2 * CACHED_BYTES},
        plan=SimpleNamespace(profile={"limits": said}),
    )
    attempt = SimpleNamespace(scored=lambda: requests)
    return cast(
        "Case",
        SimpleNamespace(
            facts=facts,
            record=SimpleNamespace(results=quantities, conventions=()),
            run=SimpleNamespace(valid=lambda: (attempt,)),
        ),
    )


@pytest.mark.parametrize(
    ("limit", "accepted", "kept"),
    [
        (BYTES_PER_S, None, True),
        (BYTES_PER_S * 0.99, None, False),
        (BYTES_PER_S / 2, 2.0, True),
        (BYTES_PER_S / 2 * 0.99, 2.0, False),
    ],
)
def test_bandwidth_is_judged_by_steps_and_not_by_tokens(
    limit: float, accepted: float | None, *, kept: bool
) -> None:
    found = list(bandwidth_kept(_case(limit, accepted)))
    assert (found == []) is kept


MADE = 9  # output tokens: eight after the first
SERVED: Mapping[str, tuple[Mapping[str, float], float]] = {
    "llama-server that drafts nothing": ({"predicted_per_second": RATE}, 1.0),
    "llama-server that had six of eight drafted": (
        {"predicted_per_second": RATE, "draft_n": 9.0, "draft_n_accepted": 6.0},
        4.0,
    ),
    "a server that says nothing of drafts": ({}, 1.0 + MOST_DRAFTED),
    "counts that cannot be": (
        {"draft_n": 1.0, "draft_n_accepted": 99.0},
        1.0 + MOST_DRAFTED,
    ),
}


@pytest.mark.parametrize("who", SERVED)
def test_a_server_may_have_given_as_many_tokens_a_step_as_it_leaves_open(who: str) -> None:
    said, step = SERVED[who]
    plain = request(Shape(item="a", output_tokens=MADE, ttft_ns=1_000, prompt_tokens=4))
    reply = replace(plain, reply=Reply(None, said, ""))
    assert list(bandwidth_kept(_case(BYTES_PER_S / step, None, reply))) == []
    assert list(bandwidth_kept(_case(BYTES_PER_S / step * 0.99, None, reply))) != []


def test_a_runner_that_drafts_shows_several_tokens_of_the_same_logits() -> None:
    plain = request(Shape(item="a", output_tokens=MADE, ttft_ns=1_000, prompt_tokens=4))
    ready = np.array([0, 1, 1, 1, 1, 2, 2, 2, 2], dtype=np.int64) * 1_000_000
    drafting = replace(plain, tokens=replace(plain.tokens, ready_ns=ready))
    assert list(bandwidth_kept(_case(BYTES_PER_S / 4, None, drafting))) == []
    assert list(bandwidth_kept(_case(BYTES_PER_S / 4 * 0.99, None, drafting))) != []
    assert list(bandwidth_kept(_case(BYTES_PER_S * 0.99, None, plain))) != []


@pytest.mark.parametrize(
    ("settings", "said", "judged"),
    [
        ({}, {}, True),
        ({"cache_prompt": True}, {}, False),
        ({}, {"cached_tokens": 3.0}, False),
        ({}, {"cache_n": 0.0}, True),
    ],
)
def test_a_prompt_that_a_server_says_it_kept_is_no_impossible_prefill(
    settings: Mapping[str, bool], said: Mapping[str, float], *, judged: bool
) -> None:
    plain = request(Shape(item="a", output_tokens=MADE, ttft_ns=1_000, prompt_tokens=4))
    reply = replace(plain, reply=Reply(None, said, ""))
    limits = {"peak_ops_per_s": {"value": 1.0, "document": "a paper"}}
    rate = SimpleNamespace(measurand_id="prefill_rate@1", tier="", by_attempt=((1, "1000"),))
    case = SimpleNamespace(
        facts=SimpleNamespace(
            model={"prefill_weights": 1_000},
            plan=SimpleNamespace(profile={"limits": limits}, engine_settings=settings),
        ),
        record=SimpleNamespace(results=[rate], conventions=()),
        run=SimpleNamespace(valid=lambda: (SimpleNamespace(scored=lambda: (reply,)),)),
    )
    assert bool(list(compute_kept(cast("Case", case)))) is judged
