"""Meters that are asked: no sooner than they have news, and with all the time for the answer."""

from __future__ import annotations

from collectors.clocks import device_clock
from collectors.meters.polled import Asked, Field, Polled
from collectors.meters.protocol import Identity
from collectors.reading import Channel, Kind, Quantity, Reading, Unit

FIELD = Field(Channel("x.power", Unit.WATT, Kind.INSTANT, Quantity.POWER, "test"), 0, 100)
PERIOD_S = 0.2


def test_waiting_for_what_is_new_takes_nothing_from_the_time_for_the_answer() -> None:
    """A line at 2400 baud answers in 75 ms, and nearly all of a second is waited for before."""
    given_s: list[float] = []

    def ask(timeout_s: float) -> tuple[int]:
        given_s.append(timeout_s)
        return (5,)

    asked = Asked(Identity("", "", "", ""), (FIELD,), ask, PERIOD_S)
    meter = Polled(asked, device_clock(), lambda: None)
    (channel,) = meter.describe()
    assert channel.refresh_s == PERIOD_S
    (first,) = meter.read(timeout_s=PERIOD_S)
    (second,) = meter.read(timeout_s=PERIOD_S)
    assert isinstance(first, Reading)
    assert isinstance(second, Reading)
    assert second.t0_ns - first.t0_ns >= 0.99 * PERIOD_S * 1e9
    assert given_s == [PERIOD_S, PERIOD_S]
    assert meter.read(timeout_s=0.0) == ()
