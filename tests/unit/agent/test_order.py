"""Orders are read strictly: what is not known, missing or of another type is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.order import OrderError, parse_order

REQUEST = {"item": "a", "text": "t", "prompt_tokens": None, "output_tokens": 3, "warmup": False}
ORDER: dict[str, Any] = {
    "number": 1,
    "directory": "/spool/1",
    "engine": {"kind": "replay", "settings": {"paced": True}},
    "model": "/models/a",
    "requests": [REQUEST],
    "stop": "length",
    "idle_before_s": 0,
    "idle_after_s": 0.5,
    "sampling": {
        "enabled": True,
        "rate_hz": 10,
        "kinds": ["cpu"],
        "seed": 7,
        "jitter_ratio": 0.2,
    },
    "watchdog_s": 30,
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The order with one key, named by dots, set to another value."""
    order = copy.deepcopy(ORDER)
    *parents, last = path.split(".")
    found: Any = order
    for name in parents:
        found = found[int(name) if name.isdigit() else name]
    found[last] = value
    return order


def without(path: str) -> dict[str, Any]:
    order = changed(path, None)
    *parents, last = path.split(".")
    found: Any = order
    for name in parents:
        found = found[int(name) if name.isdigit() else name]
    del found[last]
    return order


def test_every_field_of_an_order_arrives() -> None:
    order = parse_order({**ORDER, "nice": -5, "affinity": [0, 2]})
    assert (order.number, order.directory, order.model) == (1, Path("/spool/1"), Path("/models/a"))
    assert (order.engine.kind, order.engine.settings) == ("replay", {"paced": True})
    (request,) = order.requests
    assert (request.item, request.text, request.prompt_tokens) == ("a", "t", None)
    assert (request.output_tokens, request.warmup) == (3, False)
    assert (order.stop, order.idle_before_s, order.idle_after_s) == ("length", 0.0, 0.5)
    sampling = order.sampling
    assert (sampling.enabled, sampling.rate_hz, sampling.kinds) == (True, 10.0, ("cpu",))
    assert (sampling.seed, sampling.jitter_ratio, order.watchdog_s) == (7, 0.2, 30.0)
    assert (order.nice, order.affinity) == (-5, (0, 2))


def test_placement_may_be_left_out() -> None:
    order = parse_order(ORDER)
    assert (order.nice, order.affinity) == (None, None)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("number", 0),
        ("number", True),
        ("number", 1.0),
        ("number", "1"),
        ("directory", "spool/1"),
        ("directory", "/spool/\n"),
        ("directory", ""),
        ("engine", "replay"),
        ("engine.kind", 3),
        ("engine.settings", []),
        ("engine.version", "1"),
        ("model", "a.gguf"),
        ("requests", []),
        ("requests", {}),
        ("requests.0.prompt_tokens", 0),
        ("requests.0.prompt_tokens", "16"),
        ("requests.0.output_tokens", 0),
        ("requests.0.output_tokens", None),
        ("requests.0.text", ""),
        ("requests.0.text", "\ud800"),
        ("requests.0.warmup", 1),
        ("requests.0.item", "a\tb"),
        ("requests.0.priority", 1),
        ("stop", "never"),
        ("idle_before_s", -1),
        ("idle_after_s", float("nan")),
        ("idle_after_s", float("inf")),
        ("watchdog_s", 0),
        ("watchdog_s", True),
        ("sampling", None),
        ("sampling.rate_hz", 0),
        ("sampling.rate_hz", 1e9),
        ("sampling.kinds", "cpu"),
        ("sampling.kinds", [1]),
        ("sampling.seed", -1),
        ("sampling.jitter_ratio", 0.5),
        ("sampling.enabled", "yes"),
        ("nice", 40),
        ("affinity", []),
        ("affinity", [-1]),
        ("colour", "red"),
    ],
)
def test_a_wrong_value_is_refused_with_its_key(path: str, value: object) -> None:
    with pytest.raises(OrderError) as refused:
        parse_order(changed(path, value))
    assert path.rsplit(".", maxsplit=1)[-1].partition("[")[0] in str(refused.value)


@pytest.mark.parametrize(
    "path", ["number", "watchdog_s", "engine.kind", "requests.0.warmup", "sampling.seed"]
)
def test_a_missing_key_is_named(path: str) -> None:
    with pytest.raises(OrderError, match="is missing") as refused:
        parse_order(without(path))
    assert path.rsplit(".", maxsplit=1)[-1] in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def answer(order: object) -> str:
    try:
        parse_order(order)
    except OrderError as refused:
        return str(refused)
    return "taken"


@given(path=st.sampled_from([*ORDER, "engine.kind", "requests.0.text", "sampling.kinds"]), v=JSON)
def test_any_value_is_taken_or_refused_with_a_sentence(path: str, v: object) -> None:
    assert answer(changed(path, v))
