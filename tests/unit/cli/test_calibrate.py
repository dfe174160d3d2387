"""`inferometer calibrate` without a run: stated points, the store, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from host.handover.calibration import instrument_subject
from host.schema.canonical import quoted, sha256_of
from host.state import calibration_store
from tests.fakes.calibrations import changed, kept
from tests.fakes.command import Command, environment, small_plan
from tests.fakes.instruments import certificate, equipment, instrument, write

METER = instrument(
    id="plug", kind="external_meter", channels=("meter.plug.*",), certificate=(), serial="7"
)
POINTS = ("--point", "20", "19.1", "--point", "60", "58.3")


@pytest.fixture
def inferometer(tmp_path: Path) -> Command:
    """The command with a store of its own; it needs no models here."""
    return Command(environment(tmp_path / "models", tmp_path / "store"))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where that command keeps calibrations."""
    return tmp_path / "store/data/inferometer/calibrations"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    return write(tmp_path / "lab", equipment(METER))


def checked(inferometer: Command, lab: Path, *more: str) -> dict[str, Any]:
    argv = ("calibrate", "check", "--equipment", lab, "--instrument", "plug")
    done = inferometer(*argv, *POINTS, *more, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_two_points_make_a_line_for_that_meter(inferometer: Command, lab: Path) -> None:
    found = checked(inferometer, lab, "--resolution", "0.1", "--U-relative", "0.01", "--k", "2")
    (transfer,) = found["calibration"]["transfers"]
    fit = transfer["fit"]
    assert (transfer["source"], transfer["word"]) == ("meter.plug.power", "two_point_check")
    assert float(fit["gain"]) == pytest.approx(39.2 / 40)
    assert float(fit["offset_w"]) == pytest.approx(19.1 - 20 * 39.2 / 40)
    rounding = 0.1 / 12**0.5
    assert float(fit["u_fit_gain"]) == pytest.approx(rounding * 2**0.5 / 40)
    own = (rounding**2 * 2 / 1600 + (0.98 * 0.005) ** 2) ** 0.5
    assert float(fit["u_gain"]) == pytest.approx(own)
    assert found["calibration"]["key"] == sha256_of(quoted(instrument_subject("plug#7")))
    assert found["calibration"]["reference"]["open"] == []


def test_without_a_stated_u_the_check_says_that_it_is_not_known(
    inferometer: Command, lab: Path
) -> None:
    found = checked(inferometer, lab)
    (open_,) = found["calibration"]["reference"]["open"]
    assert open_["en"] == "no uncertainty is stated for the reference values"


def test_points_come_from_a_file_or_are_asked_for(
    inferometer: Command, lab: Path, tmp_path: Path
) -> None:
    file = tmp_path / "points.csv"
    file.write_text("20, 19.1\n60, 58.3\n")
    argv = ("calibrate", "check", "--equipment", lab, "--instrument", "plug")
    done = inferometer(*argv, "--points", file)
    assert done.returncode == 0, done.stderr
    assert "gain   0.98" in done.stdout
    file.write_text("20\n")
    done = inferometer(*argv, "--points", file)
    assert done.returncode == 2
    assert "holds no points" in done.stderr


@pytest.mark.parametrize(
    ("meter", "argv", "words"),
    [
        ({}, ("--point", "20", "19"), "1 points; a check has two"),
        ({}, ("--point", "20", "19", "--point", "21", "20"), "too near"),
        ({}, ("--point", "20", "19", "--point", "60", "18"), "does not rise"),
        ({}, ("--point", "20", "2", "--point", "60", "5"), "0.075 W more for each W"),
        ({}, ("--point", "nan", "2", "--point", "60", "5"), "no number"),
        ({}, ("--point", "1e200", "1e200", "--point", "2e200", "2e200"), "no number from 0 to"),
        ({}, (*POINTS, "--U-w", "0.1"), "needs its coverage factor"),
        ({}, (*POINTS, "--U-w", "nan", "--k", "2"), "an uncertainty is no number"),
        ({}, (*POINTS, "--U-w", "0.1", "--k", "inf"), "needs its coverage factor"),
        ({"certificate": (certificate(),)}, POINTS, "has a certificate"),
        ({"kind": "on_board"}, POINTS, "is no external meter"),
        ({"id": "other"}, POINTS, "is no instrument of the file; there are: other"),
    ],
)
def test_what_is_no_check_is_one_sentence(
    inferometer: Command, tmp_path: Path, meter: dict[str, Any], argv: tuple[str, ...], words: str
) -> None:
    said = {"id": "plug", "kind": "external_meter", "certificate": (), **meter}
    lab = write(tmp_path / "other", equipment(instrument(**said)))
    done = inferometer("calibrate", "check", "--equipment", lab, "--instrument", "plug", *argv)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_the_store_is_listed_shown_and_forgotten(inferometer: Command, place: Path) -> None:
    one = kept()
    calibration_store.keep(place, one)
    listed = json.loads(inferometer("calibrate", "list", "--json").stdout)
    assert [row["name"] for row in listed["calibrations"]] == [one.name]
    shown = inferometer("calibrate", "show", one.name[:6])
    assert "hwmon.board.power: transfer calibration" in shown.stdout
    assert "certificate C-1, Example laboratory" in shown.stdout
    assert inferometer("calibrate", "forget", one.name).returncode == 0
    again = inferometer("calibrate", "show", one.name)
    assert again.returncode == 2
    assert "no such calibration; stored here: none" in again.stderr


def test_a_file_that_was_changed_is_listed_as_unusable(inferometer: Command, place: Path) -> None:
    one = kept()
    calibration_store.keep(place, one)
    (place / f"{one.name}.json").write_bytes(calibration_store.to_bytes(changed(one)))
    listed = json.loads(inferometer("calibrate", "list", "--json").stdout)
    assert listed["calibrations"] == []
    assert "was changed" in listed["unusable"][0]


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b'{"calibration_store": 1}', b"{" * 9000])
def test_what_is_no_calibration_is_said_in_one_sentence(
    inferometer: Command, place: Path, data: bytes
) -> None:
    place.mkdir(parents=True)
    (place / "0123456789ab.json").write_bytes(data)
    done = inferometer("calibrate", "show", "0123")
    assert done.returncode == 2
    assert "is no calibration" in done.stderr
    assert "Traceback" not in done.stderr


def test_steps_that_the_plan_has_are_not_said_again(
    inferometer: Command, lab: Path, tmp_path: Path
) -> None:
    steps = "[staircase]\nlevels = [0.0, 0.4, 0.7, 1.0]\ndwell_s = 2.0\n"
    plan = small_plan(tmp_path / "plan.toml")
    plan.write_text(plan.read_text() + steps + 'repeats = 1\norder = "up_down"\n')
    argv = ("calibrate", "run", "--equipment", lab, "--plan", plan, "--runs", tmp_path / "runs")
    done = inferometer(*argv, "--dwell", "15")
    assert done.returncode == 2
    assert "staircase: stands in the plan, where dwell_s is to be said" in done.stderr
