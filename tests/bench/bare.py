"""A bare loop of an engine on the bench: load, prefill, decode greedily, nothing else.

Written against the libraries alone, not against the agent's engines, so that the two can be
compared. Reads a job as JSON from stdin: engine, model, prompts (token ids), output_tokens,
context, threads. Prints the sums of prompt tokens, prefill time, decode steps, decode time.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from typing import Any


def llama(job: dict[str, Any]) -> list[tuple[int, int]]:
    """(prefill ns, decode ns) of every prompt with llama.cpp."""
    import llama_cpp as lib
    import numpy as np

    silent = lib.llama_log_callback(lambda *_: None)  # kept: the library goes on calling it
    lib.llama_log_set(silent, ctypes.c_void_p(0))
    lib.llama_backend_init()
    model = lib.llama_model_load_from_file(job["model"].encode(), lib.llama_model_default_params())
    params = lib.llama_context_default_params()
    params.n_ctx = job["context"]
    params.n_threads = params.n_threads_batch = job["threads"]
    params.flash_attn_type = 1
    context = lib.llama_init_from_model(model, params)
    vocabulary = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(model))
    times = []
    for prompt in job["prompts"]:
        lib.llama_memory_clear(lib.llama_get_memory(context), True)  # noqa: FBT003
        ids = (lib.llama_token * len(prompt))(*prompt)
        start = time.perf_counter_ns()
        lib.llama_decode(context, lib.llama_batch_get_one(ids, len(prompt)))
        lib.llama_synchronize(context)
        first = time.perf_counter_ns()
        for _ in range(job["output_tokens"] - 1):
            logits = np.ctypeslib.as_array(lib.llama_get_logits_ith(context, -1), (vocabulary,))
            one = (lib.llama_token * 1)(int(logits.argmax()))
            lib.llama_decode(context, lib.llama_batch_get_one(one, 1))
            lib.llama_synchronize(context)
        times.append((first - start, time.perf_counter_ns() - first))
    return times


def genai(job: dict[str, Any]) -> list[tuple[int, int]]:
    """(prefill ns, decode ns) of every prompt with onnxruntime-genai."""
    import numpy as np
    import onnxruntime_genai as og

    config = og.Config(job["model"])
    options = {"intra_op_num_threads": job["threads"], "inter_op_num_threads": 1}
    config.overlay(json.dumps({"model": {"decoder": {"session_options": options}}}))
    model = og.Model(config)
    times = []
    for prompt in job["prompts"]:
        params = og.GeneratorParams(model)
        total = len(prompt) + job["output_tokens"]
        params.set_search_options(max_length=job["context"], min_length=total, do_sample=False)
        generator = og.Generator(model, params)
        start = time.perf_counter_ns()
        generator.append_tokens(np.asarray(prompt, dtype=np.int32))
        first = time.perf_counter_ns()
        for _ in range(job["output_tokens"]):
            generator.generate_next_token()
        times.append((first - start, time.perf_counter_ns() - first))
    return times


def main() -> None:
    """Run the job; the first prompt is the warm-up and does not count."""
    job = json.load(sys.stdin)
    times = {"llama_cpp": llama, "onnx_genai": genai}[job["engine"]](job)[1:]
    prompts = job["prompts"][1:]
    said = {
        "prefill_rate": sum(map(len, prompts)) / (sum(p for p, _ in times) * 1e-9),
        "decode_rate": (job["output_tokens"] - 1) * len(times) / (sum(d for _, d in times) * 1e-9),
    }
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
