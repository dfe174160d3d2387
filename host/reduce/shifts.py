"""How fast the energy of a window changes when readings are shifted against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from host.handover.trace import Window
from host.reduce.coverage import CoverageError
from host.reduce.integral import Integral

# Shifts of a window that its energy is asked for: no source that is read on a device has something
# new more often, and MLPerf Power lets clocks differ by 400 ms (`shared` reference peers, 2.4).
SHORTEST_NS, LONGEST_NS = 1_000_000, 400_000_000
# From one shift to the next, our choice: a step is seen although a window lies beside it by an
# offset between two of them, for the larger one takes it in as well.
FACTOR = 4


def shifts_of(update_period_ns: int, *, other_clock: bool) -> tuple[int, ...]:
    """Shifts in ns that are tried: one update period and two, for the first may mix both sides.

    On a clock of its own more, until beyond what clocks are tolerated to differ by.
    """
    one = max(update_period_ns, SHORTEST_NS)
    made = [one, 2 * one]
    while other_clock and made[-1] < LONGEST_NS:
        made.append(FACTOR * made[-1])
    return tuple(made)


def step_w(over: Callable[[Window], Integral], window: Window, shifts_ns: Sequence[int]) -> float:
    """The most that the energy of a window changes with a shift, over that shift, W.

    Shifted later by s it takes in what follows its end and loses what follows its start:
    |E(end, end + s) - E(start, start + s)| / s, and the like for earlier. Where nothing was read
    outside, power may have been as low as 0 W.
    """
    start, end = window.start_ns, window.end_ns
    found: list[float] = []
    for shift in shifts_ns:
        later = _mean(over, end, end + shift) - _mean(over, start, start + shift)
        earlier = _mean(over, start - shift, start) - _mean(over, end - shift, end)
        found += [abs(later), abs(earlier)]
    return max(found)


def _mean(over: Callable[[Window], Integral], start_ns: int, end_ns: int) -> float:
    window = Window(start_ns, end_ns)
    try:
        return over(window).value / window.seconds
    except CoverageError:
        return 0.0
