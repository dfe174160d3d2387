"""The host's end of the wire: requests with deadlines, and a stream of what an attempt says."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from agent.wire import WIRE_VERSION, Message, WireError, decode, encode
from host.errors import AgentError, AgentGoneError, HostError, UsageError
from host.transport.base import Stream, Transport

HELLO_TIMEOUT_S = 30.0
ANSWER_TIMEOUT_S = 60.0
CLOSE_TIMEOUT_S = 10.0

OnMessage = Callable[[Message], None]
Encoder = Callable[[str, Mapping[str, Any] | None], bytes]


class Link(Protocol):
    """The host's end of the wire to an agent, whatever keeps its attempts alive.

    Questions raise AgentError, or UsageError where the agent found the input wrong.
    """

    device: str
    hello: Message

    def send(self, kind: str, fields: Mapping[str, Any] | None = None) -> None:
        """Say something that has no answer, or whose answer `receive` gives."""
        ...

    def receive(self, *, timeout_s: float) -> Message:
        """What is said next. Raises AgentGoneError when nothing comes any more."""
        ...

    def ask(
        self,
        kind: str,
        fields: Mapping[str, Any] | None = None,
        *,
        answer: str = "",
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> Message:
        """Send a request and wait for its answer (of the same type, unless named)."""
        ...

    def attempt(
        self, order: Mapping[str, Any], on_message: OnMessage, *, silence_s: float
    ) -> Message:
        """Run one attempt; on_message gets events and progress. Returns `attempt_end`."""
        ...

    def leave(self) -> None:
        """Close the link and leave what runs there to itself."""
        ...

    def close(self) -> None:
        """End what runs there as far as the link allows, and the link."""
        ...


class Startable(Protocol):
    """What starts an agent on the device."""

    def argv(self) -> list[str]: ...


class AgentLink:
    """One session with one agent. Use as a context manager: leaving it ends the agent.

    encoder: how messages are told to this agent; all agents answer in JSON.
    """

    def __init__(
        self, device: str, stream: Stream, *, greet: bool = True, encoder: Encoder = encode
    ) -> None:
        """greet: False listens to a session that another process has greeted; `hello` is {}."""
        self.device = device
        self._stream = stream
        self._encoder = encoder
        self.hello: Message = {}
        if not greet:
            return
        try:
            self.hello = self.ask("hello", {"version": WIRE_VERSION}, timeout_s=HELLO_TIMEOUT_S)
        except HostError:
            self._stream.close(timeout_s=CLOSE_TIMEOUT_S)
            raise

    @classmethod
    def start(
        cls, transport: Transport, deployment: Startable, *, encoder: Encoder = encode
    ) -> AgentLink:
        """A session that lives as long as this link."""
        return cls(transport.device, transport.open(deployment.argv()), encoder=encoder)

    def __enter__(self) -> AgentLink:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def send(self, kind: str, fields: Mapping[str, Any] | None = None) -> None:
        self._stream.send(self._encoder(kind, fields))

    def receive(self, *, timeout_s: float) -> Message:
        """The next message. Raises AgentError when the agent is silent, gone or garbled."""
        try:
            raw = self._stream.receive_line(timeout_s=timeout_s)
        except TimeoutError as err:
            raise AgentGoneError(self.device, f"the agent is silent: {err}") from err
        if not raw:
            raise AgentGoneError(self.device, "the agent ended without a word")
        try:
            return decode(raw)
        except WireError as err:
            raise AgentError(self.device, f"the agent sent no valid message: {err}") from err

    def ask(
        self,
        kind: str,
        fields: Mapping[str, Any] | None = None,
        *,
        answer: str = "",
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> Message:
        """Send a request and wait for its answer (of the same type, unless named)."""
        self.send(kind, fields)
        message = self.receive(timeout_s=timeout_s)
        if message["type"] == "error":
            raise error_of(self.device, message)
        if message["type"] != (answer or kind):
            raise AgentError(self.device, f"expected {answer or kind}, got {message['type']}")
        return message

    def attempt(
        self, order: Mapping[str, Any], on_message: OnMessage, *, silence_s: float
    ) -> Message:
        """Run one attempt; on_message gets events and progress. Returns `attempt_end`."""
        self.send("attempt", {"order": order})
        while True:
            message = self.receive(timeout_s=silence_s)
            if message["type"] == "attempt_end":
                return message
            if message["type"] == "error":
                raise error_of(self.device, message)
            on_message(message)

    def leave(self) -> None:
        """Close the link and leave the session to itself."""
        self._stream.close(timeout_s=CLOSE_TIMEOUT_S)

    def close(self) -> None:
        with contextlib.suppress(HostError):  # gone already: closing goes on
            self.send("bye")
        self._stream.close(timeout_s=CLOSE_TIMEOUT_S)


# Errors of the agent that are the user's input, not the device's fault.
INPUT_CODES = frozenset(
    {"bad-model", "bad-setting", "bad-order", "unknown-engine", "engine-missing", "bad-prompt"}
)


def error_of(device: str, message: Message) -> AgentError | UsageError:
    """An `error` of an agent as ours."""
    code, detail = str(message.get("code", "unknown")), str(message.get("detail", ""))[:2000]
    if code in INPUT_CODES:
        return UsageError(detail or code)
    return AgentError(device, f"{code}: {detail}")
