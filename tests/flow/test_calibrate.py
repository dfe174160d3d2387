"""A sensor of a device calibrated against a meter, and a later run that it corrects."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace as replace_struct

from host.handover.calibration import Calibration, Transfer
from host.handover.equipment import Connection, Instrument
from host.pipeline.calibration import calibration_of
from host.pipeline.redo import redo
from host.pipeline.verify import verify
from tests.fakes.command import TIMEOUT_S, Command, environment, small_plan
from tests.fakes.instruments import certificate, equipment, instrument, write
from tests.fakes.loaded_bench import (
    CHANNEL,
    GAIN,
    IDLE_W,
    LAG_S,
    LOAD_W,
    OFFSET_W,
    Bench,
    corrected,
    loaded_bench,
)
from tests.flow.test_metered_run import SETTINGS

STORE = "bench-store"
# The meter once more, as one that nobody calibrated: it shows so much less than the reference has.
HOBBY = {"id": "hobby", "channels": ("meter.hobby.*",), "certificate": ()}
POINTS_W = ((6.22, 6.0), (14.38, 14.0))


def wall(port: int) -> Instrument:
    due = datetime.date(2099, 12, 31)
    return instrument(
        id="wall",
        serial="C3UA00001E",
        kind="external_meter",
        channels=("meter.wall.*",),
        certificate=(certificate(channels=("meter.wall.power",), due=due),),
        connect=Connection("wt300", f"tcp:127.0.0.1:{port}", SETTINGS),
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calibrate")


@pytest.fixture(scope="module")
def alone(command: Command, place: Path) -> Command:
    """The command with stores of its own."""
    return Command(environment(Path(command.environment["INFEROMETER_MODELS"]), place / STORE))


@pytest.fixture(scope="module")
def bench(alone: Command, place: Path) -> Iterator[Bench]:
    with loaded_bench(place / STORE, place / "class") as found:
        yield found


def plan(place: Path) -> Path:
    return small_plan(
        place / "plan.toml",
        items=["assistant-tea-en"],
        attempts=1,
        warmups=0,
        idle_before_s=1.0,
        idle_after_s=1.0,
        sampling={"rate_hz": 100.0},  # some readings fall on a prefill of 27 ms
    )


def told(alone: Command, bench: Bench, *argv: str | Path) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON and other output of the command, run where the sensor is."""
    done = subprocess.run(
        bench.under(alone.argv(*argv, "--json")),
        capture_output=True,
        text=True,
        check=False,
        env=dict(alone.environment),
        timeout=TIMEOUT_S,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def calibrated(alone: Command, bench: Bench, place: Path) -> dict[str, Any]:
    meter = write(place / "lab", equipment(wall(bench.port)))
    levels = [word for level in ("0", "0.3", "0.7", "1") for word in ("--level", level)]
    argv = ("--equipment", meter, "--plan", plan(place), "--dwell", "2", "--source", CHANNEL)
    runs = ("--runs", place / "runs")
    code, said, errors = told(alone, bench, "calibrate", "run", *argv, *levels, *runs)
    assert code == 0, (said, errors)
    return said


def test_a_known_gain_offset_and_lag_are_recovered_as_closely_as_u_says(
    calibrated: dict[str, Any],
) -> None:
    transfer = next(t for t in calibrated["calibration"]["transfers"] if t["source"] == CHANNEL)
    assert transfer["word"] == "transfer_calibration"
    fit = {name: float(value) for name, value in transfer["fit"].items() if name[0] != "l"}
    # U holds in 95 runs of 100 (tests/unit/evaluate/test_transfer.py counts), 3 U in this one.
    assert abs(fit["gain"] - GAIN) <= 3 * fit["U_gain"] < 0.02
    assert abs(fit["offset_w"] - OFFSET_W) <= 3 * fit["U_offset_w"] < 0.2
    lag_s, u_lag_s = float(transfer["fit"]["lag_s"]), float(transfer["fit"]["u_lag_s"])
    assert abs(lag_s - LAG_S) <= 2 * u_lag_s < 0.1
    assert len(calibrated["stored"]) == 1


def test_verify_redoes_the_fit(calibrated: dict[str, Any], tmp_path: Path) -> None:
    assert rules(Path(calibrated["run"])) == []
    path = copied(calibrated, tmp_path) / "calibration.json"
    path.write_text(path.read_text().replace('"0.9', '"0.8', 1))
    assert rules(tmp_path / "run") == ["calibration.json-differs"]


def rules(run: Path) -> list[str]:
    """Of what `verify` finds."""
    return sorted({finding.rule for finding in verify(run).findings})


def test_a_run_that_is_no_calibration_says_why(calibrated: dict[str, Any], tmp_path: Path) -> None:
    path = copied(calibrated, tmp_path) / "data/equipment/equipment.toml"
    assert "2099-12-31" in path.read_text()
    path.write_text(path.read_text().replace("2099-12-31", "2026-01-02"))
    redone = redo(tmp_path / "run")
    transfer = rail(calibration_of(redone.reading, redone.sensors))
    assert transfer.word == "comparison"
    staircase = redone.reading.facts.plan.plan.staircase
    assert staircase
    for change, words in (
        ({"repeats": 2}, "steps-not-played: attempt 1 has 8 steps"),
        ({"reference": "x"}, "no-reference: no meter gave"),
    ):
        plan_ = msgspec.structs.replace(
            redone.reading.facts.plan.plan, staircase=msgspec.structs.replace(staircase, **change)
        )
        of = msgspec.structs.replace(redone.reading.facts.plan, plan=plan_)
        other = replace(redone.reading, facts=replace(redone.reading.facts, plan=of))
        refused = rail(calibration_of(other, redone.sensors))
        assert (refused.word, refused.fit) == ("none", None)
        assert refused.reason.startswith(words)


def rail(found: Calibration) -> Transfer:
    (transfer,) = (t for t in found.transfers if t.source == CHANNEL)
    return transfer


def test_a_folder_that_was_changed_is_not_stored(
    calibrated: dict[str, Any], alone: Command, tmp_path: Path
) -> None:
    path = copied(calibrated, tmp_path) / "data/plan.toml"
    path.write_bytes(path.read_bytes() + b"# a word more\n")
    done = alone("calibrate", "store", tmp_path / "run", "--json")
    assert done.returncode == 2
    assert "is not as it was sealed" in json.loads(done.stdout)["error"]


def copied(calibrated: dict[str, Any], place: Path) -> Path:
    return shutil.copytree(calibrated["run"], place / "run")


@pytest.fixture(scope="module")
def later(calibrated: dict[str, Any], alone: Command, bench: Bench, place: Path) -> dict[str, Any]:
    assert calibrated["stored"]
    hobby = write(place / "hobby", equipment(replace_struct(wall(bench.port), **HOBBY)))
    points = [word for pair in POINTS_W for word in ("--point", *map(str, pair))]
    known = ("--resolution", "0.001", "--U-w", "0.02", "--k", "2")
    of = ("--equipment", hobby, "--instrument", "hobby")
    checked = alone("calibrate", "check", *of, *points, *known)
    assert checked.returncode == 0, checked.stderr
    bench.hold(0.5)
    runs = ("--runs", place / "runs", "--equipment", hobby)
    argv = ("--plan", plan(place), "--calibration", "auto", *runs)
    code, said, errors = told(alone, bench, "measure", *argv)
    assert code == 0, (said, errors)
    return said


def test_a_later_run_is_corrected_says_so_and_stays_tier_b(
    later: dict[str, Any], calibrated: dict[str, Any]
) -> None:
    mean = next(
        r
        for r in later["results"]
        if (r["measurand_id"], r["scope"], r["source"]) == ("mean_power@1", "request", CHANNEL)
    )
    assert mean["tier"] == "B"
    truth_w = corrected(IDLE_W + LOAD_W * 0.5 + 0.01)  # with the mean of its ripple
    record = json.loads(Path(later["record"]).read_text(encoding="utf-8"))
    budget = next(b for b in record["budgets"] if b["id"] == mean["budget_ref"])
    row = next(r for r in budget["rows"] if r["symbol"] == "calibration")
    assert row["equipment_ref"].startswith("transfer-calibration#")
    assert abs(float(mean["value"]) - truth_w) <= 2 * float(row["u"]) < 0.1
    assert "transfer-calibrated" in [w["code"] for w in record["warnings"]]
    paper = next(e for e in record["equipment"] if e["kind"] == "transfer_calibration")
    assert paper["serial"] == Path(calibrated["stored"][0]).stem


def test_a_bench_meter_is_corrected_by_its_two_points_and_stays_without_a_certificate(
    later: dict[str, Any],
) -> None:
    mean = next(
        r
        for r in later["results"]
        if (r["measurand_id"], r["scope"], r["source"])
        == ("mean_power@1", "request", "meter.hobby.power")
    )
    shown_w = IDLE_W + LOAD_W * 0.5 + 0.01  # with the mean of its ripple
    assert mean["tier"] == "A-"
    assert float(mean["value"]) == pytest.approx(1.02 * shown_w + 0.1, abs=0.02)
    record = json.loads(Path(later["record"]).read_text(encoding="utf-8"))
    budget = next(b for b in record["budgets"] if b["id"] == mean["budget_ref"])
    row = next(r for r in budget["rows"] if r["symbol"] == "calibration")
    assert row["equipment_ref"].startswith("two-point-check#")
    # The device's clock stamps the meter as well.
    assert next(r["u"] for r in budget["rows"] if r["symbol"] == "alignment") == "0"


def test_verify_redoes_the_corrected_run_and_finds_a_changed_calibration(
    later: dict[str, Any],
) -> None:
    assert rules(Path(later["run"])) == []
    kept = next(Path(later["run"]).glob("data/calibrations/*.json"))
    kept.write_text(kept.read_text().replace('"gain": "0.9', '"gain": "0.8'))
    assert rules(Path(later["run"])) == ["file-changed", "unreadable"]
