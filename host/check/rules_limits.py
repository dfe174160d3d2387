"""Rules over what a device cannot exceed: the limits of its profile, each with its document.

A profile without a limit, or a model of which it is not known what a step reads, is not judged.
The other direction is never tried: a slow result may be true. Source: design, law 9.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from host.check.rule import Breach, Rule, attempt_file, breach
from host.check.weights_read import prompts_kept, tokens_a_reading
from host.handover.case import Case
from host.handover.profile import Limits, limits_of
from host.handover.stated import TG
from host.handover.text import Txt

RECORD = "record.json"
# What caches may keep of the weights from one token to the next, By: it does not cross the memory
# bus. Our choice: more than the last level of any product that we know of with such a limit.
CACHED_BYTES = 2**28
# What a sensor on the chip may be off, and a device overshoot before it has slowed down, K. Our
# choice: such sensors are stated to some kelvin, and a limit is where control begins.
OFF_K = 5.0
# A multiplication and an addition.
OPS_PER_WEIGHT = 2
# Power that the device itself measures. A meter outside sees supply and carrier board as well.
ON_BOARD = ("B", "C")
# Timed by us, or stated by a runner that counts decode steps: both read the weights once a token.
DECODE_RATES = ("decode_rate@1", TG)


def bandwidth_kept(case: Case) -> Iterator[Breach]:
    """Every decode step reads the weights once: rate x bytes stays below the bandwidth.

    A step that checks drafted tokens gives several, see `weights_read.py`.
    """
    limit, read = _limits(case).memory_bandwidth_bytes_per_s, _decode_bytes(case)
    if limit is None or read is None:
        return
    crossing = read - CACHED_BYTES
    accepted = (tokens for tokens, _ in _values(case, "accepted_length@1"))
    step = max([tokens_a_reading(case.run), *accepted])
    stated = _values(case, *DECODE_RATES)
    rates = [rate for rate, _ in stated if rate * crossing / step > limit.value]
    if rates:
        yield breach(
            RECORD,
            f"解码速率 {max(rates):.6g} token/s 需要每秒读取权重至少"
            f" {max(rates) * crossing / step:.6g} B，"
            f"而该设备的内存带宽至多 {limit.value:.6g} B/s（{limit.document}）。",
            f"A decode rate of {max(rates):.6g} token/s needs at least"
            f" {max(rates) * crossing / step:.6g}"
            f" B/s of weights, and the device's memory gives at most {limit.value:.6g} B/s"
            f" ({limit.document}).",
        )


def compute_kept(case: Case) -> Iterator[Breach]:
    """Each token of a prompt takes a multiplication and an addition for a weight of a layer.

    Where a server says that it kept some of them, or was asked to, its rate is of others too.
    """
    limit, weights = _limits(case).peak_ops_per_s, case.facts.model.get("prefill_weights")
    if limit is None or not isinstance(weights, int) or _kept(case):
        return
    over = [
        rate
        for rate, _ in _values(case, "prefill_rate@1")
        if OPS_PER_WEIGHT * weights * rate > limit.value
    ]
    if over:
        needed = OPS_PER_WEIGHT * weights * max(over)
        yield breach(
            RECORD,
            f"预填充速率 {max(over):.6g} token/s 需要每秒至少 {needed:.6g} 次运算，"
            f"而该设备至多 {limit.value:.6g} 次（{limit.document}）。",
            f"A prefill rate of {max(over):.6g} token/s needs at least {needed:.6g} operations a"
            f" second, and the device does at most {limit.value:.6g} ({limit.document}).",
        )


def power_kept(case: Case) -> Iterator[Breach]:
    """No channel of the device shows more than the whole of it can take."""
    limit = _limits(case).max_power_w
    if limit is None:
        return
    shown = [power for power, tier in _values(case, "mean_power@1") if tier in ON_BOARD]
    over = [power for power in shown if power > limit.value]
    if over:
        yield breach(
            RECORD,
            f"平均功率 {max(over):.6g} W，而该设备至多 {limit.value:.6g} W（{limit.document}）。",
            f"A mean power of {max(over):.6g} W, and the device takes at most {limit.value:.6g} W"
            f" ({limit.document}).",
        )


def temperature_kept(case: Case) -> Iterator[Breach]:
    """Every temperature lies where the maker lets the device run."""
    span = _limits(case).temperature_c
    if span is None:
        return
    low = -np.inf if span.min is None else span.min - OFF_K
    for attempt in case.run.valid():
        for s in attempt.series:
            odd = s.values[(s.values < low) | (s.values > span.max + OFF_K)]
            if s.quantity == "temperature" and len(odd):
                yield breach(
                    attempt_file(attempt.number, f"source-{s.source}.tsv"),
                    f"{s.channel} 有 {odd[0]:.6g} °C，超出允许的工作范围（{span.document}）。",
                    f"{s.channel} shows {odd[0]:.6g} °C, where the maker does not let it run"
                    f" ({span.document}).",
                )


def _kept(case: Case) -> bool:
    return prompts_kept(case.facts.plan.engine_settings, case.run)


def _limits(case: Case) -> Limits:
    return limits_of(case.facts.plan.profile)


def _decode_bytes(case: Case) -> int | None:
    """Bytes of weights that a decode step reads at the least; None where it is not known."""
    found = case.facts.model.get("decode_weight_bytes")
    return found if isinstance(found, int) else None


def _values(case: Case, *measurands: str) -> Iterator[tuple[float, str]]:
    """(value, tier) of every attempt in every result of these measurands or conventions."""
    for q in (*case.record.results, *case.record.conventions):
        if q.measurand_id in measurands:
            yield from ((float(value), q.tier) for _, value in q.by_attempt)


RULES = (
    Rule(
        "bandwidth-kept",
        Txt(
            "解码所需的内存带宽不超过设备的内存带宽。",
            "Decoding needs no more memory bandwidth than the device has.",
        ),
        bandwidth_kept,
    ),
    Rule(
        "compute-kept",
        Txt(
            "预填充所需的运算不超过设备的峰值算力。",
            "Prefill needs no more operations a second than the device can do.",
        ),
        compute_kept,
    ),
    Rule(
        "power-kept",
        Txt("功率不超过设备的最大功率。", "Power stays within what the device can take."),
        power_kept,
    ),
    Rule(
        "temperature-kept",
        Txt(
            "温度在制造商允许的工作范围内。",
            "Temperatures stay where the maker lets the device run.",
        ),
        temperature_kept,
    ),
)


def beyond_limits(case: Case) -> tuple[Txt, ...]:
    """What of a run is beyond the limits of its device, in the order of the rules."""
    return tuple(found.seen for rule in RULES for found in rule.breaches(case))
