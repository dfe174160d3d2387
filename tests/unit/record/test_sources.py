from dataclasses import replace

from host.handover.record import AbsentField, GapField
from host.handover.text import same
from host.handover.trace import Gap, SourceCost
from host.record.sources import absent_of, gaps_of, sources_of
from tests.fakes.traces import attempt, run_of, series

COST = SourceCost("rapl", 100, 3, 2, 50, 900, 10.0, {"rapl.a": 8.0, "rapl.b": 1.0})
OTHER = SourceCost("rapl", 300, 1, 5, 70, 400, 20.0, {"rapl.a": 9.5})
CHANNELS = [
    {"name": "rapl.a", "kind_of_source": "rapl", "tier": "B"},
    {"name": "rapl.b", "kind_of_source": "rapl", "tier": ""},
    {"name": "x.c", "kind_of_source": "x", "tier": "C"},
]


def test_counts_add_up_over_attempts_and_the_slowest_refresh_stands() -> None:
    run = run_of(
        replace(attempt(), costs=(COST,)),
        replace(attempt(number=2), status="void", costs=(OTHER,)),
    )
    (found,) = sources_of(run, {"channels": CHANNELS})
    assert (found.ticks, found.missed, found.late) == (400, 4, 7)
    assert found.achieved_hz == "16"  # 400 readings in 10 s + 15 s
    assert (found.read_p50_ns, found.read_max_ns) == ("50", "900")
    assert found.refresh_hz == {"rapl.a": "8", "rapl.b": "1"}
    assert (found.channels, found.tier) == (("rapl.a", "rapl.b"), "B")


def test_a_source_that_never_gave_a_rate_shows_zero() -> None:
    still = replace(COST, achieved_hz=0.0)
    (found,) = sources_of(run_of(replace(attempt(), costs=(still,))), {})
    assert found.achieved_hz == "0"
    assert found.channels == ()


def test_absent_sources_keep_reason_and_fix() -> None:
    said = {"kind": "rapl", "source": "/sys/x", "reason": "no-access", "fix": "run as root"}
    assert absent_of({"absent": [said]}) == (
        AbsentField("rapl /sys/x", "no-access", same("run as root")),
    )
    assert absent_of({}) == ()


def test_gaps_are_counted_by_attempt_channel_and_reason_code() -> None:
    gaps = (Gap("a", 1, "unreadable: x"), Gap("a", 2, "unreadable: y"), Gap("a", 3, "stale"))
    holed = replace(series([0, 1], [1.0, 2.0]), gaps=gaps)
    run = run_of(attempt((), (holed,), number=2), attempt((), (holed,), number=1))
    assert gaps_of(run) == (
        GapField(1, "a", "stale", 1),
        GapField(1, "a", "unreadable", 2),
        GapField(2, "a", "stale", 1),
        GapField(2, "a", "unreadable", 2),
    )
