"""The engine for plain graphs, with the real library on graphs of a few nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.engines.base import EngineError, Graph
from agent.engines.onnx_inputs import feeds_of, inputs_sha256, outputs_sha256, ports_of
from agent.engines.onnx_settings import DEFAULTS
from agent.engines.table import maker
from agent.inferences import graph_of
from collectors.clocks import device_clock
from tests.fakes.graphs import ONE_THREAD, reference_graph, scaling_graph


def opened(model: Path, **settings: Any) -> Graph:  # noqa: ANN401
    engine = maker("onnx")(model, {**ONE_THREAD, **settings}, device_clock())
    engine.load()
    return graph_of(engine)


def refusal(model: Path, **settings: Any) -> EngineError:  # noqa: ANN401
    with pytest.raises(EngineError) as caught:
        opened(model, **settings).prepare("seed:1")
    return caught.value


class Arg:
    """An input as ONNX Runtime describes it."""

    def __init__(self, name: str, type_: str, shape: list[Any]) -> None:
        self.name, self.type, self.shape = name, type_, shape


def test_an_inference_gives_what_the_graph_computes(tmp_path: Path) -> None:
    model = scaling_graph(tmp_path / "m.onnx")
    given = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    np.savez(tmp_path / "in.npz", x=given)
    engine = opened(model, batch=2, symbols={"height": 4})
    engine.prepare(f"file:{tmp_path / 'in.npz'}")
    (out,) = engine.infer()
    np.testing.assert_array_equal(out, 2 * given)


def test_a_seed_gives_the_same_inputs_each_time_and_another_one_others(tmp_path: Path) -> None:
    model = scaling_graph(tmp_path / "m.onnx")
    first, second = (opened(model, symbols={"height": 4}) for _ in range(2))
    made = first.prepare("seed:1"), second.prepare("seed:1"), second.prepare("seed:2")
    assert made[0] == made[1] != made[2]
    outputs = first.digest(first.infer()), second.digest(second.infer())
    assert outputs[0] != outputs[1]


def test_outputs_that_are_texts_or_maps_are_hashed_by_what_they_say() -> None:
    def digest(*said: object) -> str:
        return outputs_sha256([np.array(list(said), dtype=object)])

    first, again = (digest("".join(["a", "b"]), {1: 0.25}) for _ in range(2))
    assert first == again != digest("ab", {1: 0.5})


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("float", -1, 1), ("uint8", 0, 256), ("int8", -128, 128), ("int64", 0, 2), ("bool", 0, 2)],
)
def test_seeded_values_fill_their_range_and_do_not_leave_it(
    kind: str, low: int, high: int
) -> None:
    ports = ports_of([Arg("x", f"tensor({kind})", [20, 300])], DEFAULTS)
    values = feeds_of(np, ports, "seed:1")["x"].astype(np.float64)
    assert low <= values.min() < low + 0.05 * (high - low)
    assert high - 0.05 * (high - low) - 1 <= values.max() < high
    assert abs(values.mean() - (low + high) / 2 + (0 if kind == "float" else 0.5)) < 3


def test_seeded_inputs_have_the_bytes_that_they_had_when_they_were_pinned() -> None:
    found = [Arg("x", "tensor(float)", [2, 3]), Arg("ids", "tensor(int64)", [2, 5])]
    ports = ports_of(found, {**DEFAULTS, "ranges": {"ids": [0, 1000]}})
    pinned = "c4b0fa0bbc991d50420414e9ac528e3f"
    assert inputs_sha256(feeds_of(np, ports, "seed:1")).startswith(pinned)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "dimension 2 of input x (height) is open"),
        ({"symbols": {"height": 0}}, "dimension 2 of input x (height) is open"),
        ({"shapes": {"x": [1, 4, 4]}}, "does not fit the graph's ['batch', 3, 'height']"),
        ({"shapes": {"x": [1, 3]}}, "the graph has ['batch', 3, 'height']"),
        ({"shapes": {"z": [1]}}, "z is no input; there are x"),
        ({"symbols": {"height": 4}, "ranges": {"x": [1, 1]}}, "is not below"),
        ({"symbols": {"height": 4}, "ranges": {"x": [0, "b"]}}, "is no number"),
        ({"shapes": {"x": [1, 3, 4]}, "batch": 2}, "no input has it as its first dimension"),
        ({"symbols": {"height": 1 << 28}}, "is too large"),
        ({"symbols": {"height": 4}, "provider": "abacus"}, "provider 'abacus' is none of"),
    ],
)
def test_settings_that_do_not_fit_the_graph_are_refused_by_name(
    settings: dict[str, Any], said: str, tmp_path: Path
) -> None:
    err = refusal(scaling_graph(tmp_path / "m.onnx"), **settings)
    assert err.code == "bad-setting"
    assert said in err.detail


def test_files_that_do_not_hold_what_the_graph_takes_are_refused(tmp_path: Path) -> None:
    engine = opened(scaling_graph(tmp_path / "m.onnx"), symbols={"height": 4})
    arrays = {
        "other.npz": {"z": np.zeros((1, 3, 4), np.float32)},
        "type.npz": {"x": np.zeros((1, 3, 4), np.float64)},
        "shape.npz": {"x": np.zeros((1, 3, 5), np.float32)},
        "pickled.npz": {"x": np.array([{"code": 1}], dtype=object)},
    }
    for name, held in arrays.items():
        np.savez(tmp_path / name, **held)  # type: ignore[arg-type]
    (tmp_path / "torn.npz").write_bytes((tmp_path / "type.npz").read_bytes()[:60])
    for name in (*arrays, "torn.npz", "absent.npz"):
        with pytest.raises(EngineError) as caught:
            engine.prepare(f"file:{tmp_path / name}")
        assert caught.value.code == "bad-input"
        assert name in caught.value.detail


def test_what_is_no_graph_is_refused_with_the_words_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"no graph at all")
    assert refusal(tmp_path / "m.onnx").code == "bad-model"
    scaling_graph(tmp_path / "a.onnx")
    err = refusal(tmp_path)
    assert "a.onnx, m.onnx; setting `file` names one" in err.detail
    assert opened(tmp_path, file="a.onnx", symbols={"height": 1}).prepare("seed:1")


def test_all_settings_shapes_and_providers_are_given_back(tmp_path: Path) -> None:
    said = opened(reference_graph(tmp_path, "vision-tiny", "int8"), batch=2).describe()
    assert set(said["settings"]) == set(DEFAULTS)
    assert said["inputs"] == [
        {"name": "image", "dtype": "float32", "shape": [2, 3, 96, 96], "seeded": [-1, 1]}
    ]
    assert said["providers"] == ["CPUExecutionProvider"]


def test_an_engine_of_tokens_runs_no_inferences(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no-inference"):
        graph_of(maker("replay")(tmp_path / "r.json", {}, device_clock()))
