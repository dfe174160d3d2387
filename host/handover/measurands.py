"""The catalogue of measurands: what each result means, versioned, in Chinese and English.

A change of a model equation, a start or a stop event is a new version under a new id. Symbols:
t0 scheduled arrival, ts call start, t1 and tn first and last token chosen, n output tokens,
m prompt tokens, Tp prefill window; sums run over the scored requests of one attempt. The value
of a run is the mean over its valid attempts where nothing else is said.
"""

from __future__ import annotations

from typing import Final

from host.handover import events, inference, spans
from host.handover.cold import COLD
from host.handover.quantity import Definition
from host.handover.served_figures import SERVED
from host.handover.side_by_side import POWER_RATIO
from host.handover.text import Txt, same


def _measurand(
    name: str, zh: str, en: str, model: Txt | str, unit: str, span: tuple[Txt, Txt]
) -> Definition:
    """model: an equation without words as a str, it reads alike in both languages."""
    return Definition(name, Txt(zh, en), same(model), unit, *span, same("inferometer"))


_DECODE = (events.FIRST_TOKEN, events.LAST_TOKEN)
_PHASE = (events.PHASE_START, events.PHASE_END)
_REQUESTS = (events.FIRST_STARTED, events.LAST_RETURNED)
_ATTEMPT = (events.FIRST_READING, events.LAST_READING)

