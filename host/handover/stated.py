"""Figures that a runner states of itself: taken from its log as they are, by its own convention.

They stand beside the conventions of other tools that are derived from our stamps, under names of
their own, and never in the place of a measurand: nobody but the runner saw when it began to count.
They are no part of our method, so not in its hash either.
"""

from __future__ import annotations

from typing import Final

from host.handover.quantity import Definition
from host.handover.runner import RATE, Figure
from host.handover.text import Txt, same

_INSIDE = Txt("程序内部，未给出时刻", "inside the runner, which tells no moment")
_BENCH = "llama-bench (ggml-org/llama.cpp, tools/llama-bench)"
_VENDOR = Txt(
    "运行程序自身的定义，见其说明文件所指文档",
    "the runner's own definition, in the document that its description names",
)


def _stated(name: str, title: Txt, model: Txt, unit: str, origin: Txt | str) -> Definition:
    return Definition(
        f"convention:stated.{name}", title, model, unit, _INSIDE, _INSIDE, same(origin)
    )


PP: Final = "convention:stated.llama-bench.pp"
TG: Final = "convention:stated.llama-bench.tg"
VENDOR_RATE: Final = "convention:stated.vendor.rate"
VENDOR_TIME: Final = "convention:stated.vendor.time"

_DEFINITIONS: Final = (
    _stated(
        "llama-bench.pp",
        Txt("预填充速率（程序自述）", "prefill rate, stated by the runner"),
        Txt(
            "m 个随机词元 / 成批计算它们的时间，不含分词与采样；各重复的平均",
            "m random tokens / time to compute them in batches, no tokenizer, no sampler;"
            " mean over repetitions",
        ),
        RATE,
        _BENCH,
    ),
    _stated(
        "llama-bench.tg",
        Txt("解码速率（程序自述）", "decode rate, stated by the runner"),
        Txt(
            "n / n 个解码步的时间（n 步，不是 n - 1），随机词元，不含采样；各重复的平均",
            "n / time of n decode steps (n, not n - 1), random tokens, no sampler;"
            " mean over repetitions",
        ),
        RATE,
        _BENCH,
    ),
    _stated(
        "vendor.rate",
        Txt("速率（程序自述）", "rate, stated by the runner"),
        Txt("程序所述；各重复的平均", "as the runner states it; mean over repetitions"),
        RATE,
        _VENDOR,
    ),
    _stated(
        "vendor.time",
        Txt("时间（程序自述）", "time, stated by the runner"),
        Txt("程序所述；各重复的平均", "as the runner states it; mean over repetitions"),
        "s",
        _VENDOR,
    ),
)

STATED: Final[dict[str, Definition]] = {d.id: d for d in _DEFINITIONS}


def convention_of(figure: Figure) -> str:
    """Which of these a figure of a runner's description is."""
    if figure.convention == "vendor":
        return VENDOR_RATE if figure.is_rate else VENDOR_TIME
    return PP if figure.convention == "llama_bench_pp" else TG
