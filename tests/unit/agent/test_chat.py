"""Talks: what a turn's prompt is made of, and what of it the engine may keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.chat import History, Talk, parse_talk
from agent.engines.base import Engine, EngineError
from agent.engines.table import maker
from agent.order import OrderError
from collectors.clocks import device_clock


def replay(tmp_path: Path) -> Engine:
    return maker("replay")(tmp_path / "r.json", {}, device_clock())


def said(engine: Engine, prompt: list[int], count: int) -> list[int]:
    found: list[int] = []
    engine.generate(
        prompt,
        count,
        stop_at_end=False,
        on_token=lambda _ready_ns, _t_ns, token: found.append(token),
        mark=lambda _: 0,
    )
    return found


def test_a_turn_has_all_before_it_in_its_prompt_and_a_talk_begins_anew(tmp_path: Path) -> None:
    history = History(Talk(2, prefix_cache=False), replay(tmp_path))
    first, turn = history.prompt([1, 2])
    assert (first, turn) == ([1, 2], {"turn": 1, "kept_tokens": 0})
    history.made += [7, 8]
    history.over(first)
    second, turn = history.prompt([3])
    assert (second, turn) == ([1, 2, 7, 8, 3], {"turn": 2, "kept_tokens": 0})
    history.over(second)
    assert history.prompt([4])[0] == [4]


def test_an_engine_that_keeps_nothing_is_not_asked_to(tmp_path: Path) -> None:
    history = History(Talk(2, prefix_cache=True), replay(tmp_path))
    history.over(history.prompt([1, 2])[0])
    with pytest.raises(EngineError, match="no-prefix-cache"):
        history.prompt([3])


def test_a_kept_prefix_is_the_one_that_would_be_computed_and_a_wrong_one_is_noticed(
    tiny_gguf: Path,
) -> None:
    settings = {"n_threads": 1, "n_ctx": 256}
    engine = maker("llama_cpp")(tiny_gguf, settings, device_clock())
    engine.load()
    alike = 0
    for talk in range(4):
        history = History(Talk(2, prefix_cache=True), engine)
        first, _ = history.prompt([(7 * i + 31 * talk) % 4000 + 3 for i in range(40)])
        history.made += said(engine, first, 6)
        history.over(first)
        second, turn = history.prompt([9, 10, 11])
        assert turn == {"turn": 2, "kept_tokens": 45}
        kept = said(engine, second, 1)
        alike += kept == said(engine, second, 1)  # the cache cleared and all computed again
    # Batches of another size round otherwise, so one near tie may fall the other way; a prefix
    # that were another one would change them all.
    assert alike >= 3
    engine.keep(4)  # type: ignore[attr-defined]
    with pytest.raises(EngineError, match="cache-lost"):
        said(engine, list(range(3, 50)), 6)
    engine.close()


@pytest.mark.parametrize(
    "talk", [[], {"turns": 2}, {"turns": 1, "prefix_cache": True}, {"turns": 2, "prefix_cache": 1}]
)
def test_a_talk_that_is_none_is_refused(talk: Any) -> None:  # noqa: ANN401
    with pytest.raises(OrderError, match=r"order\.talk"):
        parse_talk(talk)
