"""Whether a calibration was made in the warmth that it is used in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from host.equipment.heat import Heat, air_span, device_span, requests_of, steps_of, warm_problems
from host.handover.formal import EnvironmentField, ReadingsField
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, Step, Window
from tests.fakes.calibrations import kept
from tests.fakes.traces import Shape, attempt, kind_of, request, series

S = 10**9
MADE = kept(temperature_cel=("40", "60"), ambient_cel=("22", "24"))


def warm(channel: str, *values: float) -> AttemptTrace:
    """A sensor read once a second, one request from 2 s to 4 s, steps from 5 s to 6 s."""
    like = kind_of("temperature", "instant", "Cel", channel=channel)
    times = [n * S for n in range(len(values))]
    asked = request(Shape(ttft_ns=S, output_tokens=1), t0_ns=2 * S)
    made = attempt((replace(asked, end_ns=4 * S),), (series(times, values, like),))
    return replace(made, steps=(Step(Window(5 * S, 6 * S), 1.0),))


def field(quantity: str, value: str, readings: ReadingsField | None = None) -> EnvironmentField:
    return EnvironmentField(quantity, Txt("x", "x"), value, "Cel", readings=readings)


def test_a_device_is_as_warm_as_its_hottest_sensor_while_it_works() -> None:
    cool, hot = warm("cpu.temperature", 20, 30, 41, 50, 45, 60, 55), warm("disk.temperature", 39)
    bench = warm("meter.usb.inside.temperature", 90, 90, 90, 90, 90, 90, 90)
    both = (cool, hot, bench)
    assert device_span(both, requests_of) == (41, 50)
    assert device_span(both, steps_of) == (55, 60)
    assert device_span((bench,), requests_of) is None


def test_the_air_is_what_was_read_of_it_or_stated() -> None:
    read = ReadingsField("meter.air.air.temperature", 9, "23", "23", "21.5", "24")
    damp = field("relative_humidity", "0.5")
    assert air_span([field("ambient_temperature", "23", read), damp]) == (21.5, 24)
    assert air_span([field("ambient_temperature", "19")]) == (19, 19)
    assert air_span([damp]) is None


@pytest.mark.parametrize(
    ("heat", "whose"),
    [
        (Heat((31, 69), (18, 28)), []),
        (Heat((29, 50), (22, 24)), ["device"]),
        (Heat((40, 71), None), ["device"]),
        (Heat(None, (16, 23)), ["air"]),
        (Heat((40, 80), (22, 30)), ["device", "air"]),
        (Heat(), []),
    ],
)
def test_used_far_from_where_it_was_made_it_warns_with_both_spans(
    heat: Heat, whose: list[str]
) -> None:
    found = warm_problems(MADE, heat)
    assert [p.code for p in found] == ["transfer-temperature"] * len(whose)
    for problem, word in zip(found, whose, strict=True):
        assert word in problem.text.en
        assert "tier stays" in problem.text.en
        assert "证据等级不变" in problem.text.zh
        assert problem.next is not None


def test_a_calibration_of_before_that_knows_no_temperature_is_used_without_a_word() -> None:
    assert warm_problems(kept(), Heat((90, 90), (40, 40))) == ()
