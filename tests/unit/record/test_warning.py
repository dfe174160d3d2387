from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from host.handover.facts import MeterEnd
from host.handover.record import Record
from host.handover.trace import AlignedRun, AttemptTrace, Gap, SourceCost
from tests.fakes.records import ABSENT, DEVICE, record_of, sample_facts
from tests.fakes.traces import Shape, attempt, example_run, kind_of, requests, run_of, series

COST = SourceCost("rapl", 100, 0, 0, 1, 1, 10.0, {})


def codes(record: Record) -> list[str]:
    return [warning.code for warning in record.warnings]


def each(change: Callable[[AttemptTrace], AttemptTrace], attempts: int = 3) -> AlignedRun:
    run = example_run(attempts)
    return replace(run, attempts=tuple(change(a) for a in run.attempts))


def with_cost(**change: Any) -> Record:  # noqa: ANN401 - fields of a cost
    return record_of(each(lambda a: replace(a, costs=(replace(COST, **change),))))


def with_series(quantity: str, kind: str, values: list[float]) -> Record:
    times = [i * 10**9 for i in range(len(values))]
    added = series(times, values, kind_of(quantity, kind, "1", channel="extra.one"))
    return record_of(each(lambda a: replace(a, series=(*a.series, added))))


def test_a_quiet_sealed_run_only_lacks_a_fidelity_result() -> None:
    assert codes(record_of(example_run(3))) == ["no-fidelity-result"]


def test_two_valid_attempts_are_few() -> None:
    (found, *_) = record_of(example_run(2)).warnings
    assert (found.code, found.number, found.limit) == ("few-attempts", "2", "3")
    assert found.next is not None


@pytest.mark.parametrize(("late", "warned"), [(1, False), (2, True)])
def test_late_readings_are_named_above_1_in_100(late: int, *, warned: bool) -> None:
    assert ("late-ticks" in codes(with_cost(late=late))) is warned


@pytest.mark.parametrize(
    ("ticks", "missed", "warned"), [(99, 1, False), (98, 2, True), (0, 0, False)]
)
def test_missed_slots_are_named_above_1_in_100(ticks: int, missed: int, *, warned: bool) -> None:
    assert ("missed-ticks" in codes(with_cost(ticks=ticks, missed=missed))) is warned


@pytest.mark.parametrize(("ratio", "warned"), [(0.01, False), (0.011, True), (None, False)])
def test_a_sampler_above_1_in_100_of_a_core_is_named(ratio: float | None, *, warned: bool) -> None:
    run = example_run(3)
    changed = replace(run.attempts[1], sampler_cpu_ratio=ratio)
    record = record_of(replace(run, attempts=(run.attempts[0], changed, run.attempts[2])))
    assert ("sampler-cost" in codes(record)) is warned


def stretched(factors: list[float]) -> Record:
    """Attempts whose load takes so many times 10 s."""

    def change(a: AttemptTrace) -> AttemptTrace:
        assert a.load is not None
        end_ns = a.load.start_ns + int(factors[a.number - 1] * 1e10)
        return replace(a, load=replace(a.load, end_ns=end_ns))

    return record_of(each(change))


def test_a_spread_of_more_than_1_in_20_is_named_with_its_number() -> None:
    assert "spread" not in codes(stretched([0.951, 1.0, 1.049]))
    (found,) = [w for w in stretched([0.94, 1.0, 1.06]).warnings if w.code == "spread"]
    assert "load_time@1 6.0%" in found.text.en
    assert found.limit == "0.05"
    assert found.number == "0.060"


def test_no_power_source_is_named_with_what_would_fix_it() -> None:
    record = record_of(example_run(3, sources=False))
    (found,) = [w for w in record.warnings if w.code == "no-power-source"]
    assert found.next is not None
    assert "inferometer doctor" in found.next.en
    assert any(a.fix.en == ABSENT[0]["fix"] for a in record.absent)
    assert not [q for q in record.results if "energy" in q.measurand_id]


def test_a_throttle_counter_that_moved_is_named() -> None:
    assert "throttled" not in codes(with_series("throttle", "counter", [5.0, 5.0]))
    assert "throttled" in codes(with_series("throttle", "counter", [5.0, 6.0]))


def test_a_throttle_state_that_was_on_is_named() -> None:
    assert "throttled" not in codes(with_series("throttle", "state", [0.0] * 20))
    assert "throttled" in codes(with_series("throttle", "state", [1.0] * 20))


def test_a_governor_that_changed_during_the_run_is_named() -> None:
    changed = {**DEVICE, "cpu": {"model": "Example CPU", "cores": 8, "governor": "powersave"}}
    record = record_of(example_run(3), replace(sample_facts(3), device_after=changed))
    (found,) = [w for w in record.warnings if w.code == "device-state-changed"]
    assert "performance" in found.text.en
    assert "powersave" in found.text.en


