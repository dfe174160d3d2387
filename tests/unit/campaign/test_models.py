"""Several models with a reference each, power of several tiers, and cells that were caught."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from host.campaign.cells import Asked, read_campaign
from host.campaign.circumstances import judged_pairs
from host.campaign.contents import contents
from host.campaign.evidence import said_of
from host.campaign.harvest import CellHarvest
from host.campaign.results import CampaignReport
from host.campaign.state import State, state_of
from host.handover.record import Record
from host.report.campaign_page import page
from tests.fakes.compared import quantity, record
from tests.unit.campaign.test_answer import END
from tests.unit.campaign.test_answer import asked_of as two_builds
from tests.unit.campaign.test_answer import told as two_told
from tests.unit.campaign.test_cells import SEED, STOP, campaign
from tests.unit.campaign.test_journal import ended
from tests.unit.campaign.test_report import DRIFT, fidelity, visited


def of_model(name: str) -> dict[str, Any]:
    limits = {"max_mean_kl": 0.1}
    return {
        "model": {"reference": f"{name}.gguf"},
        "fidelity": {"reference": f"{name}.fidelity", **limits},
    }


def models(tmp_path: Path, axes: dict[str, Any]) -> Asked:
    return read_campaign(campaign(tmp_path / "c.toml", axes=axes, stop={**STOP, "min": 8}))


def told(asked: Asked) -> CampaignReport:
    """Cells with `big` in their name are half as fast, `new` ones 5 % faster."""
    harvests = {name: CellHarvest() for name in asked.names}
    for block, rate in enumerate(DRIFT, 1):
        for place, (name, harvest) in enumerate(harvests.items()):
            own = rate * (0.5 if "big" in name else 1) * (1.05 if "new" in name else 1)
            own *= 1 + 0.001 * ((block * 7 + place * 3) % 5)
            truth = fidelity("0.02", ("b" if "big" in name else "s") * 64)
            harvest.take(
                visited(own, 1 / own, f"{name}{block}", truth), block, place, counted=True
            )
    return CampaignReport(asked, state_of(asked, [END]), harvests)


def test_each_model_has_an_answer_of_its_own_and_none_is_given_across_them(tmp_path: Path) -> None:
    builds = {"old": SEED[0], "new": SEED[2]}
    asked = models(
        tmp_path, {"model": {n: of_model(n) for n in ("big", "small")}, "build": builds}
    )
    found = told(asked)
    assert {a.where["model"]: a.first for a in found.answers} == {
        "big": ("big-new",),
        "small": ("small-new",),
    }
    assert judged_pairs(asked, asked.names) == [("big-old", "big-new"), ("small-old", "small-new")]
    assert any("none across them" in each.en for each in found.verdicts)
    titles = [d.title.en for d in contents(found).drawings]
    assert [t for t in titles if t.startswith("Rate against fidelity")] == [
        "Rate against fidelity (big)",
        "Rate against fidelity (small)",
    ]
    assert "none across them" in page(contents(found)).decode()


def test_builds_of_two_models_on_one_axis_are_apart_by_their_references(tmp_path: Path) -> None:
    builds = {
        "big-q4": of_model("big"),
        "big-new": {**of_model("big"), "model": {"reference": "new.gguf"}},
        "small": of_model("small"),
    }
    found = told(models(tmp_path, {"build": builds}))
    assert {a.where["fidelity"]: (a.first, a.beaten) for a in found.answers} == {
        "big": (("big-new",), ("big-q4",)),
        "small": (("small",), ()),
    }


def with_meter(rate: float, run: str, tier: str) -> Record:
    """A visit with a meter of this tier, "" for none, beside a rail of the device."""
    energies = [
        quantity(
            [1 / rate] * 2,
            id=f"energy_per_token@1/mean/request/{source}",
            measurand_id="energy_per_token@1",
            scope="request",
            source=source,
            unit="J/{token}",
            tier=own,
        )
        for source, own in (("meter.power", tier), ("rail", "B"))
        if own
    ]
    return record(quantity([rate, rate]), *energies, run=run)


@pytest.mark.parametrize(
    ("tier", "said", "counted"),
    [
        ("A-", "", 2),
        ("A", "power-changed: meter.power: tier A- -> tier A", 1),
        ("", "power-changed: meter.power: tier A- -> none", 1),
    ],
)
def test_energies_of_several_tiers_are_not_averaged_and_the_visit_says_so(
    tier: str, said: str, counted: int
) -> None:
    cell = CellHarvest()
    assert said_of(cell.take(with_meter(10.0, "a", "A-"), 1, 0, counted=True)) == ""
    assert said_of(cell.take(with_meter(11.0, "b", tier), 2, 0, counted=True)) == said
    assert len(cell.values("energy_per_token@1/mean/request/meter.power")) == counted
    assert len(cell.values("energy_per_token@1/mean/request/rail")) == 2
    assert len(cell.values("decode_rate@1/mean")) == 2


def caught(asked: Asked, *ends: tuple[str, str]) -> State:
    state = state_of(asked, [])
    for status, reason in ends:
        ended(state, status, reason)
    state.take(END)
    return state


def test_a_build_that_was_caught_once_is_not_ranked_for_its_other_visits(tmp_path: Path) -> None:
    asked = two_builds(tmp_path)
    whole = two_told(asked, {"old": 1.0, "new": 1.05})
    why = (
        "audit-repeat: failed: ratio of times 0.2 < 0.5; attempt-void: attempt 2, engine-crash: x"
    )
    state = caught(asked, ("void", why), ("valid", ""))
    lost = state.visits[0].slot.cell
    found = CampaignReport(asked, state, whole.harvests)
    (other,) = (name for name in asked.names if name != lost)
    assert found.answers[0].first == (other,)
    (cell,) = (c for c in found.outcome.cells if c.name == lost)
    (reason,) = cell.why_unranked
    assert reason.en.startswith("1 of 1 visits are void: ")
    assert f"nobody declared (audit-repeat, first in b001-{lost})" in reason.en
    assert reason.en in page(contents(found)).decode()


def test_a_cell_whose_every_visit_was_caught_says_by_what(tmp_path: Path) -> None:
    asked = two_builds(tmp_path)
    whole = two_told(asked, {"old": 1.0, "new": 1.0})
    state = caught(asked, ("void", "fidelity-gate: KL 3 > 0.1"), ("valid", ""))
    lost = state.visits[0].slot.cell
    found = CampaignReport(asked, state, {**whole.harvests, lost: CellHarvest()})
    (cell,) = (c for c in found.outcome.cells if c.name == lost)
    assert ["fidelity-gate" in why.en for why in cell.why_unranked] == [True]
    assert msgspec.to_builtins(cell.why_unranked[0])["zh"]
