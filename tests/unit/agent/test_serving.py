"""Streams at once: whatever ends one of them ends the attempt, and is not lost with its thread."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

import pytest

from agent.engines.server import Prompt
from agent.order import Order, parse_order
from agent.serving import Serving
from collectors.clocks import device_clock

STREAMS = 3


class Surprising:
    """A server that meets what nobody foresaw."""

    def identity(self) -> dict[str, str]:
        return {}

    def prepare(self, *_: object, **__: object) -> Prompt:
        return Prompt({}, None, "")

    def serve(self, *_: object, **__: object) -> None:
        raise LookupError("not foreseen")


def order_of(folder: Path) -> Order:
    one = {"item": "a", "text": "x", "prompt_tokens": None, "output_tokens": 1, "warmup": False}
    return parse_order(
        {
            "number": 1,
            "directory": str(folder),
            "engine": {"kind": "openai_http", "settings": {}},
            "model": "/none",
            "requests": [{**one, "streams": STREAMS, "stream": i} for i in range(STREAMS)],
            "stop": "length",
            "idle_before_s": 0.0,
            "idle_after_s": 0.0,
            "watchdog_s": 60.0,
            "sampling": {
                "enabled": False,
                "rate_hz": 1.0,
                "kinds": None,
                "seed": 1,
                "jitter_ratio": 0.0,
            },
        }
    )


def test_what_nobody_foresaw_in_a_stream_is_raised_where_the_streams_were_started(
    tmp_path: Path,
) -> None:
    unused = cast("Any", None)  # no request comes so far as to be written down
    serving = Serving(
        order=order_of(tmp_path),
        server=cast("Any", Surprising()),
        clock=device_clock(),
        voice=unused,
        stop=threading.Event(),
        diary=unused,
        chunks=unused,
    )
    with pytest.raises(LookupError, match="not foreseen"):
        serving.run()
