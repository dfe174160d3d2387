"""Teacher-forced logits of fixed token windows, and greedy outputs, in the engine's process.

The windows come as token ids, so that two models of one tokenizer score the very same text. Files
are written raw: float32, little-endian, one row of the whole vocabulary a position. What is made
of them is the host's business, from the files, as often as it likes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.engines.base import Engine, EngineError, Scoring
from agent.order import (
    MAX_TOKENS,
    EngineChoice,
    OrderError,
    Request,
    parse_engine,
    parse_model,
    parse_place,
)
from agent.prompts import ids_sha256, prompt_of
from agent.wire import Message

MAX_WINDOWS = 4096
ROW_ITEM_BYTES = 4  # float32
# What is left free on the device's disk beside the scores; the host keeps the same reserve.
RESERVE_BYTES = 64 << 20
# Told windows done and windows in all.
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ScoreOrder:
    """What to score. first: position of each window whose row is the first that is kept.

    The row of position i predicts the id at i + 1, so the last position has none that is kept.
    requests: prompts to answer greedily, after the windows. watchdog_s: longest silence.
    """

    engine: EngineChoice
    model: Path
    directory: Path
    windows: tuple[tuple[int, ...], ...]
    first: int
    requests: tuple[Request, ...]
    watchdog_s: float


def parse_score(found: Message) -> ScoreOrder:
    """The order in a `score` message. Raises OrderError with the key at fault."""
    windows = _windows(found.get("windows"))
    shortest = min((len(window) for window in windows), default=MAX_TOKENS)
    directory, first, requests, watchdog_s = parse_place(found, shortest)
    return ScoreOrder(
        engine=parse_engine("engine", found.get("engine")),
        model=parse_model(found.get("model")),
        directory=directory,
        windows=windows,
        first=first,
        requests=requests,
        watchdog_s=watchdog_s,
    )


def _windows(found: object) -> tuple[tuple[int, ...], ...]:
    if not isinstance(found, list) or len(found) > MAX_WINDOWS:
        raise OrderError(f"windows: not a list of at most {MAX_WINDOWS}")
    for ids in found:
        if not isinstance(ids, list) or not 1 < len(ids) <= MAX_TOKENS:
            raise OrderError("windows: a window is not a list of two token ids or more")
        if not all(type(token) is int and 0 <= token < 1 << 31 for token in ids):
            raise OrderError("windows: a token id is no whole number from 0 on")
    return tuple(tuple(ids) for ids in found)


def scored(order: ScoreOrder, engine: Engine, tell: Tell) -> dict[str, Any]:
    """Write the logits and give what the `scored` message says. Raises EngineError, OSError."""
    if order.windows and not isinstance(engine, Scoring):
        detail = f"{order.engine.kind} gives no logits, so no window can be scored with it"
        raise EngineError("no-logits", detail)
    engine.load()
    tell(0, len(order.windows))
    files = []
    for number, ids in enumerate(order.windows):
        files.append(_one(order, engine, number, ids))
        tell(number + 1, len(order.windows))
    outputs = []
    for request in order.requests:
        outputs.append(_greedy(engine, request))
        tell(len(order.windows), len(order.windows))
    return {"files": files, "outputs": outputs, "engine": dict(engine.describe())}


def _one(order: ScoreOrder, engine: Engine, number: int, ids: Sequence[int]) -> dict[str, Any]:
    """One window into one file, hashed as it is written."""
    if not isinstance(engine, Scoring) or sys.byteorder != "little":
        raise EngineError("no-logits", "logits are kept in little-endian order only")
    path = order.directory / f"logits-{number:04d}.f32"
    digest, size, rows = hashlib.sha256(), 0, 0
    wanted = len(ids) - 1 - order.first
    with path.open("xb") as file:
        for row in engine.score(ids, order.first):
            if not rows:
                _check_room(order, len(row) * wanted * (len(order.windows) - number))
            file.write(row)
            digest.update(row)
            size += len(row)
            rows += 1
        file.flush()
        os.fsync(file.fileno())
    if rows != wanted or size % (rows * ROW_ITEM_BYTES):
        raise EngineError("bad-logits", f"window {number}: {rows} rows in {size} bytes")
    said = {"file": path.name, "rows": rows, "n_vocab": size // rows // ROW_ITEM_BYTES}
    return {**said, "size_bytes": size, "sha256": digest.hexdigest()}


def _check_room(order: ScoreOrder, needed: int) -> None:
    """Before the first row of each window: what is still to come fits on the disk."""
    free = shutil.disk_usage(order.directory).free
    if free < needed + RESERVE_BYTES:
        said = f"the scores take {needed >> 20} MiB more, and {free >> 20} MiB are free"
        raise EngineError("disk-full", f"{said} in {order.directory}")


def _greedy(engine: Engine, request: Request) -> dict[str, Any]:
    """The greedy output of one prompt, as ids and as bytes; the end of text is not chosen."""
    ids = prompt_of(engine.tokenize, request.text, request.prompt_tokens)
    tokens: list[int] = []
    engine.generate(
        ids,
        request.output_tokens,
        stop_at_end=False,
        on_token=lambda _ready, _chosen, token: tokens.append(token),
        mark=lambda _: 0,
    )
    output = b"".join(engine.piece(token) for token in tokens)
    said = {"item": request.item, "prompt_sha256": ids_sha256(ids), "tokens": tokens}
    return {**said, "output_hex": output.hex()}
