from __future__ import annotations

import json
from pathlib import Path

from host.handover.equipment import Surrounding
from tests.fakes.command import Command, small_plan
from tests.fakes.instruments import LONG, certificate, equipment, instrument, write

THERMOMETER = instrument(
    id="t1",
    serial="0815",
    kind="ambient",
    channels=(),
    certificate=(certificate(unit="Cel", due=LONG),),
)
AROUND = (Surrounding("ambient_temperature", "23.40", "Cel", "0.30", "2", "t1"),)


def test_a_run_keeps_its_equipment_and_verifies_without_the_first_files(
    command: Command, tmp_path: Path
) -> None:
    path = write(tmp_path / "lab", equipment(THERMOMETER, environment=AROUND))
    plan = small_plan(tmp_path / "plan.toml")
    done = command("measure", "--plan", plan, "--equipment", path, "--runs", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    run = Path(json.loads(done.stdout)["run"])
    for file in (tmp_path / "lab").iterdir():
        file.unlink()
    kept = sorted(p.name for p in (run / "data" / "equipment").iterdir())
    assert [name[-7:] for name in kept] == ["c-1.pdf", "nt.toml"]
    record = json.loads((run / "record.json").read_text(encoding="utf-8"))
    (ambient,) = record["environment"]
    assert (ambient["value"], ambient["equipment_ref"]) == ("23.40", "t1#0815")
    assert record["equipment"][0]["serial"] == "0815"
    verified = command("verify", run, "--json")
    assert verified.returncode == 0, verified.stdout


def test_a_certificate_that_fits_no_channel_stops_the_run_before_its_folder(
    command: Command, tmp_path: Path
) -> None:
    wrong = equipment(instrument(kind="on_board", channels=("memory.*",)))
    path = write(tmp_path / "lab", wrong)
    plan = small_plan(tmp_path / "plan.toml")
    runs = tmp_path / "runs"
    done = command("measure", "--plan", plan, "--equipment", path, "--runs", runs, "--json")
    assert done.returncode == 2
    assert "a table in W fits no channel of instrument" in json.loads(done.stdout)["error"]
    assert not runs.exists()