def test_greedy_output_that_did_not_repeat_is_named() -> None:
    run = example_run(3)
    first = run.attempts[0]
    asked = list(first.requests)
    tokens = replace(asked[1].tokens, tokens=np.array(asked[1].tokens.tokens) + 1)
    asked[1] = replace(asked[1], tokens=tokens)
    record = record_of(
        replace(run, attempts=(replace(first, requests=tuple(asked)), *run.attempts[1:]))
    )
    (found,) = [w for w in record.warnings if w.code == "output-differs"]
    assert asked[1].item in found.text.en
    hashes = {a.output_sha256 for a in record.attempts.attempts}
    assert len(hashes) == 2


def test_a_result_that_some_attempts_lack_is_named() -> None:
    run = example_run(3)
    bare = replace(run.attempts[2], load=None)
    record = record_of(replace(run, attempts=(*run.attempts[:2], bare)))
    found = [w for w in record.warnings if w.code == "partial-result"]
    assert any("From 2 of 3 valid attempts only: load_time@1" in w.text.en for w in found)
    assert any("load-not-recorded" in w.text.en for w in found)


def test_a_folder_that_is_not_sealed_is_named() -> None:
    assert "not-sealed" in codes(record_of(example_run(3), replace(sample_facts(3), sealed=False)))


def test_every_warning_speaks_both_languages() -> None:
    record = record_of(example_run(1, sources=False), replace(sample_facts(1), sealed=False))
    assert len(record.warnings) >= 3
    for warning in record.warnings:
        assert warning.text.zh != warning.text.en
        assert warning.text.zh


def test_the_worst_attempt_is_the_number_of_a_throttle_warning() -> None:
    def change(a: AttemptTrace) -> AttemptTrace:
        like = kind_of("throttle", "counter", "{count}", channel="extra.one")
        return replace(a, series=(*a.series, series([0, 1], [0.0, a.number - 1.0], like)))

    (found,) = [w for w in record_of(each(change)).warnings if w.code == "throttled"]
    assert (found.number, found.limit) == ("2", "0")


def test_a_throttle_channel_without_readings_accuses_nobody() -> None:
    assert "throttled" not in codes(with_series("throttle", "counter", []))


@pytest.mark.parametrize(("items", "named"), [(3, "a, b, c."), (4, "a, b, c, … (4).")])
def test_a_long_list_of_items_is_cut_and_counted(items: int, named: str) -> None:
    shapes = [Shape(item, first_token=7) for item in "abcd"[:items]]
    changed = [replace(shape, first_token=8) for shape in shapes]
    run = run_of(attempt(requests(shapes)), attempt(requests(changed), number=2))
    (found,) = [w for w in record_of(run).warnings if w.code == "output-differs"]
    assert found.text.en.endswith(f"for: {named}")
    assert found.number == str(items)


def repeated(tokens: int) -> AlignedRun:
    """A run whose first scored output of each attempt is one token, as often as that."""
    same = Shape("tea", output_tokens=tokens)
    (asked,) = requests([same])
    token = replace(asked.tokens, tokens=np.full(tokens, 7, dtype=np.int64))
    varied = requests([Shape("rice", tpot_ns=51_000_000)], t0_ns=asked.end_ns)
    return run_of(*(attempt((replace(asked, tokens=token), *varied), number=n) for n in (1, 2, 3)))


@pytest.mark.parametrize(("tokens", "noted"), [(15, False), (16, True)])
def test_one_token_all_through_an_output_is_noted_and_voids_nothing(
    tokens: int, *, noted: bool
) -> None:
    record = record_of(repeated(tokens))
    assert ("output-repeated" in codes(record)) is noted
    assert "constant-intervals" not in codes(record)
    assert record.verdict.status == "valid"


@pytest.mark.parametrize(("tokens", "noted"), [(16, False), (17, True)])
def test_steps_that_all_took_the_same_time_are_noted(tokens: int, *, noted: bool) -> None:
    asked = requests([Shape(output_tokens=tokens)])
    record = record_of(run_of(*(attempt(asked, number=n) for n in (1, 2, 3))))
    assert ("constant-intervals" in codes(record)) is noted
    assert "output-repeated" not in codes(record)


def test_a_runner_that_shows_times_alone_is_not_judged_by_tokens_that_nobody_knows() -> None:
    nothing = np.zeros(0, dtype=np.int64)

    def unknown(one: AttemptTrace) -> AttemptTrace:
        asked = (
            replace(r, tokens=replace(r.tokens, tokens=nothing, size_bytes=nothing))
            for r in one.requests
        )
        return replace(one, requests=tuple(asked))

    assert "output-repeated" not in codes(record_of(each(unknown)))


