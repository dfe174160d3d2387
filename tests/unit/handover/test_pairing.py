from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.handover.pairing import Role, order_key, role_of
from host.handover.plan import Plan
from host.plan.load import default, override


def paired(seed: int = 1) -> Plan:
    return override(default()[0], {"pairing": "on_off", "seed": seed})


def word(plan: Plan, slots: int) -> str:
    return "".join("A" if role_of(plan, slot).sampled else "B" for slot in range(slots))


@given(seed=st.integers(0, 2**53 - 1), block=st.integers(0, 1000))
def test_each_block_of_two_pairs_is_its_own_mirror(seed: int, block: int) -> None:
    plan = paired(seed)
    roles = [role_of(plan, 4 * block + i) for i in range(4)]
    assert [r.pair for r in roles] == [2 * block + 1] * 2 + [2 * block + 2] * 2
    letters = "".join("A" if r.sampled else "B" for r in roles)
    assert letters in {"ABBA", "BAAB"}


def test_the_order_follows_from_the_seed_alone() -> None:
    # SHA-256 of `1:pairing:0` and so on, last bit: anyone can redo it with sha256sum.
    assert word(paired(1), 16) == word(paired(1), 16)
    assert {word(paired(seed), 16) for seed in range(40)} != {word(paired(1), 16)}


def test_both_mirrors_come_up_about_as_often() -> None:
    starts = [role_of(paired(7), 4 * block).sampled for block in range(400)]
    assert 140 < sum(starts) < 260  # six standard deviations of a fair coin


def test_a_linear_drift_cancels_over_a_block() -> None:
    plan = paired(3)
    ratios = []
    for pair in range(2):
        slots = {role_of(plan, slot).sampled: slot for slot in (2 * pair, 2 * pair + 1)}
        ratios.append(slots[True] - slots[False])
    assert sum(ratios) == 0


@pytest.mark.parametrize("enabled", [True, False])
def test_without_pairs_every_attempt_is_as_the_plan_samples(enabled: bool) -> None:  # noqa: FBT001
    plan = default()[0]
    plan = msgspec.structs.replace(
        plan, sampling=msgspec.structs.replace(plan.sampling, enabled=enabled)
    )
    assert {role_of(plan, slot) for slot in range(9)} == {Role(0, enabled)}


def test_both_attempts_of_a_pair_run_the_items_in_one_order() -> None:
    plan = paired()
    keys = [order_key(slot + 1, role_of(plan, slot).pair) for slot in range(6)]
    assert keys == [1, 1, 2, 2, 3, 3]
    alone = default()[0]
    assert [order_key(n, role_of(alone, n).pair) for n in (1, 2)] == [1, 2]
