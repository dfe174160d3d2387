from __future__ import annotations

from itertools import pairwise

import pytest

from host.plan.facts import END, Facts, parse
from host.plan.match import match
from host.plan.profile import all_shipped
from tests.fakes.property_texts import EXPECTED, PIXEL_8_PRO, RISC_V_BOARD


def facts_of(text: str, way: str) -> Facts:
    found = parse(f"{text}{END}\n".encode())
    assert not found.refused
    return {**found.facts, "transport.kind": (way,)}


@pytest.mark.parametrize(("text", "way", "first"), EXPECTED.values(), ids=EXPECTED)
def test_the_profile_of_a_product_is_the_first(text: str, way: str, first: str) -> None:
    best = match(facts_of(text, way), all_shipped())[0]
    assert (best.matches, best.name) == (True, first), best


def test_a_general_profile_still_fits_below_the_special_one() -> None:
    judged = match(facts_of(PIXEL_8_PRO, "adb"), all_shipped())
    fitting = [one for one in judged if one.matches]
    assert [one.name for one in fitting] == ["pixel-6-plus", "android"]
    assert fitting[0].specificity > fitting[1].specificity


def test_reasons_name_the_fact_and_what_it_is() -> None:
    best = match(facts_of(PIXEL_8_PRO, "adb"), all_shipped())[0]
    assert "getprop.ro.soc.model is Tensor G3" in best.held
    assert "reached by adb, wanted adb or adb-direct" in best.held


def test_nothing_fits_and_the_closest_says_which_rules_failed() -> None:
    judged = match(facts_of(RISC_V_BOARD, "ssh"), all_shipped())
    assert not any(one.matches for one in judged)
    closest = judged[0]
    assert closest.name == "linux-arm-board"
    assert closest.failed == ("uname.machine is riscv64, wanted aarch64 or arm64 or armv[78]*",)
    assert "uname.kernel is Linux" in closest.held
    assert all(a.share >= b.share for a, b in pairwise(judged))


def test_a_profile_does_not_fit_by_a_way_that_it_does_not_know() -> None:
    judged = match(facts_of(PIXEL_8_PRO, "ssh"), all_shipped())
    pixel = next(one for one in judged if one.name == "pixel-6-plus")
    assert pixel.failed == ("reached by ssh, wanted adb or adb-direct",)


def test_a_rule_that_must_not_hold_says_what_it_found() -> None:
    judged = match(facts_of(PIXEL_8_PRO, "ssh"), all_shipped())
    board = next(one for one in judged if one.name == "linux-arm-board")
    assert board.failed == ("getprop.ro.build.version.sdk is 34, which must not be",)


def test_upper_and_lower_case_are_the_same() -> None:
    shouted = PIXEL_8_PRO.replace("Tensor G3", "TENSOR G3").replace("=Google", "=GOOGLE")
    assert match(facts_of(shouted, "adb"), all_shipped())[0].name == "pixel-6-plus"


def test_without_any_fact_nothing_fits() -> None:
    judged = match({}, all_shipped())
    assert not any(one.matches for one in judged)
    assert all(one.failed for one in judged)
