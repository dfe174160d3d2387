"""What the load pulses of a run say of the time of a meter. Frozen data and words only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from host.handover.text import Txt

# How far a pattern is looked for, s; a log that is further off than this shows none.
REACH_S = 2.0
Verdict = Literal["agrees", "outside", "not-judged"]
# Coverage factor of the U that is stated and judged by.
K = 2
# Power follows load later: a frequency governor steps up after some 10 ms, the capacitors of a
# supply smooth as much. Our choice, untried on real devices.
RESPONSE_NS: Final = 50_000_000
WHY: Final = {
    "not-asked": Txt("计划中没有负载脉冲", "the plan has no load pulses"),
    "not-played": Txt("设备没有播放负载脉冲", "the device did not play the load pulses"),
    "other-clock": Txt(
        "脉冲的时标不在对齐所用的时钟上（设备重启过）",
        "the pulses are stamped by another clock than that which was aligned (a restart)",
    ),
    "not-aligned": Txt(
        "两时钟之差没有界限", "the offset of both clocks has no bound to compare with"
    ),
    "few-readings": Txt(
        "脉冲期间读数太少", "there are too few readings during the pulses to find them"
    ),
    "pattern-not-seen": Txt(
        "读数中没有该脉冲：功率计可能接在别处、读数来自另一次运行，或噪声太大",
        "the readings do not show the pulses: the meter may stand elsewhere, the log be of"
        " another run, or the noise be too large",
    ),
    "step-too-small": Txt(
        "脉冲引起的功率阶跃小于计划所述", "the step of power is smaller than the plan says"
    ),
    "ambiguous": Txt("脉冲的时刻不够确定", "the time of the pulses is not certain enough"),
}


@dataclass(frozen=True, slots=True)
class Lag:
    """How much later than it was played a pattern stands in readings.

    lag_ns: positive is late. u_ns: standard uncertainty. correlation: of readings and pattern at
    that lag, adjusted for degrees of freedom. step_w: power that full load adds. readings: that
    were compared. inflation: 1 and more, by what the residual's autocorrelation makes readings
    count less.
    """

    lag_ns: int
    u_ns: float
    correlation: float
    step_w: float
    readings: int
    inflation: float


@dataclass(frozen=True, slots=True)
class PulseCheck:
    """The verdict on one channel of a meter.

    meter: name of the instrument. patterns: names of the patterns that were played, in order.
    lag: of all patterns together, None where none was looked for or too few readings were there;
    each: of each pattern by itself, which shows whether the meter's time moved meanwhile. low_ns,
    high_ns: the joint bound that the lag must lie in, 0 and 0 where there is none. reason: a code
    of WHY, "" where it is judged.
    """

    meter: str
    channel: str
    verdict: Verdict
    reason: str
    patterns: tuple[str, ...]
    lag: Lag | None = None
    each: tuple[Lag | None, ...] = ()
    low_ns: int = 0
    high_ns: int = 0
