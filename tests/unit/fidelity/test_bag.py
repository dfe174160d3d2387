"""From a payload folder to the record's field: real files, good, bad and missing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from host.evaluate.run import evaluate
from host.fidelity.bag import ERRORS, FOLDER, REFERENCE, SCORES, fidelity_of
from host.handover.answered import Answered
from host.handover.fidelity import GREEDY, KL_MEAN, FidelityField, GreedyOutput, not_measured
from host.handover.plan import ResolvedPlan
from host.handover.trace import Reply, RequestTrace
from host.record.build import build
from host.record.fidelity import voided
from host.reduce.run import reduce_run
from host.run.folder import write_json
from tests.fakes.fidelity import logits, reference_file, scored_folder, wanting
from tests.fakes.records import CONDITIONS, sample_facts, sample_plan, sample_record
from tests.fakes.traces import example_run

RUN = example_run(2)


def field_of(folder: Path, resolved: ResolvedPlan) -> FidelityField:
    found = fidelity_of(folder, resolved, RUN)
    assert found is not None
    return found


def test_a_plan_without_a_fidelity_table_has_no_field_and_its_record_says_so() -> None:
    assert fidelity_of(Path("/nowhere"), sample_plan(), RUN) is None
    assert sample_record().fidelity == not_measured()
    assert not sample_record().fidelity.ranked


def test_the_reference_itself_is_within_every_limit(tmp_path: Path) -> None:
    resolved = wanting(max_mean_kl=1e-9, min_top1_agreement=1.0, max_perplexity_ratio=1.0)
    found = field_of(scored_folder(tmp_path, logits(1), logits(1), resolved), resolved)
    assert (found.outcome, found.ranked, found.reason) == ("within-limits", True, "")
    assert [limit.kept for limit in found.limits] == [True, True, True]
    assert {f.language for f in found.figures} == {"all", "zh", "en"}
    assert found.windows == {"n_ctx": 8, "scored_from": 4, "zh": 2, "en": 2}


def test_without_limits_fidelity_is_reported_and_nothing_is_gated(tmp_path: Path) -> None:
    resolved = wanting()
    found = field_of(scored_folder(tmp_path, logits(1), logits(2), resolved), resolved)
    assert (found.outcome, found.ranked, found.limits) == ("reported", True, ())


def test_a_broken_limit_voids_the_record_and_leaves_the_attempts_as_they_were(
    tmp_path: Path,
) -> None:
    resolved = wanting(max_mean_kl=0.01, max_p99_kl=100.0)
    found = field_of(scored_folder(tmp_path, logits(1), logits(2), resolved), resolved)
    value = next(
        f.value for f in found.figures if (f.measurand_id, f.language) == (KL_MEAN, "all")
    )
    assert (found.outcome, found.ranked) == ("beyond-limits", False)
    assert found.reason == f"fidelity-gate: max_mean_kl is 0.01, it is {value}"
    before = sample_record(2)
    facts = msgspec.structs.replace
    verdict = voided(before.verdict, found)
    assert (verdict.status, verdict.reasons[0]) == ("void", found.reason)
    assert "无效" in verdict.text.zh
    assert verdict.text.en.startswith("Void:")
    incomplete = facts(before.verdict, status="incomplete")
    assert voided(incomplete, found).status == "incomplete"
    assert before.attempts.valid == 2


def test_scores_that_are_no_numbers_void_the_record_with_their_reason(tmp_path: Path) -> None:
    resolved, tested = wanting(), logits(2)
    tested[3][0, 0] = float("nan")
    found = field_of(scored_folder(tmp_path, logits(1), tested, resolved), resolved)
    assert (found.outcome, found.ranked) == ("void", False)
    assert found.reason.startswith("fidelity-not-finite: window 3: 1 logits of the tested model")
    assert voided(sample_record(2).verdict, found).status == "void"


def test_another_number_of_logits_is_no_worse_model_but_none_to_compare(tmp_path: Path) -> None:
    resolved = wanting()
    tested = [rows[:, :-1].copy() for rows in logits(2)]
    found = field_of(scored_folder(tmp_path, logits(1), tested, resolved), resolved)
    assert found.reason == "fidelity-vocabulary: 4 logits a row, the reference has 5"


def _other_model(place: Path) -> None:
    found = msgspec.json.decode((place / SCORES).read_bytes())
    write_json(place / SCORES, {**found, "model_sha256": "f" * 64})


def _cut(place: Path) -> None:
    path = place / "logits-0001.f32"
    path.write_bytes(path.read_bytes()[:-4])


def _gone(place: Path) -> None:
    (place / "logits-0002.f32").unlink()


def _garbled(place: Path) -> None:
    (place / SCORES).write_bytes(b"{")


def _later_rules(place: Path) -> None:
    write_json(place / ERRORS, {"standard_errors": 3})


@pytest.mark.parametrize("spoil", [_other_model, _cut, _gone, _garbled, _later_rules])
def test_scores_that_are_not_those_of_the_run_void_it(
    spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    resolved = wanting()
    scored_folder(tmp_path, logits(1), logits(1), resolved)
    spoil(tmp_path / FOLDER)
    found = field_of(tmp_path, resolved)
    assert found.outcome == "void"
    assert found.reason.startswith("fidelity-damaged: ")


@pytest.mark.parametrize("limits", [{}, {"max_mean_kl": 1.0}])
def test_a_run_that_was_not_scored_is_not_ranked_and_void_where_a_limit_is_set(
    limits: dict[str, float], tmp_path: Path
) -> None:
    resolved = wanting(**limits)
    (tmp_path / FOLDER).mkdir()
    reference_file(tmp_path / FOLDER / REFERENCE, logits(1))
    found = field_of(tmp_path, resolved)
    assert (found.outcome, found.ranked) == ("not-measured", False)
    assert found.reason.startswith("fidelity-missing: ")
    expected = "void" if limits else "valid"
    assert voided(sample_record(2).verdict, found).status == expected


def test_an_engine_without_logits_is_judged_by_its_greedy_outputs(tmp_path: Path) -> None:
    resolved = msgspec.structs.replace(wanting(min_greedy_agreement=0.9), engine_kind="replay")
    made = {r.item: r for attempt in RUN.valid() for r in attempt.scored()}
    greedy = tuple(
        GreedyOutput(
            item=item,
            text_sha256=hashlib.sha256(f"text of {item}".encode()).hexdigest(),
            prompt_sha256="0" * 64,
            tokens=tuple(int(token) for token in request.tokens.tokens),
            output_hex="",
        )
        for item, request in made.items()
    )
    (tmp_path / FOLDER).mkdir()
    reference_file(tmp_path / FOLDER / REFERENCE, logits(1), greedy)
    found = field_of(tmp_path, resolved)
    value = {f.measurand_id: float(f.value) for f in found.figures}[GREEDY]
    assert found.limits[0].kept is (value >= 0.9)
    assert found.figures[0].n == sum(len(a.scored()) for a in RUN.valid())


@pytest.mark.parametrize(("text", "values"), [(b"abxd", ["0.5", "0"]), (b"", ["0", "0"])])
def test_a_server_without_token_ids_is_judged_by_the_bytes_of_its_text(
    text: bytes, values: list[str], tmp_path: Path
) -> None:
    resolved = msgspec.structs.replace(wanting(min_greedy_agreement=0.6), engine_kind="other")
    (tmp_path / FOLDER).mkdir()
    items = {r.item for attempt in RUN.valid() for r in attempt.scored()}
    greedy = tuple(
        GreedyOutput(
            item,
            hashlib.sha256(f"text of {item}".encode()).hexdigest(),
            "0" * 64,
            (1,),
            b"abcd".hex(),
        )
        for item in items
    )
    reference_file(tmp_path / FOLDER / REFERENCE, logits(1), greedy)

    def answered(request: RequestTrace) -> RequestTrace:
        silent = replace(request.tokens, tokens=np.zeros(0, dtype=np.int64))
        return replace(request, tokens=silent, reply=Reply(None, {}, "", text=text))

    attempts = [replace(a, requests=tuple(map(answered, a.requests))) for a in RUN.attempts]
    found = fidelity_of(tmp_path, resolved, replace(RUN, attempts=tuple(attempts)))
    assert found is not None
    assert [f.value for f in found.figures] == values
    assert (found.outcome, found.limits[0].kept) == ("beyond-limits", False)


@pytest.mark.parametrize("rules", [1, 2])
def test_a_native_runner_is_judged_by_the_bytes_of_its_answers(rules: int, tmp_path: Path) -> None:
    resolved = msgspec.structs.replace(wanting(min_greedy_agreement=0.6), engine_kind="native")
    (tmp_path / FOLDER).mkdir()
    items = sorted({r.item for attempt in RUN.valid() for r in attempt.scored()})
    digests = [hashlib.sha256(f"text of {item}".encode()).hexdigest() for item in items]
    greedy = tuple(
        GreedyOutput(item, sha256, "0" * 64, (1,), b"abcd".hex())
        for item, sha256 in zip(items, digests, strict=True)
    )
    if rules > 1:  # folders of earlier software have no such file
        write_json(tmp_path / FOLDER / ERRORS, {"standard_errors": rules})
    reference_file(tmp_path / FOLDER / REFERENCE, logits(1), greedy)
    answers = (
        Answered(0, items[0], warmup=True, text=b"x"),
        Answered(1, items[0], warmup=False, text=b"abcd and two spare ones"),
        Answered(2, items[1], warmup=False, text=b"abx"),
    )
    attempts = [replace(a, requests=(), answers=answers) for a in RUN.attempts]
    found = fidelity_of(tmp_path, resolved, replace(RUN, attempts=tuple(attempts)))
    assert found is not None
    whole, half = found.figures
    assert float(whole.value) == pytest.approx((1 + 2 / 3) / 2)
    assert (half.value, half.n) == ("0.5", 2 * (len(RUN.valid()) if rules == 1 else 1))
    assert found.limits[0].kept


def test_the_record_states_what_its_figures_mean(tmp_path: Path) -> None:
    resolved = wanting()
    found = field_of(scored_folder(tmp_path, logits(1), logits(2), resolved), resolved)
    results = evaluate(reduce_run(RUN), CONDITIONS)
    record = build(RUN, results, replace(sample_facts(2), fidelity=found))
    defined = {definition.id for definition in record.definitions}
    assert {figure.measurand_id for figure in record.fidelity.figures} <= defined
    assert "no-fidelity-result" not in {warning.code for warning in record.warnings}
