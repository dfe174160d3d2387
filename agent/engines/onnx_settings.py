"""The settings of the engine for plain ONNX graphs, with their defaults; no library is imported.

Names and defaults are ONNX Runtime's own (its SessionOptions), but for the thread counts: 0 there,
which lets the library choose.
"""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, Any] = {
    "file": "",  # the graph in a folder; "": the only one there
    "batch": 1,  # first dimension of inputs that leave it open; a plan's [inference] sets it
    "shapes": {},  # input -> dimensions
    "symbols": {},  # name of an open dimension -> its size
    "ranges": {},  # input -> [low, high): seeded values; left out, by the kind of its elements
    "provider": "cpu",  # execution provider: `cpu`, `cuda`, or the library's own name of one
    "provider_options": {},  # of the execution provider: name -> text
    "intra_op_num_threads": None,  # null: as many as CPUs that the process may use
    "inter_op_num_threads": 1,  # of use with execution_mode `parallel` alone
    "execution_mode": "sequential",  # of the nodes of a graph: `sequential`, `parallel`
    "graph_optimization_level": "all",  # `disabled`, `basic`, `extended`, `all`
    "allow_spinning": True,  # worker threads spin while they wait for work
    "cpu_arena": True,  # memory of the CPU provider is kept for the next inference
    "memory_pattern": True,  # memory is laid out once where shapes do not change
}
