from dataclasses import replace

import pytest

from host.handover import spans
from host.handover.measurands import MEASURANDS
from host.handover.result import Observation, Reduced
from host.handover.served_figures import SERVED
from host.handover.trace import AlignedRun, Window
from host.reduce.run import reduce_run
from tests.fakes.traces import Shape, attempt, example_run, kind_of, requests, run_of, series

S = 10**9
# Of attempts of ten minutes or more; the example is shorter.
SPANS = {d.id for d in (*spans.RATES, *spans.POWERS)}


def only(reduced: Reduced, measurand: str, scope: str = "") -> Observation:
    (found,) = [o for o in reduced.results if (o.measurand, o.scope) == (measurand, scope)]
    return found


def moved(run: AlignedRun, by_ns: int) -> AlignedRun:
    """The same run on a clock that was started earlier."""

    def window(found: Window | None) -> Window | None:
        return None if found is None else Window(found.start_ns + by_ns, found.end_ns + by_ns)

    made = []
    for each in run.attempts:
        asked = tuple(
            replace(
                r,
                scheduled_ns=r.scheduled_ns + by_ns,
                start_ns=r.start_ns + by_ns,
                tokenized_ns=r.tokenized_ns + by_ns,
                end_ns=r.end_ns + by_ns,
                prefill=Window(r.prefill.start_ns + by_ns, r.prefill.end_ns + by_ns),
                tokens=replace(
                    r.tokens, t_ns=r.tokens.t_ns + by_ns, ready_ns=r.tokens.ready_ns + by_ns
                ),
            )
            for r in each.requests
        )
        found = tuple(
            replace(s, t0_ns=s.t0_ns + by_ns, t1_ns=s.t1_ns + by_ns) for s in each.series
        )
        made.append(
            replace(
                each,
                load=window(each.load),
                idle_before=window(each.idle_before),
                idle_after=window(each.idle_after),
                requests=asked,
                series=found,
            )
        )
    return replace(run, attempts=tuple(made))


def test_everything_stands_in_the_order_of_the_catalogue() -> None:
    order = list(MEASURANDS)
    places = [order.index(o.measurand) for o in reduce_run(example_run(2)).results]
    assert places == sorted(places)


def test_a_full_run_gives_every_measurand_but_throttling() -> None:
    found = {o.measurand for o in reduce_run(example_run(2)).results}
    found |= {d.id for d in SERVED}  # of servers alone
    lacking = {"throttle_events@1", "throttled_ratio@1", "power_ratio@1"}
    assert found == set(MEASURANDS) - lacking - SPANS


def test_units_are_those_of_the_catalogue() -> None:
    for observation in reduce_run(example_run(2)).results:
        assert observation.unit == MEASURANDS[observation.measurand].unit


@pytest.mark.parametrize("by_ns", [1, 10**18, -(10**9)])
def test_nothing_depends_on_when_the_clock_was_started(by_ns: int) -> None:
    run = example_run(2)
    assert reduce_run(moved(run, by_ns)) == reduce_run(run)


def test_attempts_in_another_order_give_the_same_values() -> None:
    run = example_run(3)
    turned = replace(run, attempts=tuple(reversed(run.attempts)))
    for one, other in zip(reduce_run(run).results, reduce_run(turned).results, strict=True):
        assert sorted(one.by_attempt) == sorted(other.by_attempt)
        assert one.bounds == pytest.approx(other.bounds)


def test_void_and_incomplete_attempts_give_no_value() -> None:
    run = example_run(3)
    statuses = ("valid", "void", "incomplete")
    marked = tuple(
        replace(a, status=status) for a, status in zip(run.attempts, statuses, strict=True)
    )
    found = reduce_run(replace(run, attempts=marked))
    assert {n for o in found.results for n, _ in o.by_attempt} == {1}
    assert {n for o in found.results for n, _ in o.samples} == {1}


def test_a_run_without_valid_attempts_says_so_everywhere() -> None:
    reduced = reduce_run(run_of())
    found = (*reduced.results, *reduced.conventions)
    assert {o.missing.partition(":")[0] for o in found} == {
        "no-valid-attempt",
        "too-few-tokens",
        "no-source",
    }
    assert not any(o.by_attempt for o in found)


