"""ONNX Runtime for language models, through onnxruntime-genai's generator.

Which call computes what (0.18, seen by timing and in its decoding strategy): `append_tokens`
computes the prompt and leaves logits; the first `generate_next_token` only chooses a token
from them (8 us where a decode takes 700); each later one first decodes the token before, then
chooses. So token 0 is ready when `append_tokens` is back, and the later ones are ready inside
a call: their ready_ns is taken when that call is back, late by the choice itself.
An end of text that shall be ignored is kept from being chosen by min_length.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from agent.engines.base import EngineError, Generated, Mark, TokenSink
from agent.engines.genai_settings import DEFAULTS, OPTIMIZATION, session_options
from agent.engines.pieces import Pieces
from agent.engines.settings import BAD_SETTING, positive, resolve
from collectors.protocol import Clock

KIND = "onnx_genai"
_Made = TypeVar("_Made")
_NO_MEMORY = ("bad_alloc", "bad allocation", "failed to allocate", "out of memory")
# What it says when the model is loaded with an execution provider that this build lacks.
_NO_PROVIDER = ("unknown provider name", "interface not available", "provider is not supported")


def open_engine(model: Path, given: Mapping[str, Any], clock: Clock) -> OnnxGenai:
    """Check the settings, import the library, list the tokens. Raises EngineError."""
    settings = resolve(KIND, DEFAULTS, given)
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    settings["intra_op_num_threads"] = settings["intra_op_num_threads"] or cpus or 1
    positive(KIND, settings, "n_ctx", "intra_op_num_threads", "inter_op_num_threads")
    if settings["graph_optimization_level"] not in OPTIMIZATION:
        raise EngineError(BAD_SETTING, f"graph_optimization_level is none of {list(OPTIMIZATION)}")
    try:
        library = import_module("onnxruntime_genai")
    except ImportError as err:
        detail = f"onnxruntime-genai is not installed here: {err}"
        raise EngineError("engine-missing", detail) from err
    # The library reports its use over the network where it can: not from a measured device.
    if hasattr(library, "disable_telemetry_events"):
        library.disable_telemetry_events()
    if not (model / "genai_config.json").is_file():
        raise EngineError("bad-model", f"{model} is no folder with a genai_config.json")
    return OnnxGenai(model, settings, clock, library)


class OnnxGenai:
    """One model folder in one session; a new generator for each request."""

    def __init__(
        self,
        model: Path,
        settings: Mapping[str, Any],
        clock: Clock,
        library: Any,  # noqa: ANN401
    ) -> None:
        self.clock = clock
        self._path = model
        self._settings = dict(settings)
        self._og = library
        self._pieces = Pieces.open(model / "tokenizer.json")
        self._model: Any = None
        self._tokenizer: Any = None
        self._ends: frozenset[int] = frozenset()
        self._search: dict[str, Any] = {}

    def load(self, *, vocabulary_only: bool = False) -> None:
        config = _made("bad-model", lambda: self._og.Config(str(self._path)))
        self._configure(config)
        if not vocabulary_only:
            self._model = _made("bad-model", lambda: self._og.Model(config))
        self._tokenizer = _made("bad-model", lambda: self._og.Tokenizer(self._model or config))
        self._ends = frozenset(int(token) for token in self._tokenizer.eos_token_ids)

    def describe(self) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "kind": KIND,
            "library": "onnxruntime-genai",
            "library_version": str(self._og.__version__),
            "library_commit": str(getattr(self._og, "__commit__", "not-told")),
            "onnxruntime_version": _onnxruntime_version(),
            "sampling": "greedy: do_sample false, lowest id on a tie",
            "ready_stamp": "token 0: prompt computed; later tokens: with the token",
            "settings": dict(self._settings),
            "session_options": session_options(self._settings),
        }
        if self._search:
            facts["search_options"] = dict(self._search)
        if self._tokenizer is not None:
            facts["model"] = {"n_vocab": len(self._pieces), "eos_token_ids": sorted(self._ends)}
            facts["model"] |= _config_facts(self._path)
        if self._model is not None:
            facts["model"] |= {"type": self._model.type, "device": self._model.device_type}
        return facts

    def tokenize(self, text: str) -> list[int]:
        ids = [int(token) for token in self._tokenizer.encode(text)]
        # Only the rule for the beginning is wanted: an end of text would end the prompt.
        return ids[:-1] if ids and ids[-1] in self._ends else ids

    def piece(self, token: int) -> bytes:
        return self._pieces.piece(token)

    def generate(
        self,
        prompt: Sequence[int],
        output_tokens: int,
        *,
        stop_at_end: bool,
        on_token: TokenSink,
        mark: Mark,
    ) -> Generated:
        now_ns, total = self.clock.now_ns, len(prompt) + output_tokens
        generator = self._generator(total, 0 if stop_at_end else total)
        ids = import_module("numpy").asarray(prompt, dtype="int32")
        mark("prefill_start")
        _made("prefill-failed", lambda: generator.append_tokens(ids))
        ready_ns = mark("prefill_end")
        step, chosen, is_done = (
            generator.generate_next_token,
            generator.get_next_tokens,
            generator.is_done,
        )
        try:
            for index in range(output_tokens):
                step()
                if index:
                    ready_ns = now_ns()
                token = int(chosen()[0])
                on_token(ready_ns, now_ns(), token)
                if stop_at_end and token in self._ends:
                    return Generated("end-of-text")
                if is_done():
                    break
        except RuntimeError as err:
            raise _failure("decode-failed", err) from err
        return Generated("length")

    def score(self, ids: Sequence[int], first: int) -> Iterator[bytes]:
        """The prompt's logits of the graph's own output, seen to have a row for each token.

        A graph that keeps the last row alone is fed token by token from `first` on.
        """
        numpy = import_module("numpy")
        generator = self._generator(len(ids), 0)
        given = numpy.asarray(ids, dtype="int32")
        _made("prefill-failed", lambda: generator.append_tokens(given[:-1]))
        rows = numpy.asarray(generator.get_output("logits"))
        if rows.shape[1] == len(ids) - 1:
            for row in rows[0, first:]:
                yield row.astype("float32").tobytes()
            return
        generator = self._generator(len(ids), 0)
        for start, end in [(0, first + 1), *((i, i + 1) for i in range(first + 1, len(ids) - 1))]:
            _made("decode-failed", partial(generator.append_tokens, given[start:end]))
            yield numpy.asarray(generator.get_logits()).reshape(-1).astype("float32").tobytes()

    def close(self) -> None:
        self._tokenizer = self._model = None

    def _generator(self, total: int, min_length: int) -> Any:  # noqa: ANN401
        """A new generator, which has no state of an earlier request; that is checked."""
        limit = self._settings["n_ctx"]
        if total > limit:
            raise EngineError("context-full", f"{total} tokens wanted, n_ctx is {limit}")
        options = {"max_length": limit, "min_length": min_length, "do_sample": False}
        options |= {"num_beams": 1, "batch_size": 1, "repetition_penalty": 1.0}
        options["chunk_size"] = self._settings["chunk_size"]
        params = self._og.GeneratorParams(self._model)
        _made(BAD_SETTING, lambda: params.set_search_options(**options))
        generator = _made("context-refused", lambda: self._og.Generator(self._model, params))
        count = int(generator.token_count())
        if count:
            raise EngineError("cache-not-empty", f"a new generator has {count} tokens")
        self._search = dict(params.get_search_options())
        return generator

    def _configure(self, config: Any) -> None:  # noqa: ANN401
        """Provider and session options: ours, whatever the model's folder says."""
        options = session_options(self._settings)
        overlay = {"model": {"decoder": {"session_options": options}}}
        provider = self._settings["provider"]
        _made(BAD_SETTING, lambda: config.overlay(json.dumps(overlay)))
        config.clear_providers()
        if provider != "cpu":
            _made(BAD_SETTING, lambda: config.append_provider(provider))
        for name, value in self._settings["provider_options"].items():
            setter = partial(config.set_provider_option, provider, name, str(value))
            _made(BAD_SETTING, setter)


