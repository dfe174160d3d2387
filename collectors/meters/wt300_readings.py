"""From the answers of a WT300E to readings and gaps; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collectors.meters.conversation import Answer
from collectors.meters.replies import Missing, number, shown
from collectors.meters.wt300_items import Wt300Plan
from collectors.reading import Channel, Gap, Reading

_COUNTERS: Final = frozenset({"WH", "TIME"})
_OVER: Final = "overrange: the meter reports a value or a peak beyond the range"


@dataclass(frozen=True, slots=True)
class Update:
    """One update: when its end was known (ns), the values, the text of the condition register."""

    ended_ns: int
    values: Answer
    condition: str


def gaps(channels: Sequence[Channel], t_ns: int, reason: str) -> tuple[Gap, ...]:
    """The same gap for every channel."""
    return tuple(Gap(channel.name, t_ns, reason) for channel in channels)


def readings(
    plan: Wt300Plan,
    channels: Sequence[Channel],
    update: Update,
    last: Update | None,
    low_w: float,
) -> tuple[Reading | Gap, ...]:
    """One for each channel. last: the update before, None for the first. low_w: flag below it."""
    texts = update.values.text.split(",")
    if len(texts) != len(plan.items):
        said = f"wrong-count: {len(texts)} of {len(plan.items)} values"
        return gaps(channels, update.values.t1_ns, said)
    values = {
        code: _judged(plan, code, text, update.condition)
        for code, text in zip(plan.items, texts, strict=True)
    }
    if last is not None and _began_anew(plan, values, last):
        values |= {
            code: Missing("counter-reset: the integration began anew")
            for code in _COUNTERS & set(values)
        }
    names = [channel.name for channel in channels]
    if "P" in values:
        values["under_range"] = _flag(values["P"], low_w)
    return tuple(
        _one(name, update.values, value)
        for name, value in zip(names, values.values(), strict=True)
    )


def time_of(plan: Wt300Plan, update: Update) -> float | None:
    """The integration's own time, s; None where the meter does not give it."""
    texts = update.values.text.split(",")
    if "TIME" not in plan.items or len(texts) != len(plan.items):
        return None
    value = number(texts[plan.items.index("TIME")])
    return None if isinstance(value, Missing) else value


def without_counters(
    plan: Wt300Plan, found: Sequence[Reading | Gap], reason: str
) -> tuple[Reading | Gap, ...]:
    """The same, with gaps in place of the integration's counters."""
    counters = [code in _COUNTERS for code in plan.items] + [False]  # the flag, if there is one
    return tuple(
        Gap(one.channel, one.t1_ns, reason) if is_counter and isinstance(one, Reading) else one
        for one, is_counter in zip(found, counters, strict=False)
    )


def _judged(plan: Wt300Plan, code: str, text: str, condition: str) -> float | Missing:
    """The value, unless the meter itself says that peaks went beyond the range meanwhile."""
    value = number(text)
    if isinstance(value, Missing):
        return value
    register = number(condition)
    if isinstance(register, Missing) or not 0 <= register < 1 << 16:
        return Missing(f"no-condition: {shown(condition)}")
    return Missing(_OVER) if int(register) & plan.peaks_of(code) else value


def _began_anew(plan: Wt300Plan, values: dict[str, float | Missing], last: Update) -> bool:
    """Whether the integration's own time went back."""
    now, before = values.get("TIME"), time_of(plan, last)
    return isinstance(now, float) and before is not None and now < before


def _flag(power: float | Missing, low_w: float) -> float | Missing:
    if isinstance(power, Missing):
        return Missing(f"no-power: {power.reason}")
    return 1.0 if abs(power) < low_w else 0.0


def _one(name: str, answer: Answer, value: float | Missing) -> Reading | Gap:
    if isinstance(value, Missing):
        return Gap(name, answer.t1_ns, value.reason)
    return Reading(name, answer.t0_ns, answer.t1_ns, value)
