"""The `inferometer` command as a child process, and small plans for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from host.plan.load import default, dump
from tests.fakes.warm import SCRIPT, warm

TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Command:
    """Runs `inferometer` with a model store and a device store of its own.

    A call runs it to its end, forked from a process that has its imports already (`warm.py`);
    `installed` and `start` run the installed script itself.
    """

    environment: Mapping[str, str]

    def __call__(self, *argv: str | Path) -> subprocess.CompletedProcess[str]:
        if not warm().serves(self.environment):
            return self.installed(*argv)
        return warm().run(self.argv(*argv), self.environment, TIMEOUT_S)

    def installed(self, *argv: str | Path) -> subprocess.CompletedProcess[str]:
        """Run it to its end, as people do."""
        return subprocess.run(
            self.argv(*argv),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            env=dict(self.environment),
            timeout=TIMEOUT_S,
        )

    def argv(self, *argv: str | Path) -> list[str]:
        """The command line; the script beside this interpreter, as installed."""
        return [str(SCRIPT), *(str(a) for a in argv)]

    def start(self, *argv: str | Path) -> subprocess.Popen[str]:
        """Start it and leave it running, its output in pipes."""
        return subprocess.Popen(
            self.argv(*argv),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=dict(self.environment),
        )


def environment(models: Path, store: Path) -> dict[str, str]:
    """The environment of a command that must not touch the user's own stores."""
    dropped = ("COVERAGE_PROCESS_START", "INFEROMETER_LABORATORY")
    kept = {k: v for k, v in os.environ.items() if k not in dropped}
    return {
        **kept,
        "INFEROMETER_MODELS": str(models),
        "INFEROMETER_STORE": str(store),
        "XDG_CONFIG_HOME": str(store / "config"),
        "XDG_DATA_HOME": str(store / "data"),
    }


def small_plan(path: Path, **over: Any) -> Path:  # noqa: ANN401
    """Write a plan of seconds. over: engine, settings, model, hashes, or a key of [run].

    Without settings, threads of ONNX Runtime do not spin: the machine of a test is shared.
    """
    import tomllib

    plan = tomllib.loads(dump(default()[0]))
    plan["run"].update(attempts=2, warmups=1, idle_before_s=0.2, idle_after_s=0.2)
    plan["engine"]["kind"] = over.pop("engine", "auto")
    quiet = {"allow_spinning": False} if plan["engine"]["kind"] == "onnx_genai" else {}
    plan["engine"]["settings"] = over.pop("settings", quiet)
    plan["model"]["reference"] = str(over.pop("model", "tiny"))
    plan["model"]["sha256"] = over.pop("model_sha256", "")
    plan["dataset"]["reference"] = str(over.pop("dataset", "smoke"))
    plan["dataset"]["items"] = over.pop("items", [])
    plan["dataset"]["sha256"] = over.pop("dataset_sha256", "")
    plan["sampling"].update(over.pop("sampling", {}))
    plan["gates"].update(over.pop("gates", {}))
    if pulses := over.pop("pulses", None):
        plan["pulses"] = pulses
    if load := over.pop("load", None):
        plan["load"] = load
    plan["run"].update(over)
    path.write_text(tomli_w.dumps(plan), encoding="utf-8")
    return path