def _made(code: str, make: Callable[[], _Made]) -> _Made:
    """What the call gives; its RuntimeError, which is all the library has, gets our code."""
    try:
        return make()
    except RuntimeError as err:
        raise _failure(code, err) from err


def _failure(code: str, err: RuntimeError) -> EngineError:
    said = str(err)
    lowered = said.lower()
    if any(words in lowered for words in _NO_MEMORY):
        code = "out-of-memory"
    elif code == "bad-model" and any(words in lowered for words in _NO_PROVIDER):
        code = BAD_SETTING
    return EngineError(code, said[:2000])


def _onnxruntime_version() -> str:
    from importlib.metadata import distributions

    for name in ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml"):
        for found in distributions(name=name):
            return f"{name} {found.version}"
    return "not-told: no onnxruntime distribution is installed"


def _config_facts(model: Path) -> dict[str, Any]:
    """Context and shape as the folder's configuration has them, where it has them."""
    config = json.loads((model / "genai_config.json").read_bytes())["model"]
    decoder = config.get("decoder", {})
    names = {"n_layer": "num_hidden_layers", "n_embd": "hidden_size"}
    facts = {ours: decoder[theirs] for ours, theirs in names.items() if theirs in decoder}
    if "context_length" in config:
        facts["n_ctx_train"] = config["context_length"]
    return facts
