"""What one event of a streamed reply says, in the forms of OpenAI, llama-server, vLLM and Ollama.

Text: `choices[0].text` of completions, `choices[0].delta` of chat (what a model thinks aloud is
output too). Tokens so far: `timings.predicted_n` (llama-server with `timings_per_token`), else
`usage.completion_tokens` (vLLM with `continuous_usage_stats`; all others at the end), else the
lengths of `token_ids` or of `logprobs`. Ids: `token_ids` (vLLM with `return_token_ids`), `tokens`
of llama-server's own `/completion`. Servers were read in 2026; llama-server and llama-cpp-python's
server are tried.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.engines.base import EngineError
from agent.wire import WireError, strict_json

DONE = b"[DONE]"
MAX_COUNT = 1 << 24
MAX_ID = 1 << 31
MAX_STATED = 64
MAX_NUMBER = 1e18  # a day in ns is 8.6e13
MAX_NAME_CHARS = 64
_TEXTS = ("content", "reasoning_content", "reasoning")
# finish_reason -> ours. What else there is (`content_filter`, `tool_calls`) is no plain output.
STOPS: Mapping[str, str] = {"length": "length", "stop": "end-of-text"}
_OLLAMA = re.compile(r"(_duration|eval(_cached)?_count)\Z")  # its times and counts
_LLAMA_STOPS: Mapping[str, str] = {"limit": "length", "eos": "stop", "word": "stop"}


@dataclass(frozen=True, slots=True)
class Said:
    """One event. made: tokens so far; ids: of its own tokens; None where not told."""

    text: str = ""
    made: int | None = None
    ids: tuple[int, ...] | None = None
    listed: int | None = None  # of its own tokens, where log-probabilities are given for each
    prompt: int | None = None
    finish: str = ""
    model: str = ""
    stated: Mapping[str, float] = field(default_factory=dict)

    @property
    def new(self) -> int | None:
        """Tokens of this event alone."""
        return self.listed if self.ids is None else len(self.ids)


def said(raw: bytes) -> Said:
    """Read an event. Raises EngineError `bad-stream`, or `server-error` where it is one."""
    try:
        event = strict_json(raw)
    except WireError as err:
        raise EngineError("bad-stream", f"an event is no JSON: {shown(raw)}") from err
    if not isinstance(event, dict):
        raise EngineError("bad-stream", f"an event is no object: {shown(raw)}")
    if event.get("error"):
        raise EngineError("server-error", f"the reply says {shown(raw)}")
    event = _as_openai(event)
    choice = _choice(event, raw)
    timings, usage = _object(event.get("timings")), _object(event.get("usage"))
    stated = _stated(timings) | _stated({k: v for k, v in event.items() if _OLLAMA.search(k)})
    cached = _object(usage.get("prompt_tokens_details")).get("cached_tokens")
    made = _count(timings.get("predicted_n"))
    return Said(
        text=_text(choice),
        made=_count(usage.get("completion_tokens")) if made is None else made,
        ids=_ids(choice.get("token_ids")),
        listed=_listed(choice),
        prompt=_count(usage.get("prompt_tokens")),
        finish=_word(choice.get("finish_reason")),
        model=_word(event.get("model"), 512),
        stated=stated | _stated({"cached_tokens": cached}),
    )


def shown(raw: bytes, limit: int = 120) -> str:
    """The front of what a server said, as text that prints."""
    text = " ".join(raw[: 4 * limit].decode("utf-8", "replace").split())
    return "".join(c if c.isprintable() else "?" for c in text)[:limit]


def _choice(event: Mapping[str, Any], raw: bytes) -> Mapping[str, Any]:
    choices = event.get("choices")
    if choices is None or choices == []:
        return {}
    if not isinstance(choices, list) or not isinstance(choices[0], dict) or len(choices) > 1:
        raise EngineError("bad-stream", f"an event has not one choice: {shown(raw)}")
    return choices[0]


def _text(choice: Mapping[str, Any]) -> str:
    plain = choice.get("text")
    if isinstance(plain, str):
        return plain
    delta = _object(choice.get("delta")) or _object(choice.get("message"))
    return "".join(part for key in _TEXTS if isinstance(part := delta.get(key), str))


def _as_openai(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """An event of a server's own interface as one of OpenAI's, and that as it is."""
    if "choices" in event:
        return event
    if "content" in event:
        return _of_llama(event)
    return _of_ollama(event) if "response" in event else event


def _of_llama(event: Mapping[str, Any]) -> dict[str, Any]:
    """Of llama-server's `/completion` (tools/server/README.md)."""
    choice = {"text": event["content"], "token_ids": event.get("tokens")}
    if event.get("stop") is True:
        choice["finish_reason"] = _LLAMA_STOPS.get(_word(event.get("stop_type")), "unknown")
    counts = {
        "prompt_tokens": event.get("tokens_evaluated"),
        "completion_tokens": event.get("tokens_predicted"),
    }
    return {**event, "choices": [choice], "usage": counts}


def _of_ollama(event: Mapping[str, Any]) -> dict[str, Any]:
    """Of Ollama's `/api/generate` (docs/api.md); counts and times are in its last one."""
    parts = (event.get("thinking"), event["response"])
    choice: dict[str, Any] = {"text": "".join(part for part in parts if isinstance(part, str))}
    if event.get("done") is True:
        choice["finish_reason"] = _word(event.get("done_reason")) or "unknown"
    counts = {
        "prompt_tokens": event.get("prompt_eval_count"),
        "completion_tokens": event.get("eval_count"),
    }
    return {**event, "choices": [choice], "usage": counts}


def _ids(found: object) -> tuple[int, ...] | None:
    if not isinstance(found, list) or any(_count(i, MAX_ID) is None for i in found):
        return None
    return tuple(found)


def _listed(choice: Mapping[str, Any]) -> int | None:
    logprobs = _object(choice.get("logprobs"))
    for key in ("content", "tokens"):
        listed = logprobs.get(key)
        if isinstance(listed, list):
            return len(listed)
    return None


def _stated(found: Mapping[str, Any]) -> dict[str, float]:
    """Its numbers, as many as a server may have."""
    kept = {
        key: value
        for key, value in found.items()
        if isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= MAX_NUMBER  # not NaN, and no integer beyond a double
        and len(key) <= MAX_NAME_CHARS
        and key.isprintable()
    }
    return dict(list(kept.items())[:MAX_STATED])


def _object(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _count(found: object, most: int = MAX_COUNT) -> int | None:
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= most:
        return None
    return found


def _word(found: object, limit: int = MAX_NAME_CHARS) -> str:
    text = found if isinstance(found, str) else ""
    return "".join(c for c in text[:limit] if c.isprintable())
