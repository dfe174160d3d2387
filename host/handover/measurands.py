"""The catalogue of measurands: what each result means, versioned, in Chinese and English.

A change of a model equation, a start or a stop event is a new version under a new id. Symbols:
t0 scheduled arrival, ts call start, t1 and tn first and last token chosen, n output tokens,
m prompt tokens, Tp prefill window; sums run over the scored requests of one attempt. The value
of a run is the mean over its valid attempts where nothing else is said.
"""

from __future__ import annotations

from typing import Final

from host.handover.quantity import Definition
from host.handover.text import Txt


def _measurand(
    name: str, zh: str, en: str, model: str, unit: str, span: tuple[str, str]
) -> Definition:
    return Definition(name, Txt(zh, en), model, unit, span[0], span[1], "inferometer")


_DECODE = ("first token chosen (t1)", "last token chosen (tn)")
_PHASE = ("start of the phase", "end of the phase")
_REQUESTS = ("first scored request scheduled or started", "last scored request returned")
_ATTEMPT = ("first reading of the attempt", "last reading of the attempt")

_DEFINITIONS: Final = (
    _measurand(
        "load_time@1",
        "模型加载时间",
        "load time",
        "t(load_end) - t(load_start)",
        "s",
        ("load call of the engine", "model ready for a request"),
    ),
    _measurand(
        "time_to_first_token@1",
        "首词元时间",
        "time to first token",
        "mean(t1 - t0)",
        "s",
        ("request scheduled (t0)", "first token chosen (t1)"),
    ),
    _measurand(
        "prefill_rate@1",
        "预填充速率",
        "prefill rate",
        "sum(m) / sum(Tp)",
        "{token}/s",
        ("prompt handed to the model", "logits of the last prompt position ready"),
    ),
    _measurand(
        "decode_rate@1",
        "解码速率",
        "decode rate",
        "sum(n - 1) / sum(tn - t1), the first token is not counted",
        "{token}/s",
        _DECODE,
    ),
    _measurand(
        "inter_token_interval@1",
        "词元间隔",
        "inter-token interval",
        "quantile (Hyndman-Fan type 7) of all t(i) - t(i-1), valid attempts pooled",
        "s",
        ("a token chosen", "the next token chosen"),
    ),
    _measurand(
        "request_latency@1",
        "请求时延",
        "request latency",
        "mean(tn - t0)",
        "s",
        ("request scheduled (t0)", "last token chosen (tn)"),
    ),
    _measurand(
        "output_byte_rate@1",
        "输出字节速率",
        "output byte rate",
        "sum(bytes of tokens 2..n) / sum(tn - t1), comparable across tokenizers",
        "By/s",
        _DECODE,
    ),
    _measurand(
        "sustained_ratio@1",
        "持续与初始解码速率比",
        "sustained over initial decode rate",
        "(rate over the last quarter of all inter-token intervals in time order)"
        " / (rate over the first quarter); a quarter is floor(N/4) intervals",
        "1",
        ("first scored token", "last scored token"),
    ),
    _measurand(
        "peak_memory@1",
        "内存峰值",
        "peak memory",
        "largest value of the counter that `rule` names",
        "By",
        _ATTEMPT,
    ),
    _measurand(
        "memory_drop@1",
        "系统可用内存下降",
        "drop of available memory",
        "MemAvailable(last reading before load) - min(MemAvailable after it)",
        "By",
        ("load call of the engine", "last reading of the attempt"),
    ),
    _measurand(
        "mean_power@1",
        "平均功率",
        "mean power",
        "E(phase) / duration(phase)",
        "W",
        _PHASE,
    ),
    _measurand(
        "mean_power_above_idle@1",
        "高于空闲的平均功率",
        "mean power above idle",
        "E(request) / duration(request) - P(idle)",
        "W",
        _REQUESTS,
    ),
    _measurand(
        "energy@1",
        "能量",
        "energy",
        "integral of power over the phase by `rule`; phase `request` is one window from the first"
        " scored request to the end of the last, pauses between them included; prefill and decode"
        " are sums over the requests",
        "J",
        _PHASE,
    ),
    _measurand(
        "energy_above_idle@1",
        "高于空闲的能量",
        "energy above idle",
        "E(request) - P(idle) * duration(request)",
        "J",
        _REQUESTS,
    ),
    _measurand(
        "energy_per_token@1",
        "每词元能量",
        "energy per token",
        "request: E(request) / sum(n); decode: E(decode) / sum(n - 1)",
        "J/{token}",
        _PHASE,
    ),
    _measurand(
        "energy_per_token_above_idle@1",
        "高于空闲的每词元能量",
        "energy per token above idle",
        "(E(request) - P(idle) * duration(request)) / sum(n)",
        "J/{token}",
        _REQUESTS,
    ),
    _measurand(
        "energy_per_output_byte@1",
        "每输出字节能量",
        "energy per output byte",
        "E(request) / sum(output bytes)",
        "J/By",
        _REQUESTS,
    ),
    _measurand(
        "energy_per_output_byte_above_idle@1",
        "高于空闲的每输出字节能量",
        "energy per output byte above idle",
        "(E(request) - P(idle) * duration(request)) / sum(output bytes)",
        "J/By",
        _REQUESTS,
    ),
    _measurand(
        "temperature_rise@1",
        "温升",
        "temperature rise",
        "max(T from the first request, warm-ups counted, to the end of the last) - T(start)",
        "K",
        ("first request started", "last scored request returned"),
    ),
    _measurand(
        "frequency@1",
        "平均频率",
        "mean frequency",
        "time mean over the phase, trapezoids between readings",
        "Hz",
        _REQUESTS,
    ),
    _measurand(
        "throttled_ratio@1",
        "降频时间占比",
        "share of throttled readings",
        "count(readings in the scored requests that show throttling) / count(readings there)",
        "1",
        _REQUESTS,
    ),
    _measurand(
        "throttle_events@1",
        "降频事件",
        "throttle events",
        "count(last reading) - count(first reading)",
        "{count}",
        _ATTEMPT,
    ),
)

MEASURANDS: Final[dict[str, Definition]] = {d.id: d for d in _DEFINITIONS}
