from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.compare.iso5725 import precision
from host.compare.outliers import (
    DOUBLE_GRUBBS,
    Flag,
    flags,
    mandel_h,
    mandel_k,
    usual_size,
)
from host.errors import UsageError

CALM = [[10.0, 10.1, 9.9], [10.2, 10.1, 10.0], [9.8, 10.0, 9.9], [10.1, 10.0, 10.2],
        [9.9, 9.8, 10.0], [10.0, 10.2, 10.1]]  # fmt: skip


def named(found: tuple[Flag, ...]) -> dict[str, tuple[int, ...]]:
    return {flag.test: flag.groups for flag in found}


def test_groups_alike_raise_no_flag() -> None:
    assert flags(CALM) == ()


def test_cochran_names_the_group_that_scatters() -> None:
    wild = [*CALM[:3], [9.0, 11.5, 10.0], *CALM[3:]]
    found = next(flag for flag in flags(wild) if flag.test == "cochran")
    assert found.groups == (3,)
    assert found.level == "outlier"
    assert found.statistic > found.critical[0] > found.critical[1]


@pytest.mark.parametrize(("shift", "test"), [(1.5, "grubbs_high"), (-1.5, "grubbs_low")])
def test_grubbs_names_the_group_that_lies_apart_at_either_end(shift: float, test: str) -> None:
    far = [*CALM, [x + shift for x in CALM[0]]]
    found = named(flags(far))
    assert found[test] == (6,)
    assert found["mandel_h"] == (6,)


@pytest.mark.parametrize(("shift", "test"), [(1.5, "grubbs_two_high"), (-1.5, "grubbs_two_low")])
def test_two_groups_that_hide_each_other_are_found_by_the_double_test(
    shift: float, test: str
) -> None:
    far = [*CALM, [x + shift for x in CALM[0]], [x + shift for x in CALM[1]]]
    found = named(flags(far))
    assert found[test] == (6, 7)
    assert test.replace("two_", "") not in found


def test_mandel_k_names_the_group_that_scatters() -> None:
    wild = [*CALM, [9.0, 11.0, 10.0]]
    assert named(flags(wild))["mandel_k"] == (6,)


def test_what_is_flagged_stays_in_the_estimates() -> None:
    far = [*CALM, [x + 1.5 for x in CALM[0]]]
    assert flags(far)
    assert precision(far).p == 7
    assert precision(far).n == 21


@pytest.mark.parametrize("p", [5, 8, 12, 20])
def test_the_table_of_the_double_test_comes_out_of_a_simulation(p: int) -> None:
    x = np.sort(np.random.default_rng(p).standard_normal((200_000, p)), axis=1)
    whole = x.var(axis=1) * p
    ends = [x[:, :-2].var(axis=1) * (p - 2) / whole, x[:, 2:].var(axis=1) * (p - 2) / whole]
    found = np.quantile(np.minimum(*ends), [0.01, 0.05])
    assert found == pytest.approx(DOUBLE_GRUBBS[p], rel=0.03, abs=2e-4)


def test_equal_values_raise_no_flag_and_have_no_spread() -> None:
    same = [[2.0, 2.0], [2.0, 2.0], [2.0, 2.0], [2.0, 2.0]]
    assert flags(same) == ()
    found = precision(same)
    assert (found.s_r, found.s_L, found.s_R) == (0, 0, 0)
    assert set(mandel_h(same)) == {0.0}
    assert set(mandel_k(same)) == {0.0}


def test_a_group_of_one_value_has_no_k_and_does_not_change_s_r() -> None:
    groups = [*CALM, [10.0]]
    assert mandel_k(groups)[-1] is None
    assert precision(groups).s_r == pytest.approx(precision(CALM).s_r)


def test_of_two_usual_sizes_the_smaller_is_taken() -> None:
    assert usual_size([[1.0] * 2, [1.0] * 3, [1.0]]) == 2
    assert usual_size([[1.0] * 2, [1.0] * 3, [1.0] * 3]) == 3


def test_one_group_has_repeatability_and_nothing_between() -> None:
    found = precision([[1.0, 2.0, 3.0]])
    assert found.s_r == 1.0
    assert found.s_L is None
    assert found.s_R is None
    assert found.R is None


@pytest.mark.parametrize("groups", [[], [[]], [[1.0], []], [[1.0], [2.0]]])
def test_too_few_values_are_refused(groups: list[list[float]]) -> None:
    with pytest.raises(UsageError):
        precision(groups)


replicates = st.lists(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=5), min_size=2, max_size=8
)


@given(replicates, st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_estimates_move_with_the_values_and_scale_with_their_unit(
    groups: list[list[float]], shift: float, factor: float
) -> None:
    found = precision(groups)
    moved = precision([[(x + shift) * factor for x in group] for group in groups])
    assert moved.s_r == pytest.approx(factor * found.s_r, rel=1e-6, abs=1e-7)
    assert moved.s_R == pytest.approx(factor * (found.s_R or 0), rel=1e-6, abs=1e-7)


@given(replicates)
def test_reproducibility_is_never_less_than_repeatability(groups: list[list[float]]) -> None:
    found = precision(groups)
    assert found.s_R is not None
    assert found.s_R >= found.s_r
