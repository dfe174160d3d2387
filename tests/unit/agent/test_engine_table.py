"""Engines are found by kind, their settings by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.engines.base import EngineError
from agent.engines.settings import resolve
from agent.engines.table import DEFAULTS, ENGINES, defaults, maker, version
from tests.fakes.clock import SteppingClock

KNOWN = {"n_ctx": 8, "threads": None, "name": "x", "flag": True, "ratio": 0.5}


def test_every_kind_has_a_maker_and_defaults() -> None:
    assert set(ENGINES) == set(DEFAULTS)
    for kind in ENGINES:
        assert callable(maker(kind))
        assert defaults(kind)


def test_an_unknown_kind_names_the_near_ones() -> None:
    with pytest.raises(EngineError, match="did you mean llama_cpp") as refused:
        maker("lama_cpp")
    assert refused.value.code == "unknown-engine"
    with pytest.raises(
        EngineError, match="known: llama_cpp, onnx_genai, onnx, openai_http, replay"
    ):
        maker("zzz")


@pytest.mark.parametrize("number", [2**31, -(2**31), 10**20])
def test_a_number_that_would_become_another_one_in_a_library_is_refused(number: int) -> None:
    assert resolve("x", KNOWN, {"n_ctx": 2**31 - 1})["n_ctx"] == 2**31 - 1
    for name in ("n_ctx", "threads"):
        with pytest.raises(EngineError, match=f"{name} is beyond 2147483647"):
            resolve("x", KNOWN, {name: number})


def test_more_threads_than_ggml_takes_are_refused_before_it_crashes(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="513 is more than the 512 of ggml") as refused:
        maker("llama_cpp")(tmp_path, {"n_threads": 513}, SteppingClock())
    assert refused.value.code == "bad-setting"


def test_versions_come_from_the_installed_distributions() -> None:
    assert version("replay") is None
    found = version("onnx_genai")
    assert found is not None
    assert found[0].isdigit()


def test_settings_that_are_not_given_keep_their_defaults() -> None:
    given = {"n_ctx": 16, "threads": 3, "ratio": 1}
    found = resolve("e", KNOWN, given)
    assert found == {"n_ctx": 16, "threads": 3, "name": "x", "flag": True, "ratio": 1}
    assert resolve("e", KNOWN, {"threads": None}) == KNOWN


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_ctx", "8"),
        ("n_ctx", True),
        ("n_ctx", None),
        ("threads", 1.5),
        ("threads", True),
        ("name", 3),
        ("flag", 1),
        ("ratio", "1"),
        ("ratio", True),
    ],
)
def test_a_setting_of_another_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(EngineError, match=name) as refused:
        resolve("e", KNOWN, {name: value})
    assert refused.value.code == "bad-setting"


def test_an_unknown_setting_names_the_near_ones() -> None:
    with pytest.raises(EngineError, match="near: threads"):
        resolve("e", KNOWN, {"thread": 3})


@pytest.mark.parametrize(
    ("kind", "setting", "value"),
    [
        ("llama_cpp", "type_k", "f17"),
        ("llama_cpp", "flash_attn", "perhaps"),
        ("llama_cpp", "split_mode", "column"),
        ("llama_cpp", "n_ctx", 0),
        ("llama_cpp", "n_threads", -1),
        ("onnx_genai", "graph_optimization_level", "some"),
        ("onnx_genai", "n_ctx", -5),
        ("replay", "stamps", "later"),
    ],
)
def test_a_value_that_means_nothing_is_refused_before_anything_is_loaded(
    kind: str, setting: str, value: object
) -> None:
    with pytest.raises(EngineError) as refused:
        maker(kind)(Path("/nowhere"), {setting: value}, SteppingClock())
    assert refused.value.code == "bad-setting"
    assert setting in refused.value.detail
