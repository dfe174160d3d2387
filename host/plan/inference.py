"""What a plan for a plain graph must state, and what other plans must not."""

from __future__ import annotations

from host.artefacts.datasets.inputs import INPUTS
from host.errors import PlanError
from host.handover.plan import Plan

GRAPH = "onnx"
# A decode rate needs two tokens.
LEAST_TOKENS = 2


def check_inference(plan: Plan, engine_kind: str) -> None:
    """Refuse a plan that asks tokens of a plain graph, or inferences of a language model."""
    if engine_kind != GRAPH:
        _check_tokens(plan, engine_kind)
        return
    table = plan.inference
    if not table:
        raise PlanError(
            "inference",
            "is missing: a plan for a plain graph states [inference] count, batch and steps",
        )
    if plan.run.output_tokens:
        raise PlanError("run.output_tokens", "is not 0, and a plain graph makes no tokens")
    if not plan.dataset.reference.startswith(INPUTS):
        raise PlanError(
            "dataset.reference",
            f"{plan.dataset.reference} is text; a plain graph takes `inputs:seeded`, or"
            " `inputs:PATH` of .npz or .npy files",
        )
    if table.count % table.steps:
        raise PlanError(
            "inference.count", f"{table.count} inferences make no whole images of {table.steps}"
        )
    if plan.engine.settings.get("batch", table.batch) != table.batch:
        raise PlanError("engine.settings.batch", f"is not [inference] batch, {table.batch}")


def _check_tokens(plan: Plan, engine_kind: str) -> None:
    if plan.inference:
        raise PlanError("inference", f"is of plain graphs, and {engine_kind} makes tokens")
    if plan.run.output_tokens < LEAST_TOKENS:
        raise PlanError(
            "run.output_tokens", f"is below {LEAST_TOKENS}, and {engine_kind} makes tokens"
        )
    if plan.dataset.reference.startswith(INPUTS):
        raise PlanError("dataset.reference", f"is of plain graphs, and {engine_kind} takes text")
