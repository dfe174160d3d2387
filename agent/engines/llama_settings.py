"""The settings of the llama.cpp engine, with their defaults; no library is imported here.

The defaults are those of llama.cpp's own parameter functions (`llama_model_default_params`,
`llama_context_default_params`, llama-cpp-python 0.3.36) but for: n_ctx (512 there; the usual
request of 128 + 128 tokens wants room), load_mode (`auto` there) and flash_attn (`auto` there,
and the library does not say what it chose).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEFAULTS: dict[str, Any] = {
    "n_ctx": 2048,  # tokens of context, of all sequences together; their memory is taken at once
    "n_seq_max": 1,  # sequences side by side; each may count on n_ctx over n_seq_max tokens
    "kv_unified": False,  # one cache for all sequences, not one for each
    "n_batch": 2048,  # most prompt tokens in one decode call
    "n_ubatch": 512,  # most tokens computed at once
    "n_threads": None,  # threads that decode; null: as many as CPUs that the process may use
    "n_threads_batch": None,  # threads that prefill; null: as n_threads
    "n_gpu_layers": -1,  # layers on a GPU; -1: all; without effect in a build for CPUs
    "split_mode": "layer",  # how several GPUs share
    "main_gpu": 0,
    "use_mmap": True,  # map the model file instead of reading it
    "use_mlock": False,  # keep the model from being swapped out
    "check_tensors": False,  # look for impossible values in the weights
    "use_extra_bufts": True,  # repack weights for this CPU
    "type_k": "f16",  # type of the keys in the cache
    "type_v": "f16",  # type of the values in the cache
    "flash_attn": "on",  # `on`, `off`, `auto`
    "offload_kqv": True,  # cache and attention on the GPU
    "op_offload": True,  # host operations of big batches to the GPU
    "swa_full": True,  # full-size cache for sliding windows
    "parse_special": False,  # read control tokens in prompt texts as such
}

# GGML_MAX_N_THREADS of ggml.h; beyond it the library ends with a signal.
MAX_THREADS = 512

# LLAMA_FLASH_ATTN_TYPE_*, LLAMA_SPLIT_MODE_*, GGML_TYPE_* of llama.h and ggml.h.
FLASH_ATTN: Mapping[str, int] = {"auto": -1, "off": 0, "on": 1}
SPLIT_MODE: Mapping[str, int] = {"none": 0, "layer": 1, "row": 2}
CACHE_TYPE: Mapping[str, int] = {
    "f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q8_0": 8,
}  # fmt: skip
# LLAMA_LOAD_MODE_* by (use_mmap, use_mlock).
LOAD_MODE: Mapping[tuple[bool, bool], int] = {
    (False, False): 0,
    (True, False): 1,
    (False, True): 2,
    (True, True): 3,
}
