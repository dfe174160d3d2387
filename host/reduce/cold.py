"""A cold start: load from storage and the first output, s."""

from __future__ import annotations

from collections.abc import Sequence

from host.handover.cold import COLD, COLD_INFERENCE, COLD_TOKEN
from host.handover.result import Basis, Observation
from host.handover.text import Txt
from host.handover.trace import AttemptTrace
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate, Subject, observe
from host.reduce.inferences import of_graph
from host.reduce.latency import NS, first_late_s, stamped, time_to_first_token_s

_UNITS = {definition.id: definition.unit for definition in COLD}


def cold_results(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """One result where attempts began cold; none in other runs."""
    shares = [a.resident_ratio for a in attempts if a.resident_ratio is not None]
    if not shares:
        return []
    rule = Txt(
        f"加载前模型在页缓存中的页所占份额至多 {max(shares):.2g}（mincore）",
        f"share of the model's pages in the page cache before the load at most {max(shares):.2g}"
        " (mincore)",
    )
    name = COLD_INFERENCE if of_graph(attempts) else COLD_TOKEN
    return [observe(Subject(name, _UNITS[name], rule=rule), attempts, _first)]


def _first(attempt: AttemptTrace) -> Estimate:
    """Two windows: the load, and the first request to its first output."""
    if attempt.resident_ratio is None:
        raise CoverageError("cold-not-recorded", "nothing says that the page cache was empty")
    if attempt.load is None:
        raise CoverageError("load-not-recorded", "no load_start and load_end pair")
    if not attempt.requests:
        raise CoverageError("no-scored-request", "the attempt ended before one")
    first = attempt.requests[0]
    trace, known = first.inferences, stamped([first])
    if trace is None:
        after_s, late = time_to_first_token_s(first), first_late_s([first])
    else:
        after_s, late = float(trace.end_ns[0] - trace.start_ns[0]) * NS, 0.0
    value = attempt.load.seconds + after_s
    late += attempt.load_late_ns * NS
    return Estimate(value, count=1, basis=Basis(value, 2, 1, late, late_known=known))
