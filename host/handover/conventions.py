"""What other tools call their figures: each definition with its origin, derived by name here.

Symbols as in the catalogue of measurands, and te: call returned; ts of a client: request sent;
ts of a library: prompt already tokenized. Where a tool reports a percentile or one pooled mean,
the aggregation used here stands in the model. Origins were read in 2026.
"""

from __future__ import annotations

from typing import Final

from host.handover import events
from host.handover.quantity import Definition
from host.handover.served_figures import STATED
from host.handover.text import Txt, same


def _convention(
    name: str, title: Txt, model: Txt | str, unit: str, span: tuple[Txt, Txt], origin: Txt | str
) -> Definition:
    """model, origin: equations and names as a str, they read alike in both languages."""
    return Definition(f"convention:{name}", title, same(model), unit, *span, same(origin))


_LOADGEN = "MLCommons inference rules and LoadGen (mlcommons/inference_policies)"
_MOBILE = "MLPerf Mobile app (mlcommons/mobile_app_open, llm_pipeline.cc, loadgen_info.dart)"
_CLIENT = "MLPerf Client 2.0 (mlcommons/mlperf_client, llm_inference.cpp)"
_AIPERF = "NVIDIA aiperf (ai-dynamo/aiperf, aiperf/metrics/types)"
_GUIDELLM = "GuideLLM (vllm-project/guidellm)"
_EXECUTORCH = "ExecuTorch benchmark apps (pytorch/executorch, extension/benchmark)"
_LLAMA = "llama-bench (ggml-org/llama.cpp, tools/llama-bench)"
_VLLM = "vLLM serving benchmark (vllm-project/vllm)"
_OPTIMUM = "optimum-benchmark (huggingface/optimum-benchmark)"
_FIRST = Txt("首词元时间", "time to first token")
_ITL = Txt("词元间隔", "inter-token latency")
_TPOT = Txt("每输出词元时间", "time per output token")
_RATE = Txt("解码速率", "decode rate")
_PREFILL = Txt("预填充速率", "prefill rate")
_SYSTEM = Txt("系统吞吐率", "system output rate")
_STEP_FROM_SENT = "mean((latency - TTFT) / (n - 1)), latency = tn - ts"

