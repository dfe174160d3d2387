"""llama.cpp through the plain C calls of llama-cpp-python: nothing between us and the library.

Tokens are chosen by numpy's argmax over the logits in place. On 4,096 and 128 k entries that
took about 4 and 20 us; the library's greedy sampler first copies every logit into a candidate
array of 12 bytes an entry (9 us, and some 300 us). numpy comes with llama-cpp-python.
`llama_decode` may return before a GPU is done, so `llama_synchronize` stands before each stamp.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.engines import llama_settings as settings_of
from agent.engines.base import EngineError, Generated, Mark, TokenSink
from agent.engines.llama_choice import Choice
from agent.engines.llama_library import Library
from agent.engines.llama_sequences import Held, LlamaSequences
from agent.engines.settings import BAD_SETTING, choice, positive, resolve
from collectors.protocol import Clock

KIND = "llama_cpp"


def open_engine(model: Path, given: Mapping[str, Any], clock: Clock) -> LlamaCpp:
    """Check the settings and import the library. Raises EngineError."""
    settings = resolve(KIND, settings_of.DEFAULTS, given)
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    settings["n_threads"] = settings["n_threads"] or cpus or 1
    settings["n_threads_batch"] = settings["n_threads_batch"] or settings["n_threads"]
    positive(KIND, settings, "n_ctx", "n_batch", "n_ubatch", "n_threads", "n_threads_batch")
    positive(KIND, settings, "n_seq_max")
    _check_threads(settings)
    held, most = settings["n_seq_max"], settings["n_batch"]
    if held > most:
        said = f"n_seq_max {held} is more than the {most} of n_batch: a step has a token of each"
        raise EngineError(BAD_SETTING, f"{KIND} setting {said}")
    for name, known in (
        ("type_k", settings_of.CACHE_TYPE),
        ("type_v", settings_of.CACHE_TYPE),
        ("flash_attn", settings_of.FLASH_ATTN),
        ("split_mode", settings_of.SPLIT_MODE),
    ):
        choice(KIND, settings, name, known)
    return LlamaCpp(model, settings, clock, Library.open())


def _check_threads(settings: Mapping[str, Any]) -> None:
    for name in ("n_threads", "n_threads_batch"):
        if settings[name] > settings_of.MAX_THREADS:
            said = f"{settings[name]} is more than the {settings_of.MAX_THREADS} of ggml"
            raise EngineError(BAD_SETTING, f"{KIND} setting {name}: {said}")


class LlamaCpp:
    """One GGUF model in one context; `generate` and `score` use its first sequence alone."""

    def __init__(
        self, model: Path, settings: Mapping[str, Any], clock: Clock, library: Library
    ) -> None:
        self.clock = clock
        self._path = model
        self._settings = dict(settings)
        self._lib = library
        self._model: Any = None
        self._vocab: Any = None
        self._context: Any = None
        self._kept = 0
        self._memory: Any = None
        self._n_vocab = 0
        self._room = settings["n_ctx"] // settings["n_seq_max"]
        self._choice: Any = None

    def load(self, *, vocabulary_only: bool = False) -> None:
        lib, calls = self._lib, self._lib.calls
        if not self._path.is_file():
            raise EngineError("bad-model", f"{self._path} is no file")
        self._model = calls.llama_model_load_from_file(
            os.fsencode(self._path), lib.model_params(self._settings, vocabulary_only)
        )
        if not self._model:
            raise lib.refusal("bad-model", f"{self._path.name} was not loaded")
        self._vocab = calls.llama_model_get_vocab(self._model)
        self._n_vocab = int(calls.llama_vocab_n_tokens(self._vocab))
        if vocabulary_only:
            return
        self._context = calls.llama_init_from_model(
            self._model, lib.context_params(self._settings)
        )
        if not self._context:
            raise lib.refusal("context-refused", f"no context, {self._sizes()}")
        self._memory = calls.llama_get_memory(self._context)
        self._choice = Choice(calls, self._vocab, self._n_vocab)
        calls.llama_synchronize(self._context)

    def describe(self) -> dict[str, Any]:
        lib, calls = self._lib, self._lib.calls
        facts = lib.describe()
        facts["settings"] = dict(self._settings)
        if self._model:
            facts["model"] = lib.model_facts(self._model, self._n_vocab)
        if self._context:
            facts["context"] = {
                "n_ctx": calls.llama_n_ctx(self._context),
                "n_ctx_seq": calls.llama_n_ctx_seq(self._context),
                "n_seq_max": calls.llama_n_seq_max(self._context),
                "n_batch": calls.llama_n_batch(self._context),
                "n_ubatch": calls.llama_n_ubatch(self._context),
                "n_threads": calls.llama_n_threads(self._context),
                "n_threads_batch": calls.llama_n_threads_batch(self._context),
            }
        return facts

    def tokenize(self, text: str) -> list[int]:
        calls, data = self._lib.calls, text.encode()
        room = len(data) + 8  # one token a byte at most, and a few special ones
        ids = (calls.llama_token * room)()
        special = bool(self._settings["parse_special"])
        count = calls.llama_tokenize(self._vocab, data, len(data), ids, room, True, special)  # noqa: FBT003
        if count < 0:
            raise EngineError("tokenize-failed", f"{-count} tokens from {len(data)} bytes")
        tokens = list(ids[:count])
        # Only the rule for the beginning is wanted: an end of text would end the prompt.
        if calls.llama_vocab_get_add_eos(self._vocab) and tokens:
            tokens = tokens[:-1]
        return tokens

    def piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        calls = self._lib.calls
        size = calls.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)  # noqa: FBT003
        if size < 0:
            buffer = ctypes.create_string_buffer(-size)
            size = calls.llama_token_to_piece(self._vocab, token, buffer, -size, 0, False)  # noqa: FBT003
        return buffer.raw[: max(size, 0)]

    def generate(
        self,
        prompt: Sequence[int],
        output_tokens: int,
        *,
        stop_at_end: bool,
        on_token: TokenSink,
        mark: Mark,
    ) -> Generated:
        calls, context, now_ns = self._lib.calls, self._context, self.clock.now_ns
        kept, self._kept = self._kept, 0
        self._clear(len(prompt) + output_tokens, kept)
        feed = (calls.llama_token * 1)()
        step = self._batch(feed, logits_from=0)
        decode, synchronize = calls.llama_decode, calls.llama_synchronize
        chunks = self._chunks(prompt[kept:])
        mark("prefill_start")
        for chunk in chunks:
            self._check(decode(context, chunk))
        synchronize(context)
        ready_ns = mark("prefill_end")
        for left in range(output_tokens - 1, -1, -1):
            token = self._best(allow_end=stop_at_end)
            on_token(ready_ns, now_ns(), token)
            if stop_at_end and calls.llama_vocab_is_eog(self._vocab, token):
                return Generated("end-of-text")
            if left:
                feed[0] = token
                code = decode(context, step)
                synchronize(context)
                ready_ns = now_ns()
                if code:
                    self._check(code)
        return Generated("length")

    def score(self, ids: Sequence[int], first: int) -> Iterator[bytes]:
        calls, size = self._lib.calls, self._settings["n_batch"]
        self._clear(len(ids))
        for start in range(0, len(ids), size):
            part = ids[start : start + size]
            begin = min(max(first - start, 0), len(part))
            batch = self._batch((calls.llama_token * len(part))(*part), logits_from=begin)
            self._check(calls.llama_decode(self._context, batch))
            calls.llama_synchronize(self._context)
            for index in range(begin, min(len(part), len(ids) - 1 - start)):
                row = calls.llama_get_logits_ith(self._context, index)
                yield ctypes.string_at(row, 4 * self._n_vocab)  # n_vocab floats (llama.h)

    def close(self) -> None:
        calls = self._lib.calls
        if self._context:
            calls.llama_free(self._context)
        if self._model:
            calls.llama_model_free(self._model)
        self._context = self._model = self._choice = None

    def keep(self, tokens: int) -> None:
        """The next prompt begins with so many tokens that are in the cache already."""
        self._kept = tokens

    def sequences(self, count: int) -> LlamaSequences:
        """The context's sequences, computed side by side."""
        there = self._settings["n_seq_max"]
        most = int(self._lib.calls.llama_n_batch(self._context))  # n_ctx where that is less
        if count > there:
            said = f"{count} streams at once are ordered, n_seq_max is {there}"
            raise EngineError(BAD_SETTING, said)
        held = Held(self._lib, self._context, self._choice, self.clock, self._room)
        return LlamaSequences(held, most)

    def _sizes(self) -> str:
        """The context in words."""
        count = self._settings["n_seq_max"]
        said = f"n_ctx is {self._settings['n_ctx']}"
        return said if count == 1 else f"{said} for {count} sequences"

    def _clear(self, wanted: int, kept: int = 0) -> None:
        """Empty the cache and prove it: nothing of an earlier request may be read again.

        kept: so many tokens stay, and it is proven that they are all that is there.
        """
        calls = self._lib.calls
        if wanted > self._room:  # the library makes a round number of it
            raise EngineError("context-full", f"{wanted} tokens wanted, {self._sizes()}")
        if kept:
            last = calls.llama_memory_seq_pos_max(self._memory, 0)
            if last != kept - 1:
                raise EngineError("cache-lost", f"position {last} is the last, {kept} were kept")
            return
        calls.llama_memory_clear(self._memory, True)  # noqa: FBT003
        last = calls.llama_memory_seq_pos_max(self._memory, 0)
        if last != -1:  # llama.h: -1 for an empty sequence
            raise EngineError("cache-not-empty", f"position {last} is still there")

    def _chunks(self, prompt: Sequence[int]) -> list[Any]:
        """Batches of at most n_batch tokens; only the last token of all asks for logits."""
        size = self._settings["n_batch"]
        token = self._lib.calls.llama_token
        starts = range(0, len(prompt), size)
        parts = [prompt[start : start + size] for start in starts]
        last = len(parts) - 1
        return [
            self._batch(
                (token * len(part))(*part), logits_from=len(part) - 1 if i == last else len(part)
            )
            for i, part in enumerate(parts)
        ]

    def _batch(self, ids: Any, *, logits_from: int) -> Any:  # noqa: ANN401
        """A batch of sequence 0 that goes on where the cache ends (null positions, llama.h)."""
        flags = (ctypes.c_int8 * len(ids))()
        for index in range(logits_from, len(ids)):
            flags[index] = 1
        return self._lib.calls.llama_batch(len(ids), ids, None, None, None, None, flags)

    def _best(self, *, allow_end: bool) -> int:
        """The token after the last one computed, at this moment."""
        row = self._lib.calls.llama_get_logits_ith(self._context, -1)
        token: int = self._choice.best(row, allow_end=allow_end)
        return token

    def _check(self, code: int) -> None:
        if code:
            raise self._lib.refusal("decode-failed", f"llama_decode gave {code}")
