"""Orders of attempts for programs that run the agent beside another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def order_of(
    number: int,
    spool: Path,
    model: Path,
    settings: dict[str, int],
    requests: list[dict[str, Any]],
) -> dict[str, Any]:
    """An order of an attempt of llama.cpp as `measure` gives it, without idle times."""
    return {
        "number": number,
        "directory": str(spool),
        "engine": {"kind": "llama_cpp", "settings": settings},
        "model": str(model),
        "requests": requests,
        "stop": "length",
        "idle_before_s": 0.0,
        "idle_after_s": 0.0,
        "watchdog_s": 60.0,
        "sampling": {
            "enabled": True, "rate_hz": 10.0, "kinds": None, "seed": number, "jitter_ratio": 0.2,
        },
    }  # fmt: skip
