"""The llama.cpp library itself: its calls, its log, what it says of itself and of a model."""

from __future__ import annotations

import ctypes
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from agent.engines import llama_settings as known
from agent.engines.base import EngineError

LOG_DEBUG, LOG_ERROR = 1, 4  # GGML_LOG_LEVEL_* of ggml.h
KEPT_ERRORS = 8
_NO_MEMORY = ("failed to allocate", "out of memory", "unable to allocate", "cannot allocate")


# The library keeps a bare pointer to its log function and calls it as long as the process lives,
# whoever still holds a Library: a collected callback is a crash.
_CALLED_FOR_EVER: list[Any] = []


@dataclass(frozen=True, slots=True)
class Library:
    """calls: the module of C functions. errors: the last lines the library logged as errors."""

    package: Any
    calls: Any
    errors: deque[str]

    @classmethod
    def open(cls) -> Library:
        """Import llama-cpp-python and take over its log. Raises EngineError `engine-missing`."""
        try:
            package = import_module("llama_cpp")
        except ImportError as err:
            detail = f"llama-cpp-python is not installed here (extra `llama`): {err}"
            raise EngineError("engine-missing", detail) from err
        calls = package.llama_cpp
        errors: deque[str] = deque(maxlen=KEPT_ERRORS)

        def on_log(level: int, text: bytes, _: object) -> None:
            if level == LOG_DEBUG:
                return
            line = text.decode(errors="replace")
            sys.stderr.write(line)
            if level == LOG_ERROR:
                errors.append(line.strip())

        log = calls.llama_log_callback(on_log)
        _CALLED_FOR_EVER.append(log)
        calls.llama_log_set(log, ctypes.c_void_p(0))
        calls.llama_backend_init()
        return cls(package, calls, errors)

    def model_params(self, settings: Mapping[str, Any], vocabulary_only: bool) -> Any:  # noqa: ANN401, FBT001
        params = self.calls.llama_model_default_params()
        params.n_gpu_layers = settings["n_gpu_layers"]
        params.split_mode = known.SPLIT_MODE[settings["split_mode"]]
        params.main_gpu = settings["main_gpu"]
        params.load_mode = known.LOAD_MODE[settings["use_mmap"], settings["use_mlock"]]
        params.check_tensors = settings["check_tensors"]
        params.use_extra_bufts = settings["use_extra_bufts"]
        params.vocab_only = vocabulary_only
        return params

    def context_params(self, settings: Mapping[str, Any]) -> Any:  # noqa: ANN401
        params = self.calls.llama_context_default_params()
        for name in ("n_ctx", "n_batch", "n_ubatch", "n_threads", "n_threads_batch", "n_seq_max"):
            setattr(params, name, settings[name])
        for name in ("offload_kqv", "op_offload", "swa_full", "kv_unified"):
            setattr(params, name, settings[name])
        params.type_k = known.CACHE_TYPE[settings["type_k"]]
        params.type_v = known.CACHE_TYPE[settings["type_v"]]
        params.flash_attn_type = known.FLASH_ATTN[settings["flash_attn"]]
        params.no_perf = True  # our stamps, not the library's
        return params

    def describe(self) -> dict[str, Any]:
        """What the library says of its version, its build and this machine."""
        calls = self.calls
        return {
            "kind": "llama_cpp",
            "library": "llama-cpp-python",
            "library_version": str(self.package.__version__),
            "llama_version": _text(calls.llama_version()),
            **self._ggml(),
            "system_info": _text(calls.llama_print_system_info()).strip(),
            "gpu_offload": bool(calls.llama_supports_gpu_offload()),
            "mmap": bool(calls.llama_supports_mmap()),
            "sampling": "greedy: argmax over the logits, lowest id on a tie",
        }

    def model_facts(self, model: Any, n_vocab: int) -> dict[str, Any]:  # noqa: ANN401
        """What the library says of the model it loaded, and the context it was trained with."""
        calls = self.calls
        desc = ctypes.create_string_buffer(256)
        calls.llama_model_desc(model, desc, len(desc))
        facts = {
            "desc": desc.value.decode(errors="replace"),
            "n_params": int(calls.llama_model_n_params(model)),
            "size_bytes": int(calls.llama_model_size(model)),
            "n_layer": int(calls.llama_model_n_layer(model)),
            "n_embd": int(calls.llama_model_n_embd(model)),
            "n_vocab": n_vocab,
        }
        architecture = self._metadata(model, "general.architecture")
        context = self._metadata(model, f"{architecture}.context_length")
        if context.isdigit():
            facts["n_ctx_train"] = int(context)
        # With the vocabulary alone the library has not read the rest and gives 0 or "".
        return {name: value for name, value in facts.items() if value}

    def _metadata(self, model: Any, key: str) -> str:  # noqa: ANN401
        """A value of the model file's metadata as text, "" when it has none of this key."""
        value = ctypes.create_string_buffer(256)
        size = self.calls.llama_model_meta_val_str(model, key.encode(), value, len(value))
        return value.value.decode(errors="replace") if size >= 0 else ""

    def refusal(self, code: str, detail: str) -> EngineError:
        """An error with the last words of the library; `out-of-memory` where they say so."""
        said = "; ".join(self.errors)
        lowered = said.lower()
        if any(words in lowered for words in _NO_MEMORY):
            code = "out-of-memory"
        return EngineError(code, f"{detail}: {said}" if said else detail)

    def _ggml(self) -> dict[str, str]:
        """Version and commit of the ggml that is loaded, where it tells them (ggml.h)."""
        for path in sorted(Path(self.package.__file__).parent.glob("lib/*ggml-base.*")):
            try:
                ggml = ctypes.CDLL(str(path))
                found = {"ggml_version": ggml.ggml_version, "ggml_commit": ggml.ggml_commit}
            except (OSError, AttributeError):
                continue
            for call in found.values():
                call.restype, call.argtypes = ctypes.c_char_p, []
            return {name: _text(call()) for name, call in found.items()}
        return {"ggml_commit": "not-told: no ggml library that names its commit"}


def _text(found: bytes | None) -> str:
    return (found or b"").decode(errors="replace")
