"""Every kind of engine: who makes it, which distributions carry its library."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from agent.engines.base import Engine, EngineError
from collectors.protocol import Clock

# kind -> `module:attribute` of a maker (model, settings, clock) -> Engine. The maker imports the
# library, so that a missing one is said before anything is loaded.
ENGINES: dict[str, str] = {
    "llama_cpp": "agent.engines.llama_cpp:open_engine",
    "onnx_genai": "agent.engines.onnx_genai:open_engine",
    "onnx": "agent.engines.onnx_graph:open_engine",
    "openai_http": "agent.engines.openai_http:open_engine",
    "replay": "agent.engines.replay:open_engine",
}
# kind -> distributions of the library, the usual one first (the others are builds for a device).
DISTRIBUTIONS: dict[str, tuple[str, ...]] = {
    "llama_cpp": ("llama-cpp-python",),
    "onnx_genai": ("onnxruntime-genai", "onnxruntime-genai-cuda", "onnxruntime-genai-directml"),
    "onnx": ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml"),
}
# kind -> `module:attribute` of its settings and their defaults; these modules import no library.
DEFAULTS: dict[str, str] = {
    "llama_cpp": "agent.engines.llama_settings:DEFAULTS",
    "onnx_genai": "agent.engines.genai_settings:DEFAULTS",
    "onnx": "agent.engines.onnx_settings:DEFAULTS",
    "openai_http": "agent.engines.http_settings:DEFAULTS",
    "replay": "agent.engines.replay:DEFAULTS",
}

Maker = Callable[[Path, Mapping[str, Any], Clock], Engine]


def maker(kind: str) -> Maker:
    """Who makes engines of this kind. Raises EngineError `unknown-engine` with the near names."""
    if kind not in ENGINES:
        near = difflib.get_close_matches(kind, ENGINES)
        meant = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(ENGINES)}"
        raise EngineError("unknown-engine", f"no engine of kind {kind!r}; {meant}")
    found: Maker = _named(ENGINES[kind])
    return found


def defaults(kind: str) -> dict[str, Any]:
    """The settings of a kind with their defaults; None is found out on the device."""
    return dict(_named(DEFAULTS[kind]))


def version(kind: str) -> str | None:
    """Version of the installed library, from its metadata; None when there is none here."""
    from importlib.metadata import distributions

    names = DISTRIBUTIONS.get(kind, ())
    for name in names:
        for found in distributions(name=name):
            return found.version
    return None


def _named(entry: str) -> Any:  # noqa: ANN401
    module, _, attribute = entry.partition(":")
    return getattr(import_module(module), attribute)
