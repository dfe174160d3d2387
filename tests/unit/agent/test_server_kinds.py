"""Kinds of servers: how each is known, what it is asked beyond the interface, and its own forms.

Those of llama-cpp-python's server were captured. Ollama's and vLLM's are written after their
documents (docs/api.md of Ollama; vLLM's "OpenAI compatible server"); neither was tried.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.engines.base import EngineError
from agent.engines.http_chunks import said
from agent.engines.sse import MAX_EVENT_BYTES, Events, Lines
from host.reduce.served import server_results
from tests.fakes.served_attempt import asked, attempt, ended, replies
from tests.fakes.talker import DONE, Talk, event, talking
from tests.fakes.traces import attempt as trace_of

CAPTURED = Path(__file__).parents[2] / "data/servers"
ABOUT = {"title": "🦙 llama.cpp Python API", "version": "0.3"}
LLAMA_PYTHON: dict[str, object] = {"/openapi.json": {"info": ABOUT}}
OLLAMA: dict[str, object] = {"/api/version": {"version": "0.12.0"}}
VLLM: dict[str, object] = {"/version": {"version": "0.20.0"}}
# What a server of a kind is asked beyond a greedy stream with `usage`.
KINDS: dict[str, tuple[Mapping[str, object], dict[str, object]]] = {
    "vllm": (VLLM, {"ignore_eos": True, "repetition_penalty": 1.0, "return_token_ids": True}),
    "llama-cpp-python": (LLAMA_PYTHON, {"repeat_penalty": 1.0}),
    "ollama": (OLLAMA, {}),
    "other": ({}, {}),
}
PLAIN = {
    "model",
    "prompt",
    "max_tokens",
    "temperature",
    "seed",
    "stream",
    "stream_options",
    "path",
}


@pytest.mark.parametrize("kind", KINDS)
def test_server_is_known_by_what_only_its_kind_says_and_asked_what_that_one_takes(
    kind: str, tmp_path: Path
) -> None:
    more, beyond = KINDS[kind]
    talk = Talk(more=more)
    with talking(talk) as url:
        assert ended(attempt(tmp_path, {"url": url}, [asked()])) == ("valid", "")
    (body,) = talk.asked
    assert {key: value for key, value in body.items() if key not in PLAIN} == beyond
    assert body["stream_options"].get("continuous_usage_stats", False) is (kind == "vllm")


def captured(name: str) -> bytes:
    return (CAPTURED / f"llama-cpp-python-{name}").read_bytes()


def test_stream_that_llama_cpp_python_sent_is_counted_by_the_whole_reply_that_it_sent(
    tmp_path: Path,
) -> None:
    whole = json.loads(captured("whole.json"))
    talk = Talk((captured("completions.sse"),), more=LLAMA_PYTHON, whole=whole)
    one = asked("Once upon a time", output_tokens=5)
    with talking(talk) as url:
        assert ended(attempt(tmp_path, {"url": url}, [one])) == ("valid", "")
    (reply,) = replies(tmp_path)
    assert (reply.prompt_tokens, reply.stated_tokens) == (7, 5)
    assert reply.reply is not None
    assert reply.reply.text.decode() == whole["choices"][0]["text"]
    assert len(reply.tokens) == 1, "all of it was sent at once here: one entry"
    assert reply.tokens.made == 5


def test_parts_of_a_message_that_llama_cpp_python_sent_are_its_text_and_its_end() -> None:
    found = [said(raw) for raw in Events().feed(captured("chat.sse")) if raw != b"[DONE]"]
    assert [one.text for one in found if one.text] == [
        " E",
        "\u631b",
        "\u70ac",
        "\u7a98",
        "\u80cc",
    ]
    assert ([one.finish for one in found if one.finish], found[0].model) == (["length"], "x")
    assert all(one.made is None and one.prompt is None for one in found), "it counts nothing"


def line(text: str, **last: object) -> bytes:
    """A line of Ollama's `/api/generate`."""
    about = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "response": text}
    return json.dumps({**about, "done": bool(last), **last}).encode() + b"\n"


END = {
    "done_reason": "length",
    "total_duration": 900_000_000,
    "load_duration": 1_000_000,
    "prompt_eval_count": 9,
    "prompt_eval_cached_count": 5,
    "prompt_eval_duration": 1_000,
    "eval_count": 4,
    "eval_duration": 200_000_000,
}
LINES = (*(line(f"w{i} ") for i in range(4)), line("", **END))


