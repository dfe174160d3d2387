"""Results for each turn of talks: how times and rates change with depth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from host.handover.result import Observation
from host.handover.trace import AttemptTrace, RequestTrace
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate, Subject, observe
from host.reduce.latency import mean_time_to_first_token
from host.reduce.throughput import decode_rate, prefill_rate

# Measurand -> its unit and what gives it over requests.
_RESULTS: Final[dict[str, tuple[str, Callable[[Sequence[RequestTrace]], Estimate]]]] = {
    "time_to_first_token@1": ("s", mean_time_to_first_token),
    "prefill_rate@1": ("{token}/s", prefill_rate),
    "decode_rate@1": ("{token}/s", decode_rate),
}


def turn_results(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """Scope `turn-1` and so on, over all talks; none in runs without talks."""
    turns = sorted({r.turn for a in attempts for r in a.scored() if r.turn})
    return [
        observe(Subject(name, unit, f"turn-{turn}"), attempts, partial(_over, reduction, turn))
        for name, (unit, reduction) in _RESULTS.items()
        for turn in turns
    ]


def _over(
    reduction: Callable[[Sequence[RequestTrace]], Estimate], turn: int, attempt: AttemptTrace
) -> Estimate:
    found = [r for r in attempt.scored() if r.turn == turn]
    if not found:
        raise CoverageError("no-scored-request", f"none of turn {turn}")
    return reduction(found)
