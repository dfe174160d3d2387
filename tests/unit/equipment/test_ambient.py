"""Surroundings as sensors of the bench read them: in the record, and judging certificates."""

from __future__ import annotations

from dataclasses import replace

from host.equipment.apply import apply
from host.handover.equipment import Connection, Instrument
from host.handover.trace import AlignedRun
from tests.fakes.instruments import certificate, equipment, instrument
from tests.fakes.traces import attempt, kind_of, run_of, series

IN_2026 = {"start": "2026-06-01T09:00:00Z", "end": "2026-06-01T09:02:00Z"}


def beside(*degrees: float) -> AlignedRun:
    """Two attempts 3 s apart whose air sensor was read each second; 3 s belong to both."""
    like = kind_of("temperature", "instant", "Cel", channel="meter.air.air.temperature")
    damp = kind_of("state", "instant", "1", channel="meter.air.air.humidity")
    times = [n * 10**9 for n in range(len(degrees))]
    both = [(times[:5], degrees[:5]), (times[2:], degrees[2:])]
    made = [
        attempt((), [series(t, v, like), series(t, [0.45] * len(t), damp)], number=n)
        for n, (t, v) in enumerate(both, 1)
    ]
    return run_of(*made)


def air(**over: object) -> Instrument:
    connect = Connection("xymd02", "tcp:127.0.0.1:502", {})
    said = {"id": "air", "kind": "ambient", "channels": ("meter.air.*",), "certificate": ()}
    return instrument(**{**said, "connect": connect, **over})


def test_what_an_air_sensor_read_is_in_the_surroundings_each_reading_once() -> None:
    found = apply(beside(21, 22, 24, 23, 25, 26, 27), equipment(air()), IN_2026)
    warm, damp = found.instruments.environment
    assert (warm.quantity, warm.value, warm.unit) == ("ambient_temperature", "24", "Cel")
    assert (warm.U, warm.equipment_ref) == (None, "air#0001")
    told = warm.readings
    assert told is not None
    assert (told.n, told.first, told.last, told.least, told.most) == (7, "21", "27", "21", "27")
    assert (damp.quantity, damp.value) == ("relative_humidity", "0.45")


def test_a_certificate_of_the_air_sensor_corrects_it_and_gives_its_u() -> None:
    paper = certificate(
        channels=("meter.air.air.temperature",),
        unit="Cel",
        range=("0", "40"),
        points=(("0", "0.5", "0.2"), ("40", "0.5", "0.2")),
    )
    found = apply(beside(*[20.0] * 7), equipment(air(certificate=(paper,))), IN_2026)
    warm = found.instruments.environment[0]
    assert (warm.value, warm.U, warm.k) == ("20.5", "0.2", "2")


def test_readings_of_the_air_decide_whether_another_certificate_holds() -> None:
    tempered = certificate(temperature=("18", "26"))
    run = beside(21, 22, 24, 23, 25, 26, 27)
    like = kind_of("power", "instant", "W", channel="hwmon.board.power", tier="B")
    board = (series([0, 10**9], [2, 3], like),)
    both = replace(
        run, attempts=tuple(replace(a, series=(*a.series, *board)) for a in run.attempts)
    )
    given = equipment(air(), instrument(certificate=(tempered,)))
    (problem,) = [
        p for p in apply(both, given, IN_2026).instruments.problems if "C-1" in p.text.en
    ]
    assert "27 Cel is not within the 18 to 26 Cel" in problem.text.en
