"""What a difference means in words: which way is better, measurand by measurand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from host.handover.text import Txt

Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, slots=True)
class Words:
    """better: the side that wins, if one does. said, short: of the better, else the higher one."""

    better: Better
    said: Txt
    short: Txt


_FASTER = Txt("更快", "faster")
_FASTER_RATE = Words("higher", Txt("更快，快", "is faster by"), _FASTER)
_FASTER_TIME = Words("lower", Txt("更快，少用", "is faster by"), _FASTER)
_THRIFTIER = Words("lower", Txt("更省，少用", "uses less by"), Txt("更省", "uses less"))
_STEADIER = Words(
    "higher", Txt("更能维持速率，高出", "holds its rate better by"), Txt("更稳", "steadier")
)
_COOLER = Words("lower", Txt("温升更小，低", "warms less by"), Txt("温升更小", "warms less"))
_HIGHER = Words("neither", Txt("更高，高出", "is higher by"), Txt("更高", "higher"))

# By the name of a measurand without its version. Power is no virtue or fault of its own, and so
# is memory: what matters there is the use it is put to.
_WORDS: Final[dict[str, Words]] = {
    "prefill_rate": _FASTER_RATE,
    "decode_rate": _FASTER_RATE,
    "system_rate": _FASTER_RATE,
    "burst_decode_rate": _FASTER_RATE,
    "sustained_decode_rate": _FASTER_RATE,
    "output_byte_rate": _FASTER_RATE,
    "output_character_rate": _FASTER_RATE,
    "inference_rate": _FASTER_RATE,
    "inference_latency": _FASTER_TIME,
    "image_latency": _FASTER_TIME,
    "cold_first_token": _FASTER_TIME,
    "cold_first_inference": _FASTER_TIME,
    "load_time": _FASTER_TIME,
    "time_to_first_token": _FASTER_TIME,
    "inter_token_interval": _FASTER_TIME,
    "request_latency": _FASTER_TIME,
    "sustained_ratio": _STEADIER,
    "energy": _THRIFTIER,
    "energy_above_idle": _THRIFTIER,
    "energy_per_token": _THRIFTIER,
    "energy_per_token_above_idle": _THRIFTIER,
    "energy_per_inference": _THRIFTIER,
    "energy_per_inference_above_idle": _THRIFTIER,
    "energy_per_image": _THRIFTIER,
    "energy_per_image_above_idle": _THRIFTIER,
    "energy_per_output_byte": _THRIFTIER,
    "energy_per_output_byte_above_idle": _THRIFTIER,
    "temperature_rise": _COOLER,
}
# Energy of idling is not spent on a task.
_NEUTRAL_SCOPES: Final = ("idle",)


def words_of(measurand_id: str, scope: str = "") -> Words:
    """The words for a result; `higher` without a judgement for what is not listed."""
    if scope in _NEUTRAL_SCOPES:
        return _HIGHER
    return _WORDS.get(measurand_id.partition("@")[0], _HIGHER)


def never_below_zero(measurand_id: str) -> bool:
    """Times and rates: a negative one is a fault of the record, not a result (law 9)."""
    return words_of(measurand_id) in (_FASTER_RATE, _FASTER_TIME)


def sentence(words: Words, winner: str, by: str) -> Txt:
    """`winner` is faster by `by`."""
    return Txt(f"{winner} {words.said.zh} {by}", f"{winner} {words.said.en} {by}")


NO_DIFFERENCE: Final = Txt(
    "在此不确定度下看不出差别", "no difference can be shown at this uncertainty"
)