def ollama(packets: tuple[bytes, ...]) -> Talk:
    return Talk(packets, more=OLLAMA, kind="application/x-ndjson")


def test_own_interface_of_ollama_is_asked_without_a_template_and_read_line_by_line(
    tmp_path: Path,
) -> None:
    talk = ollama(LINES)
    with talking(talk) as url:
        settings = {"url": url, "api": "ollama", "n_ctx": 512}
        assert ended(attempt(tmp_path, settings, [asked()])) == ("valid", "")
    (body,) = talk.asked
    assert (body["path"], body["raw"], body["prompt"]) == ("/api/generate", True, "Hello")
    options = {"temperature": 0, "num_predict": 4, "num_ctx": 512, "repeat_penalty": 1.0}
    assert options.items() <= body["options"].items()
    (reply,) = replies(tmp_path)
    assert (reply.prompt_tokens, reply.stated_tokens, reply.stop_reason) == (9, 4, "length")
    assert reply.tokens.single
    assert reply.reply is not None
    assert reply.reply.late_ns is not None, "its `prompt_eval_duration` bounds how late it was"


def test_rates_that_ollama_states_are_of_the_tokens_that_it_computed(tmp_path: Path) -> None:
    with talking(ollama(LINES)) as url:
        attempt(tmp_path, {"url": url, "api": "ollama"}, [asked()])
    found = server_results([trace_of(replies(tmp_path))])
    values = {one.measurand: one.by_attempt[0][1] for one in found}
    assert values["convention:server.prefill_rate"] == pytest.approx(4 / 1e-6)
    assert values["convention:server.decode_rate"] == pytest.approx(4 / 0.2)


@pytest.mark.parametrize(
    ("packets", "reason"),
    [
        ((LINES[0], b'{"error": "model runner has stopped"}\n'), "server-error: the reply says"),
        (LINES[:2], "stream-cut: the reply ended without saying"),
        ((line("", done_reason="unload"),), "bad-stream: the output ended by 'unload'"),
    ],
)
def test_stream_of_ollama_that_does_not_end_as_it_should_voids_the_attempt(
    packets: tuple[bytes, ...], reason: str, tmp_path: Path
) -> None:
    with talking(ollama(packets)) as url:
        status, why = ended(attempt(tmp_path, {"url": url, "api": "ollama"}, [asked()]))
    assert status == "void"
    assert reason in why


def test_own_interface_of_a_server_is_refused_where_another_one_answers(tmp_path: Path) -> None:
    with talking(Talk(more=VLLM)) as url:
        _, why = ended(attempt(tmp_path, {"url": url, "api": "ollama"}, [asked()]))
    assert "setting api: ollama is of ollama alone" in why


def test_line_that_never_ends_is_refused() -> None:
    lines = Lines()
    assert lines.feed(b'{"a": 1}\n\n{"b"') == [b'{"a": 1}']
    assert lines.feed(b": 2}\n") == [b'{"b": 2}']
    with pytest.raises(EngineError, match="bad-stream: a line of more than"):
        lines.feed(b" " * (MAX_EVENT_BYTES + 1))


def test_chunks_of_vllm_carry_counts_ids_and_what_was_cached() -> None:
    usage = {"prompt_tokens": 12, "completion_tokens": 3}
    more = {"prompt_tokens_details": {"cached_tokens": 8}}
    found = said(vllm([17, 4], usage | more))
    assert (found.made, found.ids, found.prompt) == (3, (17, 4), 12)
    assert found.stated == {"cached_tokens": 8}


def vllm(ids: list[int], usage: dict[str, Any]) -> bytes:
    return event("ab", ids=ids, usage=usage).removeprefix(b"data: ").strip()


def test_vllm_without_ids_in_its_chunks_is_counted_by_its_usage(tmp_path: Path) -> None:
    chunks = [event(f"w{i}", made=i, finish="length" if i == 4 else None) for i in (2, 4)]
    with talking(Talk((*chunks, DONE), more=VLLM)) as url:
        assert ended(attempt(tmp_path, {"url": url}, [asked()])) == ("valid", "")
    (reply,) = replies(tmp_path)
    assert (reply.tokens.made, reply.tokens.single, reply.tokens.known) == (4, False, False)
