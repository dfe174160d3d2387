"""Burst and sustained: one device, two measurands (`shared` reference peers, 4.3).

A device is quick while it is cool and slower for good once it is warm. A run that is long enough
holds both; one that is not shows neither apart, and its rate is that of the whole.
"""

from __future__ import annotations

from typing import Final

from host.handover.quantity import Definition
from host.handover.text import Txt, same

# MLPerf Inference asks for 600 s a test, MLPerf Mobile for 60 s; the power tool of MLPerf Client
# takes the last 2 min as the steady state (`shared` reference peers, 2.2 to 2.4).
LONG_S: Final = 600.0
BURST_S: Final = 60.0
SUSTAINED_S: Final = 120.0

_FIRST = Txt("首个计分请求开始", "first scored request started")
_UNTIL = Txt(
    f"其后 {BURST_S:g} s，或首次降频开始，以先到者为准",
    f"{BURST_S:g} s later, or the first throttled span, whichever comes first",
)
_FROM = Txt(
    f"最后一个计分请求返回之前 {SUSTAINED_S:g} s",
    f"{SUSTAINED_S:g} s before the last scored request returned",
)
_LAST = Txt("最后一个计分请求返回", "last scored request returned")
_RATE = Txt(
    f"时段内各词元间隔的个数之和 / 其时长之和；仅用于不短于 {LONG_S:g} s 的尝试",
    "count / total length of the inter-token intervals inside the span; only of attempts of"
    f" {LONG_S:g} s or more",
)
_POWER = Txt(
    f"E(时段) / 时长(时段)；仅用于不短于 {LONG_S:g} s 的尝试",
    f"E(span) / duration(span); only of attempts of {LONG_S:g} s or more",
)


def _definition(name: str, zh: str, en: str, model: Txt, unit: str) -> Definition:
    span = (_FIRST, _UNTIL) if name.startswith("burst") else (_FROM, _LAST)
    return Definition(name, Txt(zh, en), model, unit, *span, same("inferometer"))


RATES: Final = (
    _definition("burst_decode_rate@1", "短时解码速率", "burst decode rate", _RATE, "{token}/s"),
    _definition(
        "sustained_decode_rate@1", "持续解码速率", "sustained decode rate", _RATE, "{token}/s"
    ),
)
POWERS: Final = (
    _definition("burst_power@1", "短时平均功率", "burst power", _POWER, "W"),
    _definition("sustained_power@1", "持续平均功率", "sustained power", _POWER, "W"),
)
