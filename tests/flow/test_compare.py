"""`inferometer compare` as people and programs use it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from host.handover.quantity import Quantity
from host.handover.record import Record
from host.schema.canonical import identified, to_bytes
from tests.fakes.command import Command
from tests.fakes.compared import quantity, record, with_settings

SLOW, FAST = quantity([50.0, 51.0, 52.0]), quantity([100.0, 101.0, 102.0])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A slow record, a fast one in a run folder, one of other settings, one of one attempt."""
    slow = record(SLOW, item={"serial": "S-1"})
    fast = record(FAST, run="b", item={"serial": "S-2"})
    made = {
        "slow": slow,
        "other": with_settings(fast, context_tokens=4096),
        "single": record(quantity([70.0]), run="c"),
    }
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "record.json").write_bytes(to_bytes(fast))
    found = {name: written(tmp_path / f"{name}.json", each) for name, each in made.items()}
    return {**found, "fast": tmp_path / "run"}


def written(path: Path, made: Record) -> Path:
    path.write_bytes(to_bytes(made))
    return path


def value(command: Command, *argv: str | Path, code: int) -> Any:  # noqa: ANN401
    done = command("compare", *argv, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def refused(command: Command, *argv: str | Path, word: str) -> None:
    done = command("compare", *argv)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    assert word in done.stderr.strip().splitlines()[-1]
    assert done.stdout == ""


def test_json_holds_the_contract(command: Command, files: dict[str, Path]) -> None:
    found = value(command, files["slow"], files["fast"], code=0)
    assert found["comparable"] is True
    assert {d["effect"] for d in found["differences"]} == {"said"}
    (pair,) = found["pairs"]
    assert pair["measurand"] == "decode_rate@1"
    assert pair["difference"] == "50"
    assert float(pair["ratio"]) == pytest.approx(101 / 51)
    assert float(pair["U"]) == pytest.approx(2.776445 * (2 / 3) ** 0.5, rel=1e-6)
    assert (pair["verdict"], pair["better"]) == ("higher", "B")


def test_people_read_the_verdict_first_and_the_files_last(
    command: Command, files: dict[str, Path]
) -> None:
    done = command("compare", files["slow"], files["fast"])
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    assert done.returncode == 0
    assert lines[0].startswith("可比 Comparable")
    assert "B is faster by 50.0 ± 2.3 token/s" in done.stdout
    assert "1.98 ± 0.11" in done.stdout
    assert lines[-1].endswith("inferometer verify RUN")


def test_other_settings_end_with_one_and_are_listed(
    command: Command, files: dict[str, Path]
) -> None:
    found = value(command, files["slow"], files["other"], code=1)
    assert found["comparable"] is False
    assert found["pairs"] == []
    (unlike,) = [d for d in found["differences"] if d["rule"] == "settings"]
    assert unlike["path"] == "settings.context_tokens"
    done = command("compare", files["slow"], files["other"])
    assert done.stdout.startswith(
        "不可比 Not comparable: 未满足：设置相同; not met: the same settings\n"
    )
    assert "settings.context_tokens" in done.stdout


def test_scores_need_no_common_instrument(command: Command, files: dict[str, Path]) -> None:
    found = value(command, files["slow"], files["fast"], "--reference", "a", code=0)
    (scores,) = found["scores"]
    assert scores["E_n"]["rule"] == "|E_n| <= 1"
    assert scores["E_n"]["outcome"] == "unsatisfactory"


def test_one_record_is_judged_against_a_limit(command: Command, files: dict[str, Path]) -> None:
    argv = ("--limit", "decode_rate@1=>=20", "--spec", "ACME-1", "--rule", "guarded")
    found = value(command, files["slow"], *argv, code=0)
    (said,) = found["conformity"]
    assert (said["outcome"], said["specification"]) == ("pass", "ACME-1")
    assert said["decision_rule"]["id"] == "guarded"
    done = command("compare", files["slow"], *argv)
    assert "符合 pass" in done.stdout
    assert "ACME-1" in done.stdout
    assert "p_c" in done.stdout


def test_a_limit_that_is_not_met_or_cannot_be_judged_ends_with_one(
    command: Command, files: dict[str, Path]
) -> None:
    argv = ("--limit", "decode_rate@1=>=60", "--spec", "S", "--rule", "simple")
    (failed,) = value(command, files["slow"], *argv, code=1)["conformity"]
    assert failed["outcome"] == "fail"
    (none,) = value(command, files["single"], *argv, code=1)["conformity"]
    assert none["outcome"] is None


def test_limits_from_a_file(command: Command, files: dict[str, Path], tmp_path: Path) -> None:
    text = (
        'specification = "ACME-1"\nrule = "nonbinary"\nalpha = 0.05\n[[limit]]\n'
        'result = "decode_rate@1/mean"\nunit = "{token}/s"\nlow = 50.5\n'
    )
    (tmp_path / "spec.toml").write_text(text)
    found = value(command, files["slow"], "--limits", tmp_path / "spec.toml", code=1)
    assert found["conformity"][0]["outcome"] == "conditionalPass"
    (tmp_path / "spec.toml").write_text(text.replace("{token}/s", "kB"))
    refused(command, files["slow"], "--limits", tmp_path / "spec.toml", word="the limit in kB")
    (tmp_path / "spec.toml").write_text(text.replace("low = 50.5", ""))
    refused(command, files["slow"], "--limits", tmp_path / "spec.toml", word="neither a lower")
    (tmp_path / "spec.toml").write_text(text + "more = 1\n")
    refused(command, files["slow"], "--limits", tmp_path / "spec.toml", word="more")


def test_repeatability_of_one_thing(command: Command, files: dict[str, Path]) -> None:
    found = value(command, files["slow"], files["fast"], "--repeatability", code=0)
    assert found["repeatability"]["condition"] == "reproducibility"
    (each,) = found["repeatability"]["results"]
    assert each["s_r"] == "1"
    done = command("compare", files["slow"], files["fast"], "--repeatability", "--consensus")
    assert "s_R: 再现性 reproducibility" in done.stdout
    assert "chi2" in done.stdout


def test_wrong_use_is_one_sentence(command: Command, files: dict[str, Path]) -> None:
    slow, fast = files["slow"], files["fast"]
    refused(command, slow, word="needs two records")
    refused(command, slow, slow, word="the same record")
    refused(command, slow, slow.parent / "nothing", word="cannot be read")
    refused(command, slow, slow.parent, word="record.json")
    refused(command, slow, fast, "--reference", "Q", word="none of A, B")
    refused(command, slow, fast, "--limit", "decode_rate@1=>=1", word="--spec and --rule")
    refused(command, slow, fast, "--reference", "A", "--sigma-pt", "x=1", word="no result x")


@pytest.mark.parametrize("kind", ["zip", "gztar", "tar"])
def test_an_archive_of_a_run_folder_is_taken_as_the_folder(
    command: Command, files: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    packed = tmp_path / "packed"
    (packed / "run" / "data").mkdir(parents=True)
    (packed / "run" / "data" / "plan.toml").write_text("")
    shutil.copy(files["fast"] / "record.json", packed / "run")
    archive = Path(shutil.make_archive(str(tmp_path / "sent"), kind, packed))
    found = value(command, files["slow"], archive, code=0)
    assert found["pairs"][0]["better"] == "B"
    assert found["records"][1]["file"] == str(archive)


def test_an_archive_that_is_torn_or_holds_no_record_is_named(
    command: Command, files: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "packed" / "data").mkdir(parents=True)
    (tmp_path / "packed" / "data" / "plan.toml").write_text("x" * 5000)
    archive = Path(shutil.make_archive(str(tmp_path / "sent"), "zip", tmp_path / "packed"))
    refused(command, files["slow"], archive, word="sent.zip: record.json: cannot be read")
    archive.write_bytes(archive.read_bytes()[:60])
    refused(command, files["slow"], archive, word="sent.zip: is a damaged archive")


def test_sigma_is_taken_by_measurand_as_limits_are(
    command: Command, files: dict[str, Path]
) -> None:
    argv = ("--reference", "A", "--sigma-pt", "decode_rate@1=25")
    found = value(command, files["slow"], files["fast"], *argv, code=0)
    assert float(found["scores"][0]["z"]["value"]) == pytest.approx(2.0)


def test_a_page_is_written_and_never_over_a_record(
    command: Command, files: dict[str, Path], tmp_path: Path
) -> None:
    output = tmp_path / "compare.html"
    done = command("compare", files["slow"], files["fast"], "-o", output)
    assert done.returncode == 0
    assert output.read_text().startswith("<!doctype html>")
    assert str(output) in done.stderr
    before = files["slow"].read_bytes()
    refused(command, files["slow"], files["fast"], "-o", files["slow"], word="one of the records")
    refused(command, files["slow"], files["fast"], "-o", tmp_path / "x.json", word=".html")
    assert files["slow"].read_bytes() == before
    missing = tmp_path / "none" / "x.html"
    refused(command, files["slow"], files["fast"], "-o", missing, word="cannot be written")


def changed(file: Path, **fields: Any) -> None:  # noqa: ANN401
    made = json.loads(file.read_text())
    file.write_text(json.dumps({**made, **fields}))


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"schema": {"name": "inferometer/record", "version": "9.0.0"}}, "9.0.0"),
        ({"limitations": {"zh": "改", "en": "changed"}}, "record_id"),
        ({"surplus": 1}, "surplus"),
        ({"results": None}, "results"),
    ],
)
def test_what_is_no_record_is_refused(
    command: Command, files: dict[str, Path], fields: dict[str, Any], word: str
) -> None:
    changed(files["slow"], **fields)
    refused(command, files["slow"], files["fast"], word=word)


def test_an_infinite_value_is_refused(command: Command, files: dict[str, Path]) -> None:
    made = json.loads(files["slow"].read_text())
    made["results"][0]["value"] = "inf"
    files["slow"].write_text(json.dumps(made))
    refused(command, files["slow"], files["fast"], word="value")


@pytest.mark.parametrize("u", ["1e+307", "1e-200"])
def test_a_number_of_no_possible_size_is_refused(
    command: Command, files: dict[str, Path], tmp_path: Path, u: str
) -> None:
    odd = written(tmp_path / "odd.json", record(quantity([50.0, 51.0], u=u), run="h"))
    refused(command, odd, files["fast"], word="of a size that no quantity")


def test_names_from_a_device_are_shown_and_not_obeyed(command: Command, tmp_path: Path) -> None:
    def named(result: Quantity, name: str, run: str) -> Path:
        made = record(result, run=run)
        model = {**made.model_artifact, "name": name}
        return written(
            tmp_path / f"{run}.json",
            identified(msgspec.structs.replace(made, model_artifact=model)),
        )

    a, b = named(SLOW, "plain [bold]", "a"), named(FAST, "\x1b[31mred\u202e", "b")
    done = command("compare", a, b)
    assert "plain [bold]" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
