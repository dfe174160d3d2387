"""The engine's own process: one order in, progress and one end out, then it is gone.

A fresh process for each attempt: no cache, no heap and no thread pool of an earlier one. Lines
in on descriptor 0, out on a copy of what descriptor 1 was; 1 and 2 are the log.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agent.engines.base import Engine, EngineError
from agent.engines.server import Server
from agent.engines.table import maker
from agent.order import Order, OrderError, parse_engine, parse_model, parse_order, parse_texts
from agent.pipes import Sender, claim_stdout, read_lines
from agent.runner import Outcome, run_attempt
from agent.scoring import parse_score, scored
from agent.stop_reasons import outcome_of
from agent.streams import end_fields
from agent.wire import Message, decode
from collectors.clocks import device_clock


def main() -> int:
    """Serve one `attempt`, one `tokenize` or one `score`."""
    sender = Sender(claim_stdout())
    lines = read_lines(0)
    message = decode(next(lines))
    if message["type"] == "tokenize":
        _asked(sender, lambda: ("tokens", _tokens(message)))
    elif message["type"] == "score":
        threading.Thread(target=_end_with, args=(lines,), daemon=True).start()
        _asked(sender, lambda: ("scored", _scored(message, sender)))
    else:
        _attempt(parse_order(message["order"]), lines, sender)
    sys.stderr.flush()
    sender.close()
    return 0


def _attempt(order: Order, lines: Iterator[bytes], sender: Sender) -> None:
    stop, go, over = threading.Event(), threading.Event(), threading.Event()
    thread = threading.Thread(target=_hear, args=(lines, stop, go, over), daemon=True)
    thread.start()
    facts: dict[str, Any] = {}
    try:
        outcome, facts = _run(order, sender, stop, go)
    except Exception as err:  # noqa: BLE001 - top of this process: libraries raise what they like
        traceback.print_exc()
        outcome = Outcome(*outcome_of(err), ())
    ends = [end_fields(end) for end in outcome.streams]
    said = {"status": outcome.status, "reason": outcome.reason, "streams": ends, "engine": facts}
    sender.send("end", said)
    over.wait()  # process sources can be read until the session has ended the sampler


def _run(
    order: Order, sender: Sender, stop: threading.Event, go: threading.Event
) -> tuple[Outcome, dict[str, Any]]:
    placed = _place(order)
    make = maker(order.engine.kind)
    engine = make(order.model, order.engine.settings, device_clock())
    sender.send("ready", {"pid": engine.pid} if isinstance(engine, Server) else None)
    go.wait()
    try:
        outcome = run_attempt(order, engine, sender, stop)
        facts = {**engine.describe(), **placed}
    finally:
        engine.close()
    return outcome, facts


def _hear(
    lines: Iterator[bytes], stop: threading.Event, go: threading.Event, over: threading.Event
) -> None:
    """Heed `go` and `stop`; a session that is gone is a stop too."""
    for raw in lines:
        kind = decode(raw)["type"]
        if kind == "go":
            go.set()
        elif kind == "stop":
            stop.set()
            go.set()
    stop.set()
    go.set()
    over.set()


def _place(order: Order) -> dict[str, Any]:
    """Set priority and CPUs before any library makes threads; says what then holds."""
    try:
        if order.nice is not None:
            os.nice(order.nice)
        if order.affinity is not None:
            os.sched_setaffinity(0, order.affinity)
    except (OSError, AttributeError) as err:
        raise EngineError("placement-refused", str(err)) from err
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return {"affinity": cpus, "nice": os.nice(0) if hasattr(os, "nice") else 0, "pid": os.getpid()}


def _asked(sender: Sender, answer: Callable[[], tuple[str, Mapping[str, Any]]]) -> None:
    """Say what a question comes to, or why it comes to nothing."""
    try:
        sender.send(*answer())
    except EngineError as err:
        sender.send("error", {"code": err.code, "detail": err.detail})
    except (OrderError, KeyError) as err:
        sender.send("error", {"code": "bad-order", "detail": str(err)})
    except Exception as err:  # noqa: BLE001 - top of this process: libraries raise what they like
        traceback.print_exc()
        sender.send("error", {"code": "engine-error", "detail": f"{type(err).__name__}: {err}"})


def _tokens(message: Message) -> Mapping[str, Any]:
    """Counts of each text and, where `ids` is true, the token ids themselves.

    A count is null where the engine does not say how it tokenizes.
    """
    choice = parse_engine("engine", message["engine"])
    texts = parse_texts(message["texts"])
    make = maker(choice.kind)
    engine = make(parse_model(message["model"]), choice.settings, device_clock())
    try:
        engine.load(vocabulary_only=True)
        found = [_ids(engine, text) for text in texts]
        wanted = message.get("ids") is True and None not in found
        ids = {"ids": found, "front": engine.tokenize("")} if wanted else {}
        counts = [None if each is None else len(each) for each in found]
        return {"counts": counts, "engine": dict(engine.describe()), **ids}
    finally:
        engine.close()


def _ids(engine: Engine, text: str) -> list[int] | None:
    try:
        return engine.tokenize(text)
    except EngineError as err:
        if err.code != "no-tokenizer":
            raise
        return None


def _scored(message: Message, sender: Sender) -> Mapping[str, Any]:
    order = parse_score(message)
    engine = maker(order.engine.kind)(order.model, order.engine.settings, device_clock())

    def tell(done: int, windows: int) -> None:
        sender.send("progress", {"phase": "score", "request": done, "requests": windows})

    found = scored(order, engine, tell)
    engine.close()
    return found


def _end_with(lines: Iterator[bytes]) -> None:
    """A session that is gone needs no scores."""
    for _ in lines:
        pass
    os._exit(1)
