"""What a request to a server says: greedy, streamed, and what each kind of server takes beyond.

Fields beyond the interface: llama.cpp tools/server/README.md; vLLM's docs, "OpenAI compatible
server"; Ollama's docs/api.md; llama_cpp/server/types.py, whose penalty on repeated tokens is 1.1
where nobody says else. All read in 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agent.engines.http_identity import LLAMA, LLAMA_PYTHON, OLLAMA, VLLM
from agent.engines.server import Prompt

SEED: Final = 1
PATHS: Final[Mapping[str, str]] = {
    "completions": "/v1/completions",
    "chat": "/v1/chat/completions",
    "llama": "/completion",
    "ollama": "/api/generate",
}
# Interfaces of one kind of server alone.
OWNERS: Final[Mapping[str, str]] = {"llama": LLAMA, "ollama": OLLAMA}
_EXTRA: Mapping[str, Mapping[str, Any]] = {
    LLAMA: {"timings_per_token": True, "return_tokens": True},
    VLLM: {"return_token_ids": True, "repetition_penalty": 1.0},
    LLAMA_PYTHON: {"repeat_penalty": 1.0},
}
_ENDLESS = (LLAMA, VLLM)  # know `ignore_eos`
_USAGE: Mapping[str, Mapping[str, Any]] = {
    VLLM: {"include_usage": True, "continuous_usage_stats": True}
}


@dataclass(frozen=True, slots=True)
class Form:
    """How this server is asked. kind: of it; model: name that requests carry.

    cache_prompt: whether it may keep prompts; n_ctx: tokens of context, None where not stated.
    """

    kind: str
    api: str
    model: str
    cache_prompt: bool
    n_ctx: int | None

    @property
    def path(self) -> str:
        return PATHS[self.api]

    def streamed(self, prompt: Prompt, output_tokens: int, *, stop_at_end: bool) -> dict[str, Any]:
        """A request whose reply comes in chunks."""
        found = self._body(prompt, output_tokens, stop_at_end=stop_at_end)
        if self.api in OWNERS:
            return {**found, "stream": True}
        usage = dict(_USAGE.get(self.kind, {"include_usage": True}))
        return {**found, "stream": True, "stream_options": usage}

    def whole(self, prompt: Prompt, output_tokens: int, *, stop_at_end: bool) -> dict[str, Any]:
        """The same request, its reply in one piece."""
        return {**self._body(prompt, output_tokens, stop_at_end=stop_at_end), "stream": False}

    def _body(self, prompt: Prompt, output_tokens: int, *, stop_at_end: bool) -> dict[str, Any]:
        greedy = {"temperature": 0, "seed": SEED}
        if self.api == "ollama":
            return self._generate(prompt, {**greedy, "num_predict": output_tokens})
        beyond = dict(_EXTRA.get(self.kind, {}))
        if self.kind == LLAMA:
            beyond["cache_prompt"] = self.cache_prompt and not prompt.fresh
        if self.kind in _ENDLESS:
            beyond["ignore_eos"] = not stop_at_end
        if self.api == "llama":
            return {**prompt.body, "n_predict": output_tokens, **greedy, **beyond}
        asked = {"model": self.model, **prompt.body, "max_tokens": output_tokens}
        return {**asked, **greedy, **beyond}

    def _generate(self, prompt: Prompt, options: Mapping[str, Any]) -> dict[str, Any]:
        """Of Ollama's own interface: the prompt as it is, without a template."""
        context = {} if self.n_ctx is None else {"num_ctx": self.n_ctx}
        more = {**options, "repeat_penalty": 1.0, **context}
        return {"model": self.model, **prompt.body, "raw": True, "options": more}
