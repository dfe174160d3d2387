"""Any server with OpenAI's streaming interface: llama-server, vLLM, Ollama and others.

It runs on the device, or is started there for the attempt. Requests are greedy (`temperature` 0).
What a server takes beyond the interface is sent to those that are known to take it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.engines.base import EngineError, Generated, Mark, TokenSink
from agent.engines.http_bodies import OWNERS, Form
from agent.engines.http_calls import EVENTS, LINES, Far, call, opened, reply, send
from agent.engines.http_chunks import said, shown
from agent.engines.http_identity import LLAMA, OTHER, check_listed, identity_of
from agent.engines.http_reading import Reading
from agent.engines.http_settings import KIND, LOOPBACK, address, filled, http_settings
from agent.engines.server import ChunkSink, Prompt, Recount, Served
from agent.engines.server_process import ServerProcess, free_port
from agent.engines.settings import BAD_SETTING
from agent.engines.sse import Events, Lines
from agent.prompts import ids_sha256, prompt_of
from collectors.protocol import Clock

MAX_TOKEN = 1 << 31
# Of a reply, by our choice: llama-server takes some 700 bytes a token with its timings, and says
# the prompt again at the end. What goes on without end would fill the memory of the device.
FIXED_BYTES, TOKEN_BYTES = 2 << 20, 8 << 10


def open_engine(model: Path, given: Mapping[str, Any], clock: Clock) -> OpenAiHttp:
    """Check the settings, and have the process of a server there, held. Raises EngineError."""
    return OpenAiHttp(model, http_settings(given), clock)


class OpenAiHttp:
    """A server as an engine; it shows chunks, so `generate` is not for it."""

    def __init__(self, model: Path, settings: dict[str, Any], clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._far = self._located()
        self._process: ServerProcess | None = None
        if self.loads:
            argv = filled(settings["args"], model, self._far.port)
            self._process = ServerProcess([settings["program"], *argv])
        self.load_late_s = 0.0
        self._kind, self._name = OTHER, ""
        self._answered = ""  # the model that the first reply named
        self._said: dict[str, Any] = {}

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def loads(self) -> bool:
        return bool(self._settings["program"])

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def load(self, *, vocabulary_only: bool = False) -> None:
        """Start the server, or look for the one that runs; both have one way for all uses."""
        del vocabulary_only
        if self._process is not None:
            self._process.go()
            limit_s = self._settings["start_timeout_s"]
            self.load_late_s = self._process.wait_until(self._healthy, limit_s)
        else:
            check_listed(self._far, self._settings["api_key_env"])
        self._learn()

    def describe(self) -> dict[str, Any]:
        return {
            "kind": KIND,
            "library_version": f"{self._kind} {self._said.get('build', '')}".strip(),
            "settings": dict(self._settings),
            "server": {
                "kind": self._kind,
                "started_here": self.loads,
                "pid": self.pid,
                **self._said,
            },
            "chunks": "arrival of server-sent events; not single tokens",
            "model": {"n_vocab": None, "desc": self._name},
        }

    def identity(self) -> dict[str, str]:
        """Model ids, version and `Server` header, each as far as the server tells them."""
        return identity_of(self._far)[1]

    def tokenize(self, text: str) -> list[int]:
        """By llama-server's `/tokenize`. Raises EngineError `no-tokenizer` for other servers."""
        body = {"content": text, "add_special": True, "parse_special": False}
        answer = call(self._far, "/tokenize", body).json() if self._kind == LLAMA else {}
        ids = answer.get("tokens")
        if not isinstance(ids, list) or not all(_token(i) for i in ids):
            raise EngineError("no-tokenizer", "this server does not say how it tokenizes")
        return ids

    def prepare(self, text: str, prompt_tokens: int | None, *, of_talk: bool = False) -> Prompt:
        """The text, as a message where the interface is chat; ids where a length is exact."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        if self._settings["api"] == "chat":
            if prompt_tokens is not None:
                raise EngineError(
                    "bad-prompt", "a template lengthens prompts of chat: none can be exact"
                )
            return Prompt({"messages": [{"role": "user", "content": text}]}, None, digest)
        in_ids = prompt_tokens is not None or (of_talk and self._settings["api"] == "llama")
        if not in_ids:
            return Prompt({"prompt": text}, None, digest)
        ids = prompt_of(self.tokenize, text, prompt_tokens)
        return Prompt({"prompt": ids}, len(ids), ids_sha256(ids))

    def serve(
        self,
        prompt: Prompt,
        output_tokens: int,
        *,
        stop_at_end: bool,
        on_chunk: ChunkSink,
        mark: Mark,
    ) -> Served:
        """One request over a connection of its own."""
        try:
            return self._serve(prompt, output_tokens, stop_at_end, on_chunk, mark)
        except EngineError as err:
            broken = err.code in {"stream-cut", "server-refused"}
            died = self._how_it_died() if broken else ""
            if not died:
                raise
            raise EngineError("server-died", f"{died} ({err.detail})") from err

    def _how_it_died(self) -> str:
        """Nothing where it is still there: one that ran before is where it answers."""
        if self._process is None:
            gone = not call(self._far, "/v1/models").status
            return f"nothing answers at {self._far.host}:{self._far.port} any more" if gone else ""
        status = self._process.ended()
        return "" if status is None else f"it ended with status {status} in a request"

    def _serve(
        self,
        prompt: Prompt,
        output_tokens: int,
        stop_at_end: bool,  # noqa: FBT001 - handed on as it came
        on_chunk: ChunkSink,
        mark: Mark,
    ) -> Served:
        form = self._form()
        body = form.streamed(prompt, output_tokens, stop_at_end=stop_at_end)
        events, kind = (Lines(), LINES) if form.api == "ollama" else (Events(), EVENTS)
        reading = Reading(on_chunk, self._answered)
        left = FIXED_BYTES + TOKEN_BYTES * output_tokens
        with opened(self._far, self._settings["timeout_s"]) as connection:
            mark("start")
            send(connection, self._far, form.path, body)
            mark("sent")
            for data in reply(connection, kind):
                t_ns = self._clock.now_ns()
                left -= len(data)
                if left < 0:
                    raise EngineError("bad-stream", "the reply goes on beyond any such output")
                for raw in events.feed(data):
                    reading.take(t_ns, raw)
                if reading.done:
                    break
        self._answered = self._answered or reading.model
        return reading.served()

    def recount(self, prompt: Prompt, output_tokens: int, *, stop_at_end: bool) -> Recount:
        """The request once more, in one piece."""
        form = self._form()
        body = form.whole(prompt, output_tokens, stop_at_end=stop_at_end)
        answer = call(self._far, form.path, body, self._settings["timeout_s"])
        if not answer.ok:
            raise EngineError("server-error", f"status {answer.status}: {shown(answer.body)}")
        if not answer.json():
            return Recount("", None, None)
        found = said(answer.body)
        return Recount(found.text, found.prompt, found.made)

    def piece(self, token: int) -> bytes:
        raise EngineError("no-tokens", f"a server shows chunks, not token {token}")

    def generate(
        self,
        prompt: Sequence[int],
        output_tokens: int,
        *,
        stop_at_end: bool,
        on_token: TokenSink,
        mark: Mark,
    ) -> Generated:
        del prompt, output_tokens, stop_at_end, on_token, mark
        raise EngineError("no-tokens", "a server shows chunks, not tokens")

    def close(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def _located(self) -> Far:
        key = os.environ.get(self._settings["api_key_env"] or "", "")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        if self._settings["url"]:
            return Far(*address(self._settings["url"]), headers)
        return Far(LOOPBACK, free_port(LOOPBACK), "", headers)

    def _healthy(self) -> bool:
        """llama-server lists its model while it still loads it, so `/health` is asked first."""
        health = call(self._far, "/health")
        return health.status in (200, 404) and call(self._far, "/v1/models").ok

    def _learn(self) -> None:
        self._kind, identity = identity_of(self._far)
        self._said = dict(identity)
        models = identity.get("models", "").split(", ")
        self._name = self._settings["model"] or models[0]
        api = self._settings["api"]
        if self._kind != OWNERS.get(api, self._kind):
            said = f"is of {OWNERS[api]} alone, this is {identity.get('server') or self._kind}"
            raise EngineError(BAD_SETTING, f"{KIND} setting api: {api} {said}")
        props = call(self._far, "/props").json() if self._kind == LLAMA else {}
        context = props.get("default_generation_settings")
        found = context.get("n_ctx") if isinstance(context, dict) else None
        if self._settings["n_ctx"] is None and _token(found):
            self._settings["n_ctx"] = found

    def _form(self) -> Form:
        settings = self._settings
        kept, context = settings["cache_prompt"], settings["n_ctx"]
        return Form(self._kind, settings["api"], self._name, kept, context)


def _token(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 0 <= found < MAX_TOKEN
