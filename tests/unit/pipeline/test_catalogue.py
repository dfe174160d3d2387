"""Folders into a catalogue, and what is found in it."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from host.catalogue.database import opened
from host.catalogue.find import Query, document
from host.catalogue.store import put
from host.catalogue.terms import parse_all
from host.errors import CatalogueError
from host.handover.formal import StatusField
from host.handover.record import PerformedField, Record
from host.pipeline.catalogue import entry_at, import_all, query, records_for
from host.pipeline.history import history
from host.schema.canonical import identified, to_bytes
from tests.fakes.compared import quantity, record

OLD = Path(__file__).parents[2] / "data" / "records" / "0.2.0.json"


def at(made: Record, day: int) -> Record:
    """The record as if it had been measured on that day of June."""
    when = f"2026-06-{day:02d}T09:00:00Z"
    performed = PerformedField(when, when, made.performed.clock)
    return identified(msgspec.structs.replace(made, performed=performed))


def lay(root: Path, name: str, made: Record) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "record.json").write_bytes(to_bytes(made))
    return folder


def days(*rates: float, serial: str = "S-1") -> list[Record]:
    """A record a day, two attempts each around a rate."""
    return [
        at(record(quantity([rate - 1, rate + 1]), item={"serial": serial}, run=f"{day}"), day)
        for day, rate in enumerate(rates, 1)
    ]


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "c.sqlite")


def counts(place: str, *paths: Path, keep: bool = False) -> list[str]:
    return [one.came or "refused" for one in import_all(place, paths, keep=keep)]


def test_folders_are_imported_at_any_depth_and_once(tmp_path: Path, place: str) -> None:
    for day, made in enumerate(days(50, 51), 1):
        lay(tmp_path / "runs", f"lab/{day}/run", made)
    assert counts(place, tmp_path / "runs") == ["new", "new"]
    assert counts(place, tmp_path / "runs") == ["there", "there"]
    (tmp_path / "runs").rename(tmp_path / "moved")
    assert counts(place, tmp_path / "moved") == ["moved", "moved"]
    found = query(place, Query())
    assert found.total == 2
    assert [row["started"] for row in found.rows] == [
        "2026-06-01T09:00:00.000Z",
        "2026-06-02T09:00:00.000Z",
    ]
    assert found.rows[0]["device_key"] == "serial S-1"
    assert found.rows[0]["path"] == str(tmp_path / "moved" / "lab" / "1" / "run")


def test_a_record_of_an_older_version_is_imported_under_its_own_identity(place: str) -> None:
    assert counts(place, OLD) == ["new"]
    (row,) = query(place, Query(parse_all("kind=performance_test_report"))).rows
    assert row["record_id"] == json.loads(OLD.read_bytes())["record_id"]
    assert row["schema_version"] == "0.2.0"


def test_broken_and_changed_records_are_named_and_the_others_go_on(
    tmp_path: Path, place: str
) -> None:
    good, changed = days(50, 51)
    lay(tmp_path, "a-good", good)
    lay(tmp_path, "b-changed", changed)
    file = tmp_path / "b-changed" / "record.json"
    file.write_bytes(file.read_bytes().replace(b'"51"', b'"91"'))
    lay(tmp_path, "c-cut", good)
    file = tmp_path / "c-cut" / "record.json"
    file.write_bytes(file.read_bytes()[:-50])
    (tmp_path / "empty").mkdir()
    found = list(import_all(place, [tmp_path, tmp_path / "empty", tmp_path / "none"], keep=False))
    assert [one.came for one in found] == ["new", None, None, None, None]
    for one, why in zip(
        found[1:],
        ("was changed", "no whole JSON", "holds no record", "cannot be read"),
        strict=True,
    ):
        assert why in one.why
        assert "\n" not in one.why


def test_another_content_under_a_known_id_is_refused_and_nothing_is_changed(
    tmp_path: Path, place: str
) -> None:
    entry = entry_at(lay(tmp_path, "a", days(50)[0]), keep=False)
    forged = replace(entry, figures=(replace(entry.figures[0], value="99"),))
    with opened(place, create=True) as connection:
        assert put(connection, entry) == "new"
        with pytest.raises(CatalogueError, match=r"other contents \(results\)"):
            put(connection, forged)
        with pytest.raises(CatalogueError, match=r"other contents \(verdict\)"):
            put(connection, replace(entry, verdict="void"))
    (row,) = query(place, Query(parse_all("measurand=decode_rate"))).rows
    assert row["value"] == "50"


def test_what_a_later_record_replaces_is_found_only_when_asked_for(
    tmp_path: Path, place: str
) -> None:
    (draft,) = days(50)
    status = StatusField("issued", draft.record_id, None, "2026-06-02T00:00:00.000Z")
    issued = identified(msgspec.structs.replace(draft, status=status))
    assert counts(place, lay(tmp_path, "issued", issued), lay(tmp_path, "draft", draft)) == [
        "new",
        "new",
    ]
    assert [row["state"] for row in query(place, Query()).rows] == ["issued"]
    assert query(place, Query(superseded=True)).total == 2


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A catalogue of two records of one device and one of another."""
    root = tmp_path_factory.mktemp("three")
    for number, one in enumerate([*days(50, 60), at(days(70, serial="S-2")[0], 3)]):
        lay(root / "runs", str(number), one)
    place = str(root / "c.sqlite")
    assert counts(place, root / "runs") == ["new"] * 3
    return place


