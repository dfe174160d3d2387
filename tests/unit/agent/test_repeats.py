"""Requests gone through again until a load has lasted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.order import Request
from agent.repeats import in_turn

WARMUP = Request("w", "text", None, 4, warmup=True)
SCORED = [Request(name, "text", None, 4, warmup=False) for name in "abc"]


def served(lasting_s: float | None, each_ns: int) -> tuple[list[tuple[int, str]], int]:
    """Numbers and items where every request takes so long, and how long scored ones took."""
    found: list[tuple[int, str]] = []
    for number, request in in_turn([WARMUP, *SCORED], lasting_s, lambda: len(found) * each_ns):
        found.append((number, request.item))
    return found, (len(found) - 1) * each_ns


def test_without_a_time_each_is_served_once() -> None:
    assert served(None, 10)[0] == [(0, "w"), (1, "a"), (2, "b"), (3, "c")]


def test_scored_ones_come_again_in_their_order_until_the_time_is_over() -> None:
    found, lasted_ns = served(1.0, 150_000_000)
    assert "".join(item for _, item in found) == "wabcabca"
    assert [number for number, _ in found] == list(range(8))
    assert lasted_ns == 7 * 150_000_000


@given(st.floats(0.001, 2), st.integers(1_000_000, 3_000_000_000))
def test_a_load_lasts_as_long_as_it_shall_and_less_than_one_request_more(
    lasting_s: float, each_ns: int
) -> None:
    found, lasted_ns = served(lasting_s, each_ns)
    assert lasted_ns >= round(lasting_s * 1e9)
    assert len(found) == 4 or lasted_ns - each_ns < round(lasting_s * 1e9)
