"""The order for one attempt, read strictly: what is not known is refused, nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.chat import Talk, parse_talk
from agent.order_values import OrderError, flag, integer, keys, number, place, table, words

__all__ = ["Order", "OrderError", "Request", "parse_order"]

MAX_REQUESTS = 100_000
MAX_TOKENS = 1 << 24
MAX_SECONDS = 7 * 24 * 3600.0
MAX_RATE_HZ = 1000.0  # beyond it reading one file takes longer than the period
MAX_NUMBER = 1_000_000
MAX_CPUS = 4096
MAX_STEPS = 10_000
MAX_STREAMS = 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt. prompt_tokens: exact length to make of the text; None takes it as it is.

    output_tokens: how many to make with stop `length`, at most how many with stop `natural`.
    text: of a plain graph where its inputs come from (agent/engines/onnx_inputs.py).
    streams: of a step with so many streams at once; 0 for a request by itself. stream: which one.
    """

    item: str
    text: str
    prompt_tokens: int | None
    output_tokens: int
    warmup: bool
    streams: int = 0
    stream: int = 0


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which engine, and the settings that shall differ from its stated defaults."""

    kind: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How sources are sampled. kinds None: all that are there. jitter_ratio: of the period."""

    enabled: bool
    rate_hz: float
    kinds: tuple[str, ...] | None
    seed: int
    jitter_ratio: float


@dataclass(frozen=True, slots=True)
class Staircase:
    """Load in steps after all else. levels: shares of the CPUs, 0 to 1, in the order played."""

    levels: tuple[float, ...]
    dwell_s: float


@dataclass(frozen=True, slots=True)
class Order:
    """One attempt.

    directory: spool directory on the device, absent or empty. stop: `length` ignores the end of
    text, `natural` honours it. watchdog_s: longest silence of the engine; it must be longer than
    the longest model load and the longest prefill batch. nice: added to the engine's priority.
    affinity: CPUs that the engine may use, None for all.
    inferences: of a plain graph, how many a request; None for engines that make tokens.
    lasting_s: scored requests are repeated until then. cold: names of the model's
    files, which are dropped from the page cache before it is loaded.
    pieces: write down the bytes of every token that came out.
    """

    number: int
    directory: Path
    engine: EngineChoice
    model: Path
    requests: tuple[Request, ...]
    stop: str
    idle_before_s: float
    idle_after_s: float
    sampling: Sampling
    watchdog_s: float
    nice: int | None = None
    affinity: tuple[int, ...] | None = None
    staircase: Staircase | None = None
    inferences: int | None = None
    lasting_s: float | None = None
    cold: tuple[str, ...] = ()
    talk: Talk | None = None
    pieces: bool = False


def parse_order(found: object) -> Order:
    """The order in a message. Raises OrderError with the key at fault."""
    order = table("order", found)
    fields = {"number", "directory", "engine", "model", "requests", "stop", "idle_before_s"}
    fields |= {"idle_after_s", "sampling", "watchdog_s"}
    keys(
        "order",
        order,
        fields,
        {"nice", "affinity", "staircase", "inferences", "lasting_s", "cold", "talk", "pieces"},
    )
    stop = words("order.stop", order["stop"])
    if stop not in {"length", "natural"}:
        raise OrderError(f"order.stop: {stop!r} is neither length nor natural")
    nice, inferences = order.get("nice"), order.get("inferences")
    lasting = order.get("lasting_s")
    if inferences is not None:
        inferences = integer("order.inferences", inferences, 1, MAX_NUMBER)
    return Order(
        number=integer("order.number", order["number"], 1, MAX_NUMBER),
        directory=place("order.directory", order["directory"]),
        engine=parse_engine("order.engine", order["engine"]),
        model=place("order.model", order["model"]),
        requests=_requests(order["requests"], 1 if inferences is None else 0),
        stop=stop,
        idle_before_s=number("order.idle_before_s", order["idle_before_s"], 0.0, MAX_SECONDS),
        idle_after_s=number("order.idle_after_s", order["idle_after_s"], 0.0, MAX_SECONDS),
        sampling=_sampling(order["sampling"]),
        watchdog_s=number("order.watchdog_s", order["watchdog_s"], 0.001, MAX_SECONDS),
        nice=None if nice is None else integer("order.nice", nice, -20, 19),
        affinity=_affinity(order.get("affinity")),
        staircase=_staircase(order.get("staircase")),
        inferences=inferences,
        lasting_s=None
        if lasting is None
        else number("order.lasting_s", lasting, 1.0, MAX_SECONDS),
        cold=_names("order.cold", order.get("cold", [])),
        talk=parse_talk(order.get("talk")),
        pieces=flag("order.pieces", order.get("pieces", False)),
    )


