"""The `[audit]` table of a plan: probes after the scored attempts, and their limits.

Every number is stated in the plan, so that the limits are fixed before anything is measured. A
probe is never a scored attempt. Sources of the limits: `DEFAULT_AUDIT`.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

ProbeKind = Literal["repeat", "seed", "permuted", "canary", "length"]
# Least pairs of requests: two ratios have a spread, three one that says something.
MIN_PROMPTS = 3
Share = Annotated[float, Meta(gt=0, le=1)]
Sha256OrEmpty = Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]


class AuditPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is probed.

    probes: `repeat` asks one prompt again and again between prompts that nobody asked before;
    `seed` asks the dataset's prompts beside unknown ones of the same length; `permuted` runs the
    model with rows of its weights in another order, between two attempts with the model as it is;
    `canary` asks prompts whose output tokens are known; `length` compares output lengths with
    known ones, for `run.stop = "natural"`.

    prompts: pairs of requests of `repeat` and `seed`, and at most so many of `canary`.
    prompt_tokens, output_tokens: of the prompts of `repeat`; `seed` takes those of the dataset. A
    native runner takes texts: four bytes for each of prompt_tokens. A plain graph has neither.
    least_repeat_ratio, least_seed_ratio: time of known prompts over time of unknown ones; below it
    an answer was kept. most_speed_change_ratio: of the decode rate with permuted weights.
    least_canary_ratio: tokens up to the first other one, over all known ones. length_band_ratio:
    mean output length over the known one, off 1 by no more. reference: a file of known outputs
    (`inferometer audit reference`), which `canary` and `length` need; sha256 when it must be it.
    """

    probes: Annotated[tuple[ProbeKind, ...], Meta(min_length=1, max_length=5)]
    prompts: Annotated[int, Meta(ge=MIN_PROMPTS, le=1_000)]
    prompt_tokens: Annotated[int, Meta(ge=1, le=1_000_000)]
    output_tokens: Annotated[int, Meta(ge=2, le=1_000_000)]
    least_repeat_ratio: Share
    least_seed_ratio: Share
    most_speed_change_ratio: Share
    least_canary_ratio: Share
    length_band_ratio: Share
    reference: Annotated[str, Meta(max_length=4096)] = ""
    reference_sha256: Sha256OrEmpty = ""


# What `measure --audit` takes. repeat: MLPerf's TEST04 fails what is over 10 % faster. seed:
# TEST05, within 5 %. permuted: 2 % is what MLPerf calls materially different. length: TEST09,
# within 10 % (all: `shared` reference reliability, 3.2). canary: our choice; greedy decoding on
# one build repeats itself, and on another a near tie may turn an output from some token on.
# prompts and lengths: our choice, some seconds on a phone.
DEFAULT_AUDIT: Final = AuditPlan(
    probes=("repeat", "seed", "permuted"),
    prompts=8,
    prompt_tokens=128,
    output_tokens=16,
    least_repeat_ratio=0.9,
    least_seed_ratio=0.95,
    most_speed_change_ratio=0.02,
    least_canary_ratio=0.9,
    length_band_ratio=0.1,
)
# Probe -> folders under data/probes/ that its attempts are kept in, in the order run. `plain` is
# the model as it is, after the permuted one: what drifts evenly meets both alike. `length` looks
# at the scored attempts.
ATTEMPTS: Final[dict[str, tuple[str, ...]]] = {
    "repeat": ("repeat",),
    "seed": ("seed",),
    "permuted": ("permuted", "plain"),
    "canary": ("canary",),
    "length": (),
}


def attempts_of(plan: AuditPlan) -> tuple[str, ...]:
    """Names of the attempts that the probes of a plan add, in the order run."""
    return tuple(name for probe in dict.fromkeys(plan.probes) for name in ATTEMPTS[probe])


# Attempts of probes are numbered from here on, far from those that are scored: from
# `FIRST + 10 * n` on when they are tried for the n-th time again, after a cut. No agent takes a
# number beyond a million.
FIRST: Final = 900_000
NAMES: Final = ("repeat", "seed", "permuted", "plain", "canary")
STEP: Final = 10


def number_of(name: str, again: int) -> int:
    """The number of a probe's attempt; again: how often it was tried before."""
    return FIRST + STEP * again + NAMES.index(name)


def folder_of(number: int) -> str:
    """The folder of an attempt of that number under data/probes/: `seed`, then `seed-2`."""
    again, place = divmod(number - FIRST, STEP)
    return NAMES[place] + (f"-{again + 1}" if again else "")