@pytest.mark.parametrize(
    ("terms", "values"),
    [
        ("measurand=decode_rate", ["50", "60", "70"]),
        ("measurand=decode_rate@1 value>=60", ["60", "70"]),
        ("measurand=decode_rate value!=60", ["50", "70"]),
        ("measurand=decode_rate since=2026-06-02 until=2026-06-03", ["60"]),
        ("measurand=decode_rate started=2026-06-03", ["70"]),
        ("measurand=decode_rate device~s-2", ["70"]),
        ("measurand=decode_rate 'device~EXAMPLE board'", ["50", "60", "70"]),
        ("measurand=decode_rate device!=x model=1111 settings!=0000", ["50", "60", "70"]),
        ("measurand=decode_rate device~%", []),
        ("measurand=decode_rate device~_", []),
        ("measurand=prefill_rate", []),
        ("measurand=decode_rate model=2", []),
        ("unit={token}/s engine=llama_cpp n=2 U>0", ["50", "60", "70"]),
    ],
)
def test_a_query_finds_what_its_terms_say_and_nothing_else(
    three: str, terms: str, values: list[str]
) -> None:
    found = query(three, Query(parse_all(terms)))
    assert [row["value"] for row in found.rows] == values
    assert found.total == len(values)


def test_a_limit_cuts_rows_and_not_the_count_and_the_newest_may_come_first(three: str) -> None:
    terms = parse_all("measurand=decode_rate")
    for newest, first in ((False, "50"), (True, "70")):
        found = query(three, Query(terms, limit=1, newest_first=newest))
        assert [row["value"] for row in found.rows] == [first]
        assert (found.total, found.counted) == (3, True)


def test_a_comparison_takes_the_records_of_a_query_in_order_of_time(
    tmp_path: Path, place: str
) -> None:
    first, second, third = days(50, 60, 70)
    for name, made in (("z", first), ("y", second), ("x", third)):
        lay(tmp_path / "runs", name, made)
    counts(place, tmp_path / "runs", keep=True)
    (tmp_path / "runs" / "z" / "record.json").unlink()
    lay(tmp_path, "other", third)
    (tmp_path / "other" / "record.json").replace(tmp_path / "runs" / "y" / "record.json")
    paths, found = records_for(place, Query(parse_all("value<65")))
    assert [made.record_id for made in found] == [first.record_id, second.record_id]
    assert [path.name for path in paths] == ["z", "y"]
    with pytest.raises(CatalogueError, match="finds 1 records; a comparison takes 2 to 26"):
        records_for(place, Query(parse_all("value<55")))


