"""The engine for servers against real little servers that behave, and others that do not."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.engines.base import EngineError
from agent.engines.server import Server
from agent.engines.table import maker
from agent.runner import Outcome
from collectors.clocks import device_clock
from host.align.requests import load_late_of
from tests.fakes.served_attempt import asked, ended, events, replies, stream
from tests.fakes.served_attempt import attempt as one_attempt
from tests.fakes.talker import DONE, FOUR, Talk, event, talking


def attempt(
    folder: Path,
    url: str | Mapping[str, object],
    *,
    stop: str = "length",
    streams: int = 0,
    prompt_tokens: int | None = None,
    timeout_s: float = 20.0,
) -> Outcome:
    """A request, or one in each stream. url: of a server, or all settings of one to start."""
    where = {"url": url} if isinstance(url, str) else url
    one = asked(prompt_tokens=prompt_tokens)
    requests = [one | {"streams": streams, "stream": i} for i in range(streams or 1)]
    return one_attempt(folder, {**where, "timeout_s": timeout_s}, requests, stop=stop)


def test_reply_of_single_tokens_is_read_with_its_counts_and_a_time_for_each(
    tmp_path: Path,
) -> None:
    talk = Talk()
    with talking(talk) as url:
        assert ended(attempt(tmp_path, url)) == ("valid", "")
    (reply,) = replies(tmp_path)
    assert (reply.prompt_tokens, reply.stated_tokens, reply.stop_reason) == (5, 4, "length")
    assert reply.tokens.made == 4
    assert reply.prefill.end_ns == reply.tokens.t_ns[0]
    assert reply.reply is not None
    assert reply.reply.late_ns is None, "a server that states no times has no known lateness"
    (body,) = talk.asked
    assert (body["prompt"], body["temperature"], body["max_tokens"]) == ("Hello", 0, 4)
    assert "ignore_eos" not in body, "a server that is not known to take it is not sent it"


def test_server_that_ran_before_shows_no_load(tmp_path: Path) -> None:
    with talking(Talk()) as url:
        attempt(tmp_path, url)
    names = [e.name for e in events(tmp_path)]
    assert "server_found" in names
    assert "load_end" not in names


SPLIT = b"".join((event("\u4f60", made=1), event("\u597d", made=2, finish="length"), DONE))
BAD = {
    "garbage": (Talk((b"data: {oops\n\n",)), "engine-error: bad-stream: an event is no JSON"),
    "no object": (Talk((b"data: [1]\n\n",)), "engine-error: bad-stream: an event is no object"),
    "no events": (Talk(kind="text/html"), "engine-error: bad-stream: the reply is text/html"),
    "busy": (Talk((b"slow down",), status=429), "engine-error: server-busy: status 429: slow"),
    "broken": (Talk((b"oh",), status=503), "engine-error: server-error: status 503: oh"),
    "refusing": (Talk((b"no",), status=400), "engine-error: server-rejected: status 400: no"),
    "error event": (Talk((b'data: {"error": {"message": "x"}}\n\n',)), "server-error: the reply"),
    "no end": (Talk(FOUR[:2]), "engine-error: stream-cut: the reply ended without saying"),
    "cut": (Talk(FOUR[:2], cut=True), "engine-error: stream-cut: "),
    "filtered": (
        Talk((event("w", made=1, finish="content_filter"),)),
        "ended by 'content_filter'",
    ),
    "uncounted": (Talk((event("w", finish="length"), DONE)), "token-count: request 0: the server"),
    "short": (Talk((event("w", made=1, finish="stop"), DONE)), 'needs stop = "natural"'),
    "long": (Talk((event("w", made=5, finish="length"), DONE)), "5 output tokens, 4 ordered"),
    "silent": (Talk((event("", made=4, finish="length"), DONE)), "4 output tokens and no text"),
    "endless": (
        Talk((event("w", made=1) * 1000,) * 40),
        "bad-stream: the reply goes on beyond any such output",
    ),
    "counts back": (
        Talk((event("w", made=3), event("w", made=2))),
        "count of tokens goes back",
    ),
    "other model": (
        Talk((*FOUR[:2], event("w", made=3, model="n"))),
        "server-changed: 'm'",
    ),
    "changed": (Talk(models=("m", "m", "m", "n")), "server-changed: models 'm' then 'n'"),
}


@pytest.mark.parametrize("name", BAD)
def test_server_that_misbehaves_voids_the_attempt_with_its_reason(
    name: str, tmp_path: Path
) -> None:
    talk, said = BAD[name]
    with talking(talk) as url:
        status, reason = ended(attempt(tmp_path, url))
    assert status == "void"
    assert said in reason
    assert "\n" not in reason


def test_reply_that_falls_silent_is_a_stall_and_what_came_is_kept(tmp_path: Path) -> None:
    with talking(Talk(FOUR[:2], hang=True)) as url:
        status, reason = ended(attempt(tmp_path, url, timeout_s=0.2))
    assert (status, reason.split(":")[1].strip()) == ("void", "server-stalled")
    assert len(stream(tmp_path, "chunks").lines) == 2
    assert replies(tmp_path) == (), "a request without an end is none"


def test_server_that_is_not_there_is_refused_with_advice(tmp_path: Path) -> None:
    with talking(Talk()) as url:
        pass
    _, reason = ended(attempt(tmp_path, url))
    assert "server-refused" in reason
    assert "start the server, or name its `program`" in reason


@pytest.mark.parametrize(
    ("unlisted", "key_name", "said"),
    [
        ((401, b"no"), "", "server-rejected: {} wants a key (status 401): name the environment"),
        ((403, b"no"), "NO_SUCH_KEY", "NO_SUCH_KEY, which `api_key_env` names, is not set on"),
        ((401, b"no"), "PATH", "it does not take the one in PATH"),
        ((200, b"<html>Hi</html>"), "", "{} answers, and lists no models (status 200: <html>Hi<"),
        ((404, b""), "", "lists no models (status 404): it has no interface of OpenAI; look at"),
        ((200, b'{"data": null}'), "", "lists no models"),
    ],
)
def test_address_where_no_list_of_models_is_had_says_what_to_do(
    unlisted: tuple[int, bytes], key_name: str, said: str, tmp_path: Path
) -> None:
    with talking(Talk(unlisted=unlisted)) as url:
        _, reason = ended(attempt(tmp_path, {"url": url, "api_key_env": key_name}))
    assert said.format(url.removeprefix("http://")) in reason


def test_events_and_characters_split_over_packets_are_put_together(tmp_path: Path) -> None:
    packets = [SPLIT[i : i + 1] for i in range(len(SPLIT))]
    with talking(Talk(packets)) as url:
        assert ended(attempt(tmp_path, url, stop="natural")) == ("valid", "")
    (reply,) = replies(tmp_path)
    assert reply.tokens.made == 2
    assert reply.tokens.size_bytes.tolist() == [3, 3]


def test_ids_that_a_server_tells_make_known_tokens_and_are_counted_where_nothing_else_is(
    tmp_path: Path,
) -> None:
    last = event("c", finish="stop", ids=[9], usage={"completion_tokens": 3, "prompt_tokens": 5})
    with talking(Talk((event("a", ids=[7]), event("b", ids=[8]), last, DONE))) as url:
        assert ended(attempt(tmp_path, url, stop="natural")) == ("valid", "")
    (reply,) = replies(tmp_path)
    assert reply.tokens.known
    assert reply.tokens.tokens.tolist() == [7, 8, 9]


def test_interface_of_llama_server_is_refused_where_another_server_answers(tmp_path: Path) -> None:
    with talking(Talk()) as url:
        status, reason = ended(attempt(tmp_path, {"url": url, "api": "llama"}))
    assert (status, "llama is of llama-server alone" in reason) == ("void", True)


def test_streams_at_once_overlap_and_each_says_which_it_is(tmp_path: Path) -> None:
    """No reply ends before both have begun: the server holds them until it has two."""
    talk = Talk(together=threading.Barrier(2, timeout=30))
    with talking(talk) as url:
        assert ended(attempt(tmp_path, url, streams=2)) == ("valid", "")
    assert [(r.streams, r.stream) for r in replies(tmp_path)] == [(2, 0), (2, 1)]
    assert len(talk.asked) == 2


def test_stream_that_fails_ends_the_others_with_its_reason(tmp_path: Path) -> None:
    with talking(Talk((b"x",), status=500)) as url:
        status, reason = ended(attempt(tmp_path, url, streams=3))
    assert (status, reason) == ("void", "engine-error: server-error: status 500: x")


def test_program_that_ends_at_once_is_said_to_have(tmp_path: Path) -> None:
    settings = {"program": "/bin/false"}
    engine = maker("openai_http")(tmp_path, settings, device_clock())
    with pytest.raises(EngineError, match="server-not-started: it ended with status 1"):
        engine.load()
    engine.close()


def test_program_that_is_never_let_go_ends_with_the_engine(tmp_path: Path) -> None:
    engine = maker("openai_http")(tmp_path, {"program": "/bin/cat"}, device_clock())
    assert isinstance(engine, Server)
    assert engine.pid is not None
    server = engine.pid
    engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


SERVER = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        data = b'{"data": [{"id": "m"}]}' if self.path == "/v1/models" else b""
        self.send_response(200 if data else 404)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
    def do_POST(self):
        os._exit(7)
made = HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print(made.server_port, flush=True)
made.serve_forever()
"""


