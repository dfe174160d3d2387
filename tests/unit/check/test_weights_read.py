"""Tokens of one reading of the weights, and prompts that were not computed whole: each edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from host.check import weights_read
from host.handover.trace import AlignedRun, Reply, RequestTrace
from tests.fakes.mutants import mutants
from tests.fakes.traces import Shape, attempt, request, run_of

Said = Mapping[str, float]


def _served(said: Said, made: int = 9) -> RequestTrace:
    return replace(request(Shape(output_tokens=made)), reply=Reply(None, said, ""))


def _shown(*logits: int) -> RequestTrace:
    """A runner's: one number a token, the same where they came of the same logits."""
    plain = request(Shape(output_tokens=len(logits)))
    ready_ns = np.array(logits, dtype=np.int64) * 1_000_000
    return replace(plain, tokens=replace(plain.tokens, ready_ns=ready_ns))


def _drafts(checked: float, accepted: float) -> RequestTrace:
    return _served({"draft_n": checked, "draft_n_accepted": accepted})


def _run(*asked: RequestTrace) -> AlignedRun:
    return run_of(attempt(asked))


# Requests of nine tokens, eight after the first, where nothing else is shown.
READINGS: Mapping[str, tuple[AlignedRun, float]] = {
    "no request": (_run(), 1.0),
    "a runner, one token of each logits": (_run(_shown(0, 1, 2, 3)), 1.0),
    "a runner, three tokens of two logits": (_run(_shown(0, 1, 2, 2)), 1.5),
    "a runner, the first token's logits are the prompt's": (_run(_shown(0, 0, 1, 1)), 1.5),
    "a runner, one token": (_run(_shown(0)), 1.0),
    "a runner, no token": (_run(_shown()), 1.0),
    "a runner, as many of one logits as may be": (_run(_shown(0, *[1] * 17)), 17.0),
    "a runner, one more of one logits than may be": (_run(_shown(0, *[1] * 18)), 17.0),
    "llama-server's rates, no drafts": (_run(_served({"predicted_per_second": 4.0})), 1.0),
    "neither rates nor drafts": (_run(_served({"prompt_n": 4.0})), 17.0),
    "drafts, none accepted": (_run(_drafts(9.0, 0.0)), 1.0),
    "drafts, and nothing of how many were accepted": (_run(_served({"draft_n": 9.0})), 1.0),
    "drafts, half accepted": (_run(_drafts(9.0, 4.0)), 2.0),
    "drafts, all but one accepted": (_run(_drafts(9.0, 7.0)), 8.0),
    "as many accepted as came after the first": (_run(_drafts(9.0, 8.0)), 17.0),
    "more accepted than were made": (_run(_drafts(9.0, 99.0)), 17.0),
    "fewer accepted than none": (_run(_drafts(9.0, -1.0)), 17.0),
    "drafts beside rates": (
        _run(_served({"predicted_per_second": 4.0, "draft_n": 9.0, "draft_n_accepted": 4.0})),
        2.0,
    ),
    "the request with most of all": (
        _run(_drafts(9.0, 0.0), _drafts(9.0, 6.0), _drafts(9.0, 4.0)),
        4.0,
    ),
    "a later attempt": (run_of(attempt([_shown(0, 1)]), attempt([_drafts(9.0, 4.0)])), 2.0),
    "a warm-up": (_run(replace(_drafts(9.0, 6.0), warmup=True)), 1.0),
    "a void attempt": (run_of(replace(attempt([_drafts(9.0, 6.0)]), status="void")), 1.0),
}
SETTING: Mapping[str, object] = {"cache_prompt": True}
PROMPTS: Mapping[str, tuple[Mapping[str, object], AlignedRun, bool]] = {
    "no setting, no server": ({}, _run(_shown(0, 1)), False),
    "a server that says nothing": ({}, _run(_served({})), False),
    "a server that kept none": ({}, _run(_served({"cache_n": 0.0, "cached_tokens": 0.0})), False),
    "a server that kept one token": ({}, _run(_served({"cache_n": 1.0})), True),
    "the same by another name": ({}, _run(_served({"cached_tokens": 1.0})), True),
    "the last of three requests": (
        {},
        _run(_shown(0, 1), _served({}), _served({"cache_n": 3.0})),
        True,
    ),
    "a warm-up": ({}, _run(replace(_served({"cache_n": 3.0}), warmup=True)), False),
    "asked to keep them": (SETTING, _run(_served({"cache_n": 0.0})), True),
    "asked to keep none": ({"cache_prompt": False}, _run(_served({})), False),
    "a setting that is no yes": ({"cache_prompt": 1}, _run(_served({})), False),
}


@pytest.mark.parametrize("who", READINGS)
def test_tokens_of_a_reading_are_those_that_were_shown_stated_or_left_open(who: str) -> None:
    run, most = READINGS[who]
    assert weights_read.tokens_a_reading(run) == most


@pytest.mark.parametrize("who", PROMPTS)
def test_prompts_are_kept_where_a_server_says_so_or_was_asked_to(who: str) -> None:
    settings, run, kept = PROMPTS[who]
    assert weights_read.prompts_kept(settings, run) is kept


def _differs(module: ModuleType) -> bool:
    """Whether a module gives another answer than it should anywhere, or fails."""
    try:
        return any(module.tokens_a_reading(run) != most for run, most in READINGS.values()) or any(
            module.prompts_kept(settings, run) is not kept
            for settings, run, kept in PROMPTS.values()
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return True


@pytest.mark.no_cover
def test_every_mutant_of_these_figures_gives_another_answer() -> None:
    made = list(mutants(weights_read))
    assert made
    assert [mutant.said for mutant in made if not _differs(mutant.module)] == []