_DEFINITIONS: Final = (
    _convention(
        "mlperf-inference.ttft",
        _FIRST,
        "mean(t1 - t0)",
        "s",
        (events.SCHEDULED, events.FIRST_TOKEN),
        _LOADGEN,
    ),
    _convention(
        "mlperf-inference.tpot",
        _TPOT,
        "mean((latency - TTFT) / (n - 1)), latency = tn - t0",
        "s",
        (events.FIRST_TOKEN, events.LAST_TOKEN),
        _LOADGEN,
    ),
    _convention(
        "mlperf-inference.rate_with_overhead",
        _SYSTEM,
        Txt(
            "sum(n) / (最后的 t0 - 最初的 t0)：最后一个请求的词元计入，其时间不计",
            "sum(n) / (last t0 - first t0): the tokens of the last request count, its time does"
            " not",
        ),
        "{token}/s",
        (events.FIRST_SCHEDULED, events.LAST_SCHEDULED),
        _LOADGEN,
    ),
    _convention(
        "mlperf-inference.rate_without_overhead",
        _SYSTEM,
        Txt("sum(n) / (mean(tn - t0) * 请求数)", "sum(n) / (mean(tn - t0) * requests)"),
        "{token}/s",
        (events.SCHEDULED, events.LAST_TOKEN),
        _LOADGEN,
    ),
    _convention(
        "mlperf-inference.rate_completed",
        _SYSTEM,
        Txt("sum(n) / (最后的 tn - 最初的 t0)", "sum(n) / (last tn - first t0)"),
        "{token}/s",
        (events.FIRST_SCHEDULED, events.LAST_OF_LAST),
        _LOADGEN,
    ),
    _convention(
        "mlperf-mobile.ttft",
        _FIRST,
        Txt(
            "mean(r1 - t0)，r1："
            "词元 1 的 logits 就绪而尚未采样（该应用预填充 m - 1 个词元，"
            "其一步解码取提示的最后一个词元）",
            "mean(r1 - t0), r1: logits of token 1 ready, not yet sampled (the app prefills m - 1"
            " tokens, and its one decode step takes the last prompt token)",
        ),
        "s",
        (events.SCHEDULED, events.FIRST_LOGITS),
        _MOBILE,
    ),
    _convention(
        "mlperf-mobile.rate",
        _RATE,
        Txt(
            "1 / mean((latency - TTFT) / (n - 1))，TTFT 按该应用的定义",
            "1 / mean((latency - TTFT) / (n - 1)) with the app's TTFT",
        ),
        "{token}/s",
        (events.FIRST_LOGITS, events.LAST_TOKEN),
        _MOBILE,
    ),
    _convention(
        "mlperf-client.ttft",
        _FIRST,
        Txt("各数据项 mean(t1 - ts) 的几何平均", "geometric mean over items of mean(t1 - ts)"),
        "s",
        (events.TOKENIZED, events.FIRST_TOKEN),
        _CLIENT,
    ),
    _convention(
        "mlperf-client.rate",
        Txt("第二词元起速率", "2nd+ token rate"),
        Txt(
            "各数据项 mean((n - 1) / (te - t1)) 的几何平均",
            "geometric mean over items of mean((n - 1) / (te - t1))",
        ),
        "{token}/s",
        (events.FIRST_TOKEN, events.CALL_RETURNED),
        _CLIENT,
    ),
    _convention(
        "aiperf.ttft",
        _FIRST,
        "mean(t1 - ts)",
        "s",
        (events.SENT, events.FIRST_TOKEN),
        _AIPERF,
    ),
    _convention(
        "aiperf.ttst",
        Txt("第二词元时间", "time to second token"),
        "mean(t2 - t1)",
        "s",
        (events.FIRST_TOKEN, events.SECOND_TOKEN),
        _AIPERF,
    ),
    _convention(
        "aiperf.itl",
        _ITL,
        _STEP_FROM_SENT,
        "s",
        (events.FIRST_TOKEN, events.LAST_TOKEN),
        _AIPERF,
    ),
    _convention(
        "aiperf.user_rate",
        Txt("单用户速率", "output rate per user"),
        "mean(1 / ITL)",
        "{token}/s",
        (events.FIRST_TOKEN, events.LAST_TOKEN),
        _AIPERF,
    ),
    _convention(
        "aiperf.prefill_rate",
        _PREFILL,
        "mean(m / TTFT)",
        "{token}/s",
        (events.SENT, events.FIRST_TOKEN),
        _AIPERF,
    ),
    _convention(
        "aiperf.system_rate",
        _SYSTEM,
        Txt("sum(n) / (最后的 tn - 最初的 ts)", "sum(n) / (last tn - first ts)"),
        "{token}/s",
        (events.FIRST_SENT, events.LAST_OF_LAST),
        _AIPERF,
    ),
    _convention(
        "guidellm.tpot",
        _TPOT,
        Txt(
            "mean((tn - ts) / n)，含首词元的时间",
            "mean((tn - ts) / n), it contains the first token's time",
        ),
        "s",
        (events.SENT, events.LAST_TOKEN),
        _GUIDELLM,
    ),
    _convention(
        "guidellm.itl",
        _ITL,
        "mean((tn - t1) / (n - 1))",
        "s",
        (events.FIRST_TOKEN, events.LAST_TOKEN),
        _GUIDELLM,
    ),
    _convention(
        "executorch.rate",
        _RATE,
        Txt(
            "mean(n / (tn - prompt_eval_end))，n 个词元除以 n - 1 步的时间",
            "mean(n / (tn - prompt_eval_end)), n tokens over n - 1 steps",
        ),
        "{token}/s",
        (events.PROMPT_COMPUTED, events.LAST_TOKEN),
        _EXECUTORCH,
    ),
    _convention(
        "llama-bench.pp",
        Txt("提示处理速率", "prompt processing (pp)"),
        Txt(
            "mean(m / Tp)；该工具输入随机词元，此处为数据集的提示",
            "mean(m / Tp); the tool feeds random tokens, here the dataset's prompt",
        ),
        "{token}/s",
        (events.PROMPT_HANDED, events.PROMPT_LOGITS),
        _LLAMA,
    ),
    _convention(
        "llama-bench.tg",
        Txt("文本生成速率", "text generation (tg)"),
        Txt(
            "mean(步数 / 各步的时间)；该工具从空上下文起做 n 步，"
            "此处为 m 个词元的提示之后的 n - 1 步解码：宜与深度 m (-d) 比较",
            "mean(steps / time of the steps); the tool makes n steps from an empty context, here"
            " the"
            " n - 1 decode steps after a prompt of m tokens: compare with depth m (-d)",
        ),
        "{token}/s",
        (events.FIRST_TOKEN, events.LAST_TOKEN),
        _LLAMA,
    ),
    _convention(
        "vllm-bench.ttft",
        _FIRST,
        "mean(t1 - ts)",
        "s",
        (events.SENT, events.FIRST_TOKEN),
        _VLLM,
    ),
    _convention(
        "vllm-bench.tpot",
        _TPOT,
        _STEP_FROM_SENT,
        "s",
        (events.FIRST_TOKEN, events.LAST_TOKEN),
        _VLLM,
    ),
    _convention(
        "vllm-bench.itl",
        _ITL,
        Txt(
            "合并后全部 t(i) - t(i-1) 的平均；该工具按数据块计，此处按单个词元计",
            "mean of all t(i) - t(i-1) pooled; the tool takes chunks, here single tokens",
        ),
        "s",
        (events.A_TOKEN, events.NEXT_TOKEN),
        _VLLM,
    ),
    _convention(
        "vllm-bench.system_rate",
        _SYSTEM,
        Txt("sum(n) / (最后的 te - 最初的 ts)", "sum(n) / (last te - first ts)"),
        "{token}/s",
        (events.FIRST_SENT, events.LAST_RETURNED),
        _VLLM,
    ),
    _convention(
        "optimum-benchmark.decode_rate",
        _RATE,
        Txt(
            "mean(n - 1) / (mean(te - ts) - mean(t1 - ts))；"
            "该工具的第二个平均取自其单独的、只生成一个词元的调用",
            "mean(n - 1) / (mean(te - ts) - mean(t1 - ts)); the tool takes the second mean from"
            " calls"
            " of its own that make one token",
        ),
        "{token}/s",
        (events.FIRST_TOKEN, events.CALL_RETURNED),
        _OPTIMUM,
    ),
    _convention(
        "end-to-end.rate",
        Txt("端到端速率", "end-to-end rate"),
        "mean(n / (tn - t0))",
        "{token}/s",
        (events.SCHEDULED, events.LAST_TOKEN),
        Txt("许多对话程序显示的简单商", "the plain quotient that many chat programs print"),
    ),
)

# Those of other tools, which every token trace has; and those that a server states.
DERIVED: Final = tuple(d.id for d in _DEFINITIONS)
CONVENTIONS: Final[dict[str, Definition]] = {d.id: d for d in (*_DEFINITIONS, *STATED)}
