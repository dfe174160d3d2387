"""Measurands of streams at once, of speculative decoding; and what servers state themselves.

Symbols as in the catalogue of measurands, n - n1 in place of n - 1 where the first chunk has n1
tokens. A server's own figures are conventions of their own, never mixed with a client's.
"""

from __future__ import annotations

from typing import Final

from host.handover import events
from host.handover.quantity import Definition
from host.handover.text import Txt, same

SYSTEM_RATE: Final = "system_rate@1"
DRAFT_ACCEPTANCE: Final = "draft_acceptance@1"
ACCEPTED_LENGTH: Final = "accepted_length@1"
_OURS: Final = same("inferometer")
_SERVER: Final = Txt(
    "服务器自己声明的数（llama-server 的 timings；Ollama 的 *_duration）",
    "what the server states itself (timings of llama-server; *_duration of Ollama)",
)
# Scope of a result of one step of load.
STEP: Final = "streams="

SERVED: Final = (
    Definition(
        SYSTEM_RATE,
        Txt("系统输出速率", "system output rate"),
        Txt(
            "一级负载内全部请求的 sum(n) / (最后的 te - 最初的 t0)",
            "sum(n) / (last te - first t0) over all requests of one step of load",
        ),
        "{token}/s",
        events.FIRST_SCHEDULED,
        events.LAST_RETURNED,
        _OURS,
    ),
    Definition(
        DRAFT_ACCEPTANCE,
        Txt("草稿接受率", "acceptance of drafted tokens"),
        Txt(
            "sum(接受的草稿词元) / sum(草稿词元)，按服务器声明的个数",
            "sum(accepted drafted tokens) / sum(drafted tokens), as the server counts them",
        ),
        "1",
        events.FIRST_STARTED,
        events.LAST_RETURNED,
        _OURS,
    ),
    Definition(
        ACCEPTED_LENGTH,
        Txt("每步平均词元数", "mean tokens of a verification step"),
        Txt(
            "sum(n - 1) / sum(n - 1 - 接受的草稿词元)：每步给出接受的草稿词元，再加一个",
            "sum(n - 1) / sum(n - 1 - accepted drafted tokens): a step gives what it accepts, and"
            " one more",
        ),
        "1",
        events.FIRST_STARTED,
        events.LAST_RETURNED,
        _OURS,
    ),
)

STATED_PREFILL: Final = "convention:server.prefill_rate"
STATED_DECODE: Final = "convention:server.decode_rate"
STATED: Final = (
    Definition(
        STATED_PREFILL,
        Txt("服务器声明的预填充速率", "prefill rate that the server states"),
        Txt("各应答所声明速率的平均", "mean of the rate that each reply states"),
        "{token}/s",
        events.PROMPT_HANDED,
        events.PROMPT_COMPUTED,
        _SERVER,
    ),
    Definition(
        STATED_DECODE,
        Txt("服务器声明的解码速率", "decode rate that the server states"),
        Txt(
            "各应答所声明速率的平均；除以 n 还是 n - 1 步由服务器决定",
            "mean of the rate that each reply states; over n or n - 1 steps, as the server chose",
        ),
        "{token}/s",
        events.FIRST_TOKEN,
        events.LAST_TOKEN,
        _SERVER,
    ),
)
