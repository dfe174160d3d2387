"""What load pulses say of the time of one channel of a meter, for the time block."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from host.handover.text import Txt
from host.report.html_numbers import short
from host.report.html_text import Html, both, join, tag, text

_VERDICTS = {
    "agrees": Txt("时间一致", "in time"),
    "outside": Txt("时间不符，功率与能量作废", "out of time, powers and energies void"),
    "not-judged": Txt("未判定", "not judged"),
}
# Field of the record, its name, its unit, what it is divided by.
_NUMBERS = (
    ("lag_ns", Txt("滞后", "lag"), "ms", 1e6),
    ("U_ns", Txt("U（k = 2）", "U (k = 2)"), "ms", 1e6),
    ("low_ns", Txt("允许自", "allowed from"), "ms", 1e6),
    ("high_ns", Txt("至", "to"), "ms", 1e6),
    ("correlation", Txt("相关系数", "correlation"), "", 1.0),
    ("step_w", Txt("功率阶跃", "step of power"), "W", 1.0),
)


def pulses(found: Mapping[str, Any]) -> Html:
    """Verdict first, then lag, U, joint bound, peak height and step."""
    verdict = str(found.get("verdict", ""))
    parts = [both(_VERDICTS.get(verdict, Txt(verdict, verdict)))]
    for key, name, unit, per in _NUMBERS:
        if key in found:
            value = _shown(str(found[key]), per)
            parts.append(join((both(name), text(" "), value, text(f" {unit}" if unit else ""))))
    each = found.get("each")
    for one in each if isinstance(each, list) else ():
        if isinstance(one, Mapping) and "lag_ns" in one:
            of = (text(f"{one.get('pattern')} "), _shown(str(one["lag_ns"]), 1e6), text(" ms"))
            parts.append(join(of))
    why = found.get("reason")
    if isinstance(why, Mapping):
        words = Txt(str(why.get("zh", "")), str(why.get("en", "")))
        parts.append(tag("small", both(words)))
    return join(parts, "; ")


def _shown(number: str, per: float) -> Html:
    """What is no number stays as it is: a record may say anything."""
    try:
        value = float(number) / per
    except ValueError:
        return text(number)
    return short(repr(value)) if isfinite(value) else text(number)
