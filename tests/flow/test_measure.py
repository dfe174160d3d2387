"""The installed command, from plan to verified record, with the real engines and models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import bagit
import pytest

from host.align.bag import check_bag
from host.pipeline.verify import verify
from host.run.folder import RunFolder
from host.run.seal import seal
from tests.fakes.command import Command, small_plan

ENGINES = ("llama_cpp", "onnx_genai")


@pytest.fixture(scope="module", params=ENGINES)
def measured(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, command: Command
) -> dict[str, Any]:
    """One small run with each engine as it comes, by the installed script."""
    folder = tmp_path_factory.mktemp(request.param)
    plan = small_plan(folder / "plan.toml", engine=request.param, settings={})
    done = command.installed("measure", "--plan", plan, "--runs", folder / "runs", "--json")
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def result(said: dict[str, Any], measurand: str) -> dict[str, Any]:
    whole = [
        r
        for r in said["results"]
        if r["measurand_id"].startswith(f"{measurand}@") and r["statistic"] == "mean"
    ]
    found: dict[str, Any] = next(r for r in whole if r["scope"] in ("", "request"))
    return found


def test_json_says_where_everything_is_and_that_it_is_valid(measured: dict[str, Any]) -> None:
    assert measured["status"] == "valid"
    assert measured["attempts"] == {"planned": 2, "valid": 2, "void": 0, "incomplete": 0}
    assert measured["record_id"].startswith("urn:sha256:")
    assert Path(measured["record"]).is_file()
    assert Path(measured["report"]).is_file()


def test_rates_and_times_agree_with_each_other(measured: dict[str, Any]) -> None:
    decode = float(result(measured, "decode_rate")["value"])
    first = float(result(measured, "time_to_first_token")["value"])
    latency = float(result(measured, "request_latency")["value"])
    tokens = 32
    assert 0 < first < latency
    # All requests make 32 tokens. A mean of rates is never below the rate of the mean time, so the
    # latency may be longer, by as much as a busy machine makes requests unlike, and not shorter.
    assert latency >= (first + (tokens - 1) / decode) * 0.99


def test_folder_is_a_bag_for_the_reference_library(measured: dict[str, Any]) -> None:
    bagit.Bag(measured["run"]).validate(processes=1)


def test_verify_holds_and_report_draws_the_same_page(
    measured: dict[str, Any], command: Command, tmp_path: Path
) -> None:
    done = command.installed("verify", measured["run"], "--json")
    found = json.loads(done.stdout)
    assert [found[v] for v in ("intact", "redone", "conforming")] == [True, True, True]
    assert (found["findings"], found["signatures"], found["evidence_tier"]) == ([], [], "T0")
    assert done.returncode == 0
    again = tmp_path / "again.html"
    assert command("report", measured["run"], "--output", again).returncode == 0
    assert again.read_bytes() == Path(measured["report"]).read_bytes()


def test_both_engines_get_the_same_work(measured: dict[str, Any], command: Command) -> None:
    record = json.loads(Path(measured["record"]).read_text(encoding="utf-8"))
    assert record["runtime"]["kind"] in ENGINES
    assert record["attempts"]["attempts"][0]["output_tokens"] == 4 * 32
    hashes = {a["output_sha256"] for a in record["attempts"]["attempts"]}
    assert len(hashes) == 1  # greedy: every attempt makes the same tokens


def test_settings_hash_depends_on_the_work_and_not_on_the_engine(
    command: Command, tmp_path: Path
) -> None:
    found = []
    for engine, warmups in ((ENGINES[0], 0), (ENGINES[1], 0), (ENGINES[1], 1)):
        plan = small_plan(tmp_path / "plan.toml", engine=engine, attempts=1, warmups=warmups)
        done = command("measure", "--plan", plan, "--runs", tmp_path / "runs", "--json")
        found.append(json.loads(done.stdout)["settings_sha256"])
    assert found[0] == found[1] != found[2]


def changed(path: Path) -> bytes:
    """Flip a bit in the middle of a file; gives what was there."""
    good = path.read_bytes()
    bad = bytearray(good)
    bad[len(bad) // 2] ^= 0x20
    path.write_bytes(bytes(bad))
    return good


def copied(measured: dict[str, Any], tmp_path: Path) -> tuple[Path, list[Path]]:
    """A copy of a run, and its files that hold anything."""
    copy = Path(shutil.copytree(measured["run"], tmp_path / "copy"))
    return copy, [p for p in sorted(copy.rglob("*")) if p.is_file() and p.stat().st_size]


@pytest.mark.no_cover
@pytest.mark.parametrize("measured", ["llama_cpp"], indirect=True)
def test_every_changed_file_is_named(measured: dict[str, Any], tmp_path: Path) -> None:
    """The seal alone names what is changed under it: `verify` redoes the record every time."""
    copy, files = copied(measured, tmp_path)
    assert len(files) > 30
    for path in files:
        good = changed(path)
        sealed = path.is_relative_to(copy / "data")
        found = check_bag(copy) if sealed else verify(copy).findings
        named = {f.file for f in found}
        path.write_bytes(good)
        assert path.relative_to(copy).as_posix() in named
    assert verify(copy).good


def test_no_changed_file_of_the_data_hides_another(
    measured: dict[str, Any], tmp_path: Path
) -> None:
    copy, files = copied(measured, tmp_path)
    under = [p for p in files if p.is_relative_to(copy / "data")]
    for path in under:
        changed(path)
    named = {f.file for f in verify(copy).findings}
    assert {p.relative_to(copy).as_posix() for p in under} <= named


def test_a_lost_line_is_named_even_under_a_new_seal(
    measured: dict[str, Any], tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(measured["run"], copy)
    for name in ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"):
        (copy / name).unlink()
    tokens = copy / "data" / "attempts" / "001" / "tokens.tsv"
    lines = tokens.read_bytes().splitlines(keepends=True)
    tokens.write_bytes(b"".join(lines[:10] + lines[11:]))
    seal(RunFolder(copy), made_by="a forger")
    found = verify(copy)
    assert found.holds("intact")
    assert not found.holds("redone")
    said = {f.text.en for f in found.findings if f.file == "data/attempts/001/tokens.tsv"}
    assert any("lines are lost" in text for text in said)
    assert any("number of lines its writer stated" in text for text in said)


@pytest.mark.parametrize("text", ['{"number": 1, "number": 1}', '{"number": NaN}'])
def test_json_that_is_not_strict_is_named(
    measured: dict[str, Any], tmp_path: Path, text: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(measured["run"], copy)
    (copy / "data" / "attempts" / "001" / "attempt.json").write_text(text, encoding="utf-8")
    found = {f.rule: f.text.en for f in verify(copy).findings}
    assert "attempt.json" in found["unreadable"]
