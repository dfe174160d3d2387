import re

import pytest

from host.handover.conventions import CONVENTIONS
from host.handover.measurands import MEASURANDS
from host.handover.plan import ENGINE_REASONS
from host.handover.quantity import Definition
from host.handover.rules import RULES
from host.handover.text import Txt

CHINESE = "[\u4e00-\u9fff]"
# Names of functions, symbols and of things that have no other name.
MATHEMATICAL = {
    *("mean", "sum", "min", "max", "floor", "latency", "logits", "rule", "request"),
    *("load_end", "load_start", "prompt_eval_end", "prompt", "eval", "end", "load", "start"),
    *("yndman", "vailable"),
}
ALL = [*MEASURANDS.values(), *CONVENTIONS.values()]
UNITS = {"s", "{token}/s", "By/s", "1", "By", "W", "J", "J/{token}", "J/By", "K", "Hz", "{count}"}
UNITS |= {"{inference}/s", "J/{inference}", "J/{image}"}
UNITS |= {"{token}"}


@pytest.mark.parametrize("definition", ALL, ids=lambda d: d.id)
def test_every_definition_says_what_it_is_in_both_languages(definition: Definition) -> None:
    assert definition.unit in UNITS
    for words in (definition.name, definition.start, definition.stop):
        assert words.en.isascii()
        assert re.search(CHINESE, words.zh)
    for words in (definition.model, definition.origin):
        assert words.en.isascii()
        assert words.zh == words.en or re.search(CHINESE, words.zh)


@pytest.mark.parametrize("definition", ALL, ids=lambda d: d.id)
def test_an_equation_with_a_sentence_in_it_is_not_left_in_english(definition: Definition) -> None:
    left = set(re.findall(r"[a-z]{3,}", definition.model.zh)) - MATHEMATICAL
    assert left == set()


@pytest.mark.parametrize("rule", [*RULES, *ENGINE_REASONS], ids=lambda t: t.en)
def test_every_rule_and_reason_is_in_both_languages(rule: Txt) -> None:
    assert rule.en.isascii()
    assert re.search(CHINESE, rule.zh)


def test_measurands_carry_a_version_and_conventions_their_tool() -> None:
    assert all(re.fullmatch(r"[a-z_]+@[1-9]\d*", name) for name in MEASURANDS)
    assert all(re.fullmatch(r"convention:[a-z0-9-]+\.[a-z_]+", name) for name in CONVENTIONS)
