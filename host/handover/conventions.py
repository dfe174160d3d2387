"""What other tools call their figures: each definition with its origin, derived by name here.

Symbols as in the catalogue of measurands, and te: call returned; ts of a client: request sent;
ts of a library: prompt already tokenized. Where a tool reports a percentile or one pooled mean,
the aggregation used here stands in the model. Origins were read in 2026.
"""

from __future__ import annotations

from typing import Final

from host.handover.quantity import Definition
from host.handover.text import Txt


def _convention(
    name: str, title: tuple[str, str], model: str, unit: str, span: tuple[str, str], origin: str
) -> Definition:
    return Definition(f"convention:{name}", Txt(*title), model, unit, span[0], span[1], origin)


_LOADGEN = "MLCommons inference rules and LoadGen (mlcommons/inference_policies)"
_MOBILE = "MLPerf Mobile app (mlcommons/mobile_app_open, llm_pipeline.cc, loadgen_info.dart)"
_CLIENT = "MLPerf Client 2.0 (mlcommons/mlperf_client, llm_inference.cpp)"
_AIPERF = "NVIDIA aiperf (ai-dynamo/aiperf, aiperf/metrics/types)"
_GUIDELLM = "GuideLLM (vllm-project/guidellm)"
_EXECUTORCH = "ExecuTorch benchmark apps (pytorch/executorch, extension/benchmark)"
_LLAMA = "llama-bench (ggml-org/llama.cpp, tools/llama-bench)"
_VLLM = "vLLM serving benchmark (vllm-project/vllm)"
_OPTIMUM = "optimum-benchmark (huggingface/optimum-benchmark)"
_FIRST = ("首词元时间", "time to first token")
_ITL = ("词元间隔", "inter-token latency")
_TPOT = ("每输出词元时间", "time per output token")
_RATE = ("解码速率", "decode rate")
_PREFILL = ("预填充速率", "prefill rate")
_SYSTEM = ("系统吞吐率", "system output rate")