def test_a_record_that_is_gone_and_was_not_kept_is_named(tmp_path: Path, place: str) -> None:
    for number, made in enumerate(days(50, 60)):
        lay(tmp_path / "runs", str(number), made)
    counts(place, tmp_path / "runs")
    (tmp_path / "runs" / "0" / "record.json").write_text("{}")
    with pytest.raises(CatalogueError, match="was not kept; import its folder again"):
        records_for(place, Query())


def test_kept_bytes_that_unpack_to_no_record_are_refused(tmp_path: Path, place: str) -> None:
    entry = entry_at(lay(tmp_path, "a", days(50)[0]), keep=True)
    with opened(place, create=True) as connection:
        put(connection, replace(entry, document=b"\x78\x9c" + b"0" * 40))
        with pytest.raises(CatalogueError, match="is damaged"):
            document(connection, entry.record_id)
        assert entry.document is not None
        put(connection, replace(entry, document=entry.document[:-10]))
        with pytest.raises(CatalogueError, match="is damaged"):
            document(connection, entry.record_id)


def test_history_states_repeatability_within_and_between_records_and_a_drift(
    tmp_path: Path, place: str
) -> None:
    steady = days(50, 50.2, 49.9, 50.1, 49.8, 50.0)
    falling = days(50, 48, 46.1, 43.9, 42, 40.1, serial="S-2")
    void = identified(
        msgspec.structs.replace(
            steady[0], verdict=msgspec.structs.replace(steady[0].verdict, status="void")
        )
    )
    for number, made in enumerate([*steady, *falling, void]):
        lay(tmp_path / "runs", f"{number:02d}", made)
    counts(place, tmp_path / "runs")
    found = history(place, "S-1", "decode_rate", Query())
    assert found.left_out == 1
    (series,) = found.series
    assert [p.value for p in series.points] == ["50", "50.2", "49.9", "50.1", "49.8", "50"]
    assert series.precision is not None
    assert series.precision.s_r == pytest.approx(2**0.5)  # each record: two values, 2 apart
    assert series.precision.s_R == pytest.approx(2**0.5)  # nothing is left between records
    assert not series.drift.shown
    (fell,) = history(place, "s-2", "decode_rate", Query()).series
    assert fell.drift.shown
    assert fell.drift.slope * 86_400 == pytest.approx(-1.98, abs=0.05)
    assert len(history(place, "example board", "decode_rate", Query()).series) == 2
    with pytest.raises(CatalogueError, match="no valid record says so"):
        history(place, "S-3", "decode_rate", Query())


def test_history_does_not_mix_tiers_of_power_in_one_series(tmp_path: Path, place: str) -> None:
    power = {
        "id": "mean_power@1/mean/request/meter.power",
        "measurand_id": "mean_power@1",
        "source": "meter.power",
        "unit": "W",
    }
    for day, tier in enumerate(("A", "A-", "A", "A-"), 1):
        made = record(
            quantity([9.0, 11.0], tier=tier, **power), item={"serial": "S-1"}, run=f"{day}"
        )
        lay(tmp_path / "runs", f"{day}", at(made, day))
    counts(place, tmp_path / "runs")
    found = history(place, "S-1", "mean_power", Query())
    assert [(s.about["result_tier"], len(s.points)) for s in found.series] == [("A", 2), ("A-", 2)]


def test_hostile_texts_of_a_device_are_bounded_and_stored_as_text(
    tmp_path: Path, place: str
) -> None:
    name = "x'); DROP TABLE records; --\x00" + "y" * 10_000
    made = record(quantity([50.0]), item={"name": name, "serial": "\x1b[2J"})
    assert counts(place, lay(tmp_path, "a", made)) == ["new"]
    (row,) = query(place, Query(parse_all("device~'DROP TABLE'"))).rows
    assert len(row["device"]) <= 400
    assert "\x00" not in row["device"]
