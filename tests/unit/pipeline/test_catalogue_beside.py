"""What stands beside the results of a record is in a catalogue too."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from host.catalogue.database import opened
from host.catalogue.entries import is_beside
from host.catalogue.find import Query
from host.catalogue.store import put
from host.catalogue.terms import parse_all
from host.handover.fidelity import FidelityFigure
from host.handover.record import Record
from host.handover.scores import ScoreField
from host.handover.stated import VENDOR_RATE
from host.handover.text import Txt
from host.pipeline.catalogue import entry_at, import_all, query
from host.pipeline.history import history
from host.schema.canonical import identified, to_bytes
from tests.fakes.compared import quantity, record


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "c.sqlite")


def counts(place: str, *paths: Path) -> list[str]:
    return [one.came or "refused" for one in import_all(place, paths, keep=False)]


def lay(folder: Path) -> Path:
    folder.mkdir()
    (folder / "record.json").write_bytes(to_bytes(beside()))
    return folder


def beside() -> Record:
    """A record with what stands beside results: a runner's figure, fidelity, a score."""
    figure = FidelityFigure(
        "kl_divergence_mean@1", Txt("散度", "divergence"), "zh", "0.004", "0.001", "1", 14, 99,
        Txt("自助法", "bootstrap"),
    )  # fmt: skip
    words = Txt("命令匹配", "command match")
    said = quantity([4.0, 5.0], id=f"{VENDOR_RATE}/mean/i/runner.x", measurand_id=VENDOR_RATE)
    made = record(quantity([49.0, 51.0]), item={"serial": "S-1"})
    return identified(
        msgspec.structs.replace(
            made,
            conventions=(said, quantity([1.0], id="convention:peer", measurand_id="peer")),
            fidelity=msgspec.structs.replace(
                made.fidelity, figures=(figure,), reference={"data_sha256": "ab" * 32}
            ),
            scores=(ScoreField("car", "command_match", "", words, words, (), "0.5"),),
        )
    )


BESIDE = {
    "stated.vendor.rate": "4.5",
    "kl_divergence_mean": "0.004",
    "kl_divergence_mean@1": "0.004",
    "score.command_match": "0.5",
}


def test_what_stands_beside_results_is_found_by_its_name(tmp_path: Path, place: str) -> None:
    assert counts(place, lay(tmp_path / "a")) == ["new"]
    for name, value in BESIDE.items():
        (row,) = query(place, Query(parse_all(f"measurand={name}"))).rows
        assert row["value"] == value
        assert len(history(place, "S-1", name, Query()).series) == 1
    assert not query(place, Query(parse_all("measurand=peer"))).rows


def test_a_catalogue_of_software_that_left_it_out_gets_it_with_the_next_import(
    tmp_path: Path, place: str
) -> None:
    folder = lay(tmp_path / "a")
    entry = entry_at(folder, keep=False)
    old = replace(entry, figures=tuple(f for f in entry.figures if not is_beside(f)))
    with opened(place, create=True) as connection:
        assert put(connection, old) == "new"
    assert counts(place, folder, folder) == ["there", "there"]
    for name in BESIDE:
        assert query(place, Query(parse_all(f"measurand={name}"))).total == 1
