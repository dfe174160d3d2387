from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path

import pytest

from host.equipment.load import load
from tests.fakes.command import Command, environment
from tests.fakes.dcc import dcc
from tests.fakes.instruments import PAPER, certificate, equipment, instrument, toml, write

METER = equipment(instrument(id="m1", serial="91K123456", kind="external_meter"))


@pytest.fixture
def inferometer(tmp_path: Path) -> Command:
    """The installed command; it needs no models here."""
    return Command(environment(tmp_path / "models", tmp_path / "store"))


def test_show_gives_the_file_as_json(inferometer: Command, tmp_path: Path) -> None:
    done = inferometer("equipment", "show", write(tmp_path, METER), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["instrument"][0]["certificate"][0]["k"] == "2"


@pytest.mark.parametrize(
    ("day", "code"), [("2026-01-01", 0), ("2026-12-31", 0), ("2027-01-01", 1), ("2025-12-31", 1)]
)
def test_check_says_by_its_exit_code_whether_certificates_hold_on_a_day(
    inferometer: Command, tmp_path: Path, day: str, code: int
) -> None:
    done = inferometer("equipment", "check", write(tmp_path, METER), "--at", day, "--json")
    assert done.returncode == code
    assert json.loads(done.stdout)["holds"] is (code == 0)


def test_an_older_certificate_beside_one_that_holds_does_no_harm(
    inferometer: Command, tmp_path: Path
) -> None:
    old = certificate(
        number="C-0", calibrated=datetime.date(2024, 1, 1), due=datetime.date(2025, 1, 1)
    )
    path = write(tmp_path, equipment(instrument(certificate=(old, certificate()))))
    assert inferometer("equipment", "check", path, "--at", "2026-06-01").returncode == 0


def test_the_file_may_come_from_the_environment(tmp_path: Path) -> None:
    said = environment(tmp_path / "models", tmp_path / "store")
    path = write(tmp_path, METER)
    done = Command({**said, "INFEROMETER_EQUIPMENT": str(path)})("equipment", "show")
    assert done.returncode == 0
    assert "91K123456" in done.stdout


def test_bad_input_is_one_sentence_and_exit_code_2(inferometer: Command, tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(toml(METER).replace('k = "2"\n', ""), encoding="utf-8")
    (tmp_path / "c-1.pdf").write_bytes(PAPER)
    done = inferometer("equipment", "check", path, "--json")
    assert done.returncode == 2
    assert "it has no coverage factor k" in json.loads(done.stdout)["error"]
    assert done.stderr.count("\n") == 1


def test_an_imported_certificate_goes_into_the_file_and_can_be_used(
    inferometer: Command, tmp_path: Path
) -> None:
    path = write(tmp_path / "lab", equipment(instrument(**_bare())))
    (tmp_path / "c.xml").write_text(dcc(), encoding="utf-8")
    options = ("--instrument", "m1", "--append", path, "--due", "2027-02-02", "--nu", "50")
    done = inferometer("equipment", "import-dcc", tmp_path / "c.xml", *options)
    assert (done.returncode, done.stderr) == (0, "")
    (found,) = load(path).equipment.instrument[0].certificate
    assert (found.file, found.nu, found.number) == ("../c.xml", "50", "C-2026-7")


def _bare() -> dict[str, object]:
    return {"id": "m1", "serial": "91K123456", "certificate": ()}


def test_a_certificate_of_another_instrument_is_refused_and_the_file_stays(
    inferometer: Command, tmp_path: Path
) -> None:
    path = write(tmp_path, METER)
    before = path.read_bytes()
    (tmp_path / "c.xml").write_text(dcc(serials=("other",)), encoding="utf-8")
    done = inferometer(
        "equipment", "import-dcc", tmp_path / "c.xml", "--instrument", "m1", "--append", path
    )
    assert done.returncode == 2
    assert "has the serial number 91K123456, the certificate is for other" in done.stderr
    assert path.read_bytes() == before


def test_the_same_certificate_is_not_taken_twice(inferometer: Command, tmp_path: Path) -> None:
    path = write(tmp_path, METER)
    (tmp_path / "c.xml").write_text(dcc(), encoding="utf-8")
    asked = ("equipment", "import-dcc", tmp_path / "c.xml", "--instrument", "m1", "--append", path)
    assert inferometer(*asked).returncode == 0
    again = inferometer(*asked)
    assert again.returncode == 2
    assert "there is another one of 2026-02-03 in W" in again.stderr


def test_help_does_not_load_the_xml_library() -> None:
    code = (
        "import sys, host.cli.equipment; sys.exit('lxml' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
