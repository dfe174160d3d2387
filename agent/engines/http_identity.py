"""Which server answers at an address, as far as it tells: its kind, models, version.

Kinds are told by what only they have: llama-server's `/props` (tools/server/README.md of
llama.cpp), vLLM's `/version`, Ollama's `/api/version`, the title that the server of
llama-cpp-python gives its interface. All were read in 2026; the two of llama.cpp are
tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agent.engines.http_calls import Far, call

LLAMA: Final = "llama-server"
VLLM: Final = "vllm"
OLLAMA: Final = "ollama"
LLAMA_PYTHON: Final = "llama-cpp-python"
OTHER: Final = "other"
_TITLE = "llama.cpp Python API"
_MAX_MODELS, _MAX_NAME, _MAX_BUILD = 64, 512, 200


def identity_of(far: Far) -> tuple[str, dict[str, str]]:
    """Its kind; model ids, version and `Server` header, each where it tells them."""
    models, props = call(far, "/v1/models"), call(far, "/props").json()
    listed = models.json().get("data")
    found_ids = listed[:_MAX_MODELS] if isinstance(listed, list) else []
    ids = [str(one.get("id", ""))[:_MAX_NAME] for one in found_ids if isinstance(one, dict)]
    kind, build = _kind(far, models.server, props)
    found = {
        "models": ", ".join(ids),
        "server": models.server,
        "build": build[:_MAX_BUILD],
        "model_path": str(props.get("model_path") or "")[:_MAX_NAME],
    }
    return kind, {key: value for key, value in found.items() if value}


def _kind(far: Far, server: str, props: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and version."""
    if server.startswith("llama.cpp") or props.get("model_path"):
        return LLAMA, str(props.get("build_info") or "")
    for path, kind in (("/version", VLLM), ("/api/version", OLLAMA)):
        version = call(far, path).json().get("version")
        if version:
            return kind, str(version)
    info = call(far, "/openapi.json").json().get("info")
    if isinstance(info, dict) and _TITLE in str(info.get("title", "")):
        return LLAMA_PYTHON, str(info.get("version", ""))
    return OTHER, ""
