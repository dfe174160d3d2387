"""Steps of streams have results of their own, of one stream, of all together, and of energy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from host.handover import rules
from host.handover.result import Observation
from host.handover.trace import Reply, RequestTrace
from host.reduce.run import reduce_run
from tests.fakes.traces import SECOND_NS, Shape, attempt, request, run_of, series

POWER_W = 10.0
# Every request: first token after 0.8 s, then 15 steps of 50 ms, so 1.55 s for 16 tokens.
LENGTH_S, TOKENS, STEP_RATE = 1.55, 16, 20.0


def of_server(number: int, t0_ns: int, streams: int, stream: int) -> RequestTrace:
    stated = {"predicted_per_second": 21.0 + stream, "eval_count": 5.0, "eval_duration": 1e9}
    made = request(Shape(), number=number, t0_ns=t0_ns)
    return replace(made, reply=Reply(1000, stated, ""), streams=streams, stream=stream)


def reduced() -> dict[tuple[str, str], Observation]:
    """One stream, then two at once of which the second begins 0.2 s late; 10 W all the time."""
    asked = (
        of_server(0, 0, 1, 0),
        of_server(1, 2 * SECOND_NS, 2, 0),
        of_server(2, 2 * SECOND_NS + SECOND_NS // 5, 2, 1),
    )
    times = [-SECOND_NS + i * SECOND_NS // 100 for i in range(700)]
    power = series(times, [POWER_W] * len(times))
    found = reduce_run(run_of(attempt(asked, (power,))))
    return {(o.measurand, o.scope): o for o in (*found.results, *found.conventions)}


def test_streams_of_one_process_are_reduced_alike_and_say_how_they_were_batched() -> None:
    """Tokens where a server has chunks; the energy of a step is that of its own window."""
    asked = [
        replace(request(Shape(), number=n, t0_ns=t0_ns), streams=streams, stream=stream)
        for n, (t0_ns, streams, stream) in enumerate(
            [(0, 1, 0), (2 * SECOND_NS, 2, 0), (2 * SECOND_NS + SECOND_NS // 5, 2, 1)]
        )
    ]
    times = [-SECOND_NS + i * SECOND_NS // 100 for i in range(700)]
    power = series(times, [POWER_W] * len(times))
    found = reduce_run(run_of(attempt(asked, (power,))))
    by = {(o.measurand, o.scope): o for o in found.results}
    for (name, scope), observation in reduced().items():
        if scope.startswith("streams="):
            assert by[name, scope].by_attempt == observation.by_attempt, (name, scope)
    assert by["system_rate@1", "streams=2"].rule == rules.BATCHED
    assert ("decode_rate@1", "") not in by
    steps = [o for o in found.results if o.measurand == "inter_token_interval@1"]
    # The second stream begins four steps late: 11 batches have both, 4 at each end one alone.
    assert [(o.scope, o.statistic, o.count) for o in steps] == [
        (f"streams={n}", statistic, batches)
        for n, batches in ((1, 15), (2, 19))
        for statistic in ("median", "p95", "p99")
    ]
    assert {round(v * STEP_RATE, 9) for o in steps for _, values in o.samples for v in values} == {
        1.0
    }


def value(found: dict[tuple[str, str], Observation], name: str, scope: str) -> float:
    observation = found[name, scope]
    assert observation.by_attempt, observation.missing
    return observation.by_attempt[0][1]


def test_system_rate_counts_all_streams_from_the_first_start_to_the_last_end() -> None:
    found = reduced()
    assert value(found, "system_rate@1", "streams=1") == pytest.approx(TOKENS / LENGTH_S)
    both_s = LENGTH_S + 0.2
    assert value(found, "system_rate@1", "streams=2") == pytest.approx(2 * TOKENS / both_s)


def test_rate_of_one_stream_is_that_of_its_own_steps() -> None:
    found = reduced()
    for scope in ("streams=1", "streams=2"):
        assert value(found, "decode_rate@1", scope) == pytest.approx(STEP_RATE)
        assert value(found, "time_to_first_token@1", scope) == pytest.approx(0.8)


def test_energy_of_a_token_is_that_of_its_step_and_none_stands_for_all() -> None:
    found = reduced()
    joule = POWER_W * (LENGTH_S + 0.2) / (2 * TOKENS)
    assert value(found, "energy_per_token@1", "streams=2") == pytest.approx(joule, rel=1e-3)
    assert ("energy_per_token@1", "request") not in found
    assert ("decode_rate@1", "") not in found
    assert ("convention:aiperf.itl", "") not in found


def test_what_the_server_states_stands_under_its_own_name() -> None:
    """The mean of 21, 21 and 22; a stated rate goes before a count and a time."""
    assert value(reduced(), "convention:server.decode_rate", "") == pytest.approx(64 / 3)
    missing = reduced()["convention:server.prefill_rate", ""].missing
    assert missing.startswith("not-stated: ")


def test_count_and_time_make_a_rate_where_a_server_states_none() -> None:
    one = request(Shape())
    stated = {"eval_count": 5.0, "eval_duration": 2.0e9}
    found = reduce_run(run_of(attempt([replace(one, reply=Reply(None, stated, ""))])))
    decode = next(o for o in found.conventions if o.measurand == "convention:server.decode_rate")
    assert decode.by_attempt[0][1] == pytest.approx(2.5)
