"""Settings of the engine for servers, and the events of a stream cut out of bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.engines.base import EngineError
from agent.engines.http_chunks import MAX_STATED, said
from agent.engines.http_reading import Reading
from agent.engines.server_process import with_last_line
from agent.engines.sse import MAX_EVENT_BYTES, Events
from agent.engines.table import maker
from collectors.clocks import device_clock


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "url or program"),
        ({"url": "http://127.0.0.1:1", "program": "/bin/sh"}, "url or program"),
        ({"url": "http://example.org"}, "is not the device itself"),
        ({"url": "https://127.0.0.1"}, "is not of the form"),
        ({"url": "http://127.0.0.1:99999"}, "is no address"),
        ({"program": "llama-server"}, "no program's full path"),
        ({"program": "/nowhere/llama-server"}, "no program's full path"),
        ({"program": "/bin/sh", "args": ["{text}"]}, "{text} is none of model, host, port"),
        ({"program": "/bin/sh", "args": [1]}, "is no argument"),
        ({"program": "/bin/sh", "args": ["-c", "x"]}, "has no {model} in it"),
        ({"program": "/bin/sh", "args": ["{model}", "8080"]}, "has no {port} in it"),
        ({"url": "http://127.0.0.1:1", "api": "responses"}, "is none of completions, chat, llama"),
        ({"url": "http://127.0.0.1:1", "timeout_s": 0.0}, "timeout_s"),
        ({"url": "http://127.0.0.1:1", "api_key_env": "A B"}, "api_key_env"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(EngineError) as refused:
        maker("openai_http")(Path("/none"), settings, device_clock())
    assert refused.value.code == "bad-setting"
    assert said in refused.value.detail


def test_event_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    events, part = Events(), b"data: " + b"x" * (MAX_EVENT_BYTES // 2) + b"\n"
    assert events.feed(part) == []
    with pytest.raises(EngineError, match="bad-stream"):
        events.feed(part)
    with pytest.raises(EngineError, match="bad-stream"):
        Events().feed(b"data:\n" * (MAX_EVENT_BYTES + 1))


def test_comments_and_other_fields_are_no_data_and_lines_may_end_with_cr_lf() -> None:
    found = Events().feed(b": hi\r\nevent: x\r\ndata: a\r\ndata:b\r\n\r\n\r\n")
    assert found == [b"a\nb"]


def test_numbers_beyond_every_time_and_count_are_not_stated() -> None:
    event = b'{"choices": [], "timings": {"prompt_ms": 1%s, "predicted_ms": 1e300, "draft_n": 4}}'
    assert said(event % (b"0" * 400)).stated == {"draft_n": 4}


def test_a_long_reply_states_no_more_numbers_than_a_short_one() -> None:
    choice = {"text": "x", "finish_reason": "length"}
    reading = Reading(lambda _: None, "")
    for n in range(2 * MAX_STATED):
        timings = {f"k{n}": n, "n": n}
        reading.take(n, json.dumps({"choices": [choice], "timings": timings}).encode())
    stated = reading.served().stated
    assert len(stated) == MAX_STATED
    assert stated["n"] == 2 * MAX_STATED - 1


def test_last_line_that_a_program_printed_says_why_it_did_not_start() -> None:
    why, said = "it ended with status 1", b"loading\n\x1b[31merror: no such flag\n\n"
    assert with_last_line(why, said) == f"{why}; it printed last: ?[31merror: no such flag"
    assert with_last_line(why, b"\n \n") == why