_DEFINITIONS: Final = (
    _measurand(
        "load_time@1",
        "模型加载时间",
        "load time",
        "t(load_end) - t(load_start)",
        "s",
        (events.LOAD_CALLED, events.MODEL_READY),
    ),
    _measurand(
        "time_to_first_token@1",
        "首词元时间",
        "time to first token",
        "mean(t1 - t0)",
        "s",
        (events.SCHEDULED, events.FIRST_TOKEN),
    ),
    _measurand(
        "prefill_rate@1",
        "预填充速率",
        "prefill rate",
        "sum(m) / sum(Tp)",
        "{token}/s",
        (events.PROMPT_HANDED, events.PROMPT_LOGITS),
    ),
    _measurand(
        "decode_rate@1",
        "解码速率",
        "decode rate",
        Txt(
            "sum(n - 1) / sum(tn - t1)，首词元不计",
            "sum(n - 1) / sum(tn - t1), the first token is not counted",
        ),
        "{token}/s",
        _DECODE,
    ),
    _measurand(
        "inter_token_interval@1",
        "词元间隔",
        "inter-token interval",
        Txt(
            "全部 t(i) - t(i-1) 的分位数（Hyndman-Fan 第 7 型），各有效尝试合并",
            "quantile (Hyndman-Fan type 7) of all t(i) - t(i-1), valid attempts pooled",
        ),
        "s",
        (events.A_TOKEN, events.NEXT_TOKEN),
    ),
    _measurand(
        "request_latency@1",
        "请求时延",
        "request latency",
        "mean(tn - t0)",
        "s",
        (events.SCHEDULED, events.LAST_TOKEN),
    ),
    _measurand(
        "output_byte_rate@1",
        "输出字节速率",
        "output byte rate",
        Txt(
            "sum(词元 2..n 的字节数) / sum(tn - t1)，不同分词器之间可比",
            "sum(bytes of tokens 2..n) / sum(tn - t1), comparable across tokenizers",
        ),
        "By/s",
        _DECODE,
    ),
    _measurand(
        "sustained_ratio@1",
        "持续与初始解码速率比",
        "sustained over initial decode rate",
        Txt(
            "(按时间顺序全部词元间隔的最后四分之一的速率) / (最初四分之一的速率)；"
            "四分之一为 floor(N/4) 个间隔",
            "(rate over the last quarter of all inter-token intervals in time order)"
            " / (rate over the first quarter); a quarter is floor(N/4) intervals",
        ),
        "1",
        (events.FIRST_SCORED_TOKEN, events.LAST_SCORED_TOKEN),
    ),
    *spans.RATES,
    *SERVED,
    *inference.TIMES,
    *COLD,
    _measurand(
        "peak_memory@1",
        "内存峰值",
        "peak memory",
        Txt("`rule` 所指计数器的最大值", "largest value of the counter that `rule` names"),
        "By",
        _ATTEMPT,
    ),
    _measurand(
        "memory_drop@1",
        "系统可用内存下降",
        "drop of available memory",
        Txt(
            "MemAvailable(加载前最后一个读数) - min(其后的 MemAvailable)",
            "MemAvailable(last reading before load) - min(MemAvailable after it)",
        ),
        "By",
        (events.LOAD_CALLED, events.LAST_READING),
    ),
    _measurand(
        "mean_power@1",
        "平均功率",
        "mean power",
        Txt("E(阶段) / 时长(阶段)", "E(phase) / duration(phase)"),
        "W",
        _PHASE,
    ),
    *spans.POWERS,
    _measurand(
        "mean_power_above_idle@1",
        "高于空闲的平均功率",
        "mean power above idle",
        Txt("E(请求) / 时长(请求) - P(空闲)", "E(request) / duration(request) - P(idle)"),
        "W",
        _REQUESTS,
    ),
    _measurand(
        POWER_RATIO,
        "两个来源的功率之比",
        "ratio of the power by two sources",
        Txt("P(阶段, 来源 a) / P(阶段, 来源 b)", "P(phase, source a) / P(phase, source b)"),
        "1",
        _PHASE,
    ),
    _measurand(
        "energy@1",
        "能量",
        "energy",
        Txt(
            "按 `rule` 对阶段内功率的积分；"
            "阶段 `request` 为从首个计分请求到最后一个结束的一个窗口，"
            "含其间的停顿；预填充与解码为各请求之和",
            "integral of power over the phase by `rule`; phase `request` is one window from the"
            " first"
            " scored request to the end of the last, pauses between them included; prefill and"
            " decode"
            " are sums over the requests",
        ),
        "J",
        _PHASE,
    ),
    _measurand(
        "energy_above_idle@1",
        "高于空闲的能量",
        "energy above idle",
        Txt("E(请求) - P(空闲) * 时长(请求)", "E(request) - P(idle) * duration(request)"),
        "J",
        _REQUESTS,
    ),
    _measurand(
        "energy_per_token@1",
        "每词元能量",
        "energy per token",
        Txt(
            "请求：E(请求) / sum(n)；解码：E(解码) / sum(n - 1)",
            "request: E(request) / sum(n); decode: E(decode) / sum(n - 1)",
        ),
        "J/{token}",
        _PHASE,
    ),
    _measurand(
        "energy_per_token_above_idle@1",
        "高于空闲的每词元能量",
        "energy per token above idle",
        Txt(
            "(E(请求) - P(空闲) * 时长(请求)) / sum(n)",
            "(E(request) - P(idle) * duration(request)) / sum(n)",
        ),
        "J/{token}",
        _REQUESTS,
    ),
    _measurand(
        "energy_per_output_byte@1",
        "每输出字节能量",
        "energy per output byte",
        Txt("E(请求) / sum(输出字节数)", "E(request) / sum(output bytes)"),
        "J/By",
        _REQUESTS,
    ),
    _measurand(
        "energy_per_output_byte_above_idle@1",
        "高于空闲的每输出字节能量",
        "energy per output byte above idle",
        Txt(
            "(E(请求) - P(空闲) * 时长(请求)) / sum(输出字节数)",
            "(E(request) - P(idle) * duration(request)) / sum(output bytes)",
        ),
        "J/By",
        _REQUESTS,
    ),
    *inference.ENERGIES,
    _measurand(
        "temperature_rise@1",
        "温升",
        "temperature rise",
        Txt(
            "max(从首个请求（含预热）到最后一个结束的 T) - T(开始)",
            "max(T from the first request, warm-ups counted, to the end of the last) - T(start)",
        ),
        "K",
        (events.FIRST_REQUEST, events.LAST_RETURNED),
    ),
    _measurand(
        "frequency@1",
        "平均频率",
        "mean frequency",
        Txt(
            "阶段内的时间平均，读数之间按梯形",
            "time mean over the phase, trapezoids between readings",
        ),
        "Hz",
        _REQUESTS,
    ),
    _measurand(
        "throttled_ratio@1",
        "降频时间占比",
        "share of throttled readings",
        Txt(
            "计分请求内显示降频的读数个数 / 其中全部读数个数",
            "count(readings in the scored requests that show throttling) / count(readings there)",
        ),
        "1",
        _REQUESTS,
    ),
    _measurand(
        "throttle_events@1",
        "降频事件",
        "throttle events",
        Txt("计数(最后一个读数) - 计数(首个读数)", "count(last reading) - count(first reading)"),
        "{count}",
        _ATTEMPT,
    ),
)

MEASURANDS: Final[dict[str, Definition]] = {d.id: d for d in _DEFINITIONS}