def test_server_that_dies_in_a_request_is_told_from_one_that_hangs_up(tmp_path: Path) -> None:
    how = {"program": sys.executable, "args": ["-c", SERVER, "{port}", "{model}"]}
    status, reason = ended(attempt(tmp_path, how))
    assert status == "void"
    assert reason.startswith("engine-error: server-died: it ended with status 7 in a request")
    names = [e.name for e in events(tmp_path)]
    assert "load_end" in names, "a server that is started here is loaded here"
    assert load_late_of(events(tmp_path)) > 0, "it is asked by turns whether it is ready"


def test_server_of_its_own_that_dies_in_a_request_is_told_from_one_that_hangs_up(
    tmp_path: Path,
) -> None:
    argv = [sys.executable, "-c", SERVER, "0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        status, reason = ended(attempt(tmp_path, f"http://127.0.0.1:{port}"))
    assert status == "void"
    assert f"server-died: nothing answers at 127.0.0.1:{port} any more" in reason


HOLDER = """
import sys
from collections.abc import Mapping
from pathlib import Path
from agent.engines.table import maker
from collectors.clocks import device_clock
engine = maker("openai_http")(Path("/none"), {"program": "/bin/cat"}, device_clock())
print(engine.pid, flush=True)
sys.stdin.read()
"""


def test_server_dies_with_an_engine_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        server = os.pidfd_open(int(holder.stdout.readline()))
        holder.kill()
        ended, _, _ = select.select([server], [], [], 30)
        os.close(server)
    assert ended, "a process that has ended is readable (pidfd_open(2))"


def test_exact_length_is_refused_where_the_server_does_not_tokenize(tmp_path: Path) -> None:
    with talking(Talk()) as url:
        _, reason = ended(attempt(tmp_path, url, prompt_tokens=9))
    assert reason.startswith("engine-error: no-tokenizer: ")
