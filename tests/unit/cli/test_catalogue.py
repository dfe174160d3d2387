"""`inferometer catalogue` as people and programs use it, and `compare --query`."""

import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest

from host.handover.record import PerformedField
from host.schema.canonical import to_bytes
from tests.fakes.command import Command, environment
from tests.fakes.compared import quantity, record


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two records that may be compared, and a file that is none."""
    root = tmp_path_factory.mktemp("catalogue")
    for name, rates in (("a", [50.0, 51.0, 52.0]), ("b", [100.0, 101.0, 102.0])):
        model = {**record().model_artifact, "name": "=cmd|x"}
        made = record(quantity(rates), item={"serial": name}, run=name, model_artifact=model)
        (root / "runs" / name).mkdir(parents=True)
        (root / "runs" / name / "record.json").write_bytes(to_bytes(made))
    (root / "runs" / "c").mkdir()
    (root / "runs" / "c" / "record.json").write_text("{")
    return root


@pytest.fixture(scope="module")
def command(root: Path) -> Command:
    """The command with a catalogue of its own, filled."""
    variables = dict(environment(root / "models", root / "store"))
    made = Command({**variables, "INFEROMETER_CATALOGUE": str(root / "c.sqlite")})
    done = made("catalogue", "import", root / "runs", "--json")
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert (said["new"], said["refused"]) == (2, 1)
    assert "is no whole JSON file" in said["refusals"][0]["reason"]
    return made


def test_a_second_import_says_what_is_there_and_names_the_broken_one(
    command: Command, root: Path
) -> None:
    done = command("catalogue", "import", root / "runs")
    assert done.returncode == 1
    assert "已有 there 2" in done.stdout
    assert str(root / "runs" / "c") in done.stderr


def test_a_query_gives_people_a_table_programs_json_and_spreadsheets_no_formula(
    command: Command,
) -> None:
    argv = ("catalogue", "query", "--measurand", "decode_rate", "--where", "value>=60")
    shown = command(*argv)
    assert shown.returncode == 0
    assert "101.0 ± 2.5" in shown.stdout
    assert "共 in all 1" in shown.stdout
    found = json.loads(command(*argv, "--json").stdout)
    assert (found["total"], found["rows"][0]["value"]) == (1, "101")
    (row,) = csv.DictReader(io.StringIO(command(*argv, "--csv").stdout))
    assert row["value"] == "101"
    records = csv.DictReader(io.StringIO(command("catalogue", "query", "--csv").stdout))
    assert {row["model"] for row in records} == {"'=cmd|x"}


def test_a_measurand_that_nobody_knows_is_said_with_the_near_ones(command: Command) -> None:
    done = command("catalogue", "query", "--measurand", "decode-rate")
    assert (done.returncode, "共 in all 0" in done.stdout) == (0, True)
    assert "decode_rate" in done.stderr
    done = command("catalogue", "query", "--measurand", "prefill_rate")
    assert "共 in all 0" in done.stdout
    assert not done.stderr


def test_history_draws_a_chart_with_repeatability(command: Command) -> None:
    done = command("catalogue", "history", "example", "decode_rate", "--where", "device~b")
    assert done.returncode == 0, done.stderr
    assert "s_r = 1.00" in done.stdout
    assert "●" in done.stdout
    found = json.loads(command("catalogue", "history", "board", "decode_rate", "--json").stdout)
    assert [len(series["points"]) for series in found["series"]] == [1, 1]
    assert found["series"][0]["drift"]["reason"].startswith("too-few")


def test_history_marks_what_stands_out_from_eight_records_on(root: Path, command: Command) -> None:
    place = root / "chart.sqlite"
    for number, rate in enumerate([50.0, 50.2, 49.9, 50.1, 49.8, 50.0, 50.1, 60.0, 50.0]):
        when = f"2026-06-{number + 1:02d}T09:00:00Z"
        performed = PerformedField(when, when, record().performed.clock)
        made = record(quantity([rate, rate]), run=f"chart {number}", performed=performed)
        (root / "chart" / f"{number}").mkdir(parents=True)
        (root / "chart" / f"{number}" / "record.json").write_bytes(to_bytes(made))
    assert command("catalogue", "import", root / "chart", "--catalogue", place).returncode == 0
    argv = ("catalogue", "history", "board", "decode_rate", "--catalogue", place)
    shown = command(*argv)
    (marked,) = [line for line in shown.stdout.splitlines() if line.rstrip().endswith(("!", "!~"))]
    assert marked.strip().startswith("2026-06-08T09:00:00")
    assert "provisional" in shown.stdout
    chart = json.loads(command(*argv, "--json").stdout)["series"][0]["control"]
    assert (len(chart["beyond_limits"]), chart["n"], chart["provisional"]) == (1, 9, True)
    assert float(chart["low"]) < 50 < float(chart["high"]) < 60


def test_compare_takes_its_records_from_a_query(command: Command, root: Path) -> None:
    done = command("compare", "--query", "engine=llama_cpp", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one["file"] for one in found["records"]] == [
        str(root / "runs" / name) for name in ("a", "b")
    ]
    assert found["pairs"][0]["verdict"] == "higher"


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (("catalogue", "query", "--where", "devise~x"), "did you mean 'device'"),
        (("catalogue", "query", "--model", "zz"), "first digits"),
        (("catalogue", "query", "--csv", "--json"), "does not go with --json"),
        (("catalogue", "query", "--catalogue", "none.sqlite"), "is not there"),
        (("catalogue", "query", "--catalogue", "mysql://a:b@c/d"), "postgresql://"),
        (("catalogue", "history", "nobody", "decode_rate"), "no valid record says so"),
        (("compare", "--query", "verdict=void"), "finds 0 records"),
        (("compare", "--query", "verdict=valid", "x.json"), "one of them"),
        (("compare",), "one of them"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(
    command: Command, argv: tuple[str, ...], word: str
) -> None:
    done = command(*argv)
    assert done.returncode == 2, done.stdout
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_check_says_that_rows_are_as_their_records_or_names_them(
    command: Command, root: Path
) -> None:
    done = command("catalogue", "check")
    assert (done.returncode, "一致 same 2, 不同 other 0" in done.stdout) == (0, True), done.stderr
    place = root / "edited.sqlite"
    place.write_bytes((root / "c.sqlite").read_bytes())
    with sqlite3.connect(place) as connection:
        connection.execute("UPDATE results SET value = '99' WHERE record = 1")
    connection.close()
    done = command("catalogue", "check", "--catalogue", place)
    assert done.returncode == 1
    assert "not what its record says" in done.stderr
    found = json.loads(command("catalogue", "check", "--catalogue", place, "--json").stdout)
    assert (found["same"], found["other"], found["unchecked"]) == (1, 1, 0)
    assert found["found"][0]["reason"] == "decode_rate@1/mean (value)"
