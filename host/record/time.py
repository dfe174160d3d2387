"""The time block of a record (reference: metrology 6.5 and 8). Pure.

Words are earned: a source of UTC is named only where every reading before and after named one and
gave a bound; else the block says "not traceable to UTC" and why. Labels are of the host's wall
clock: where it is another machine than the device, its own source counts, and `host` holds its
state.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from host.handover.facts import RunFacts
from host.handover.text import Txt, same
from host.handover.timekeeping import ClockSaid, Corrections, Moment, Rate, Sync, Timekeeping
from host.handover.trace import AlignedRun
from host.record.pulses import pulses_of
from host.schema.canonical import decimal, quoted

NO_UTC = Txt("未溯源至UTC", "not traceable to UTC")
NOT_READ = Txt("未读取时间状态", "timekeeping was not read")
OTHER_MACHINE = Txt(
    "时间标签来自主机，而主机的时间状态未读取",
    "wall-clock labels come from the host, whose timekeeping was not read",
)


def time_of(run: AlignedRun, facts: RunFacts) -> dict[str, Any]:
    """The block; `utc_source` is an object or the word `none`."""
    time = facts.timekeeping
    # On one machine the wall clock of the labels is the one that the device spoke of.
    apart = not facts.clock.get("same_clock")
    host = facts.host_timekeeping if apart else None
    clock = _clock_id(run.clock)
    own = _clocks(time, clock, str(facts.clock.get("resolution_ns", "")), labels=not apart)
    said = [*own, *_label_clocks(host)]
    block: dict[str, Any] = {
        "interval_clock": run.clock,
        "clocks": said,
        "alignment": _alignment(run, facts.clock),
        **({"pulses": pulses_of(facts.pulses)} if facts.pulses else {}),
    }
    if time is None:
        return {**block, "utc_source": "none", **_untraceable(NOT_READ)}
    block |= {
        "sync_before": _sync(time.first),
        "sync_after": _sync(time.last),
        "sessions": time.sessions,
        "rate": _rate(time.rate),
        **_corrections(time.corrections, own, clock),
        **({} if host is None else {"host": _host(host)}),
    }
    return {**block, **_labels(host if apart else time, time.rate, clock, apart=apart)}


def _labels(time: Timekeeping | None, rate: Rate, clock: str, *, apart: bool) -> dict[str, Any]:
    """What the labels are traceable to. time: of the machine whose wall clock they are of.

    rate, clock: of the device, for durations.
    """
    if time is None:
        return {"utc_source": "none", **_untraceable(OTHER_MACHINE)}
    source, bound_s = time.source, time.utc_bound_s
    if source is None or bound_s is None:
        return {"utc_source": "none", **_untraceable(time.absent)}
    named = {
        "name": source.name,
        "stratum": source.stratum,
        "provider": source.provider,
        "reference_id": source.ref_id,
        "path": source.path or None,
        "daemon": source.daemon,
        "version": source.version or None,
        **({"machine": "host"} if apart else {}),
    }
    name = Txt(f"主机的{source.name}", f"the host's {source.name}") if apart else same(source.name)
    text = traceable(name, bound_s, clock, rate)
    return {
        "utc_source": quoted(named),
        "utc_bound_s": decimal(bound_s),
        "traceability_text": {"zh": text.zh, "en": text.en},
    }


def _host(time: Timekeeping) -> dict[str, Any]:
    """The host's wall clock before and after the run, and what was done to it in between."""
    found = _corrections(time.corrections, [], "")
    del found["durations_void"]  # no duration is taken from it
    return {
        "sync_before": _sync(time.first),
        "sync_after": _sync(time.last),
        "sessions": time.sessions,
        **found,
    }


def traceable(source: Txt, bound_s: float, clock: str, rate: Rate) -> Txt:
    """The sentence for a run with a source of UTC (wording template: metrology 8).

    A rate that was not compared is not said to be.
    """
    bound = f"{bound_s:.3g}"
    labels = Txt(
        f"时间戳经{source.zh}参照UTC，误差界为 {bound} s（以该来源正确为前提）；",
        f"Time stamps refer to UTC via {source.en} with a bound of {bound} s"
        " (if that source is right); ",
    )
    u_ppm = f"{rate.half_width_ppm / sqrt(3):.3g}"
    if rate.how == "compared_to_utc":
        ppm = f"{rate.ppm:.3g}"
        return Txt(
            f"{labels.zh}时间间隔采用 {clock}，其频率偏差为 {ppm}×10⁻⁶"
            f"（标准不确定度 {u_ppm}×10⁻⁶），参照UTC确定：{rate.source.zh}。",
            f"{labels.en}durations use {clock} with rate {ppm} ppm (u = {u_ppm} ppm)"
            f" compared to UTC: {rate.source.en}.",
        )
    return Txt(
        f"{labels.zh}时间间隔采用 {clock}，其频率{rate.source.zh}（标准不确定度 {u_ppm}×10⁻⁶）。",
        f"{labels.en}durations use {clock}, whose rate was {rate.source.en} (u = {u_ppm} ppm).",
    )


def _untraceable(why: Txt) -> dict[str, Any]:
    return {
        "utc_source_reason": {"zh": why.zh, "en": why.en},
        "traceability_text": {"zh": NO_UTC.zh, "en": NO_UTC.en},
    }


