"""Pairs of attempts, one with the sampler and one without: which attempt is which. Pure.

A pair stands in neighbouring slots, so that what drifts slowly meets both alike. Two pairs make
a block, on-off-off-on or its mirror: a drift that is linear over a block cancels in the mean of
its two ratios. Which of the two it is, is drawn by the plan's seed, so that nothing periodic on
the device can keep step with a fixed order.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from host.handover.plan import Plan

PAIR = 2
BLOCK_PAIRS = 2
# One pair has no spread, so no uncertainty.
MIN_PAIRS = 2


@dataclass(frozen=True, slots=True)
class Role:
    """What an attempt is in its run. pair: counted from 1; 0 where attempts are not paired."""

    pair: int
    sampled: bool


def role_of(plan: Plan, slot: int) -> Role:
    """The role of the attempt in this slot, counted from 0.

    An attempt that ended valid or void fills its slot; one that was cut off does not, and the
    next attempt takes its role.
    """
    if plan.run.pairing == "none":
        return Role(0, plan.sampling.enabled)
    pair = slot // PAIR
    block, mirrored = divmod(pair, BLOCK_PAIRS)
    first = bool(mirrored) != _drawn(plan.run.seed, block)
    return Role(pair + 1, first if slot % PAIR == 0 else not first)


def order_key(number: int, pair: int) -> int:
    """What the order of the items is drawn by: both attempts of a pair run the same order."""
    return pair or number


def _drawn(seed: int, block: int) -> bool:
    """A coin: the lowest bit of SHA-256 of the text `<seed>:pairing:<block>`.

    Anyone can redo it from the record, on any machine.
    """
    return bool(hashlib.sha256(f"{seed}:pairing:{block}".encode()).digest()[-1] & 1)
