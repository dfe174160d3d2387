"""A plain ONNX graph in ONNX Runtime: one call is one inference, there are no tokens.

`InferenceSession.run` copies the inputs to the execution provider's device, computes, copies the
outputs to the host's memory and returns when that is done (ONNX Runtime, Python API, "Data on
device"): the stamps around it hold all of that, and nothing is left running.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from agent.engines.base import EngineError, Generated, Mark, TokenSink
from agent.engines.onnx_inputs import (
    Port,
    feeds_of,
    inputs_sha256,
    outputs_sample,
    outputs_sha256,
    ports_of,
)
from agent.engines.onnx_settings import DEFAULTS
from agent.engines.settings import BAD_SETTING, choice, positive, resolve
from collectors.protocol import Clock

KIND = "onnx"
PLAIN = "a plain graph has no tokens"
_LEVELS = {
    "disabled": "ORT_DISABLE_ALL",
    "basic": "ORT_ENABLE_BASIC",
    "extended": "ORT_ENABLE_EXTENDED",
    "all": "ORT_ENABLE_ALL",
}
_MODES = {"sequential": "ORT_SEQUENTIAL", "parallel": "ORT_PARALLEL"}
_NO_MEMORY = ("bad_alloc", "bad allocation", "failed to allocate", "out of memory")


def open_engine(model: Path, given: Mapping[str, Any], clock: Clock) -> OnnxGraph:
    """Check the settings, import the library, find the graph. Raises EngineError."""
    settings = resolve(KIND, DEFAULTS, given)
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    settings["intra_op_num_threads"] = settings["intra_op_num_threads"] or cpus or 1
    positive(KIND, settings, "batch", "intra_op_num_threads", "inter_op_num_threads")
    choice(KIND, settings, "graph_optimization_level", dict.fromkeys(_LEVELS, 0))
    choice(KIND, settings, "execution_mode", dict.fromkeys(_MODES, 0))
    try:
        library, numpy = import_module("onnxruntime"), import_module("numpy")
    except ImportError as err:
        detail = f"onnxruntime is not installed here: {err}"
        raise EngineError("engine-missing", detail) from err
    # The library reports its use over the network where it can: not from a measured device.
    if hasattr(library, "disable_telemetry_events"):
        library.disable_telemetry_events()
    return OnnxGraph(_graph_file(model, str(settings["file"])), settings, clock, library, numpy)


def _graph_file(model: Path, named: str) -> Path:
    """The graph that a path stands for. Raises EngineError `bad-model` where it is not one."""
    if model.is_file():
        return model
    found = sorted(path.name for path in model.glob("*.onnx"))
    if named in found:
        return model / named
    if named or len(found) != 1:
        has = ", ".join(found) or "none"
        raise EngineError(
            "bad-model", f"{model} has these graphs: {has}; setting `file` names one"
        )
    return model / found[0]


class OnnxGraph:
    """One graph in one session. Inputs are made before the inferences of a request, and stay."""

    def __init__(
        self,
        model: Path,
        settings: Mapping[str, Any],
        clock: Clock,
        library: Any,  # noqa: ANN401
        numpy: Any,  # noqa: ANN401
    ) -> None:
        self.clock = clock
        self._path, self._settings = model, dict(settings)
        self._ort, self._numpy = library, numpy
        self._session: Any = None
        self._ports: tuple[Port, ...] = ()
        self._feeds: dict[str, Any] = {}

    def load(self, *, vocabulary_only: bool = False) -> None:
        provider = self._provider()
        options = {str(k): str(v) for k, v in self._settings["provider_options"].items()}
        try:
            self._session = self._ort.InferenceSession(
                str(self._path), self._options(), providers=[(provider, options)]
            )
        except Exception as err:  # the library has some twenty classes without a common base
            raise _failure("bad-model", err) from err
        if provider not in self._session.get_providers():
            raise EngineError(BAD_SETTING, f"provider {provider} did not start on this device")
        self._ports = ports_of(self._session.get_inputs(), self._settings)

    def describe(self) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "kind": KIND,
            "library": "onnxruntime",
            "library_version": str(self._ort.__version__),
            "library_commit": str(self._ort.get_build_info())[:500],
            "stamps": "around InferenceSession.run: inputs to the device, outputs in host memory",
            "settings": dict(self._settings),
        }
        if self._session is not None:
            outputs = self._session.get_outputs()
            facts["providers"] = list(self._session.get_providers())
            facts["inputs"] = [port.fields() for port in self._ports]
            facts["outputs"] = [{"name": o.name, "dtype": o.type} for o in outputs]
        return facts

    def tokenize(self, text: str) -> list[int]:
        """No tokens; makes the inputs, so that wrong ones are refused before a run."""
        self.prepare(text)
        return []

    def piece(self, token: int) -> bytes:
        raise EngineError("no-tokens", f"{PLAIN}, so none numbered {token}")

    def generate(
        self,
        prompt: Sequence[int],
        output_tokens: int,
        *,
        stop_at_end: bool,
        on_token: TokenSink,
        mark: Mark,
    ) -> Generated:
        raise EngineError("no-tokens", PLAIN)

    def prepare(self, source: str) -> str:
        """Make the inputs of a request; gives their SHA-256."""
        self._feeds = feeds_of(self._numpy, self._ports, source)
        return inputs_sha256(self._feeds)

    def infer(self) -> Any:  # noqa: ANN401
        """One inference; its outputs, in host memory."""
        try:
            return self._session.run(None, self._feeds)
        except Exception as err:  # the library has some twenty classes without a common base
            raise _failure("inference-failed", err) from err

    def digest(self, outputs: Any) -> str:  # noqa: ANN401
        """SHA-256 of the bytes of outputs."""
        return outputs_sha256([self._numpy.asarray(value) for value in outputs])

    def sample(self, outputs: Any) -> list[float | None]:  # noqa: ANN401
        """Some values of outputs."""
        return outputs_sample([self._numpy.asarray(value) for value in outputs])

    def close(self) -> None:
        self._session = None
        self._feeds = {}

    def _provider(self) -> str:
        """The library's own name of the provider. Raises EngineError where it has none such."""
        named, known = str(self._settings["provider"]), self._ort.get_available_providers()
        short = {name.removesuffix("ExecutionProvider").lower(): name for name in known}
        if named in known or named.lower() in short:
            return named if named in known else short[named.lower()]
        raise EngineError(BAD_SETTING, f"provider {named!r} is none of {', '.join(sorted(short))}")

    def _options(self) -> Any:  # noqa: ANN401
        ours, options = self._settings, self._ort.SessionOptions()
        options.intra_op_num_threads = ours["intra_op_num_threads"]
        options.inter_op_num_threads = ours["inter_op_num_threads"]
        level = _LEVELS[ours["graph_optimization_level"]]
        options.graph_optimization_level = getattr(self._ort.GraphOptimizationLevel, level)
        options.execution_mode = getattr(self._ort.ExecutionMode, _MODES[ours["execution_mode"]])
        options.enable_cpu_mem_arena = ours["cpu_arena"]
        options.enable_mem_pattern = ours["memory_pattern"]
        spinning = str(int(ours["allow_spinning"]))
        options.add_session_config_entry("session.intra_op.allow_spinning", spinning)
        return options


def _failure(code: str, err: Exception) -> EngineError:
    said = str(err)
    if any(words in said.lower() for words in _NO_MEMORY):
        code = "out-of-memory"
    return EngineError(code, said[:2000])
