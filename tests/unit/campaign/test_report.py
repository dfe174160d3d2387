"""What a campaign says at its end: claims, what may be ranked, drawings, JSON and CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from host.campaign.cells import Asked, read_campaign
from host.campaign.contents import contents
from host.campaign.export import csv_of
from host.campaign.harvest import CellHarvest
from host.campaign.results import CampaignReport, words_of_pair
from host.campaign.state import state_of
from host.errors import CampaignError
from host.handover.fidelity import FidelityField, FidelityFigure
from host.handover.record import Record
from host.handover.text import same
from host.report.campaign_page import page
from tests.fakes.compared import quantity, record
from tests.unit.campaign.test_cells import SEED, STOP, campaign

BLOCKS = 8
# Rates of blocks that drift downwards by 2 % each, with a little noise.
DRIFT = [100 * 0.98**block * (1 + 0.002 * (-1) ** (block // 3)) for block in range(BLOCKS)]


def fidelity(kl: str, reference: str = "r" * 64) -> FidelityField:
    figure = FidelityFigure(
        "kl_divergence_mean@1", same("KL"), "all", kl, "0.001", "1", 40, 4000, same("mean")
    )
    return FidelityField(
        "within-limits",
        ranked=True,
        text=same("within"),
        reference={"data_sha256": reference},
        figures=(figure,),
    )


def visited(rate: float, joules: float, run: str, told: FidelityField | None) -> Record:
    energy = quantity(
        [joules, joules],
        id="energy_per_token@1/mean/request/meter.power",
        measurand_id="energy_per_token@1",
        scope="request",
        source="meter.power",
        unit="J/{token}",
    )
    made = record(quantity([rate, rate]), energy, run=run)
    return made if told is None else msgspec.structs.replace(made, fidelity=told)


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    axes = {"build": {"old": SEED[0], "new": SEED[2]}}
    return read_campaign(campaign(tmp_path / "c.toml", axes=axes, stop={**STOP, "min": 8}))


def report(asked: Asked, ratio: float, told: Mapping[str, FidelityField | None]) -> CampaignReport:
    harvests = {name: CellHarvest() for name in asked.names}
    for block, rate in enumerate(DRIFT, 1):
        # The second visit of a block is a little slower, and every second block is mirrored.
        late = {"old": block % 2 == 0, "new": block % 2 == 1}
        for name, harvest in harvests.items():
            own = rate * (ratio if name == "new" else 1.0) * (0.99 if late[name] else 1.0)
            made = visited(own, 1 / own, f"{name}{block}", told[name])
            harvest.take(made, block, int(late[name]), counted=True)
    ended = state_of(asked, [{"event": "end", "reason": "cap"}])
    return CampaignReport(asked, ended, harvests)


def test_a_difference_is_claimed_under_a_drift_ten_times_as_large(asked: Asked) -> None:
    found = report(asked, 1.015, {"old": None, "new": None})
    (pair,) = found.outcome.pairs
    assert pair.ratio is not None
    assert pair.claimed
    assert pair.ratio.value == pytest.approx(1.015, abs=1e-9)
    assert words_of_pair(pair).en == "new faster"
    assert "better" not in str(found.as_json()["pairs"][0]["text"])
    figure = found.outcome.cells[0].figures["decode_rate@1/mean"]
    assert figure.U is not None
    assert figure.value is not None
    assert figure.U / figure.value > 0.03  # which is why two means alone would not show it


def test_without_fidelity_or_with_two_references_nothing_is_ranked(asked: Asked) -> None:
    one = report(asked, 1.0, {"old": fidelity("0.02"), "new": None}).outcome
    assert [bool(cell.why_unranked) for cell in one.cells] == [False, True]
    told = {"old": fidelity("0.02"), "new": fidelity("0.03", "s" * 64)}
    two = report(asked, 1.0, told).outcome
    assert all("several references" in cell.why_unranked[0].en for cell in two.cells)
    told = {"old": fidelity("0.02"), "new": fidelity("0.03")}
    assert not any(cell.why_unranked for cell in report(asked, 1.0, told).outcome.cells)


def test_page_and_csv_hold_every_cell_and_draw_rate_fidelity_and_energy(asked: Asked) -> None:
    found = report(asked, 1.015, {"old": fidelity("0.02"), "new": fidelity("0.03")})
    drawn = contents(found)
    titles = {each.title.en: each for each in drawn.drawings}
    assert len(titles["Rate against fidelity"].points) == 2
    assert len(titles["Energy against rate"].points) == 2
    html = page(drawn)
    assert html == page(contents(found))
    assert html.count(b"<circle") == 2 * len(drawn.drawings)
    assert b"<script" not in html
    assert b"style=" not in html
    rows = csv_of(found).decode().splitlines()
    assert len(rows) == 1 + 2 * 2


def test_a_short_name_is_one_result_or_is_refused(asked: Asked) -> None:
    harvest = report(asked, 1.0, {"old": None, "new": None}).harvests["old"]
    assert harvest.meant("decode_rate") == ("decode_rate@1/mean",)
    assert harvest.meant("energy_per_token") == ("energy_per_token@1/mean/request/meter.power",)
    assert harvest.meant("system_rate") == ()
    harvest.seen["energy_per_token@1/mean/request/rail"] = {}
    with pytest.raises(CampaignError, match="name one of them"):
        harvest.meant("energy_per_token")


def test_nothing_is_claimed_before_a_campaign_has_ended_by_its_own_rule(asked: Asked) -> None:
    whole = report(asked, 1.015, {"old": None, "new": None})
    (so_far,) = (found := CampaignReport(asked, state_of(asked, []), whole.harvests)).outcome.pairs
    assert so_far.ratio == whole.outcome.pairs[0].ratio
    assert not so_far.claimed
    assert words_of_pair(so_far).en == "no claim before the campaign has ended"
    assert any("when it has ended" in each.en for each in found.verdicts)
    assert b"no claim before" in page(contents(found))


def test_runs_that_the_journal_does_not_name_are_said(asked: Asked) -> None:
    found = replace(report(asked, 1.0, {"old": None, "new": None}), strays=("b009-new",))
    assert any("b009-new" in each.en and "b009-new" in each.zh for each in found.verdicts)
