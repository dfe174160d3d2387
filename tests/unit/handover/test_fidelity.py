"""What fidelity figures mean stands in both languages."""

from __future__ import annotations

import re

import pytest

from host.fidelity.figures import BOOTSTRAP, DELTA, OF_MEANS, OF_REQUESTS
from host.fidelity.gate import LIMITS, RULE
from host.handover.fidelity import DEFINED, NAMES, FidelityPlan
from host.handover.quantity import Definition
from host.handover.text import Txt

CHINESE = "[\u4e00-\u9fff]"


@pytest.mark.parametrize("definition", DEFINED, ids=lambda d: d.id)
def test_every_figure_says_what_it_is_in_both_languages(definition: Definition) -> None:
    assert re.fullmatch(r"[a-z0-9_]+@[1-9]", definition.id)
    for words in (definition.name, definition.start, definition.stop):
        assert words.en.isascii()
        assert re.search(CHINESE, words.zh)


@pytest.mark.parametrize("words", [OF_MEANS, DELTA, BOOTSTRAP, OF_REQUESTS, RULE], ids=str)
def test_every_rule_is_in_both_languages(words: Txt) -> None:
    assert words.en.isascii()
    assert re.search(CHINESE, words.zh)


def test_every_limit_of_a_plan_limits_a_figure_that_there_is() -> None:
    keys = {name for name in FidelityPlan.__struct_fields__ if name != "reference"}
    assert keys == set(LIMITS)
    assert {measurand for measurand, _ in LIMITS.values()} <= set(NAMES)
