"""Which server answers at an address, as far as it tells: its kind, models, version.

Kinds are told by what only they have: llama-server's `/props` (tools/server/README.md of
llama.cpp), vLLM's `/version`, Ollama's `/api/version`, the title that the server of
llama-cpp-python gives its interface. All were read in 2026; the two of llama.cpp are
tried.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from agent.engines.base import EngineError
from agent.engines.http_calls import Answer, Far, call
from agent.engines.http_chunks import shown

LLAMA: Final = "llama-server"
VLLM: Final = "vllm"
OLLAMA: Final = "ollama"
LLAMA_PYTHON: Final = "llama-cpp-python"
OTHER: Final = "other"
_TITLE = "llama.cpp Python API"
_MAX_MODELS, _MAX_NAME, _MAX_BUILD = 64, 512, 200
_KEY_WANTED = (401, 403)  # RFC 9110, 15.5.2 and 15.5.4


def check_listed(far: Far, key_name: str) -> None:
    """Refuse an address where no server lists its models, with what to do about it.

    key_name: environment variable that holds the key, "" where the settings name none.
    Raises EngineError `server-refused`, or `server-rejected` where it wants a key.
    """
    answer, where = call(far, "/v1/models"), f"{far.host}:{far.port}"
    if answer.ok and isinstance(answer.json().get("data"), list):
        return
    if answer.status in _KEY_WANTED:
        said = f"{where} wants a key (status {answer.status}): {_key_advice(key_name)}"
        raise EngineError("server-rejected", said)
    if not answer.status:
        advice = "start the server, or name its `program`"
        raise EngineError(
            "server-refused", f"{where} lists no models ({shown(answer.body)}); {advice}"
        )
    said = f"{where} answers, and lists no models ({_instead(answer)})"
    raise EngineError("server-refused", f"{said}: it has no interface of OpenAI; look at the port")


def _key_advice(name: str) -> str:
    if not name:
        return "name the environment variable of the device that holds it in `api_key_env`"
    if name not in os.environ:
        return f"{name}, which `api_key_env` names, is not set on the device"
    return f"it does not take the one in {name}"


def _instead(answer: Answer) -> str:
    """What came in place of a list."""
    front = shown(answer.body, 60)
    return f"status {answer.status}: {front}" if front else f"status {answer.status}"


def identity_of(far: Far) -> tuple[str, dict[str, str]]:
    """Its kind; model ids, version, parameters and `Server` header, as it tells them."""
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
        "parameters": _parameters(found_ids),
    }
    return kind, {key: value for key, value in found.items() if value}


def _parameters(listed: list[Any]) -> str:
    """Of the one model that llama-server lists (`meta` in `/v1/models`); "" where none tells."""
    meta = listed[0].get("meta") if len(listed) == 1 and isinstance(listed[0], dict) else None
    count = meta.get("n_params") if isinstance(meta, dict) else None
    whole = isinstance(count, int) and not isinstance(count, bool) and 0 < count < 1 << 53
    return str(count) if whole else ""


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
