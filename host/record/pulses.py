"""What a record says of load pulses: in its time block, and as warnings. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from host.handover.facts import RunFacts
from host.handover.pulses import WHY, K, Lag, PulseCheck
from host.handover.record import Warning_
from host.handover.text import Txt
from host.schema.canonical import decimal


def pulses_of(checks: Sequence[PulseCheck]) -> list[dict[str, Any]]:
    """One object for each channel of a meter.

    lag_ns: how much later than played, after the offset of the clocks; low_ns, high_ns: the joint
    bound of what is known. reason: why it was not judged, null where it was.
    """
    return [_entry(check) for check in checks]


def _entry(check: PulseCheck) -> dict[str, Any]:
    found: dict[str, Any] = {
        "meter": check.meter,
        "channel": check.channel,
        "verdict": check.verdict,
        "reason": msgspec.to_builtins(WHY[check.reason]) if check.reason else None,
        "code": check.reason or None,
        "patterns": list(check.patterns),
    }
    lag = check.lag
    if lag is None:
        return found
    return {
        **found,
        "lag_ns": str(lag.lag_ns),
        "U_ns": str(round(K * lag.u_ns)),
        "k": str(K),
        "low_ns": str(check.low_ns),
        "high_ns": str(check.high_ns),
        "correlation": decimal(lag.correlation),
        "step_w": decimal(lag.step_w),
        "readings": lag.readings,
        "inflation": decimal(lag.inflation),
        "each": [_one(*one) for one in zip(check.patterns, check.each, strict=True)],
    }


def _one(pattern: str, lag: Lag | None) -> dict[str, Any]:
    """One pattern by itself; without a lag where too few readings were there."""
    if lag is None:
        return {"pattern": pattern, "reason": msgspec.to_builtins(WHY["few-readings"])}
    return {
        "pattern": pattern,
        "lag_ns": str(lag.lag_ns),
        "U_ns": str(round(K * lag.u_ns)),
        "correlation": decimal(lag.correlation),
    }


_ASK = Txt(
    "在计划中加入 [pulses]：否则功率计自身的延迟与接线无从检查。",
    "Put [pulses] into the plan: nothing else checks how late the meter is, and where it stands.",
)
_LOOK = Txt(
    "检查接线、功率计与计划中的 [pulses]，再测一次。",
    "Look at the wiring, the meter and [pulses] of the plan, and measure again.",
)


def pulse_warnings(facts: RunFacts) -> list[Warning_]:
    """Meters that are out of time, each, and those of which it is not known, by the reason."""
    odd = [check for check in facts.pulses if check.verdict != "agrees"]
    late = [c for c in odd if c.lag is not None and c.verdict != "not-judged"]
    unknown: dict[str, list[str]] = {}
    for check in odd:
        if check not in late:
            unknown.setdefault(check.reason, []).append(check.channel)
    return [*map(_late, late), *(_not_judged(why, names) for why, names in unknown.items())]


def _not_judged(reason: str, channels: Sequence[str]) -> Warning_:
    why = WHY[reason]
    text = Txt(
        f"功率计通道 {'、'.join(channels)} 的时间未能用负载脉冲判定：{why.zh}。",
        f"The time of meter channel {', '.join(channels)} was not judged by load pulses:"
        f" {why.en}.",
    )
    after = _ASK if reason == "not-asked" else _LOOK
    return Warning_("meter-time-not-judged", text, next=after)


def _late(check: PulseCheck) -> Warning_:
    if check.lag is None:
        raise ValueError(f"{check.channel} has no lag")
    lag_ms, low_ms, high_ms = (
        f"{ns / 1e6:.3g}" for ns in (check.lag.lag_ns, check.low_ns, check.high_ns)
    )
    text = Txt(
        f"功率计通道 {check.channel} 显示负载脉冲晚 {lag_ms} ms，超出 {low_ms} 至 {high_ms} ms："
        "其功率与能量作废。",
        f"Meter channel {check.channel} shows the load pulses {lag_ms} ms late, outside of"
        f" {low_ms} to {high_ms} ms: its powers and energies are void.",
    )
    after = Txt(
        "检查功率计的时钟与读数延迟，再测一次。",
        "Look at the meter's clock and at how late its readings come, and measure again.",
    )
    return Warning_("meter-out-of-time", text, lag_ms, f"{low_ms} … {high_ms}", after)
