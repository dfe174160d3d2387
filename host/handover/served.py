"""An engine that is a server: what plan, record and reduction call it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# The engine of a plan whose prompts go to a server with OpenAI's streaming interface.
SERVED: Final = "openai_http"
# Prompt tokens out of a cache, by the servers' own names: llama-server's `timings`; OpenAI's
# `prompt_tokens_details`; Ollama.
_CACHED = ("cache_n", "cached_tokens", "prompt_eval_cached_count")


def cached_tokens(stated: Mapping[str, float]) -> float | None:
    """Prompt tokens that a server says it did not compute; None where it says nothing of it."""
    said = [stated[name] for name in _CACHED if name in stated]
    return max(said) if said else None
