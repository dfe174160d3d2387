import numpy as np
import pytest

from host.record.warning_in_step import in_step_warnings
from tests.fakes.traces import Shape, attempt, kind_of, request, run_of, series

S = 10**9
# Ten tokens a second for 20 s.
ASKED = request(Shape(ttft_ns=S, tpot_ns=S // 10, output_tokens=200), t0_ns=10 * S)


def read(rate_hz: float, kind: str = "instant") -> list[str]:
    times = (np.arange(0, int(40 * rate_hz)) / rate_hz * S + 3e7).astype(np.int64)
    power = kind_of("power", kind, "W", channel="board.power")
    found = series(times, np.ones(len(times)), power)
    return [w.text.en for w in in_step_warnings(run_of(attempt((ASKED,), (found,))))]


@pytest.mark.parametrize("rate_hz", [10.0, 5.0, 2.0])
def test_power_that_is_read_as_often_as_tokens_come_is_read_in_step(rate_hz: float) -> None:
    (text,) = read(rate_hz)
    assert text.startswith("board.power was read in step")


@pytest.mark.parametrize("rate_hz", [9.0, 12.3, 20.0, 100.0])
def test_other_rates_see_every_moment_of_a_token(rate_hz: float) -> None:
    assert read(rate_hz) == []


def test_averages_miss_nothing_and_few_readings_say_nothing() -> None:
    assert read(10.0, "average") == []
    assert read(0.5) == []
