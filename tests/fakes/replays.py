"""Recordings and orders for tests of the agent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LOAD_NS = 1_000_000
PREFILL_NS = 40_000
STEP_NS = 10_000


def recording(tokens: int = 4, **over: Any) -> dict[str, Any]:  # noqa: ANN401
    """One request of so many tokens, letters from `a` on, a step apart."""
    made = [
        [PREFILL_NS + i * STEP_NS, PREFILL_NS + i * STEP_NS + 500, ord("a") + i]
        for i in range(tokens)
    ]
    request = {
        "prefill_ns": PREFILL_NS,
        "end_ns": PREFILL_NS + tokens * STEP_NS,
        "stop_reason": "end-of-text",
        "tokens": made,
    }
    found = {"recording": 1, "load_ns": LOAD_NS, "requests": [request]}
    return {**found, **over}


def write_recording(path: Path, tokens: int = 4, **over: Any) -> Path:  # noqa: ANN401
    path.write_text(json.dumps(recording(tokens, **over)))
    return path


def request(**over: Any) -> dict[str, Any]:  # noqa: ANN401
    found = {"item": "a", "text": "hello", "prompt_tokens": 8, "output_tokens": 4, "warmup": False}
    return {**found, **over}


def order(directory: Path, model: Path, **over: Any) -> dict[str, Any]:  # noqa: ANN401
    """An order for the replay engine without a sampler."""
    found: dict[str, Any] = {
        "number": 1,
        "directory": str(directory),
        "engine": {"kind": "replay", "settings": {"stamps": "recorded"}},
        "model": str(model),
        "requests": [request(warmup=True), request(item="b")],
        "stop": "length",
        "idle_before_s": 0,
        "idle_after_s": 0,
        "sampling": {
            "enabled": False,
            "rate_hz": 50,
            "kinds": None,
            "seed": 1,
            "jitter_ratio": 0.2,
        },
        "watchdog_s": 60,
    }
    return {**found, **over}


def sampled(**over: Any) -> dict[str, Any]:  # noqa: ANN401
    """The `sampling` of an order that samples the CPU and the engine's memory."""
    found = {"enabled": True, "rate_hz": 50, "kinds": ["cpu", "process"]}
    return {**found, "seed": 1, "jitter_ratio": 0.2, **over}
