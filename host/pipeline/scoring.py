"""Fidelity in a run: the device scores the model. Not in `fidelity`: a redo needs no device."""

from __future__ import annotations

from pathlib import Path

import msgspec

from host.artefacts.fidelity.reference import find_reference
from host.errors import Interrupted
from host.fidelity.bag import FOLDER, REFERENCE, SCORES, STATED
from host.handover.fidelity import SCORING_ENGINES, FidelityPlan, Scores
from host.pipeline.divergence import state_divergence
from host.run.attempts import Bench
from host.run.folder import write_json
from host.run.link import Link
from host.run.scoring import Ask, ScoringStoppedError, score


def score_run(bench: Bench, link: Link) -> str:
    """Score the run's model once, with its own engine and settings, if the plan wants it.

    Before the attempts: a model that fails its gate is known to fail before hours are spent on
    its speed, and a run that is cut off later still says what its model was worth. A run that is
    resumed has its scores already. Gives "" or `interrupted`: the first Ctrl-C ends it.
    """
    plan = bench.plan
    place = bench.folder.data / FOLDER
    if not isinstance(plan.plan.fidelity, FidelityPlan):
        return ""
    if (place / SCORES).exists() or (place / STATED).exists():
        return ""
    with bench.switch.at_once(link):
        if bench.switch.level:
            return "interrupted"
        try:
            if plan.engine_kind in SCORING_ENGINES:
                _score(bench, link, place)
            elif plan.engine_settings.get("divergence"):
                state_divergence(bench, link, place)
        except ScoringStoppedError:
            bench.journal.note("score_stopped", {})
            return "interrupted"
    return ""


def score_first(bench: Bench, link: Link) -> None:
    """As `score_run`, before a run is handed over. Raises Interrupted."""
    if score_run(bench, link):
        raise Interrupted(
            str(bench.folder.path),
            "was interrupted while its model was scored, and was not handed over;"
            " `inferometer measure --resume` goes on with it here",
        )


def _score(bench: Bench, link: Link, place: Path) -> None:
    plan = bench.plan
    found = find_reference(str(place / REFERENCE))
    bench.journal.note("score_start", {"windows": len(found.head.windows)})
    ask = Ask(
        engine_kind=plan.engine_kind,
        settings=plan.engine_settings,
        model=plan.model_path,
        directory=bench.spool / FOLDER,
        windows=found.head.windows,
        first=found.head.first,
        watchdog_s=plan.plan.run.watchdog_s,
    )
    scored = score(link, bench.pulls, ask, place, bench.watch)
    scores = Scores(
        reference_sha256=found.sha256,
        model_sha256=str(plan.model["sha256"]),
        engine_kind=plan.engine_kind,
        settings=plan.engine_settings,
        files=scored.files,
        engine=scored.engine,
    )
    write_json(place / SCORES, msgspec.to_builtins(scores))
    bench.journal.note("score_end", {"windows": len(scored.files)})
