"""Measurands of plain graphs: what an inference, and an image made of several, takes."""

from __future__ import annotations

from typing import Final

from host.handover import events
from host.handover.quantity import Definition
from host.handover.text import Txt, same

STARTED: Final = Txt(
    "调用推理，输入在主机内存中", "inference called, its inputs in the host's memory"
)
RETURNED: Final = Txt(
    "推理返回，输出已在主机内存中，设备空闲",
    "inference returned, its outputs in the host's memory, the device idle",
)
PER_INFERENCE, PER_IMAGE = "energy_per_inference@1", "energy_per_image@1"
PER_INFERENCE_ABOVE = "energy_per_inference_above_idle@1"
PER_IMAGE_ABOVE = "energy_per_image_above_idle@1"
_REQUESTS = (events.FIRST_STARTED, events.LAST_RETURNED)


def _of_calls(name: str, zh: str, en: str, model: Txt, unit: str) -> Definition:
    return Definition(name, Txt(zh, en), model, unit, STARTED, RETURNED, same("inferometer"))


def _of_energy(name: str, zh: str, en: str, model: Txt, unit: str) -> Definition:
    return Definition(name, Txt(zh, en), model, unit, *_REQUESTS, same("inferometer"))


TIMES: Final = (
    _of_calls(
        "inference_latency@1",
        "推理时延",
        "inference latency",
        Txt(
            "全部计分推理的 t(返回) - t(调用) 的分位数（Hyndman-Fan 第 7 型），各有效尝试合并",
            "quantile (Hyndman-Fan type 7) of t(returned) - t(called) of all scored inferences,"
            " valid attempts pooled",
        ),
        "s",
    ),
    _of_calls(
        "inference_rate@1",
        "推理速率",
        "inference rate",
        Txt(
            "N / sum(t(返回) - t(调用))，推理之间的停顿不计",
            "N / sum(t(returned) - t(called)), pauses between inferences are not counted",
        ),
        "{inference}/s",
    ),
    _of_calls(
        "image_latency@1",
        "每图时间",
        "time per image",
        Txt(
            "步数 * sum(t(返回) - t(调用)) / (N * 批大小)；批大小大于 1 时为一幅图所占的份额，"
            "而非其等待时间",
            "steps * sum(t(returned) - t(called)) / (N * batch); in a batch above 1 the share of"
            " one image, not how long it is waited for",
        ),
        "s",
    ),
)
ENERGIES: Final = (
    _of_energy(
        PER_INFERENCE,
        "每次推理能量",
        "energy per inference",
        Txt("E(请求) / N，含推理之间的停顿", "E(request) / N, pauses between inferences included"),
        "J/{inference}",
    ),
    _of_energy(
        PER_INFERENCE_ABOVE,
        "高于空闲的每次推理能量",
        "energy per inference above idle",
        Txt(
            "(E(请求) - P(空闲) * 时长(请求)) / N",
            "(E(request) - P(idle) * duration(request)) / N",
        ),
        "J/{inference}",
    ),
    _of_energy(
        PER_IMAGE,
        "每图能量",
        "energy per image",
        Txt("步数 * E(请求) / (N * 批大小)", "steps * E(request) / (N * batch)"),
        "J/{image}",
    ),
    _of_energy(
        PER_IMAGE_ABOVE,
        "高于空闲的每图能量",
        "energy per image above idle",
        Txt(
            "步数 * (E(请求) - P(空闲) * 时长(请求)) / (N * 批大小)",
            "steps * (E(request) - P(idle) * duration(request)) / (N * batch)",
        ),
        "J/{image}",
    ),
)
# What only a run with output tokens can give.
OF_TOKENS: Final = frozenset(
    {
        "time_to_first_token@1",
        "prefill_rate@1",
        "decode_rate@1",
        "inter_token_interval@1",
        "request_latency@1",
        "output_byte_rate@1",
        "sustained_ratio@1",
        "burst_decode_rate@1",
        "sustained_decode_rate@1",
        "energy_per_token@1",
        "energy_per_token_above_idle@1",
        "energy_per_output_byte@1",
        "energy_per_output_byte_above_idle@1",
    }
)
