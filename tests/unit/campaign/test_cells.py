"""A campaign file becomes cells, or is refused with the key that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w

from host.campaign.cells import read_campaign
from host.errors import UsageError
from host.handover.plan import EnginePlan, ModelPlan
from host.plan.load import default, dump


def campaign(path: Path, **over: Any) -> Path:  # noqa: ANN401
    whole: dict[str, Any] = {
        "campaign": 1,
        "title": "a campaign",
        "design": "abba",
        "seed": 1,
        "measurands": ["decode_rate"],
        "axes": {
            "build": {
                "q4": {"model": {"reference": "tiny:q4_0"}},
                "int4": {"model": {"reference": "tiny:int4"}},
            },
            "threads": {
                "t1": {"engine": {"settings": {"n_threads": 1}}},
                "t2": {"engine": {"settings": {"n_threads": 2}}},
            },
        },
        "visit": {"attempts": 1},
        "stop": {
            "measurand": "decode_rate",
            "of": "ratio",
            "relative_u": 0.01,
            "min": 4,
            "max": 8,
        },
    }
    path.write_text(tomli_w.dumps({**whole, **over}), encoding="utf-8")
    return path


def test_cells_are_all_combinations_but_those_left_out(tmp_path: Path) -> None:
    left_out = [{"build": "int4", "threads": "t2"}]
    asked = read_campaign(campaign(tmp_path / "c.toml", exclude=left_out))
    assert asked.names == ("q4-t1", "q4-t2", "int4-t1")
    plan = asked.cell("q4-t2").plan
    assert plan.model.reference == "tiny:q4_0"
    assert plan.engine.settings == {"n_threads": 2}
    assert plan.run.attempts == 1


def test_another_model_or_engine_takes_nothing_that_the_base_says_of_its_own(
    tmp_path: Path,
) -> None:
    base, _ = default()
    model = ModelPlan("tiny:q4_0", sha256="a" * 64)
    base = msgspec.structs.replace(
        base, model=model, engine=EnginePlan("llama_cpp", {"n_threads": 3, "n_ctx": 512})
    )
    (tmp_path / "plan.toml").write_text(dump(base), encoding="utf-8")
    builds = {
        "q4": {"model": {"reference": "tiny:q4_0"}, "engine": {"kind": "llama_cpp"}},
        "int4": {"model": {"reference": "tiny:int4"}, "engine": {"kind": "onnx_genai"}},
    }
    threads = {"t1": {"engine": {"settings": {"n_threads": 1}}}}
    for axes in ({"build": builds, "threads": threads}, {"threads": threads, "build": builds}):
        asked = read_campaign(campaign(tmp_path / "c.toml", plan="plan.toml", axes=axes))
        same, other = (cell.plan for cell in asked.cells)
        assert same.model == model
        assert same.engine.settings == {"n_threads": 1, "n_ctx": 512}
        assert (other.model.sha256, other.engine.settings) == ("", {"n_threads": 1})


STOP = {"measurand": "decode_rate", "of": "ratio", "relative_u": 0.01, "min": 4, "max": 8}
SEED = [{"run": {"seed": seed}} for seed in range(3)]
SAME = {"model": {"reference": "tiny"}}
ONE, OTHER = {"device": "ssh:a@one"}, {"device": "ssh:a@other"}


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"axes": {"a": {"x": {"modle": {}}}}}, "modle"),
        ({"axes": {"a": {"x": {"run": {"attempt": 3}}}}}, "did you mean attempts"),
        ({"axes": {"a": {"x": {"run": {"attempts": 3}}}}}, r"axes.a.x: .* \[visit\] attempts"),
        ({"axes": {"a": {"x": SAME, "y": SAME}}}, "the same measurement"),
        (
            {"axes": {"a": {"x-y": SEED[2], "x": {}}, "b": {"z": {}, "y-z": SEED[0]}}},
            "would write one folder, x-y-z",
        ),
        ({"axes": {"a": {"X": SEED[1], "x": SEED[2]}}}, "would write one folder"),
        ({"axes": {"a": {"../x": SAME}}}, r"axes.a: \.\./x cannot name a folder"),
        ({"axes": {"a": {}}}, "has no value"),
        ({"exclude": [{"build": "q8"}]}, "build = q8"),
        ({"stop": {**STOP, "min": 3}}, "multiples of 2"),
        ({"stop": {**STOP, "max": 2}}, "above max"),
        ({"stop": {**STOP, "measurand": "prefill_rate"}}, "not among measurands"),
        ({"measurands": ["decode_rat"]}, "no result decode_rat, did you mean decode_rate"),
        ({"devices": "beside"}, "there is local alone"),
        ({"devices": "beside", "axes": {"on": {"x": ONE, "here": {}}}}, "drives the others"),
        (
            {
                "devices": "beside",
                "design": "latin",
                "axes": {"on": {"x": ONE, "y": OTHER}, "s": {"s0": SEED[0], "s1": SEED[1]}},
                "exclude": [{"on": "y", "s": "s0"}],
            },
            "as many cells on each device",
        ),
        (
            {"retries": {"reasons": ["gate-time-out"], "most": 1, "give_up_after": 2}},
            "did you mean gate-timeout",
        ),
        ({"designs": "abba"}, "did you mean design"),
        ({"campaign": 2}, "this version reads 1"),
        ({"plan": "nowhere.toml"}, "cannot be read"),
    ],
)
def test_what_cannot_be_run_is_refused_by_name(
    tmp_path: Path, over: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        read_campaign(campaign(tmp_path / "c.toml", **over))


def test_equal_cells_may_be_wanted_to_test_the_bench(tmp_path: Path) -> None:
    axes = {"build": {"one": SAME, "same": SAME}}
    asked = read_campaign(campaign(tmp_path / "c.toml", axes=axes, equal_cells="wanted"))
    assert asked.names == ("one", "same")
    assert len({cell.sha256 for cell in asked.cells}) == 1


def test_devices_beside_each_other_are_lanes_with_an_order_of_their_own(tmp_path: Path) -> None:
    axes = {"on": {"x": ONE, "y": OTHER}, "s": {"s0": SEED[0], "s1": SEED[1], "s2": SEED[2]}}
    path = campaign(tmp_path / "c.toml", axes=axes, devices="beside", design="latin")
    with pytest.raises(UsageError, match="multiples of 3"):
        read_campaign(path)
    stop = {**STOP, "min": 6, "max": 6}
    path = campaign(tmp_path / "c.toml", axes=axes, devices="beside", design="latin", stop=stop)
    asked = read_campaign(path)
    assert asked.unit == 3
    assert asked.lanes == (
        ("ssh:a@one", ("x-s0", "x-s1", "x-s2")),
        ("ssh:a@other", ("y-s0", "y-s1", "y-s2")),
    )


def test_more_cells_than_are_compared_are_refused_before_they_are_made(tmp_path: Path) -> None:
    values = {f"v{n}": {"run": {"output_tokens": n + 2}} for n in range(10)}
    axes = {f"axis{n}": values for n in range(10)}
    with pytest.raises(UsageError, match="10000000000 combinations"):
        read_campaign(campaign(tmp_path / "c.toml", axes=axes))
    axes = {f"axis{n}": values for n in range(2)}
    with pytest.raises(UsageError, match="more than 64 cells"):
        read_campaign(campaign(tmp_path / "c.toml", axes=axes))


def test_a_cell_whose_name_no_folder_can_have_is_refused(tmp_path: Path) -> None:
    axes = {
        f"axis{n}": {"v" * 40: {"run": {"output_tokens": 8}}, "w": {"run": {"output_tokens": 9}}}
        for n in range(6)
    }
    with pytest.raises(UsageError, match="shorten the names of values"):
        read_campaign(campaign(tmp_path / "c.toml", axes=axes))
