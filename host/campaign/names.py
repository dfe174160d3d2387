"""Which results a campaign file means by a name, and what a result is called."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

from host.errors import CampaignError
from host.handover.measurands import MEASURANDS
from host.handover.quantity import Quantity
from host.handover.served_figures import STEP
from host.handover.stated import STATED
from host.handover.text import Txt

MEAN: Final = "mean"
CONVENTION: Final = "convention:"
_MOST_NAMES = 4


def short(result: str) -> str:
    """A result id without version and `mean`: `decode_rate@1/mean` is `decode_rate`.

    What a runner states of itself is `stated.vendor.rate` with its item and source.
    """
    first, *more = result.split("/")
    name = first.partition("@")[0].removeprefix(CONVENTION)
    return "/".join([name, *(more[1:] if more[:1] == [MEAN] else more)])


def meant(measurand: str, ids: Collection[str]) -> tuple[str, ...]:
    """The ids that a campaign file means, of those of a cell; none where none fits.

    `decode_rate` is `decode_rate@1/mean`, `peak_memory` the only one of that beginning. Where the
    load has steps, it is the result of each step, fewest streams first: `decode_rate/streams=4`
    names one of them. Raises CampaignError where several fit that are no steps of one load.
    """
    if measurand in ids:
        return (measurand,)
    measurand = measurand.removeprefix(CONVENTION)
    exact = [each for each in ids if short(each) == measurand]
    fit = exact or sorted(each for each in ids if short(each).startswith(f"{measurand}/"))
    steps = {streams: each for each in fit if (streams := streams_of(each)) is not None}
    if len(steps) == len(fit) and all(_of_step(measurand, each) for each in fit):
        return tuple(steps[streams] for streams in sorted(steps))
    if len(fit) > 1:
        names = ", ".join(short(each) for each in sorted(fit)[:_MOST_NAMES])
        raise CampaignError("measurands", f"{measurand} may be {names}: name one of them")
    return tuple(fit)


def _of_step(measurand: str, result: str) -> bool:
    """Whether a result is the named one with its step and nothing else between."""
    return short(result).partition(f"/{STEP}")[0] == measurand.partition(f"/{STEP}")[0]


def streams_of(result: str) -> int | None:
    """Streams at once of a result of one step of load; None for any other result."""
    last = result.rpartition("/")[2]
    streams = last.removeprefix(STEP)
    return int(streams) if streams != last and streams.isdecimal() else None


def refuse_unknown(measurands: Collection[str], name: str) -> None:
    """Refuse what no record can have. name: of the file. Raises CampaignError with near names."""
    known = {short(each) for each in (*MEASURANDS, *STATED)}
    for measurand in measurands:
        first = measurand.partition("/")[0].partition("@")[0].removeprefix(CONVENTION)
        if first in known:
            continue
        near = get_close_matches(first, known, n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        raise CampaignError(name, f"measurands: records have no result {measurand}{hint}")


def of_all_steps(result: str) -> str:
    """The result id without its step: what the steps of one load have in common."""
    return result if streams_of(result) is None else result.rpartition("/")[0]


def name_of(quantity: Quantity, *, step: bool = True) -> Txt:
    """Its name with what tells results of one measurand apart; step: the number of streams too."""
    scope = step_name(streams_of(quantity.scope)) if step else Txt("", "")
    if streams_of(quantity.scope) is None:
        scope = Txt(quantity.scope, quantity.scope)
    zh = ", ".join(part for part in (scope.zh, quantity.source) if part)
    en = ", ".join(part for part in (scope.en, quantity.source) if part)
    return Txt(
        f"{quantity.name.zh}（{zh}）" if zh else quantity.name.zh,
        f"{quantity.name.en} ({en})" if en else quantity.name.en,
    )


def step_name(streams: int | None) -> Txt:
    """A step of load in words."""
    return Txt(f"同时 {streams} 路", f"{streams} at once")