_DEFINITIONS: Final = (
    _convention(
        "mlperf-inference.ttft",
        _FIRST,
        "mean(t1 - t0)",
        "s",
        ("request scheduled (t0)", "first token chosen (t1)"),
        _LOADGEN,
    ),
    _convention(
        "mlperf-inference.tpot",
        _TPOT,
        "mean((latency - TTFT) / (n - 1)), latency = tn - t0",
        "s",
        ("first token chosen (t1)", "last token chosen (tn)"),
        _LOADGEN,
    ),
    _convention(
        "mlperf-inference.rate_with_overhead",
        _SYSTEM,
        "sum(n) / (last t0 - first t0): the tokens of the last request count, its time does not",
        "{token}/s",
        ("first scored request scheduled", "last scored request scheduled"),
        _LOADGEN,
    ),
    _convention(
        "mlperf-inference.rate_without_overhead",
        _SYSTEM,
        "sum(n) / (mean(tn - t0) * requests)",
        "{token}/s",
        ("request scheduled (t0)", "last token chosen (tn)"),
        _LOADGEN,
    ),
    _convention(
        "mlperf-inference.rate_completed",
        _SYSTEM,
        "sum(n) / (last tn - first t0)",
        "{token}/s",
        ("first scored request scheduled", "last token of the last scored request"),
        _LOADGEN,
    ),
    _convention(
        "mlperf-mobile.ttft",
        _FIRST,
        "mean(r1 - t0), r1: logits of token 1 ready, not yet sampled (the app prefills m - 1"
        " tokens, and its one decode step takes the last prompt token)",
        "s",
        ("request scheduled (t0)", "logits of the first token ready"),
        _MOBILE,
    ),
    _convention(
        "mlperf-mobile.rate",
        _RATE,
        "1 / mean((latency - TTFT) / (n - 1)) with the app's TTFT",
        "{token}/s",
        ("logits of the first token ready", "last token chosen (tn)"),
        _MOBILE,
    ),
    _convention(
        "mlperf-client.ttft",
        _FIRST,
        "geometric mean over items of mean(t1 - ts)",
        "s",
        ("prompt tokenized (ts)", "first token chosen (t1)"),
        _CLIENT,
    ),
    _convention(
        "mlperf-client.rate",
        ("第二词元起速率", "2nd+ token rate"),
        "geometric mean over items of mean((n - 1) / (te - t1))",
        "{token}/s",
        ("first token chosen (t1)", "call returned (te)"),
        _CLIENT,
    ),
    _convention(
        "aiperf.ttft",
        _FIRST,
        "mean(t1 - ts)",
        "s",
        ("request sent (ts)", "first token chosen (t1)"),
        _AIPERF,
    ),
    _convention(
        "aiperf.ttst",
        ("第二词元时间", "time to second token"),
        "mean(t2 - t1)",
        "s",
        ("first token chosen (t1)", "second token chosen (t2)"),
        _AIPERF,
    ),
    _convention(
        "aiperf.itl",
        _ITL,
        "mean((latency - TTFT) / (n - 1)), latency = tn - ts",
        "s",
        ("first token chosen (t1)", "last token chosen (tn)"),
        _AIPERF,
    ),
    _convention(
        "aiperf.user_rate",
        ("单用户速率", "output rate per user"),
        "mean(1 / ITL)",
        "{token}/s",
        ("first token chosen (t1)", "last token chosen (tn)"),
        _AIPERF,
    ),
    _convention(
        "aiperf.prefill_rate",
        _PREFILL,
        "mean(m / TTFT)",
        "{token}/s",
        ("request sent (ts)", "first token chosen (t1)"),
        _AIPERF,
    ),
    _convention(
        "aiperf.system_rate",
        _SYSTEM,
        "sum(n) / (last tn - first ts)",
        "{token}/s",
        ("first scored request sent", "last token of the last scored request"),
        _AIPERF,
    ),
    _convention(
        "guidellm.tpot",
        _TPOT,
        "mean((tn - ts) / n), it contains the first token's time",
        "s",
        ("request sent (ts)", "last token chosen (tn)"),
        _GUIDELLM,
    ),
    _convention(
        "guidellm.itl",
        _ITL,
        "mean((tn - t1) / (n - 1))",
        "s",
        ("first token chosen (t1)", "last token chosen (tn)"),
        _GUIDELLM,
    ),
    _convention(
        "executorch.rate",
        _RATE,
        "mean(n / (tn - prompt_eval_end)), n tokens over n - 1 steps",
        "{token}/s",
        ("prompt computed", "last token chosen (tn)"),
        _EXECUTORCH,
    ),
    _convention(
        "llama-bench.pp",
        ("提示处理速率", "prompt processing (pp)"),
        "mean(m / Tp); the tool feeds random tokens, here the dataset's prompt",
        "{token}/s",
        ("prompt handed to the model", "logits of the last prompt position ready"),
        _LLAMA,
    ),
    _convention(
        "llama-bench.tg",
        ("文本生成速率", "text generation (tg)"),
        "mean(steps / time of the steps); the tool makes n steps from an empty context, here the"
        " n - 1 decode steps after a prompt of m tokens: compare with depth m (-d)",
        "{token}/s",
        ("first token chosen (t1)", "last token chosen (tn)"),
        _LLAMA,
    ),
    _convention(
        "vllm-bench.ttft",
        _FIRST,
        "mean(t1 - ts)",
        "s",
        ("request sent (ts)", "first token chosen (t1)"),
        _VLLM,
    ),
    _convention(
        "vllm-bench.tpot",
        _TPOT,
        "mean((latency - TTFT) / (n - 1)), latency = tn - ts",
        "s",
        ("first token chosen (t1)", "last token chosen (tn)"),
        _VLLM,
    ),
    _convention(
        "vllm-bench.itl",
        _ITL,
        "mean of all t(i) - t(i-1) pooled; the tool takes chunks, here single tokens",
        "s",
        ("a token chosen", "the next token chosen"),
        _VLLM,
    ),
    _convention(
        "vllm-bench.system_rate",
        _SYSTEM,
        "sum(n) / (last te - first ts)",
        "{token}/s",
        ("first scored request sent", "last scored request returned"),
        _VLLM,
    ),
    _convention(
        "optimum-benchmark.decode_rate",
        _RATE,
        "mean(n - 1) / (mean(te - ts) - mean(t1 - ts)); the tool takes the second mean from calls"
        " of its own that make one token",
        "{token}/s",
        ("first token chosen (t1)", "call returned (te)"),
        _OPTIMUM,
    ),
    _convention(
        "end-to-end.rate",
        ("端到端速率", "end-to-end rate"),
        "mean(n / (tn - t0))",
        "{token}/s",
        ("request scheduled (t0)", "last token chosen (tn)"),
        "the plain quotient that many chat programs print",
    ),
)

CONVENTIONS: Final[dict[str, Definition]] = {d.id: d for d in _DEFINITIONS}
