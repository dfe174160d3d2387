"""Weights and context against a device's memory: figures, limits, and what is not judged."""

from __future__ import annotations

from typing import Any

import pytest

from host.artefacts.models.context_memory import TokenMemory, token_memory
from host.artefacts.models.gguf_header import Header
from host.plan.memory import Memory, fit, memory_of, of_arguments, of_settings

# Meta-Llama-3-8B: 32 layers, 8 heads of keys and values of 128 numbers; its 128 KiB a token at
# f16 are well known.
LLAMA_3_8B: dict[str, Any] = {
    "general.architecture": "llama",
    "llama.block_count": 32,
    "llama.embedding_length": 4096,
    "llama.attention.head_count": 32,
    "llama.attention.head_count_kv": 8,
}
SETTINGS = {"n_ctx": 65_536, "type_k": "f16", "type_v": "f16", "n_gpu_layers": -1}
GIB = 1 << 30


def token(type_k: str = "f16", type_v: str = "f16", **over: Any) -> TokenMemory | str:  # noqa: ANN401
    """over: keys of the architecture, `__` for a point; None: not there."""
    fields = {**LLAMA_3_8B, **{f"llama.{k.replace('__', '.')}": v for k, v in over.items()}}
    there = {key: value for key, value in fields.items() if value is not None}
    return token_memory(Header(3, there, ()), type_k, type_v)


@pytest.mark.parametrize(
    ("size_bytes", "how"),
    [
        (131_072, {}),
        (131_072 // 2 + 32 * 1024 * 34 // 32, {"type_v": "q8_0"}),
        (262_144, {"type_k": "f32", "type_v": "f32"}),
        (196_608, {"attention__key_length": 256}),
        (32 * 4096 * 4, {"attention__head_count_kv": None}),
        (4096 * 20, {"attention__head_count_kv": (8,) * 20 + (0,) * 12}),
        (31 * 4096, {"nextn_predict_layers": 1}),
    ],
)
def test_token_takes_keys_and_values_of_every_layer_in_their_types(
    size_bytes: int, how: dict[str, Any]
) -> None:
    found = token(**how)
    assert isinstance(found, TokenMemory)
    assert found.size_bytes == size_bytes


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"attention__kv_lora_rank": 512}, "kv_lora_rank"),
        ({"attention__sliding_window": 1024}, "sliding_window"),
        ({"ssm__state_size": 128}, "ssm"),
        ({"block_count": -1}, "does not state"),
        ({"block_count": 10**9}, "does not state"),
        ({"attention__head_count_kv": (8, 8)}, "does not state"),
        ({"attention__head_count_kv": "8"}, "does not state"),
        ({"attention__head_count": 0, "attention__head_count_kv": 0}, "does not state"),
        ({"type_k": "secret"}, "'secret' is not known"),
    ],
)
def test_what_a_header_does_not_say_is_not_guessed(how: dict[str, Any], why: str) -> None:
    found = token(**how)
    assert isinstance(found, str)
    assert why in found


def test_memory_is_the_devices_or_what_the_control_group_leaves_of_it() -> None:
    said = {"memory_bytes": {"total": 8 * GIB, "available": 6 * GIB}, "cgroup": {"version": 2}}
    assert memory_of(said) == Memory(8 * GIB, "MemTotal of /proc/meminfo", 6 * GIB)
    held = memory_of({**said, "cgroup": {"memory.max": str(4 * GIB)}})
    assert held is not None
    assert (held.limit_bytes, held.available_bytes) == (4 * GIB, 4 * GIB)
    assert held.source == "memory.max of the agent's control group"
    assert memory_of({**said, "cgroup": {"memory.max": "max"}}) == memory_of(said)
    for odd in ({}, {"memory_bytes": 5}, {"memory_bytes": {"total": "8"}}):
        assert memory_of(odd) is None


@pytest.mark.parametrize(
    ("total_gib", "free_gib", "beyond", "short"),
    [(16, 16, False, False), (16, 10, False, True), (12, 10, False, True), (7, 7, True, True)],
)
def test_fit_says_the_figures_and_where_they_come_from(
    total_gib: int, free_gib: int, *, beyond: bool, short: bool
) -> None:
    context = of_settings(SETTINGS, 8, gpu=False)
    each = token()
    assert context is not None
    assert isinstance(each, TokenMemory)
    memory = Memory(total_gib * GIB, "MemTotal of /proc/meminfo", free_gib * GIB)
    found = fit(9 * GIB // 2, context, each, memory)  # 4.5 GiB and 8 GiB are 12.5 GiB
    assert (found.beyond, found.short) == (beyond, short)
    assert "65536 tokens for 8 sequences, 8.00 GiB (131072 bytes a token in f16" in found.said
    assert "need 12.50 GiB at the least; the device has" in found.said
    assert ("are free now" in found.said) is short


def test_memory_that_a_gpu_may_have_is_not_taken_for_the_hosts() -> None:
    cpu, gpu = (of_settings(SETTINGS, 1, gpu=gpu) for gpu in (False, True))
    unused = of_settings({**SETTINGS, "n_gpu_layers": 0}, 1, gpu=True)
    assert cpu is not None
    assert gpu is not None
    assert unused is not None
    assert (cpu.on_host, gpu.on_host, unused.on_host) == (True, False, True)
    assert of_settings({"n_ctx": True}, 1, gpu=False) is None


def test_context_of_a_server_stands_in_its_arguments_or_is_not_known() -> None:
    words = ["-m", "{model}", "-c", "4096", "--cache-type-k=q8_0", "-ngl", "0"]
    found = of_arguments(words, 4)
    assert found is not None
    assert (found.tokens, found.type_k, found.type_v) == (4096, "q8_0", "f16")
    assert (found.sequences, found.on_host) == (4, True)
    again = of_arguments(["-c", "4096", "--ctx-size", "512"], 1)
    assert again is not None
    assert (again.tokens, again.on_host) == (512, False), "the last one counts"
    for unknown in ([], ["-c", "0"], ["-c"], ["-c", "import os"], [7, None]):
        assert of_arguments(unknown, 1) is None
