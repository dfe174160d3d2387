"""Measurands of a cold start: the model read from storage, then the first output."""

from __future__ import annotations

from typing import Final

from host.handover import events
from host.handover.inference import RETURNED
from host.handover.quantity import Definition
from host.handover.text import Txt, same

_BEFORE = Txt(
    "开始加载，模型文件不在页缓存中", "load called, the model's files out of the page cache"
)
COLD_TOKEN, COLD_INFERENCE = "cold_first_token@1", "cold_first_inference@1"

COLD: Final = (
    Definition(
        COLD_TOKEN,
        Txt("冷启动首词元时间", "cold start to first token"),
        Txt(
            "t(load_end) - t(load_start) + 首个请求的 (t1 - t0)；加载与请求之间的等待不计",
            "t(load_end) - t(load_start) + (t1 - t0) of the first request; a wait between load and"
            " request is not counted",
        ),
        "s",
        _BEFORE,
        events.FIRST_TOKEN,
        same("inferometer"),
    ),
    Definition(
        COLD_INFERENCE,
        Txt("冷启动首次推理时间", "cold start to first inference"),
        Txt(
            "t(load_end) - t(load_start) + 首次推理的 (t(返回) - t(调用))；输入的准备不计",
            "t(load_end) - t(load_start) + (t(returned) - t(called)) of the first inference;"
            " making its inputs is not counted",
        ),
        "s",
        _BEFORE,
        RETURNED,
        same("inferometer"),
    ),
)
