"""Shapes of load as cells: results by step, an answer for each load, and lines over steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from host.campaign.cells import Asked, read_campaign
from host.campaign.contents import contents
from host.campaign.harvest import CellHarvest
from host.campaign.names import meant
from host.campaign.results import CampaignReport
from host.campaign.state import state_of
from host.errors import CampaignError, UsageError
from host.handover.quantity import Quantity
from host.handover.record import Record
from host.report.campaign_page import page
from tests.fakes.compared import quantity, record, with_settings
from tests.unit.campaign.test_cells import SEED, STOP, campaign
from tests.unit.campaign.test_report import DRIFT, fidelity

STEPS = (1, 2, 8)
LOADS: dict[str, dict[str, Any]] = {
    "single": {},
    "streams": {"load": {"shape": "streams", "steps": list(STEPS), "requests_per_stream": 1}},
    # Settings of an engine that a load needs make it no build that is chosen.
    "cold": {"load": {"shape": "cold"}, "engine": {"settings": {"n_ctx": 512}}},
}


def of_step(measurand: str, streams: int, rate: float) -> Quantity:
    return quantity(
        [rate, rate],
        id=f"{measurand}@1/mean/streams={streams}",
        measurand_id=f"{measurand}@1",
        scope=f"streams={streams}",
    )


def visited(load: str, rate: float, run: str) -> Record:
    """What a visit of a load gives: a whole rate, or rates of each step."""
    results = [quantity([rate, rate])]
    if load == "streams":
        results = [of_step("decode_rate", n, rate / n) for n in STEPS]
        results += [of_step("system_rate", n, 0.9 * rate) for n in STEPS]
    made = with_settings(record(*results, run=run), load=load)
    return msgspec.structs.replace(made, fidelity=fidelity("0.02"))


def asked_of(tmp_path: Path, **over: Any) -> Asked:  # noqa: ANN401
    axes = {"load": LOADS, "build": {"old": SEED[0], "new": SEED[2]}}
    measurands = ["decode_rate", "system_rate/streams=8"]
    whole = {"axes": axes, "measurands": measurands, "stop": {**STOP, "min": 8}, **over}
    return read_campaign(campaign(tmp_path / "c.toml", **whole))


def told(asked: Asked) -> CampaignReport:
    """Eight blocks in which the new build is 5 % faster, ended."""
    harvests = {name: CellHarvest() for name in asked.names}
    for block, rate in enumerate(DRIFT, 1):
        for place, (name, harvest) in enumerate(harvests.items()):
            load, _, build = name.partition("-")
            own = rate * (1.05 if build == "new" else 1) * (1 + 0.001 * ((block * 7 + place) % 5))
            harvest.take(visited(load, own, f"{name}{block}"), block, place, counted=True)
    return CampaignReport(
        asked, state_of(asked, [{"event": "end", "reason": "precision"}]), harvests
    )


def test_a_name_means_the_result_of_each_step_or_of_one_that_it_names() -> None:
    ids = [f"decode_rate@1/mean/streams={n}" for n in (8, 1, 2)] + ["system_rate@1/mean/streams=1"]
    assert meant("decode_rate", ids) == tuple(f"decode_rate@1/mean/streams={n}" for n in STEPS)
    assert meant("decode_rate/streams=2", ids) == ("decode_rate@1/mean/streams=2",)
    assert meant("decode_rate/streams=4", ids) == ()
    tails = [f"inter_token_interval@1/p{p}/streams={n}" for p in (50, 95) for n in STEPS]
    assert meant("inter_token_interval/p95", tails) == tuple(tails[3:])
    with pytest.raises(CampaignError, match="name one of them"):
        meant("inter_token_interval", tails)


def test_a_result_that_no_record_can_have_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no result decode_rte, did you mean decode_rate"):
        asked_of(tmp_path, measurands=["decode_rate", "decode_rte"])


def test_each_load_and_each_step_has_an_answer_and_none_is_asked_of_another_load(
    tmp_path: Path,
) -> None:
    found = told(asked_of(tmp_path))
    by = {(a.where["load"], a.result): a.first for a in found.answers}
    steps = {("streams", f"decode_rate@1/mean/streams={n}") for n in STEPS}
    whole = {("single", "decode_rate@1/mean"), ("cold", "decode_rate@1/mean")}
    assert by.keys() == steps | whole | {("streams", "system_rate@1/mean/streams=8")}
    assert by["streams", "decode_rate@1/mean/streams=8"] == ("streams-new",)
    assert by["cold", "decode_rate@1/mean"] == ("cold-new",)
    between = [p for p in found.outcome.pairs if p.a[:3] != p.b[:3] and p.ratio is not None]
    assert between == [], "rates of two loads are of two quantities"


def test_rates_are_drawn_over_streams_with_a_line_for_each_build(tmp_path: Path) -> None:
    found = told(asked_of(tmp_path))
    system, each = contents(found).steps
    assert [line.name for line in system.lines] == ["old", "new"]
    assert [step.streams for step in each.lines[1].steps] == list(STEPS)
    first, *_, last = each.lines[1].steps
    assert first.value / last.value == pytest.approx(STEPS[-1])
    assert last.expanded is not None
    html = page(contents(found)).decode()
    assert html.count("<polyline") == 4
    assert "Rate of each stream by their number (streams): 1 old: 1: " in html
    assert "style=" not in html
    one = told(
        asked_of(
            tmp_path,
            axes={
                "load": {"single": {}, "cold": LOADS["cold"]},
                "build": {"old": SEED[0], "new": SEED[2]},
            },
            measurands=["decode_rate"],
        )
    )
    assert contents(one).steps == ()
