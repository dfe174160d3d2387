"""Bare loops: prefill, decode greedily, two stamps, nothing else. The libraries' own calls only.

They run on the model and context that the agent's engine has loaded, so that both loops work on
the same memory: two contexts of one file differ in speed by where their pages lie.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

# (prefill ns, decode ns) of one request
Bare = Callable[[Sequence[int], int], tuple[int, int]]


def llama(engine: Any, n_vocab: int) -> Bare:  # noqa: ANN401
    """llama.cpp: decode, synchronize, argmax by numpy."""
    import llama_cpp as lib
    import numpy as np

    context = engine._context  # noqa: SLF001 - the same context for both loops
    memory = lib.llama_get_memory(context)

    def run(prompt: Sequence[int], output_tokens: int) -> tuple[int, int]:
        lib.llama_memory_clear(memory, True)  # noqa: FBT003
        ids = (lib.llama_token * len(prompt))(*prompt)
        start = time.perf_counter_ns()
        lib.llama_decode(context, lib.llama_batch_get_one(ids, len(prompt)))
        lib.llama_synchronize(context)
        first = time.perf_counter_ns()
        for _ in range(output_tokens - 1):
            logits = np.ctypeslib.as_array(lib.llama_get_logits_ith(context, -1), (n_vocab,))
            one = (lib.llama_token * 1)(int(logits.argmax()))
            lib.llama_decode(context, lib.llama_batch_get_one(one, 1))
            lib.llama_synchronize(context)
        return first - start, time.perf_counter_ns() - first

    return run


def genai(engine: Any, context: int) -> Bare:  # noqa: ANN401
    """onnxruntime-genai: append the prompt, then the loop of its own examples.

    `is_done`, `generate_next_token`, `get_next_tokens`: a loop that never looks at its tokens
    makes no output.
    """
    import numpy as np
    import onnxruntime_genai as og

    model = engine._model  # noqa: SLF001 - the same model for both loops

    def run(prompt: Sequence[int], output_tokens: int) -> tuple[int, int]:
        params = og.GeneratorParams(model)
        total = len(prompt) + output_tokens
        params.set_search_options(max_length=context, min_length=total, do_sample=False)
        generator = og.Generator(model, params)
        ids = np.asarray(prompt, dtype=np.int32)
        start = time.perf_counter_ns()
        generator.append_tokens(ids)
        first = time.perf_counter_ns()
        generator.generate_next_token()  # samples only: the prompt's logits are there
        second = time.perf_counter_ns()
        for _ in range(output_tokens - 1):
            generator.is_done()
            generator.generate_next_token()
            generator.get_next_tokens()[0]
        return first - start, time.perf_counter_ns() - second

    return run
