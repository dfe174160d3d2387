"""Checks a built wheel: our top-level packages and their data, and nothing else."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

PACKAGES = {"agent", "collectors", "host", "device_profiles"}
DATA = {
    "host/plan/default.toml",
    "host/artefacts/datasets/data/index.json",
    "host/artefacts/datasets/expected/car-commands.json",
    "device_profiles/local.toml",
    "agent/shell/main.sh",
    "host/schema/record-0.2.0.schema.json",
    "host/schema/record-0.3.0.schema.json",
    "host/schema/record-0.4.0.schema.json",
    "host/schema/laboratory-template.toml",
}


def check(wheel: Path) -> list[str]:
    """What is wrong with the wheel."""
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {n.partition("/")[0] for n in names if not n.partition("/")[0].endswith(".dist-info")}
    wrong = [f"{wheel.name} has the top-level name {top}" for top in sorted(tops - PACKAGES)]
    wrong += [f"{wheel.name} lacks {name}" for name in sorted(PACKAGES - tops | DATA - names)]
    return wrong


if __name__ == "__main__":
    found = check(Path(sys.argv[1]))
    sys.exit("\n".join(found) or 0)
