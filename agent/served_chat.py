"""Talks with a server: each turn's prompt is all before it and the user's next text.

It is said in the form of the interface: messages of user and assistant by turns, one text, or
token ids where the server tells those of its answers, as in talks of an engine in this process
(agent/chat.py). What a model thought aloud is a part of its answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.chat import Talk
from agent.engines.base import EngineError
from agent.engines.server import Chunk, Prompt
from agent.prompts import ids_sha256


@dataclass(slots=True)
class ServedHistory:
    """What was said so far. done: scored requests. before: the turn before, with its answer."""

    talk: Talk
    done: int = 0
    before: Prompt | None = None

    def prompt(self, own: Prompt) -> tuple[Prompt, dict[str, Any]]:
        """The prompt of the next turn; `turn`, from 1, and `may_keep`: all before it cached.

        The first turn is always fresh, so that no talk begins with what another one left.
        """
        turn = self.done % self.talk.turns + 1
        before = None if turn == 1 else self.before
        whole = own if before is None else _joined(before, own)
        may_keep = before is not None and self.talk.prefix_cache
        return replace(whole, fresh=not may_keep), {"turn": turn, "may_keep": may_keep}

    def over(self, prompt: Prompt, chunks: Sequence[Chunk], made: int) -> None:
        """A turn has ended. made: output tokens. Raises EngineError `no-token-ids`."""
        self.before = _answered(prompt, chunks, made)
        self.done += 1


def _answered(prompt: Prompt, chunks: Sequence[Chunk], made: int) -> Prompt:
    """A prompt with the answer to it at its end."""
    body = prompt.body
    text = "".join(chunk.text for chunk in chunks)
    if "messages" in body:
        return _of_messages([*body["messages"], {"role": "assistant", "content": text}])
    if isinstance(body["prompt"], str):
        return _of_text(body["prompt"] + text)
    ids = [token for chunk in chunks for token in chunk.ids or ()]
    if len(ids) != made:
        raise EngineError(
            "no-token-ids",
            f"the server tells {len(ids)} of {made} tokens, so a talk in token ids cannot go on;"
            ' take api = "llama", or a dataset of texts',
        )
    return _of_ids([*body["prompt"], *ids])


def _joined(before: Prompt, own: Prompt) -> Prompt:
    """What was said, and the user's next text."""
    if "messages" in own.body:
        return _of_messages([*before.body["messages"], *own.body["messages"]])
    if isinstance(own.body["prompt"], str):
        return _of_text(before.body["prompt"] + own.body["prompt"])
    return _of_ids([*before.body["prompt"], *own.body["prompt"]])


def _of_messages(messages: list[dict[str, str]]) -> Prompt:
    """sha256: of their JSON, without spaces, in UTF-8."""
    data = json.dumps(messages, separators=(",", ":"), ensure_ascii=False)
    return Prompt({"messages": messages}, None, _sha256(data))


def _of_text(text: str) -> Prompt:
    return Prompt({"prompt": text}, None, _sha256(text))


def _of_ids(ids: list[int]) -> Prompt:
    return Prompt({"prompt": ids}, len(ids), ids_sha256(ids))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
