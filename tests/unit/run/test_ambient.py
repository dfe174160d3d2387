"""The gate on the air: by thermometers that are read through the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from collectors.meters.protocol import MeterError, Transcript
from collectors.reading import Channel, Gap, Kind, Quantity, Reading, Unit
from host.handover.plan import GatePlan
from host.run.ambient import Look, look_at, pass_ambient
from host.run.meters import Recorder, recording
from tests.fakes.bench_meter import BenchMeter
from tests.fakes.clock import ScriptedClock, SteppingClock
from tests.fakes.shells import until

S = 1_000_000_000
AIR, DAMP = "meter.air.air.temperature", "meter.air.air.humidity"
CHANNELS = (
    Channel(AIR, Unit.CELSIUS, Kind.INSTANT, Quantity.TEMPERATURE, "FC 04", scale=0.1),
    Channel(DAMP, Unit.PERCENT, Kind.INSTANT, Quantity.STATE, "FC 04", scale=0.1),
)
BETWEEN = GatePlan(timeout_s=5, min_ambient_c=20.0, max_ambient_c=26.0)


def tenths(value: int, t_ns: int = 100 * S) -> tuple[Reading, ...]:
    """A set of both channels; value in tenths of a degree."""
    return Reading(AIR, t_ns, t_ns, value), Reading(DAMP, t_ns, t_ns, 500)


@contextmanager
def thermometer(place: Path, now_s: int) -> Iterator[tuple[BenchMeter, Recorder, Look]]:
    made: list[BenchMeter] = []

    def open_meter(transcript: Transcript) -> BenchMeter:
        made.append(BenchMeter(transcript, channels=CHANNELS))
        return made[-1]

    with recording(place, {"air": (open_meter, {})}, ScriptedClock([])) as found:
        yield made[0], found[0], look_at(found, SteppingClock(now_s * S, 0))


def waited(look: Look | None, gates: GatePlan = BETWEEN) -> tuple[str, list[str]]:
    """What the gate gives by a clock that is over the time-out when it is asked again."""
    said: list[str] = []
    return pass_ambient(gates, look, SteppingClock(0, 6 * S), said.append), said


@pytest.mark.parametrize(
    ("value", "closed"),
    [
        (200, ""),
        (260, ""),
        (261, f"gate-timeout: air 26.1 °C at {AIR}, must be at most 26.0 °C after 5 s"),
        (-5, f"gate-timeout: air -0.5 °C at {AIR}, must be at least 20.0 °C after 5 s"),
    ],
)
def test_the_newest_reading_opens_the_gate_or_voids_the_attempt_after_its_time(
    tmp_path: Path, value: int, closed: str
) -> None:
    with thermometer(tmp_path, 101) as (meter, recorder, look):
        meter.give(*tenths(150, 99 * S))
        meter.give(*tenths(value))
        until("both are read", lambda: _value(recorder) == value)
        assert waited(look) == (closed, [])


def test_an_air_that_nobody_knows_keeps_the_gate_shut_and_says_why(tmp_path: Path) -> None:
    with thermometer(tmp_path, 111) as (meter, recorder, look):
        assert "nothing read yet" in waited(look)[0]
        meter.give(*tenths(230))
        until("it is read", lambda: _value(recorder) == 230)
        assert "nothing new for 11 s" in waited(look)[0]
        meter.give(Gap(AIR, 110 * S, "no-answer: 1 s"), tenths(0)[1])
        until("the gap is there", lambda: recorder.last_gap(AIR) is not None)
        assert f"the air is not known ({AIR}: no-answer: 1 s)" in waited(look)[0]
        meter.lose(MeterError("air", "the port is gone"))
        until("it is lost", lambda: recorder.failed != "")
        assert "the port is gone" in waited(look)[0]
    assert "no thermometer" in waited(None)[0]


def test_it_waits_until_the_air_is_as_the_plan_wants_it(tmp_path: Path) -> None:
    said: list[str] = []
    with thermometer(tmp_path, 101) as (meter, recorder, look):
        meter.give(*tenths(300))
        until("it is read", lambda: _value(recorder) == 300)

        def cool(why: str) -> None:
            said.append(why)
            meter.give(*tenths(220))
            until("it is cooler", lambda: _value(recorder) == 220)

        assert pass_ambient(BETWEEN, look, SteppingClock(0, 1), cool) == ""
    assert said == [f"air 30.0 °C at {AIR}, must be at most 26.0 °C"]


def test_a_plan_without_this_gate_is_written_as_before_and_looks_at_nothing() -> None:
    plain = GatePlan(timeout_s=5)
    assert not {"min_ambient_c", "max_ambient_c"} & set(msgspec.to_builtins(plain))
    assert waited(None, plain) == ("", [])


def test_one_answer_that_was_lost_closes_nothing(tmp_path: Path) -> None:
    with thermometer(tmp_path, 103) as (meter, recorder, look):
        meter.give(*tenths(230))
        meter.give(Gap(AIR, 101 * S, "not-answered: 1 s"), tenths(0)[1])
        until("the gap is there", lambda: recorder.last_gap(AIR) is not None)
        assert waited(look) == ("", [])


def _value(recorder: Recorder) -> int | float | None:
    newest = recorder.latest(AIR)
    return None if newest is None else newest.value
