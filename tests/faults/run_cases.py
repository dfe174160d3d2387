"""Whole runs of the installed command that are killed, stopped, or lose their link (F1, F2, F7).

Seconds each, so few of them are drawn; the small parts are struck far more often.
"""

from __future__ import annotations

import atexit
import functools
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from host.artefacts.models.store import make
from tests.fakes.command import Command, environment, small_plan
from tests.fakes.ends.sshd_end import missing, sshd
from tests.faults.case import Case, Seen, WrongSealError, need, recovered, reported

ATTEMPTS = 2
SAID_S = 100


@functools.cache
def command() -> Command:
    """The installed command with stores of its own, and the tiny model made."""
    place = Path(tempfile.mkdtemp(prefix="inferometer-faults-command-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    make("tiny", "int4", directory=place / "models")
    return Command(environment(place / "models", place / "store"))


@contextmanager
def measuring(place: Path, *more: str | Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A run that has begun its first attempt, and its folder."""
    plan = small_plan(
        place / "plan.toml",
        engine="onnx_genai",
        items=["assistant-tea-en"],
        attempts=ATTEMPTS,
        idle_before_s=0.5,
    )
    argv = ("measure", "--plan", plan, "--runs", place / "runs", "--json", *more)
    with command().start(*argv) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("attempt 1/"):
                    break
            (folder,) = (place / "runs").iterdir()
            yield process, folder
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def check_run(folder: Path) -> int:
    """The run is sealed, intact and whole. Gives the number of lines in its streams."""
    said = json.loads(command()("verify", folder, "--json").stdout)
    if not (said["intact"] and said["redone"]):
        raise WrongSealError(f"{[f['rule'] for f in said['findings']]}")
    lines = 0
    for path in sorted((folder / "data" / "attempts").iterdir()):
        stated = json.loads((path / "attempt.json").read_bytes())
        need(stated["status"] in ("valid", "void", "incomplete"), f"{path.name}: {stated}")
        lines += sum(int(stream["lines"]) for stream in stated["streams"])
    return lines


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    said, _ = process.communicate(timeout=SAID_S)
    found: dict[str, Any] = json.loads(said)
    return found


def killed(place: Path, draw: random.Random) -> Seen:
    """The host is killed anywhere in a run: `--resume` makes it whole."""
    with measuring(place) as (process, folder):
        threading.Event().wait(draw.uniform(0.0, 3.0))
        process.kill()
        process.wait()
    if (folder / "bagit.txt").exists():
        check_run(folder)
        return recovered("killed after the seal", 1)
    done = command()("measure", "--resume", folder, "--json")
    need("Traceback" not in done.stderr, done.stderr[-500:])
    found = json.loads(done.stdout)
    need(found.get("attempts", {}).get("valid") == ATTEMPTS, f"{found}")
    return recovered(f"resumed: {found['attempts']}", check_run(folder))


def stopped(place: Path, draw: random.Random) -> Seen:
    """The host is stopped in a run: nobody else gets into its folder, and it ends well."""
    with measuring(place) as (process, folder):
        threading.Event().wait(draw.uniform(0.0, 0.5))
        process.send_signal(signal.SIGSTOP)
        done = command()("measure", "--resume", folder)
        process.send_signal(signal.SIGCONT)
        need(done.returncode == 2, f"let in: {done.stdout}")
        need(f"in use by process {process.pid}, which is stopped" in done.stderr, done.stderr)
        found = ended(process)
    need(found["attempts"]["valid"] == ATTEMPTS, f"{found}")
    return reported("refused, the holder named; it ended valid", check_run(folder))


def cable_out(least_s: float, most_s: float, place: Path, draw: random.Random) -> Seen:
    """The cable to a real sshd is out for a while in an attempt."""
    out_s = draw.uniform(least_s, most_s)
    (place / "ssh").mkdir()
    with sshd(place / "ssh") as end:
        device = {
            "name": "far-pc",
            "address": "ssh:far",
            "profile": "linux-pc",
            "python": sys.executable,
            "store": str(place / "store"),
            "spool": str(place / "spool"),
            "options": {"ssh_config": str(end.config())},
        }
        inventory = place / "devices.toml"
        inventory.write_text(tomli_w.dumps({"inventory": 1, "device": [device]}))
        more = ("--device", "far-pc", "--inventory", inventory)
        with measuring(place, *more) as (process, folder):
            end.place.cut()
            threading.Event().wait(out_s)
            end.place.mend()
            found = ended(process)
        need(found["attempts"]["valid"] == ATTEMPTS, f"{found}")
        return recovered(f"cable out for {out_s:.1f} s; valid", check_run(folder))


CASES = (
    Case("F1", "measure: killed", killed, weight=1),
    Case("F2", "measure: stopped", stopped, weight=1),
    Case(
        "F7",
        "measure: cable out",
        functools.partial(cable_out, 0.2, 2.5),
        lambda: missing() or "",
        1,
    ),
)
# A minute each: asked for by name alone.
SLOW = (
    Case(
        "F7",
        "measure: cable out for a minute",
        functools.partial(cable_out, 55.0, 65.0),
        lambda: missing() or "",
        1,
    ),
)