def _clock_id(domain: str) -> str:
    """`monotonic_raw` of `monotonic_raw@boot`."""
    return domain.partition("@")[0]


def _id_of(api: str) -> str:
    return api.removeprefix("CLOCK_").lower()


def _clocks(
    time: Timekeeping | None, interval: str, resolution: str, *, labels: bool
) -> list[dict[str, Any]]:
    """All clocks that the device named; of an older run only the one of its stamps is known.

    labels: whether the wall-clock labels are of its REALTIME.
    """
    uses = {"realtime": "labels"} if labels else {}
    said = time.first.clocks if time and time.first else ()
    found = [_clock(clock, "device", {**uses, interval: "durations"}) for clock in said]
    if interval and all(clock["id"] != interval for clock in found):
        said_ns = resolution if resolution.isdecimal() else None
        found.append(
            {"id": interval, "device": "device", "use": "durations", "resolution_ns": said_ns}
        )
    return found


def _label_clocks(host: Timekeeping | None) -> list[dict[str, Any]]:
    """The clock of the labels where the host is another machine and was asked for it."""
    said = host.first.clocks if host and host.first else ()
    uses = {"realtime": "labels"}
    return [_clock(clock, "host", uses) for clock in said if _id_of(clock.api) in uses]


def _clock(clock: ClockSaid, machine: str, uses: Mapping[str, str]) -> dict[str, Any]:
    name = _id_of(clock.api)
    return {
        "id": name,
        "device": machine,
        "api": clock.api,
        "use": uses.get(name),
        "resolution_ns": str(clock.resolution_ns),
        "read_cost_ns": None if clock.read_cost_ns is None else str(clock.read_cost_ns),
        "disciplined": clock.disciplined,
        "stepped": clock.stepped,
        "stops_in_suspend": clock.stops_in_suspend,
    }


def _alignment(run: AlignedRun, exchange: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Offset of the device's clock to the host's, rectangular within its bound.

    offset_ns, bound_ns: as the exchanges gave them, at the middle of the run and over all of it.
    applied: as used, 0 where both are one clock, null where no bound is known. sets: what each set
    of exchanges proves. problem: "" or why the two clocks cannot be aligned.
    """
    if not exchange.get("exchanges") and not run.offset_bound_ns and not exchange.get("problem"):
        return []
    shown = ("same_clock", "method", "offset_ns", "bound_ns", "rtt_min_ns", "exchanges")
    drift, half = exchange.get("drift_ppm"), exchange.get("drift_bound_ppm")
    known = bool(exchange.get("same_clock")) or run.offset_bound_ns > 0
    return [
        {
            "clock_a": run.clock,
            "clock_b": str(exchange.get("host_clock", "")),
            **{name: quoted(exchange.get(name)) for name in (*shown, "exchanges_used")},
            "applied_offset_ns": str(run.offset_ns),
            "applied_bound_ns": str(run.offset_bound_ns) if known else None,
            "u_ns": decimal(run.offset_bound_ns / sqrt(3)) if known else None,
            "drift_ppm": None if drift is None else decimal(drift),
            "drift_bound_ppm": None if half is None else decimal(half),
            "problem": str(exchange.get("problem", "")),
            "sets": quoted(exchange.get("sets", [])),
        }
    ]


def _sync(moment: Moment | None) -> dict[str, Any] | None:
    """What the daemon said then; null where there was none, `utc_source_reason` says why."""
    if moment is None or moment.sync is None:
        return None
    sync: Sync = moment.sync
    numbers = {
        "offset_s": sync.offset_s,
        "root_delay_s": sync.root_delay_s,
        "root_dispersion_s": sync.root_dispersion_s,
        "freq_ppm": sync.freq_ppm,
        "residual_ppm": sync.residual_ppm,
        "skew_ppm": sync.skew_ppm,
    }
    said = {name: None if v is None else decimal(v) for name, v in numbers.items()}
    return {"time": sync.time, **said, "bound_s": decimal(sync.bound_s), "leap": sync.leap}


def _rate(rate: Rate) -> dict[str, Any]:
    return {
        "ppm": decimal(rate.ppm),
        "u_ppm": decimal(rate.half_width_ppm / sqrt(3)),
        "half_width_ppm": decimal(rate.half_width_ppm),
        "how": rate.how,
        "source": {"zh": rate.source.zh, "en": rate.source.en},
    }


def _corrections(
    found: Corrections, clocks: list[dict[str, Any]], interval: str
) -> dict[str, Any]:
    """Whether the wall clock was corrected, and whether durations suffered.

    They do only on a clock that is disciplined, and by a slew: it is never stepped.
    """
    disciplined = any(c["id"] == interval and c.get("disciplined") for c in clocks)
    either = (found.stepped, found.slewed)
    return {
        "stepped_or_slewed": True if True in either else (None if None in either else False),
        "stepped": found.stepped,
        "slewed": found.slewed,
        "suspended": found.suspended,
        "step_ns": str(found.step_ns) if found.stepped else None,
        "durations_void": found.slewed if disciplined else False,
        "corrections_text": {"zh": found.reason.zh, "en": found.reason.en},
    }