def beside(seconds: list[float], failed: str = "", watts: float = 5.0) -> Record:
    """Three attempts with readings of a meter at these times after each one's first event."""

    def change(a: AttemptTrace) -> AttemptTrace:
        first = a.load.start_ns if a.load else a.requests[0].start_ns
        times = [first + round(s * 1e9) for s in seconds]
        values = [watts] * len(times)
        power = kind_of("power", "average", "W", channel="meter.m1.power")
        return replace(a, series=(*a.series, series(times, values, power)))

    end = MeterEnd("m1", ("meter.m1.power",), failed)
    return record_of(each(change), replace(sample_facts(3), meters=(end,)))


def length_s() -> float:
    a = example_run(1).attempts[0]
    spans = [w for w in (a.load, a.idle_before, a.idle_after) if w]
    ends = [w.end_ns for w in spans] + [r.end_ns for r in a.requests]
    return (max(ends) - min(w.start_ns for w in spans)) * 1e-9


def test_a_meter_that_covers_its_run_is_not_warned_of_and_a_hole_is_with_its_seconds() -> None:
    whole = [i / 10 for i in range(-2, round(length_s() * 10) + 3)]
    assert not [c for c in codes(beside(whole)) if c.startswith("meter")]
    holed = [t for t in whole if not 1.05 < t < 3.05]
    (found,) = [w for w in beside(holed).warnings if w.code == "meter-gaps"]
    assert float(found.number) == pytest.approx(3 * 2.1, abs=0.31)
    assert float(found.limit) == pytest.approx(3 * length_s() / 100, rel=0.01)


def test_a_meter_that_was_lost_is_warned_of_with_the_seconds_after_its_last_reading() -> None:
    early = [i / 10 for i in range(-2, 21)]
    (found,) = [w for w in beside(early, "the cable is out").warnings if w.code == "meter-lost"]
    assert "the cable is out" in found.text.en
    assert float(found.number) == pytest.approx(3 * (length_s() - 2.0), rel=0.01)


def test_a_power_below_zero_is_named_with_its_number() -> None:
    assert "power-negative" not in codes(beside([0.0, 1.0]))
    (found,) = [w for w in beside([0.0, 1.0], watts=-2.5).warnings if w.code == "power-negative"]
    assert (found.number, found.limit) == ("-2.5", "0")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([5.0, 5.0, 5.0, 5.0], "counter-stuck"),
        ([5.0, 9.0, 0.5, 4.0], "counter-went-back"),
    ],
)
def test_a_counter_that_stands_still_or_falls_is_named(values: list[float], code: str) -> None:
    record = with_series("energy", "counter", values)
    (found,) = [w for w in record.warnings if w.code == code]
    assert found.text.en.startswith("extra.one: its counter")
    lacking = [q for q in record.results if q.source == "extra.one" and q.missing.startswith(code)]
    assert found.number == str(len(lacking))


def test_a_meter_whose_clock_runs_back_is_named_with_its_gaps() -> None:
    def change(a: AttemptTrace) -> AttemptTrace:
        back = Gap("meter.m1.own_time", 1, "time-backwards: of the daemon's clock")
        time = kind_of("state", "instant", "s", channel="meter.m1.own_time")
        return replace(a, series=(*a.series, replace(time, gaps=(back, back))))

    (found,) = [w for w in record_of(each(change)).warnings if w.code == "time-backwards"]
    assert (found.number, found.limit) == ("6", "0")


@pytest.mark.parametrize(("factor", "warned"), [(1.029, False), (0.96, True)])
def test_two_sources_of_one_power_that_disagree_by_3_in_100_are_named(
    factor: float, *, warned: bool
) -> None:
    def change(a: AttemptTrace) -> AttemptTrace:
        (board,) = [s for s in a.series if s.channel == "hwmon.board.power"]
        other = replace(board, channel="hwmon.board.power_average", values=board.values * factor)
        return replace(a, series=(*a.series, other))

    found = [w for w in record_of(each(change)).warnings if w.code == "sources-disagree"]
    assert [w.number for w in found] == ([f"{factor - 1:.2f}"] if warned else [])


def test_gates_of_a_profile_that_were_not_looked_at_are_said() -> None:
    left_out = {"max_temperature_c": "not-there: no sensor", "forbid_charging": "not-there: none"}
    facts = replace(sample_facts(3), gates_left_out=left_out)
    (found,) = [w for w in record_of(example_run(3), facts).warnings if w.code == "gates-left-out"]
    for said in (found.text.zh, found.text.en):
        assert "max_temperature_c (not-there), forbid_charging (not-there)" in said
    assert found.number == "2"
