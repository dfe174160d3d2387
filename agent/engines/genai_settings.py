"""The settings of the onnxruntime-genai engine, with their defaults; no library is imported."""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, Any] = {
    "n_ctx": 2048,  # max_length of the generator: prompt and output tokens together
    "provider": "cpu",  # execution provider: cpu, cuda, dml, qnn, webgpu, openvino, ...
    "intra_op_num_threads": None,  # null: as many as CPUs that the process may use
    "inter_op_num_threads": 1,
    "graph_optimization_level": "all",  # `disabled`, `basic`, `extended`, `all`
    "allow_spinning": True,  # worker threads spin while they wait for work
}
