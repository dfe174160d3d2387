"""What a plan's fidelity table is refused for, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from host.errors import ArtefactError, PlanError
from host.handover.fidelity import FidelityPlan
from host.handover.plan import ResolvedPlan
from host.pipeline.fidelity import fidelity_for
from host.plan.load import dump, parse
from tests.fakes.fidelity import N_CTX, logits, reference_file, wanting
from tests.fakes.records import MODEL, sample_plan


def resolved_with(path: Path, **over: Any) -> ResolvedPlan:  # noqa: ANN401
    """The sample's plan with this reference; over: fields of it and of the table."""
    limits = {k: over.pop(k) for k in list(over) if k.startswith(("max_", "min_"))}
    resolved = wanting(**limits)
    assert isinstance(resolved.plan.fidelity, FidelityPlan)
    table = msgspec.structs.replace(resolved.plan.fidelity, reference=str(path))
    plan = msgspec.structs.replace(resolved.plan, fidelity=table)
    return msgspec.structs.replace(resolved, plan=plan, **over)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return reference_file(tmp_path / "a.fidelity", logits(1)).path


def test_a_plan_without_the_table_reads_and_is_written_as_before() -> None:
    plan = sample_plan().plan
    assert fidelity_for(sample_plan()) is None
    assert "fidelity" not in dump(plan)
    assert "fidelity" not in msgspec.to_builtins(plan)


def test_a_plan_with_the_table_is_read_back_from_its_file(path: Path) -> None:
    plan = resolved_with(path, max_mean_kl=0.1).plan
    assert parse(dump(plan).encode(), "plan") == plan
    with pytest.raises(PlanError, match=r"max_mean_kl"):
        parse(dump(plan).replace("max_mean_kl", "max_mean_kk").encode(), "plan")


def test_a_tokenizer_that_is_another_is_refused_with_both_hashes(path: Path) -> None:
    assert fidelity_for(resolved_with(path)) is not None
    other = resolved_with(path, model={**MODEL, "tokenizer_sha256": "e" * 64})
    with pytest.raises(ArtefactError, match=f"is {'2' * 64}, that of the model is {'e' * 64}"):
        fidelity_for(other)
    unknown = resolved_with(path, model={**MODEL, "tokenizer_sha256": None})
    with pytest.raises(ArtefactError, match="not stated in its file"):
        fidelity_for(unknown)


def test_a_context_shorter_than_the_windows_is_refused(path: Path) -> None:
    short = resolved_with(path, engine_settings={"n_ctx": N_CTX - 1})
    with pytest.raises(PlanError, match="7 is less than the 8 tokens"):
        fidelity_for(short)


def test_an_engine_without_logits_takes_no_limit_that_needs_them(path: Path) -> None:
    with pytest.raises(PlanError, match=r"fidelity\.max_p99_kl: replay gives no logits"):
        fidelity_for(resolved_with(path, engine_kind="replay", max_p99_kl=1.0))
    assert fidelity_for(resolved_with(path, engine_kind="replay", min_greedy_agreement=0.5))


def test_a_reference_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="cannot be read"):
        fidelity_for(resolved_with(tmp_path / "none.fidelity"))


def test_a_native_runner_takes_the_limits_that_it_can_show(path: Path) -> None:
    def native(settings: dict[str, Any], **limits: float) -> ResolvedPlan:
        return resolved_with(path, engine_kind="native", engine_settings=settings, **limits)

    answers = {"answer": {"begin": None, "end": None}}
    assert fidelity_for(native(answers, min_greedy_agreement=0.5))
    with pytest.raises(PlanError, match="does not say what of its output is an answer"):
        fidelity_for(native({"answer": None}, min_greedy_agreement=0.5))
    with pytest.raises(PlanError, match=r"max_mean_kl: native gives no logits.*\[divergence\]"):
        fidelity_for(native(answers, max_mean_kl=0.5))
    tool = {"divergence": {"figures": {"mean_kl": {"pattern": "x"}}}}
    assert fidelity_for(native({**answers, **tool}, max_mean_kl=0.5))
    with pytest.raises(PlanError, match="max_p99_kl"):
        fidelity_for(native({**answers, **tool}, max_p99_kl=0.5))
