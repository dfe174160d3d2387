"""Looks whether a plan's weights and context fit into the device, before anything is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from host.artefacts.models.context_memory import TokenMemory, token_memory
from host.artefacts.models.gguf_header import read_header
from host.errors import PlanError
from host.handover.plan import Plan
from host.handover.progress import Progress, Watch
from host.pipeline.artefacts import Artefacts
from host.plan.memory import Context, fit, memory_of, of_arguments, of_settings
from host.plan.streams import most_streams
from host.run.link import AgentLink

GGUF = "gguf"
FEWER = "take fewer streams, a shorter context, or a smaller type of its cache"


def check_memory(
    found: Artefacts, context: Context | None, key: str, link: AgentLink, watch: Watch
) -> None:
    """Refuse what cannot fit, and warn of what does not fit now or may not.

    context: None where nobody says how long it is. key: of the plan, that the refusal names.
    Raises PlanError with the figures and where they come from.
    """
    if context is None or found.model.get("format") != GGUF:
        return
    each = token_memory(read_header(found.path), context.type_k, context.type_v)
    memory = memory_of(link.ask("device"))
    if not isinstance(each, TokenMemory) or memory is None:
        return
    done = fit(int(found.model["size_bytes"]), context, each, memory)
    if done.beyond and context.on_host:
        raise PlanError(key, f"{done.said}; {FEWER}")
    if done.beyond or done.short:
        where = "" if context.on_host else "unless a GPU holds them: "
        watch(Progress("memory", waiting=f"{where}{done.said}; {FEWER} where it fails"))


def of_engine(settings: Mapping[str, Any], described: object, sequences: int) -> Context | None:
    """The context of llama.cpp in our process. described: by the engine, as it was asked."""
    gpu = described.get("gpu_offload") if isinstance(described, Mapping) else None
    return of_settings(settings, sequences, gpu=gpu is not False)


def of_server(plan: Plan) -> Context | None:
    """The context of a server that the run starts, by its arguments."""
    settings = plan.engine.settings
    words = settings.get("args")
    if not settings.get("program") or not isinstance(words, list):
        return None
    return of_arguments(words, most_streams(plan))
