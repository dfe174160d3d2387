"""Notes on servers: a model that nobody proved, prompts that were not computed."""

from __future__ import annotations

from host.handover.facts import RunFacts
from host.handover.record import Warning_
from host.handover.served import SERVED
from host.handover.text import Txt
from host.handover.trace import AlignedRun, RequestTrace

# By the servers' own names: llama-server; OpenAI's `prompt_tokens_details`.
_CACHED = ("cache_n", "cached_tokens")
MAX_NAMED = 3


def served_warnings(run: AlignedRun, facts: RunFacts) -> list[Warning_]:
    """None for other engines."""
    if facts.plan.engine_kind != SERVED:
        return []
    return [*_unproven(facts), *_cached(run)]


def _unproven(facts: RunFacts) -> list[Warning_]:
    """A server that ran before was given its model by somebody else."""
    if facts.plan.engine_settings.get("program"):
        return []
    text = Txt(
        "服务器在测量之前已在运行：它用的模型文件以方案所述为准，未经证明。",
        "The server ran before the measurement: that it serves this model file is what the plan"
        " says, and is not proven.",
    )
    after = Txt(
        "在 engine.settings 中用 program 让测量自己启动服务器。",
        "Let the run start the server: `program` in engine.settings.",
    )
    return [Warning_("model-not-proven", text, next=after)]


def _cached(run: AlignedRun) -> list[Warning_]:
    """Prompts whose front the server did not compute: first token and prefill are too good."""
    found = sorted({r.item for a in run.counted() for r in a.scored() if cached_tokens(r)})
    if not found:
        return []
    named = ", ".join(found[:MAX_NAMED]) + (
        f", … ({len(found)})" if len(found) > MAX_NAMED else ""
    )
    text = Txt(
        f"服务器从缓存取得了部分提示，没有计算：{named}。",
        f"The server took a part of the prompt from its cache and did not compute it: {named}.",
    )
    after = Txt(
        "关闭服务器的前缀缓存，或换用不重复的提示。",
        "Turn off the server's prefix cache, or use prompts that do not repeat.",
    )
    return [Warning_("prompt-cached", text, str(len(found)), "0", after)]


def cached_tokens(request: RequestTrace) -> float:
    """Prompt tokens that the server says it did not compute."""
    said = {} if request.reply is None else request.reply.stated
    return max(said.get(name, 0.0) for name in _CACHED)
