"""Whether the weights and the context of a plan fit into the memory of its device. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from host.artefacts.models.context_memory import TokenMemory

GIB: Final = 1 << 30
# Arguments of llama-server (tools/server/README.md): length of the context, types of its cache,
# layers on a GPU. `0` of the first: as the model was trained, or less, as the server sees fit.
CONTEXT = ("-c", "--ctx-size")
TYPE_K, TYPE_V = ("-ctk", "--cache-type-k"), ("-ctv", "--cache-type-v")
GPU_LAYERS = ("-ngl", "--gpu-layers", "--n-gpu-layers")
DEFAULT_TYPE = "f16"  # of llama.cpp, llama_context_default_params


@dataclass(frozen=True, slots=True)
class Context:
    """A context as it is asked for.

    tokens: of all sequences together. on_host: whether it and the weights certainly lie in the
    main memory; where a GPU may hold them that is not known.
    """

    tokens: int
    type_k: str
    type_v: str
    sequences: int
    on_host: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """What the device says of its memory, By. source: of `limit_bytes`, by its name there."""

    limit_bytes: int
    source: str
    available_bytes: int | None


@dataclass(frozen=True, slots=True)
class Fit:
    """What was found.

    beyond: the context alone is more than the device has at all. short: it and the weights are
    more than what is free now. Weights may stay in their file, mapped (mmap(2)), and such a model
    runs, slowly: they are no reason to refuse. said: the figures and where they come from.
    """

    beyond: bool
    short: bool
    said: str


def of_settings(settings: Mapping[str, Any], sequences: int, *, gpu: bool) -> Context | None:
    """The context of an engine in our own process; gpu: its library can use one."""
    tokens = settings.get("n_ctx")
    if not isinstance(tokens, int) or isinstance(tokens, bool) or tokens < 1:
        return None
    type_k, type_v = (str(settings.get(name, DEFAULT_TYPE)) for name in ("type_k", "type_v"))
    on_host = not gpu or settings.get("n_gpu_layers") == 0
    return Context(tokens, type_k, type_v, sequences, on_host)


def of_arguments(words: Sequence[object], sequences: int) -> Context | None:
    """The context that a server is told in its arguments; None where it chooses by itself."""
    tokens = _word(words, CONTEXT, "")
    if not tokens.isascii() or not tokens.isdigit() or not 0 < int(tokens) < 2**31:
        return None
    type_k, type_v = (_word(words, names, DEFAULT_TYPE) for names in (TYPE_K, TYPE_V))
    on_host = _word(words, GPU_LAYERS, "") == "0"
    return Context(int(tokens), type_k, type_v, sequences, on_host)


def memory_of(facts: Mapping[str, Any]) -> Memory | None:
    """Memory by the agent's `device` message; None where it does not say it.

    Total memory by proc_meminfo(5), or less where the agent's control group may have less
    (kernel cgroup-v2.rst, memory.max).
    """
    said = facts.get("memory_bytes")
    total = _count(said.get("total")) if isinstance(said, Mapping) else None
    if total is None or not isinstance(said, Mapping):
        return None
    limit, source = total, "MemTotal of /proc/meminfo"
    group = facts.get("cgroup")
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        held = str(group.get(name, "")) if isinstance(group, Mapping) else ""
        if held.isascii() and held.isdigit() and 0 < int(held) < limit:
            limit, source = int(held), f"{name} of the agent's control group"
    available = _count(said.get("available"))
    return Memory(limit, source, None if available is None else min(available, limit))


def fit(weights_bytes: int, context: Context, each: TokenMemory, memory: Memory) -> Fit:
    """What weights and context need at the least, beside what the device has."""
    cache_bytes = each.size_bytes * context.tokens
    needed = weights_bytes + cache_bytes
    shared = f" for {context.sequences} sequences" if context.sequences > 1 else ""
    cache_type = " and ".join(dict.fromkeys((context.type_k, context.type_v)))
    said = (
        f"weights of {_gib(weights_bytes)} and a context of {context.tokens} tokens{shared}, "
        f"{_gib(cache_bytes)} ({each.size_bytes} bytes a token in {cache_type}: {each.layers}"
        f" layers, {each.heads} key/value heads of {each.key_size} and {each.value_size}, by the"
        f" GGUF header), need {_gib(needed)} at the least; the device has"
        f" {_gib(memory.limit_bytes)} ({memory.source})"
    )
    free = memory.available_bytes
    beyond = cache_bytes > memory.limit_bytes
    short = needed > (memory.limit_bytes if free is None else free)
    if short and free is not None:
        said += f", of which {_gib(free)} are free now (MemAvailable)"
    return Fit(beyond, short, said)


def _gib(count: int) -> str:
    return f"{count / GIB:.2f} GiB"


def _word(words: Sequence[object], names: Sequence[str], without: str) -> str:
    """The word after the last of these names, or what follows its `=`."""
    found = without
    for place, word in enumerate(words):
        name, equals, value = str(word).partition("=")
        if name in names:
            following = words[place + 1] if place + 1 < len(words) else ""
            found = value if equals else str(following)
    return found


def _count(found: object) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None
