"""What was done to the wall clock between two readings of all clocks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from host.handover.text import Txt
from host.handover.timekeeping import Corrections, Moment, Pair

# A change of rate beyond this is a slew. Quartz follows its temperature by about 1 ppm a kelvin
# (D. Hart, questions@lists.ntp.org, 2012-02-24), and daemons track that; offsets they slew away by
# 500 ppm (Linux, kernel/time/ntp.c, MAX_SLEW) and more (chrony.conf(5), maxslewrate).
SLEW_LIMIT_PPM = 10.0
# The kernel corrects frequency by no more (Linux, include/linux/timex.h, MAXFREQ).
MAX_FREQUENCY_PPM = 500.0
PPM = 1e6


@dataclass(frozen=True, slots=True)
class Span:
    """The two readings around the attempts of one session; after: None when it was cut off."""

    before: Moment
    after: Moment | None

    @property
    def pairs(self) -> tuple[Pair, Pair] | None:
        """Both pairs, if there are two of the same boot, in order of time."""
        after = self.after
        if after is None or after.boot_id != self.before.boot_id:
            return None
        if self.before.pair is None or after.pair is None:
            return None
        good = after.pair.raw0_ns > self.before.pair.raw1_ns
        return (self.before.pair, after.pair) if good else None


def slack_ns(before: Pair, after: Pair) -> int:
    """What two brackets leave open of a difference between clocks: both widths."""
    return (before.raw1_ns - before.raw0_ns) + (after.raw1_ns - after.raw0_ns)


def raw_span_ns(before: Pair, after: Pair) -> float:
    """Time between the middles of both brackets on MONOTONIC_RAW."""
    return ((after.raw0_ns + after.raw1_ns) - (before.raw0_ns + before.raw1_ns)) / 2


def step_ns(before: Pair, after: Pair) -> int:
    """By how much the wall clock jumped; within `slack_ns` it did not.

    REALTIME and BOOTTIME run at the same rate and differ by a constant that only setting the
    clock or a leap second changes (Linux, kernel/time/timekeeping.c).
    """
    moved = after.realtime_ns - before.realtime_ns
    return moved - (after.boottime_ns - before.boottime_ns)


def suspended_ns(before: Pair, after: Pair) -> int:
    """Time in suspend: BOOTTIME counts it, MONOTONIC does not (clock_gettime(2))."""
    moved = after.boottime_ns - before.boottime_ns
    return moved - (after.monotonic_ns - before.monotonic_ns)


def adjustment_ppm(before: Pair, after: Pair) -> float:
    """By how much MONOTONIC ran faster than MONOTONIC_RAW, in the mean."""
    raw_ns = raw_span_ns(before, after)
    return ((after.monotonic_ns - before.monotonic_ns) - raw_ns) / raw_ns * PPM


def slewed(span: Span) -> bool | None:
    """Whether the rate was changed beyond what the kernel's correction at both ends explains."""
    if span.pairs is None or span.after is None:
        return None
    before, after = span.before.kernel, span.after.kernel
    mean = adjustment_ppm(*span.pairs)
    margin = slack_ns(*span.pairs) / raw_span_ns(*span.pairs) * PPM
    if before is None or after is None:
        return True if abs(mean) > MAX_FREQUENCY_PPM + margin else None
    ends = (before.adjustment_ppm, after.adjustment_ppm)
    unexplained = abs(mean - sum(ends) / 2)
    return unexplained > SLEW_LIMIT_PPM + margin or abs(ends[1] - ends[0]) > SLEW_LIMIT_PPM


def corrections_of(spans: Sequence[Span]) -> Corrections:
    """Over all sessions. A step and its opposite within one session cancel and are not seen."""
    pairs = [span.pairs for span in spans]
    known = [both for both in pairs if both is not None]
    largest = max((step_ns(*both) for both in known), key=abs, default=0)
    whole = bool(spans) and len(known) == len(pairs)
    stepped = [abs(step_ns(*both)) > slack_ns(*both) for both in known]
    paused = [suspended_ns(*both) > slack_ns(*both) for both in known]
    return Corrections(
        stepped=_any([*stepped, *([] if whole else [None])]),
        slewed=_any([slewed(span) for span in spans] or [None]),
        suspended=_any([*paused, *([] if whole else [None])]),
        step_ns=largest,
        reason=_reason(whole),
    )


def _any(found: Sequence[bool | None]) -> bool | None:
    """True when one is; None when none is but one is not known."""
    if any(found):
        return True
    return None if None in found else False


def _reason(whole: bool) -> Txt:  # noqa: FBT001 - private, one call
    if not whole:
        return Txt(
            "运行前后未都读到同一次启动内的各时钟，无法判断。",
            "Not known: the clocks were not read both before and after within one boot.",
        )
    return Txt(
        f"运行前后各读一次所有时钟：REALTIME 相对 BOOTTIME 的跳变超过读数区间即为步进；"
        f"MONOTONIC 相对 MONOTONIC_RAW 的速率变化超过 {SLEW_LIMIT_PPM:g}×10⁻⁶ 即为调整。",
        "All clocks were read before and after: a step is a jump of REALTIME against BOOTTIME"
        " beyond the brackets of the readings, a slew a change of rate of MONOTONIC against"
        f" MONOTONIC_RAW beyond {SLEW_LIMIT_PPM:g} ppm.",
    )