def test_each_item_has_its_own_rates_shortest_prompt_first() -> None:
    shapes = [
        Shape("long", 900, 11, tpot_ns=10**8),
        Shape("short", 20, 11, tpot_ns=5 * 10**7),
    ]
    reduced = reduce_run(run_of(attempt(requests(shapes))))
    rates = [o for o in reduced.results if o.measurand == "decode_rate@1"]
    assert [o.scope for o in rates] == ["", "short", "long"]
    assert [o.by_attempt[0][1] for o in rates[1:]] == pytest.approx([20.0, 10.0])


def test_an_item_that_an_attempt_lacks_is_named_there() -> None:
    one = attempt(requests([Shape("a"), Shape("b")]))
    two = attempt(requests([Shape("a")]), number=2)
    found = only(reduce_run(run_of(one, two)), "decode_rate@1", "b")
    assert [n for n, _ in found.by_attempt] == [1]
    assert "no-scored-request: none for item b; attempt 2" in found.missing


def test_warm_ups_are_not_scored() -> None:
    shapes = [Shape("w", tpot_ns=1, warmup=True), Shape("a", tpot_ns=10**8)]
    found = reduce_run(run_of(attempt(requests(shapes))))
    assert only(found, "decode_rate@1").by_attempt[0][1] == pytest.approx(10.0)
    assert {o.scope for o in found.results} == {"", "a"}


def test_intervals_are_handed_on_attempt_by_attempt_for_quantiles() -> None:
    one = attempt(requests([Shape(output_tokens=3, tpot_ns=S)]))
    two = attempt(requests([Shape(output_tokens=2, tpot_ns=2 * S)]), number=2)
    quantiles = [
        o for o in reduce_run(run_of(one, two)).results if o.measurand == "inter_token_interval@1"
    ]
    assert [o.statistic for o in quantiles] == ["median", "p95", "p99"]
    for found in quantiles:
        (first, once), (second, twice) = found.samples
        assert (first, second) == (1, 2)
        assert [*once, *twice] == pytest.approx([1.0, 1.0, 2.0])
        assert found.count == 3


def test_more_than_one_reason_is_counted() -> None:
    bare = [attempt(requests([Shape()]), number=n) for n in (1, 2, 3)]
    found = only(reduce_run(run_of(*bare)), "load_time@1")
    assert found.missing.endswith("attempt 1, and 2 more attempts")


def test_two_reasons_are_one_and_one_more() -> None:
    bare = [attempt(requests([Shape()]), number=n) for n in (1, 2)]
    found = only(reduce_run(run_of(*bare)), "load_time@1")
    assert found.missing.endswith("attempt 1, and 1 more attempts")
    assert only(reduce_run(run_of(bare[0])), "load_time@1").missing.endswith("; attempt 1")


def test_channels_of_a_quantity_in_another_kind_are_left_alone() -> None:
    asked = requests([Shape()])
    odd = series([0, S, 10 * S], [1, 2, 3], kind_of("frequency", "average", "Hz"))
    found = {o.measurand for o in reduce_run(run_of(attempt(asked, (odd,)))).results}
    assert "frequency@1" not in found


def test_throttling_is_reduced_where_a_channel_shows_it() -> None:
    asked = requests([Shape()])
    counter = series([0, S, 10 * S], [1, 2, 3], kind_of("throttle", "counter", "{count}"))
    state = series(
        [0, S, 10 * S], [0, 1, 0], kind_of("throttle", "state", "1", channel="cooling.fan.state")
    )
    found = reduce_run(run_of(attempt(asked, (counter, state))))
    assert only(found, "throttle_events@1").by_attempt == ((1, 2.0),)
    assert only(found, "throttled_ratio@1", "request").by_attempt == ((1, 0.5),)


def test_a_temperature_counts_from_the_warm_ups_on() -> None:
    shapes = [Shape("w", warmup=True, ttft_ns=S), Shape("a", ttft_ns=S)]
    warm = series(
        [0, S // 2, 2 * S, 9 * S],
        [40.0, 44.0, 45.0, 99.0],
        kind_of("temperature", "instant", "Cel", channel="thermal.zone.temperature"),
    )
    found = reduce_run(run_of(attempt(requests(shapes), (warm,))))
    assert only(found, "temperature_rise@1").by_attempt == ((1, 5.0),)
