"""Results for each turn of talks: how times and rates change with depth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from host.handover import rules
from host.handover.result import Observation
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, RequestTrace
from host.reduce.basis import mean
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
        observe(
            Subject(name, unit, f"turn-{turn}", rule=_rule(attempts, turn)),
            attempts,
            partial(_over, reduction, turn),
        )
        for name, (unit, reduction) in _RESULTS.items()
        for turn in turns
    ]


def _rule(attempts: Sequence[AttemptTrace], turn: int) -> Txt | None:
    """Of servers: what a client sees, and how much of a prompt they took from their cache."""
    found = [r for a in attempts for r in a.scored() if r.turn == turn and r.reply is not None]
    if not found:
        return None
    if not all(r.reply is not None and r.reply.kept_known for r in found):
        return rules.CHUNKS
    kept = mean([float(r.kept_tokens) for r in found])
    whole = mean([float(r.kept_tokens + r.prompt_tokens) for r in found])
    return Txt(
        f"{rules.CHUNKS.zh}；平均 {whole:.4g} 个提示词元中有 {kept:.4g} 个取自缓存，不计入预填充",
        f"{rules.CHUNKS.en}; of {whole:.4g} prompt tokens on average {kept:.4g} came from the"
        " cache and are not in the prefill",
    )


def _over(
    reduction: Callable[[Sequence[RequestTrace]], Estimate], turn: int, attempt: AttemptTrace
) -> Estimate:
    found = [r for r in attempt.scored() if r.turn == turn]
    if not found:
        raise CoverageError("no-scored-request", f"none of turn {turn}")
    return reduction(found)
