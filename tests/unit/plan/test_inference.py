"""What a plan for a plain graph must state, and what other plans must not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from host.errors import PlanError
from host.handover.plan import InferencePlan, Plan
from host.plan.inference import check_inference
from host.plan.load import default, dump, parse

TABLE = InferencePlan(count=6, batch=2, steps=3)


def graph_plan(**over: Any) -> Plan:  # noqa: ANN401
    """A good one; over: fields of the plan, or `output_tokens`, `dataset`, `settings`."""
    change, plan = msgspec.structs.replace, default()[0]
    plan = change(
        plan,
        run=change(plan.run, output_tokens=over.pop("output_tokens", 0)),
        dataset=change(plan.dataset, reference=over.pop("dataset", "inputs:seeded")),
        engine=change(plan.engine, kind="onnx", settings=over.pop("settings", {})),
    )
    return change(plan, **{"inference": TABLE, **over})


def test_a_plan_of_a_graph_reads_back_as_it_was_written() -> None:
    plan = graph_plan()
    check_inference(plan, "onnx")
    assert parse(dump(plan).encode(), "plan") == plan
    assert b"inference" not in dump(default()[0]).encode()


@pytest.mark.parametrize(
    ("kind", "over", "said"),
    [
        ("onnx", {"inference": msgspec.UNSET}, "inference: is missing"),
        ("onnx", {"output_tokens": 8}, "run.output_tokens: is not 0"),
        ("onnx", {"dataset": "smoke"}, "dataset.reference: smoke is text"),
        ("onnx", {"inference": InferencePlan(5, 1, 2)}, "5 inferences make no whole images of 2"),
        ("onnx", {"settings": {"batch": 3}}, "is not [inference] batch, 2"),
        ("llama_cpp", {"output_tokens": 8}, "is of plain graphs, and llama_cpp makes tokens"),
        ("llama_cpp", {"inference": msgspec.UNSET}, "run.output_tokens: is below 2"),
        (
            "llama_cpp",
            {"inference": msgspec.UNSET, "output_tokens": 8},
            "is of plain graphs, and llama_cpp takes text",
        ),
    ],
)
def test_a_plan_that_asks_what_cannot_be_done_is_refused_in_a_sentence(
    kind: str, over: dict[str, Any], said: str
) -> None:
    with pytest.raises(PlanError) as caught:
        check_inference(graph_plan(**over), kind)
    assert said in str(caught.value)
