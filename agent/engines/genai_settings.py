"""The settings of the onnxruntime-genai engine, with their defaults; no library is imported.

`n_ctx` as for llama.cpp. The rest are ONNX Runtime's own defaults (its session options), but
for the thread counts: 0 there, which lets the library choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEFAULTS: dict[str, Any] = {
    "n_ctx": 2048,  # most prompt and output tokens together; the cache is made for all of them
    "chunk_size": 0,  # most prompt tokens computed at once; 0: all
    "provider": "cpu",  # execution provider, as the library names it
    "provider_options": {},  # of the execution provider: name -> text
    "intra_op_num_threads": None,  # null: as many as CPUs that the process may use
    "inter_op_num_threads": 1,  # nodes of a language model come one after the other
    "graph_optimization_level": "all",  # `disabled`, `basic`, `extended`, `all`
    "allow_spinning": True,  # worker threads spin while they wait for work
}

OPTIMIZATION: Mapping[str, str] = {
    "disabled": "ORT_DISABLE_ALL",
    "basic": "ORT_ENABLE_BASIC",
    "extended": "ORT_ENABLE_EXTENDED",
    "all": "ORT_ENABLE_ALL",
}


def session_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """As `genai_config.json` has them, with every one of our settings in it."""
    return {
        "intra_op_num_threads": settings["intra_op_num_threads"],
        "inter_op_num_threads": settings["inter_op_num_threads"],
        "graph_optimization_level": OPTIMIZATION[settings["graph_optimization_level"]],
        "session.intra_op.allow_spinning": str(int(settings["allow_spinning"])),
    }
