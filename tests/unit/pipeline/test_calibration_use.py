"""Which calibrations a run to come may use: named ones are refused where they do not fit."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from host.errors import CalibrationError, PlanError
from host.handover.calibration import Stored, instrument_subject
from host.handover.plan import Plan, StaircasePlan
from host.pipeline.calibration_use import calibrations_for
from host.plan.load import default
from host.schema.canonical import quoted, sha256_of
from host.state import calibration_store
from tests.fakes.calibrations import CHANNEL, DEVICE, FIT, changed, kept
from tests.fakes.instruments import equipment, instrument

TODAY = "2026-06-01T09:00:00Z"


class Device:
    """The far end of a link: a device with one rail."""

    device = "local"

    def __init__(self) -> None:
        self.hello: dict[str, Any] = {}

    def send(self, kind: str, fields: Any = None) -> None:  # noqa: ANN401
        raise AssertionError(kind)

    def receive(self, *, timeout_s: float) -> dict[str, Any]:
        raise AssertionError(timeout_s)

    def attempt(self, order: Any, on_message: Any, *, silence_s: float) -> dict[str, Any]:  # noqa: ANN401
        raise AssertionError(order)

    def leave(self) -> None:
        raise AssertionError

    def close(self) -> None:
        raise AssertionError

    def ask(self, kind: str, fields: Any = None, **how: Any) -> dict[str, Any]:  # noqa: ANN401
        said: dict[str, dict[str, Any]] = {
            "probe": {"channels": [{"name": CHANNEL}]},
            "device": DEVICE,
        }
        return said[kind]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(calibration_store.ENVIRONMENT, str(tmp_path / "store"))
    return tmp_path / "store"


def asked(*names: str | Path, plan: Plan | None = None) -> tuple[Stored, ...]:
    return calibrations_for(
        [str(n) for n in names],
        plan or default()[0],
        Device(),
        equipment(instrument(id="m")),
        TODAY,
    )


def test_none_is_used_unless_it_is_asked_for(place: Path) -> None:
    calibration_store.keep(place, kept())
    assert asked() == ()


def test_auto_takes_the_newest_that_fits_each_source(place: Path) -> None:
    newer = kept(performed="2026-05-01T10:00:00Z")
    for one in (
        kept(),
        newer,
        kept(key="f" * 64, performed="2026-05-30T10:00:00Z"),
        kept(due=datetime.date(2026, 5, 31), performed="2026-05-20T10:00:00Z"),
        kept(source="hwmon.gone.power"),
    ):
        calibration_store.keep(place, one)
    assert asked("auto") == (newer,)


def test_auto_is_refused_where_nothing_fits(place: Path) -> None:
    calibration_store.keep(place, kept(key="f" * 64))
    with pytest.raises(CalibrationError, match="no stored calibration fits this device"):
        asked("auto")


def test_a_file_and_a_name_are_taken_as_said(place: Path, tmp_path: Path) -> None:
    one = kept()
    path = calibration_store.keep(tmp_path / "elsewhere", one)
    assert asked(path) == (one,)
    calibration_store.keep(place, one)
    assert asked(one.name[:5]) == (one,)


def test_a_check_of_a_meter_is_for_that_meter_of_the_equipment_file(place: Path) -> None:
    key = sha256_of(quoted(instrument_subject("m#0001")))
    subject = instrument_subject("m#0001")
    one = kept(key=key, subject=subject, source="meter.m.power", word="two_point_check")
    calibration_store.keep(place, one)
    assert asked("auto") == (one,)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (kept(due=datetime.date(2026, 5, 31)), "it ran out on 2026-05-31"),
        (kept(performed="2026-06-02T00:00:00Z"), "it was made on 2026-06-02"),
        (kept(key="f" * 64), "made for another device"),
        (kept(word="comparison"), "is a comparison"),
        (kept(source="hwmon.gone.power"), "has no channel hwmon.gone.power"),
        (kept(fit=msgspec.structs.replace(FIT, gain="0")), "a number that none of a calibration"),
        (kept(fit=msgspec.structs.replace(FIT, nu="0")), "a number that none of a calibration"),
        (kept(fit=msgspec.structs.replace(FIT, lag_s="1e12")), "a number that none of"),
        (kept(range_w=("0", "1e999")), "a number that none of a calibration"),
        (changed(kept()), "was changed: its content has not the SHA-256"),
    ],
)
def test_one_that_is_named_and_does_not_fit_is_refused_before_the_run(
    place: Path, one: Stored, words: str
) -> None:
    path = calibration_store.keep(place, one)
    with pytest.raises(CalibrationError, match=words):
        asked(path)


def test_a_name_too_long_for_a_file_is_no_such_calibration(place: Path) -> None:
    with pytest.raises(CalibrationError, match="no such calibration; stored here: none"):
        asked("a" * 5000)


def test_two_for_one_source_are_refused(place: Path) -> None:
    paths = [
        calibration_store.keep(place, kept(performed=f"2026-0{m}-01T00:00:00Z")) for m in (1, 2)
    ]
    with pytest.raises(CalibrationError, match="two calibrations are named for it"):
        asked(*paths)


def test_a_run_that_calibrates_is_not_corrected(place: Path) -> None:
    steps = StaircasePlan(levels=(0.0, 1.0), dwell_s=2.0, repeats=1, order="up_down")
    plan = msgspec.structs.replace(default()[0], staircase=steps)
    with pytest.raises(PlanError, match="cannot be corrected"):
        asked(calibration_store.keep(place, kept()), plan=plan)
