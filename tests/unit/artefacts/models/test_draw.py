from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from host.artefacts.models.draw import draw, stream


def test_stream_of_a_seed_and_a_name_is_the_one_that_was_pinned() -> None:
    assert [int(raw) for raw in stream(1, "output.weight").random_raw(2)] == PINNED_RAW


def test_weights_are_the_bytes_that_were_pinned() -> None:
    weights = draw(stream(1, "output.weight"), 1 << 16, 1.0)
    assert hashlib.sha256(weights.astype("<f4").tobytes()).hexdigest() == PINNED_WEIGHTS


def test_weights_have_the_mean_and_the_deviation_asked_for() -> None:
    weights = draw(stream(3, "any"), 1 << 20, 0.25)
    assert abs(float(weights.mean())) < 0.25 * 4 / 2**10  # four standard errors
    assert abs(float(weights.std()) / 0.25 - 1) < 0.01


def test_weights_are_near_normal_and_bounded() -> None:
    weights = draw(stream(3, "any"), 1 << 20, 1.0)
    assert 3.3 < float(np.abs(weights).max()) < 3.46
    assert abs(float(np.mean(np.abs(weights) < 1)) - 0.683) < 0.02


def test_seeds_and_names_give_streams_of_their_own() -> None:
    drawn = [draw(stream(seed, name), 64, 1.0) for seed in (1, 2) for name in ("a", "b")]
    assert len({weights.tobytes() for weights in drawn}) == 4


@settings(max_examples=30)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=6))
def test_pieces_in_which_a_tensor_is_drawn_do_not_change_it(halves: list[int]) -> None:
    counts = [2 * half for half in halves]
    whole = draw(stream(1, "x"), sum(counts), 1.0)
    bits = stream(1, "x")
    parts = [draw(bits, count, 1.0) for count in counts]
    assert np.array_equal(np.concatenate(parts), whole)


PINNED_RAW = [13_200_820_223_633_796_934, 3_303_942_039_115_078_227]
PINNED_WEIGHTS = "614d3dde11b10341dd6f29f051cb5c2a5b57579a7142d6a246b1f593321ef89e"
