"""Notes on servers: a model that nobody proved, prompts that were not computed."""

from __future__ import annotations

from host.handover.facts import RunFacts
from host.handover.record import Warning_
from host.handover.served import SERVED, cached_tokens
from host.handover.text import Txt
from host.handover.trace import AlignedRun, RequestTrace

MAX_NAMED = 3


def served_warnings(run: AlignedRun, facts: RunFacts) -> list[Warning_]:
    """None for other engines."""
    if facts.plan.engine_kind != SERVED:
        return []
    return [*_unproven(facts), *_cached(run), *_untold(run), *_not_kept(run, facts)]


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
    found = sorted({r.item for a in run.counted() for r in a.scored() if _beyond(r) > 0})
    if not found:
        return []
    named = _named(found)
    text = Txt(
        f"服务器从缓存取得了部分提示，没有计算：{named}。",
        f"The server took a part of the prompt from its cache and did not compute it: {named}.",
    )
    after = Txt(
        "关闭服务器的前缀缓存，或换用不重复的提示。",
        "Turn off the server's prefix cache, or use prompts that do not repeat.",
    )
    return [Warning_("prompt-cached", text, str(len(found)), "0", after)]


def _untold(run: AlignedRun) -> list[Warning_]:
    """Replies that say nothing of a cache, while servers keep prompts unasked."""
    found = {r.item for a in run.counted() for r in a.scored() if r.reply and _said(r) is None}
    if not found:
        return []
    text = Txt(
        "服务器没有说明提示是否取自缓存：首词元时间与预填充速率可能过好。",
        "The server does not say whether prompts came from a cache: first token and prefill may be"
        " too good.",
    )
    after = Txt(
        "关闭服务器的前缀缓存，并用开头互不相同的提示。",
        "Turn off the server's prefix cache, and use prompts that do not begin alike.",
    )
    return [Warning_("cache-not-stated", text, str(len(found)), "0", after)]


def _not_kept(run: AlignedRun, facts: RunFacts) -> list[Warning_]:
    """Turns whose talk was to be in the cache, and which the server computed from the start."""
    load = facts.plan.plan.load
    if not load or load.prefix_cache is not True:
        return []
    later = [r for a in run.counted() for r in a.scored() if r.turn > 1 and r.reply is not None]
    found = sorted({r.item for r in later if r.reply and r.reply.kept_known and not r.kept_tokens})
    if not found:
        return []
    text = Txt(
        f"方案允许服务器保留此前各轮，但它重新计算了：{_named(found)}。",
        "The plan lets the server keep the turns before, and it computed them again:"
        f" {_named(found)}.",
    )
    after = Txt(
        "检查服务器的缓存设置与并行槽数；或在 load 中写 prefix_cache = false。",
        "Look at the server's cache and its number of slots; or say prefix_cache = false in load.",
    )
    return [Warning_("prefix-not-kept", text, str(len(found)), "0", after)]


def _named(items: list[str]) -> str:
    more = f", … ({len(items)})" if len(items) > MAX_NAMED else ""
    return ", ".join(items[:MAX_NAMED]) + more


def _beyond(request: RequestTrace) -> float:
    """Prompt tokens that the server says it did not compute, beyond those a talk let it keep."""
    return (_said(request) or 0.0) - request.kept_tokens


def _said(request: RequestTrace) -> float | None:
    return None if request.reply is None else cached_tokens(request.reply.stated)
