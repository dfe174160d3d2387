"""Stories of devices with limits: results just at what the profile allows, and just beyond it."""

from __future__ import annotations

import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from host.align.read import read_run
from host.check.rules_limits import CACHED_BYTES, OFF_K
from host.reduce.run import reduce_run
from tests.fakes.bad_stories import Spoil
from tests.fakes.story import Story

DOCUMENT = "a data sheet"
READ_BYTES = CACHED_BYTES + 700_000_000
JUST_BELOW = 1 - 1e-12


def _most(story: Story, measurand: str) -> float:
    """The largest value of an attempt, as the record of this story will give it."""
    with TemporaryDirectory() as folder:
        copy.deepcopy(story).write(Path(folder) / "run")
        found = reduce_run(read_run(Path(folder) / "run").run).results
    return max(v for o in found if o.measurand == measurand for _, v in o.by_attempt)


def _limit(story: Story, name: str, **said: object) -> None:
    limits = story.files["plan.json"]["profile"].setdefault("limits", {})
    limits[name] = {"document": DOCUMENT, **said}


def _model(story: Story, read_bytes: object) -> None:
    model: dict[str, Any] = story.files["plan.json"]["model"]
    story.files["plan.json"]["model"] = {**model, "decode_weight_bytes": read_bytes}


def bandwidth(share: float) -> Spoil:
    """share: of the bandwidth that the fastest attempt needs."""

    def spoil(story: Story) -> None:
        needed = _most(story, "decode_rate@1") * (READ_BYTES - CACHED_BYTES)
        _model(story, READ_BYTES)
        _limit(story, "memory_bandwidth_bytes_per_s", value=needed * share)

    return spoil


def compute(share: float) -> Spoil:
    """share: of the operations that the fastest prefill of an attempt needs."""

    def spoil(story: Story) -> None:
        model: dict[str, Any] = story.files["plan.json"]["model"]
        story.files["plan.json"]["model"] = {**model, "prefill_weights": 3_000_000_000}
        needed = 2 * 3_000_000_000 * _most(story, "prefill_rate@1")
        _limit(story, "peak_ops_per_s", value=needed * share)

    return spoil


def power(share: float) -> Spoil:
    """share: of the mean power of the attempt that took most."""

    def spoil(story: Story) -> None:
        _limit(story, "max_power_w", value=_most(story, "mean_power@1") * share)

    return spoil


def temperature(**limits: float) -> Spoil:
    """The first and the last reading of the first attempt are 45 and 46 degrees."""

    def spoil(story: Story) -> None:
        rows = story.attempts[1].streams["source-thermal"].rows
        rows[0][4], rows[-1][4] = "45000", "46000"
        _limit(story, "temperature_c", **limits)

    return spoil


def _cached(story: Story) -> None:
    """Weights that fit into a cache, on a memory that gives nearly nothing."""
    _model(story, CACHED_BYTES)
    _limit(story, "memory_bandwidth_bytes_per_s", value=1e-6)


def _unknown_reads(story: Story) -> None:
    """Limits, and words of which nobody can tell what a step reads or takes."""
    _model(story, "some of them")
    _limit(story, "memory_bandwidth_bytes_per_s", value=1e-6)
    story.files["plan.json"]["model"]["prefill_weights"] = "many"
    _limit(story, "peak_ops_per_s", value=1e-6)


def _odd_limits(story: Story) -> None:
    """Limits that nobody can understand accuse nobody."""
    _model(story, 2**50)
    story.files["plan.json"]["profile"]["limits"] = {"max_power_w": "much"}


def _outside(story: Story) -> None:
    """A meter at the wall sees more than the module alone takes."""
    for channels in (story.files["sources.json"]["channels"], *_channels(story)):
        for channel in channels:
            if channel["quantity"] == "energy":
                channel["tier"] = "A-"
    _limit(story, "max_power_w", value=_most(story, "mean_power@1") / 2)


def _channels(story: Story) -> list[list[dict[str, Any]]]:
    return [a.stated["sources"]["channels"] for a in story.attempts.values()]


def _all(*spoils: Spoil) -> Spoil:
    """Several at once: a folder of its own for each would take its time."""

    def spoil(story: Story) -> None:
        for one in spoils:
            one(story)

    return spoil


LIMITS_BAD: dict[str, tuple[Spoil, ...]] = {
    "bandwidth-kept": (bandwidth(JUST_BELOW),),
    "compute-kept": (compute(JUST_BELOW),),
    "power-kept": (power(JUST_BELOW),),
    "temperature-kept": (
        temperature(max=45.999 - OFF_K),
        temperature(max=60.0, min=45.001 + OFF_K),
    ),
}
LIMITS_LEGAL: dict[str, Spoil] = {
    "all that the device can do": _all(
        bandwidth(1.0), compute(1.0), power(1.0), temperature(max=46.0 - OFF_K, min=45.0 + OFF_K)
    ),
    "weights in a cache, heat alone, a meter outside": _all(
        _cached, temperature(max=46.0), _outside
    ),
    "reads that are not known": _unknown_reads,
    "limits that cannot be understood": _odd_limits,
}
