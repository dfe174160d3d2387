"""A whole campaign by the installed command: planned, killed in the middle, gone on with, told."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import tomli_w

from host.schema.canonical import from_bytes, identified, to_bytes
from tests.fakes.command import Command, small_plan
from tests.fakes.replays import write_recording

TOKENS = 32
ITEM = "assistant-tea-en"


def campaign(folder: Path, **over: Any) -> Path:  # noqa: ANN401
    """Two replayed builds, and one with a setting that only the device refuses, two blocks."""
    small_plan(
        folder / "plan.toml", engine="replay", items=[ITEM], idle_before_s=0, idle_after_s=0
    )
    cells: dict[str, dict[str, Any]] = {}
    for name, load_ns in (("quick", 1_000_000), ("slow", 2_000_000)):
        path = write_recording(folder / f"{name}.json", TOKENS, load_ns=load_ns)
        cells[name] = {"model": {"reference": str(path)}}
    cells["wrong"] = {**cells["quick"], "engine": {"settings": {"stamps": "neither"}}}
    whole = {
        "campaign": 1,
        "title": "两个构建 two <builds>",
        "design": "abba",
        "seed": 5,
        "plan": "plan.toml",
        "measurands": ["output_byte_rate"],
        "axes": {"build": cells},
        "visit": {"attempts": 2},
        "stop": {
            "measurand": "output_byte_rate",
            "of": "ratio",
            "relative_u": 0.01,
            "min": 2,
            "max": 2,
        },
    }
    path = folder / "campaign.toml"
    path.write_text(tomli_w.dumps({**whole, **over}), encoding="utf-8")
    return path


def killed(command: Command, *argv: str | Path) -> None:
    """Begin, and kill the host in the middle of an attempt of the second visit."""
    process = command.start("campaign", "run", *argv)
    assert process.stderr is not None
    begun = 0
    for line in process.stderr:
        begun += line.rstrip().endswith(": begins")
        if begun == 2 and "attempt 1/2" in line:
            break
    process.kill()
    process.communicate()


def stopped(command: Command, folder: Path, *argv: str | Path) -> None:
    """Go on, and end it in the first attempt as a service manager does: as Ctrl-C twice."""
    process = command.start("campaign", "run", *argv)
    assert process.stderr is not None
    assert any("attempt " in line for line in process.stderr)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == 130, err
    assert "the same `inferometer campaign run` goes on" in err
    assert "Traceback" not in err
    last = (folder / "campaign.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    assert json.loads(last)["event"] == "interrupted"


def outcome(command: Command, *argv: str | Path) -> tuple[int, dict[str, Any]]:
    """Exit code and the JSON value of a command of campaigns."""
    done = command("campaign", *argv, "--json")
    assert done.stdout, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, said


def visits(said: dict[str, Any]) -> dict[str, int]:
    """Cell -> valid visits."""
    return {cell["name"]: cell["visits"]["valid"] for cell in said["cells"]}


def test_a_killed_campaign_goes_on_at_the_attempt_and_says_what_it_found(
    command: Command, tmp_path: Path
) -> None:
    file, folder = campaign(tmp_path), tmp_path / "out"
    killed(command, file, "--runs", folder)
    _, stands = outcome(command, "status", folder)
    assert (stands["ended"], sum(visits(stands).values())) == ("", 1)

    refused, why = outcome(command, "run", campaign(tmp_path, seed=6), "--runs", folder)
    assert refused == 2
    assert "campaign.seed: 5 -> 6" in why["error"]

    stopped(command, folder, campaign(tmp_path), "--runs", folder)

    code, said = outcome(command, "run", campaign(tmp_path), "--runs", folder)
    assert (code, said["ended"]) == (1, "cap")
    assert visits(said) == {"quick": 2, "slow": 2, "wrong": 0}
    (wrong,) = (cell for cell in said["cells"] if cell["name"] == "wrong")
    assert wrong["standing"] == "given up"
    assert "stamps" in wrong["given_up"]
    # Each visit is one run: the one that was killed went on in its own folder.
    runs = sorted(folder.glob("visits/*/*/record.json"))
    names = [path.parts[-3] for path in runs]
    assert names == ["b001-quick", "b001-slow", "b002-quick", "b002-slow"]
    assert {json.loads(path.read_bytes())["attempts"]["valid"] for path in runs} == {2}
    reported(command, folder)


def reported(command: Command, folder: Path) -> None:
    """The report claims nothing from one pair of blocks, and its page asks for nothing."""
    code, found = outcome(command, "report", folder)
    assert code == 0
    pairs = {(pair["a"], pair["b"]): pair for pair in found["pairs"]}
    assert not any(pair["claimed"] for pair in pairs.values())
    assert "three are the least" in pairs["quick", "slow"]["text"]["en"]
    assert not any(cell["ranked"] for cell in found["cells"])
    page = (folder / "campaign.html").read_text(encoding="utf-8")
    assert "two &lt;builds&gt;" in page
    assert not re.search(r"<script|style=|src=|href=\"http", page)
    assert (folder / "campaign.csv").read_text().startswith("cell,build,result,value,U,k,n,unit")
    assert len((folder / "campaign-visits.csv").read_text().splitlines()) == 1 + 4 + 1
    edited(command, folder)


def edited(command: Command, folder: Path) -> None:
    """Visits that the journal does not name are said; a record that was changed is refused."""
    (folder / "visits" / "b009-quick").mkdir()
    _, found = outcome(command, "report", folder)
    assert any("b009-quick" in each["en"] for each in found["verdict"])

    record = next(folder.glob("visits/b001-slow/*/record.json"))
    said = json.loads(record.read_bytes())
    (rate,) = (q for q in said["results"] if q["id"] == "output_byte_rate@1/mean")
    rate["value"] = str(2 * float(rate["value"]))
    record.write_text(json.dumps(said), encoding="utf-8")
    code, why = outcome(command, "report", folder)
    assert (code, "b001-slow" in why["error"], "was changed" in why["error"]) == (2, True, True)
    record.write_bytes(to_bytes(identified(from_bytes(record.read_bytes()))))
    code, why = outcome(command, "report", folder)
    assert (code, "b001-slow" in why["error"], "was changed" in why["error"]) == (2, True, True)
