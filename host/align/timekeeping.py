"""Time of a run from all its readings: source of UTC, bound, rate of the interval clock. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from host.align.time_corrections import PPM, Span, corrections_of, raw_span_ns, slack_ns
from host.align.time_corrections import suspended_ns as suspended_of
from host.handover.conditions import ClockFacts
from host.handover.text import Txt
from host.handover.timekeeping import ClockSaid, Moment, Rate, Timekeeping, UtcSource

# What is taken of a quartz oscillator that nobody compared: the most that NTP is prepared to
# correct (RFC 5905, appendix A.1.1, MAXFREQ; Linux, include/linux/timex.h, MAXFREQ). In a survey
# of some 20 000 hosts the median error was 78 ppm and a few had more than 500 ppm (D. L. Mills,
# Computer Network Time Synchronization, chapter on computer clocks): so the 20 to 100 ppm of a
# crystal's data sheet do not bound a whole machine; this is a limit by convention, no guarantee.
UNCOMPARED_PPM = 500.0
UNCOMPARED = Txt(
    f"未与UTC比对；取石英振荡器 ±{UNCOMPARED_PPM:g}×10⁻⁶（RFC 5905 附录 A.1.1，MAXFREQ）",
    f"not compared to UTC; ±{UNCOMPARED_PPM:g} ppm taken for a quartz oscillator"
    " (RFC 5905, appendix A.1.1, MAXFREQ)",
)
DISAGREE = Txt(
    "；守护进程给出的频率与时钟比对结果不符，未采用",
    "; the frequency that the daemon stated and the comparison of clocks disagree,"
    " neither is used",
)
BY_DAEMON = Txt(
    "由守护进程给出的频率及其误差界和残差、内核的修正",
    "frequency that the daemon stated, with its error bound and residual, and the kernel's"
    " correction",
)
BY_PAIR = Txt(
    "运行前后与REALTIME比对，含UTC误差界",
    "comparison with REALTIME before and after the run, with the bound to UTC",
)
# Name of an interval clock (collectors/clocks.py) to its API.
APIS = {"monotonic_raw": "CLOCK_MONOTONIC_RAW", "boottime": "CLOCK_BOOTTIME"}
NOT_ASKED = Txt("设备未被询问时间状态", "the device was not asked about its timekeeping")
NOT_BOTH = Txt(
    "并非在每次运行前后都读到了 UTC 来源",
    "a source of UTC was not read both before and after every session of the run",
)

Interval = tuple[float, float]


def timekeeping_of(spans: Sequence[Span]) -> Timekeeping:
    """Judge all readings together; a run of several sessions has one span for each."""
    moments = [m for span in spans for m in (span.before, span.after) if m is not None]
    complete = bool(spans) and all(span.after is not None for span in spans)
    source = _source(moments) if complete else None
    return Timekeeping(
        first=moments[0] if moments else None,
        last=moments[-1] if moments else None,
        sessions=len(spans),
        source=source,
        utc_bound_s=utc_bound_s(moments) if source else None,
        rate=rate_of(spans),
        corrections=corrections_of(spans),
        absent=Txt("", "") if source else _absent(moments),
    )


def utc_bound_s(moments: Sequence[Moment]) -> float | None:
    """The largest bound of all readings, None when one has none."""
    bounds = [m.sync.bound_s for m in moments if m.sync is not None]
    return max(bounds) if bounds and len(bounds) == len(moments) else None


def rate_of(spans: Sequence[Span]) -> Rate:
    """Rate error of the interval clock, from the narrower of two comparisons with UTC.

    Of several sessions the range that holds all of them: another boot may calibrate its clock
    anew. Two comparisons that exclude each other prove that one is wrong; then none is used.
    """
    daemon = _joined([_by_daemon(m) for span in spans for m in (span.before, span.after)])
    pair = _joined([_by_pair(span) for span in spans])
    if daemon and pair and (daemon[0] > pair[1] or pair[0] > daemon[1]):
        return Rate(
            0.0,
            UNCOMPARED_PPM,
            "manufacturer",
            Txt(UNCOMPARED.zh + DISAGREE.zh, UNCOMPARED.en + DISAGREE.en),
        )
    interval, words = (daemon, BY_DAEMON) if _width(daemon) <= _width(pair) else (pair, BY_PAIR)
    if interval is None or _width(interval) >= 2 * UNCOMPARED_PPM:
        return Rate(0.0, UNCOMPARED_PPM, "manufacturer", UNCOMPARED)
    middle = (interval[0] + interval[1]) / 2
    return Rate(middle, _width(interval) / 2, "compared_to_utc", words)


def _by_daemon(moment: Moment | None) -> Interval | None:
    """Range of the rate error in ppm, from the daemon's frequency at one reading.

    The daemon corrects by the opposite of that frequency, so it and the kernel's adjustment should
    add up to 0; what they do not is a slew under way, or a daemon that watches and does not steer.
    It counts as not known, on both sides. MONOTONIC_RAW is not corrected and keeps the whole
    frequency; of a corrected clock only the unknown is left.
    """
    if moment is None or moment.sync is None or moment.kernel is None:
        return None
    sync = moment.sync
    if sync.freq_ppm is None or sync.skew_ppm is None:
        return None
    unsteered = abs(sync.freq_ppm + moment.kernel.adjustment_ppm)
    half = sync.skew_ppm + abs(sync.residual_ppm or 0.0) + unsteered
    middle = sync.freq_ppm if moment.interval_clock == "monotonic_raw" else 0.0
    known = moment.interval_clock in APIS
    return (middle - half, middle + half) if known else None


def _by_pair(span: Span) -> Interval | None:
    """Range of the rate error in ppm over one session, from REALTIME at both ends.

    Steps of REALTIME do no harm: at both ends it is within its bound of UTC. A leap second between
    both would: UTC then lasts a second more or less than REALTIME shows, so that nothing is
    compared while one is announced.
    """
    if span.pairs is None or span.after is None:
        return None
    before, after = span.pairs
    slack = slack_ns(before, after)
    if span.before.sync is None or span.after.sync is None:
        return None
    wall_ns = after.realtime_ns - before.realtime_ns
    if not {span.before.sync.leap, span.after.sync.leap} <= {"normal"}:
        return None
    if wall_ns <= 0 or suspended_of(before, after) > slack:
        return None
    moved_ns = {
        "monotonic_raw": raw_span_ns(before, after),
        "boottime": float(after.boottime_ns - before.boottime_ns),
    }.get(span.before.interval_clock)
    if moved_ns is None:
        return None
    bounds_ns = (span.before.sync.bound_s + span.after.sync.bound_s) * 1e9
    middle = (moved_ns - wall_ns) / wall_ns * PPM
    half = (slack + bounds_ns) / wall_ns * PPM
    return (middle - half, middle + half)


def _joined(found: Sequence[Interval | None]) -> Interval | None:
    """The smallest range that holds all of them; None when one is missing."""
    known = [each for each in found if each is not None]
    if not known or len(known) != len(found):
        return None
    return (min(low for low, _ in known), max(high for _, high in known))


def _width(interval: Interval | None) -> float:
    return inf if interval is None else interval[1] - interval[0]


def _source(moments: Sequence[Moment]) -> UtcSource | None:
    """The source of the first reading, if every reading has one of the same daemon."""
    sources = [m.source for m in moments if m.source is not None]
    if len(sources) != len(moments) or len({s.daemon for s in sources}) != 1:
        return None
    first = sources[0]
    others = sorted({s.provider for s in sources} - {first.provider})
    if not others:
        return first
    names = ", ".join((first.provider, *others))
    path = first.path if len({s.path for s in sources}) == 1 else ""
    return UtcSource(
        f"{first.daemon}, {names}",
        names,
        first.ref_id,
        max(s.stratum for s in sources),
        path,
        first.daemon,
        first.version,
    )


def _absent(moments: Sequence[Moment]) -> Txt:
    """Why there is no source: what the first reading without one says."""
    if not moments:
        return NOT_ASKED
    missing = [m.absent for m in moments if m.source is None]
    return missing[0] if missing else NOT_BOTH


def interval_clock_of(time: Timekeeping) -> ClockSaid | None:
    """The device's own words on the clock of all its stamps."""
    if time.first is None:
        return None
    api = APIS.get(time.first.interval_clock)
    return next((clock for clock in time.first.clocks if clock.api == api), None)


def clock_facts(time: Timekeeping, name: str, resolution_ns: int) -> ClockFacts:
    """What budgets need of the interval clock.

    name, resolution_ns: as the agent's hello said; an older run folder has nothing else.
    """
    said = interval_clock_of(time)
    return ClockFacts(
        name=name,
        resolution_ns=said.resolution_ns if said else resolution_ns,
        read_cost_ns=said.read_cost_ns if said else None,
        rate_ppm=time.rate.ppm,
        rate_half_width_ppm=time.rate.half_width_ppm,
        rate_how=time.rate.how,
        rate_source=time.rate.source,
    )
