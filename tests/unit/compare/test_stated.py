"""Figures that native runners state of themselves, beside each other."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from host.campaign.harvest import CellHarvest
from host.campaign.names import short
from host.cli.compare_cells import is_shown
from host.compare.run import Comparison, compare
from host.compare.unlike import Effect
from host.handover.quantity import Quantity
from host.handover.record import Record
from host.handover.stated import PP, VENDOR_RATE
from host.handover.text import Txt
from tests.fakes.compared import quantity, record

ITEM = "prompt-32-output-32-zh"


def stated(values: Sequence[float], of: str = VENDOR_RATE, about: str = "threads = 2") -> Quantity:
    return quantity(
        values,
        id=f"{of}/mean/{ITEM}/runner.rate",
        measurand_id=of,
        scope=ITEM,
        source="runner.rate",
        rule=Txt(f"程序自述；{about}", f"stated by the runner; {about}"),
    )


def run(name: str, figure: Quantity, runner: str = "npu-run") -> Record:
    """A record whose runner states one figure, beside what is derived from our stamps."""
    derived = quantity([1.0, 2.0], id="convention:peer/mean", measurand_id="convention:peer")
    said = ({"name": runner, "role": "runner", "version": "1"},)
    return record(quantity([1.0, 1.1]), run=name, conventions=(derived, figure), software=said)


def rules(found: Comparison) -> dict[str, tuple[Effect, tuple[str, ...]]]:
    return {d.rule: (d.effect, d.values) for d in found.differences if "stated" in d.rule}


def test_what_one_runner_states_of_two_builds_is_compared_and_peers_words_are_not() -> None:
    first = run("a", stated([50.0, 51.0, 52.0]))
    second = run("b", stated([90.0, 91.0, 92.0], about="threads = 2, build = 7"))
    found = compare((first, second))
    verdicts = {pair.measured_a.id: pair.verdict for pair in found.pairs}
    assert verdicts[f"{VENDOR_RATE}/mean/{ITEM}/runner.rate"] == "higher"
    assert "convention:peer/mean" not in verdicts
    assert rules(found) == {"stated-about": (Effect.SAID, ("none", "build = 7"))}


def test_a_table_shows_what_is_stated_of_an_item_as_there_is_no_whole_of_it() -> None:
    item = quantity([1.0, 1.1], id=f"decode_rate@1/mean/{ITEM}", scope=ITEM)
    records = [
        msgspec.structs.replace(each, results=(*each.results, item))
        for each in (run("a", stated([50.0, 51.0])), run("b", stated([90.0, 91.0])))
    ]
    shown = [pair for pair in compare(records).pairs if is_shown(pair, {ITEM})]
    assert [pair.measured_a.quantity.scope for pair in shown] == ["", ITEM]
    assert shown[1].measured_a.quantity.measurand_id == VENDOR_RATE


def test_own_words_of_two_runners_are_refused_and_a_common_convention_is_not() -> None:
    first, second = (
        compare((run("a", stated([50.0, 51.0], of)), run("b", stated([90.0, 91.0], of), "other")))
        for of in (VENDOR_RATE, PP)
    )
    assert [pair.reason for pair in first.pairs if pair.verdict == "refused"] == ["stated-by"]
    assert rules(first) == {"stated-by": (Effect.PART, ("npu-run", "other"))}
    assert not rules(second)
    assert all(pair.verdict != "refused" for pair in second.pairs)


def test_a_campaign_may_name_what_a_runner_states() -> None:
    harvest = CellHarvest()
    harvest.take(run("a", stated([50.0, 51.0])), 1, 1, counted=True)
    wanted = f"{VENDOR_RATE}/mean/{ITEM}/runner.rate"
    for name in ("stated.vendor.rate", VENDOR_RATE, wanted, short(wanted)):
        assert harvest.meant(name) == (wanted,)
    assert harvest.values(wanted) == [50.5]
