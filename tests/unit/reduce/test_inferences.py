"""Times, rates and energies of plain graphs, from requests with stated times."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.handover.inference import OF_TOKENS
from host.handover.result import Observation
from host.handover.trace import AlignedRun, AttemptTrace, RequestTrace, Window
from host.reduce.run import reduce_run
from tests.fakes.graphs import graph_request
from tests.fakes.traces import example_run

MS = 1_000_000


def attempt(*requests: RequestTrace) -> AttemptTrace:
    return AttemptTrace(1, "valid", "", Window(0, 1), None, None, requests, (), (), None)


def results(*requests: RequestTrace) -> dict[tuple[str, str, str], Observation]:
    reduced = reduce_run(AlignedRun("clock", 0, 0, (attempt(*requests),)))
    assert reduced.conventions == ()
    return {(o.measurand, o.statistic, o.scope): o for o in reduced.results}


def value(found: Observation) -> float:
    ((_, only),) = found.by_attempt
    return only


def test_rate_is_inferences_over_their_own_time_and_pauses_do_not_count() -> None:
    found = results(graph_request([2 * MS, 4 * MS], pause_ns=50 * MS))
    assert value(found["inference_rate@1", "mean", ""]) == pytest.approx(2 / 0.006)


def test_image_takes_its_steps_and_shares_its_batch() -> None:
    one = graph_request([10 * MS] * 8, batch=2, steps=4)
    found = results(one)
    assert value(found["image_latency@1", "mean", ""]) == pytest.approx(4 * 0.010 / 2)


def test_latencies_are_single_inferences_of_scored_requests() -> None:
    warm = replace(graph_request([90 * MS]), warmup=True)
    found = results(warm, graph_request([1 * MS, 2 * MS, 3 * MS], start_ns=200 * MS))
    median = found["inference_latency@1", "median", ""]
    assert median.samples == ((1, (0.001, 0.002, 0.003)),)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=50), st.integers(1, 8))
def test_rate_times_mean_latency_is_one_and_a_batch_divides_the_image_by_itself(
    times: list[int], batch: int
) -> None:
    found = results(graph_request(times, batch=batch))
    rate = value(found["inference_rate@1", "mean", ""])
    image = value(found["image_latency@1", "mean", ""])
    assert rate * image * batch == pytest.approx(1)


def test_what_only_tokens_give_is_missing_with_one_reason() -> None:
    found = results(graph_request([MS]))
    lacking = {o.measurand: o.missing for o in found.values() if o.measurand in OF_TOKENS}
    assert {"decode_rate@1", "time_to_first_token@1", "request_latency@1"} <= set(lacking)
    assert {reason.partition(":")[0] for reason in lacking.values()} == {"no-tokens"}


def test_an_item_has_its_own_rate() -> None:
    later = graph_request([4 * MS], item="b", start_ns=100 * MS)
    found = results(graph_request([2 * MS]), replace(later, number=1))
    assert value(found["inference_rate@1", "mean", "b"]) == pytest.approx(250)


def test_energy_is_shared_out_among_inferences_and_images() -> None:
    run = example_run()
    graphs = []
    for one in run.attempts:
        first, last = one.scored()[0].start_ns, one.scored()[-1].end_ns
        long = (last - first) // 10
        trace = graph_request([long - 10] * 10, start_ns=first, batch=4, steps=2)
        graphs.append(replace(one, requests=(trace,)))
    reduced = reduce_run(replace(run, attempts=tuple(graphs)))
    by = {(o.measurand, o.source): o.by_attempt for o in reduced.results if o.scope == "request"}
    sources = [source for measurand, source in by if measurand == "energy_per_image@1"]
    assert sources
    for source in sources:
        whole, each, image = (
            by[name, source]
            for name in ("energy@1", "energy_per_inference@1", "energy_per_image@1")
        )
        assert [v for _, v in each] == pytest.approx([v / 10 for _, v in whole])
        assert [v for _, v in image] == pytest.approx([v * 2 / (10 * 4) for _, v in whole])
