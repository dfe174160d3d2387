"""Rules over the readings of sources: ordered, finite, possible, and there when needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from host.check.rule import Breach, Rule, attempt_file, breach
from host.handover.case import Case
from host.handover.equipment import BENCH
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, RequestTrace, Series

# Quantity -> what a device can show at all, in coherent units. Wide on purpose: they find readings
# that no device gives (a wrong unit, a register of all ones), not readings that are unusual.
POSSIBLE: Final[dict[str, tuple[float, float]]] = {
    "temperature": (-90.0, 250.0),  # Cel; silicon works from -55 to 175 at most
    "frequency": (0.0, 1e11),  # Hz; ten times the fastest clocks there are
    "memory": (0.0, 2.0**52),  # By; the physical address space of x86-64
    "power": (-1e5, 1e5),  # W; batteries charge, so both signs; a rack has 1e5
    "voltage": (-1e3, 1e3),  # V
    "current": (-1e4, 1e4),  # A
    "utilisation": (0.0, 1.0),
    "cpu_time": (0.0, np.inf),
    "energy": (0.0, np.inf),
    "charge": (0.0, np.inf),
    "throttle": (0.0, np.inf),
    "idle": (0.0, np.inf),
}
# A counter that starts again falls by nearly its range; one that falls by less was set back.
WRAP_SHARE = 0.5


def readings_ordered(case: Case) -> Iterator[Breach]:
    """The second stamp of a read is not before the first, and reads follow one another."""

    def look(s: Series) -> tuple[str, str] | None:
        if np.any(s.t1_ns < s.t0_ns) or np.any(np.diff(s.t0_ns) <= 0):
            return "的时间戳不递增", "has stamps that do not rise"
        return None

    return _each(case, look)


def readings_finite(case: Case) -> Iterator[Breach]:
    """A number that is none is no reading; what is missing is a gap with a reason."""

    def look(s: Series) -> tuple[str, str] | None:
        if not np.all(np.isfinite(s.values)):
            return "有非有限的读数", "has readings that are no finite numbers"
        return None

    return _each(case, look)


def readings_possible(case: Case) -> Iterator[Breach]:
    """Within what a device can show at all."""

    def look(s: Series) -> tuple[str, str] | None:
        low, high = POSSIBLE.get(s.quantity, (-np.inf, np.inf))
        odd = s.values[(s.values < low) | (s.values > high)]
        if len(odd) == 0:
            return None
        seen = f"{odd[0]:.6g} {s.unit}"
        return f"有不可能的读数 {seen}", f"has a reading that cannot be: {seen}"

    return _each(case, look)


def counters_forward(case: Case) -> Iterator[Breach]:
    """A counter grows, and falls only where it starts again at its stated end.

    A peak of memory may seem to fall: Linux gives the larger of a mark that it sets now and then
    and what is resident (fs/proc/task_mmu.c, task_mem), of which pages wait in batches to be
    counted. The row `batches` of its budget says how many.
    """

    def look(s: Series) -> tuple[str, str] | None:
        if s.kind not in ("counter", "peak"):
            return None
        wraps_from = np.inf if s.wraps_at is None else WRAP_SHARE * s.wraps_at
        falls = -np.diff(s.values)
        falls = falls[falls > 0]  # budgets are looked at only where there is a fall
        if len(falls) and np.any((falls > _slack(case, s)) & (falls < wraps_from)):
            return "的计数倒退", "is a counter that goes back"
        return None

    return _each(case, look)


def _slack(case: Case, s: Series) -> float:
    """How far it may seem to fall between two readings, in its unit; open: without a limit."""
    refs = {q.budget_ref for q in case.record.results if q.source == s.channel}
    budgets = [b for b in case.record.budgets if b.id in refs]
    halves = [row.half_width for b in budgets for row in b.rows if row.symbol == "batches"]
    return sum(np.inf if half is None else 2 * float(half) for half in halves)


def sampled_throughout(case: Case) -> Iterator[Breach]:
    """A plan with sampling has readings before the first scored request and after the last."""
    if not case.facts.plan.plan.sampling.enabled:
        return
    for attempt in case.run.counted():
        if not any(_covers(s, attempt.scored()) for s in attempt.series):
            yield breach(
                attempt_file(attempt.number),
                "没有一个来源的读数覆盖全部计分请求。",
                "No source has readings from before the first scored request to after the last.",
            )


def bare_unread(case: Case) -> Iterator[Breach]:
    """An attempt without the sampler has no readings of it; meters on the bench go on."""
    for attempt in case.run.valid():
        own = [s for s in attempt.series if not s.channel.startswith(BENCH)]
        if not attempt.sampled and own:
            yield breach(
                attempt_file(attempt.number),
                f"第 {attempt.number} 次称未采样，却有读数。",
                f"Attempt {attempt.number} is said to be without sampling and has readings.",
            )


def _covers(s: Series, requests: Sequence[RequestTrace]) -> bool:
    """Whether there are readings from before the start to after the end of each request."""
    return all(np.any(s.t0_ns <= r.start_ns) and np.any(s.t1_ns >= r.end_ns) for r in requests)


def _each(case: Case, look: Callable[[Series], tuple[str, str] | None]) -> Iterator[Breach]:
    for attempt in case.run.valid():
        yield from _of(attempt, look)


def _of(
    attempt: AttemptTrace, look: Callable[[Series], tuple[str, str] | None]
) -> Iterator[Breach]:
    for series in attempt.series:
        found = look(series)
        if found is not None:
            zh, en = found
            file = attempt_file(attempt.number, f"source-{series.source}.tsv")
            yield breach(file, f"{series.channel} {zh}。", f"{series.channel} {en}.")


RULES = (
    Rule(
        "readings-ordered",
        Txt("读数的时间戳递增。", "Stamps of readings rise."),
        readings_ordered,
    ),
    Rule("readings-finite", Txt("读数是有限的数。", "Readings are finite."), readings_finite),
    Rule(
        "readings-possible",
        Txt("读数在设备可能的范围内。", "Readings are what a device can show."),
        readings_possible,
    ),
    Rule(
        "counters-forward",
        Txt("计数器只增，除非回绕。", "Counters grow, unless they wrap."),
        counters_forward,
    ),
    Rule(
        "sampled-throughout",
        Txt(
            "采样覆盖全部计分请求。",
            "Sampling covers all scored requests where the plan has it on.",
        ),
        sampled_throughout,
    ),
    Rule(
        "bare-unread",
        Txt(
            "未采样的测量没有设备上的读数。",
            "Attempts without sampling have no readings of the device.",
        ),
        bare_unread,
    ),
)