def parse_engine(where: str, found: object) -> EngineChoice:
    """`{kind, settings}`."""
    engine = table(where, found)
    keys(where, engine, {"kind", "settings"})
    settings = table(f"{where}.settings", engine["settings"])
    return EngineChoice(words(f"{where}.kind", engine["kind"]), settings)


def parse_texts(found: object) -> tuple[str, ...]:
    """The texts of a `tokenize` message."""
    if not isinstance(found, list) or len(found) > MAX_REQUESTS:
        raise OrderError(f"texts: not a list of at most {MAX_REQUESTS}")
    return tuple(words(f"texts[{i}]", text, None) for i, text in enumerate(found))


def parse_model(found: object) -> Path:
    """The model of a `tokenize` message."""
    return place("model", found)


def parse_place(
    found: Mapping[str, Any], shortest: int
) -> tuple[Path, int, tuple[Request, ...], float]:
    """directory, first, requests and watchdog_s of a `score` message.

    shortest: ids in the shortest window; `first` leaves at least one row of it.
    """
    asked = found.get("requests") or []
    return (
        place("directory", found.get("directory")),
        integer("first", found.get("first"), 0, shortest - 2),
        _requests(asked, 1) if asked else (),
        number("watchdog_s", found.get("watchdog_s"), 0.001, MAX_SECONDS),
    )


def _requests(found: object, least: int) -> tuple[Request, ...]:
    """least: output tokens at the least; a plain graph makes none."""
    if not isinstance(found, list) or not 0 < len(found) <= MAX_REQUESTS:
        raise OrderError(f"order.requests: not a list of 1 to {MAX_REQUESTS}")
    return tuple(_request(f"order.requests[{i}]", one, least) for i, one in enumerate(found))


def _request(where: str, found: object, least: int) -> Request:
    one = table(where, found)
    needed = {"item", "text", "prompt_tokens", "output_tokens", "warmup"}
    keys(where, one, needed, {"streams", "stream"})
    wanted = one["prompt_tokens"]
    prompt = f"{where}.prompt_tokens"
    exact = None if wanted is None else integer(prompt, wanted, least, MAX_TOKENS)
    streams = integer(f"{where}.streams", one.get("streams", 0), 0, MAX_STREAMS)
    return Request(
        item=words(f"{where}.item", one["item"]),
        text=words(f"{where}.text", one["text"], None),
        prompt_tokens=exact,
        output_tokens=integer(f"{where}.output_tokens", one["output_tokens"], least, MAX_TOKENS),
        warmup=flag(f"{where}.warmup", one["warmup"]),
        streams=streams,
        stream=integer(f"{where}.stream", one.get("stream", 0), 0, max(streams - 1, 0)),
    )


def _sampling(found: object) -> Sampling:
    where = "order.sampling"
    one = table(where, found)
    keys(where, one, {"enabled", "rate_hz", "kinds", "seed", "jitter_ratio"})
    kinds = one["kinds"]
    if kinds is not None and not isinstance(kinds, list):
        raise OrderError(f"{where}.kinds: neither null nor a list")
    names = None if kinds is None else tuple(words(f"{where}.kinds", kind) for kind in kinds)
    return Sampling(
        enabled=flag(f"{where}.enabled", one["enabled"]),
        rate_hz=number(f"{where}.rate_hz", one["rate_hz"], 0.001, MAX_RATE_HZ),
        kinds=names,
        seed=integer(f"{where}.seed", one["seed"], 0, (1 << 64) - 1),
        jitter_ratio=number(f"{where}.jitter_ratio", one["jitter_ratio"], 0.0, 0.45),
    )


def _affinity(found: object) -> tuple[int, ...] | None:
    if found is None:
        return None
    if not isinstance(found, list) or not found:
        raise OrderError("order.affinity: neither null nor a list with a CPU in it")
    return tuple(integer("order.affinity", cpu, 0, MAX_CPUS) for cpu in found)


def _names(where: str, found: object) -> tuple[str, ...]:
    if not isinstance(found, list) or len(found) > MAX_REQUESTS:
        raise OrderError(f"{where}: not a list of names")
    return tuple(words(where, name) for name in found)


def _staircase(found: object) -> Staircase | None:
    if found is None:
        return None
    where = "order.staircase"
    one = table(where, found)
    keys(where, one, {"levels", "dwell_s"})
    levels = one["levels"]
    if not isinstance(levels, list) or not 0 < len(levels) <= MAX_STEPS:
        raise OrderError(f"{where}.levels: not a list of 1 to {MAX_STEPS}")
    return Staircase(
        tuple(number(f"{where}.levels", level, 0.0, 1.0) for level in levels),
        number(f"{where}.dwell_s", one["dwell_s"], 0.01, MAX_SECONDS),
    )
