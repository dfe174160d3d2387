"""What was found of a device's fuel gauge: one TOML file per serial, written once, used again."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import msgspec
import tomli_w

from host.errors import UsageError
from host.state.fuel_gauge import GaugeRule
from host.state.ledger import name_of
from host.state.missing import shown

_MAX_BYTES = 1 << 16


class StoredRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file. serial: whose gauge. found: when and how, for people."""

    serial: str
    found: str
    rule: GaugeRule


def path_of(folder: Path, serial: str) -> Path:
    """The file of a device, whatever stands in its serial."""
    return folder / f"{name_of(serial)}.toml"


def store(folder: Path, serial: str, rule: GaugeRule, found: str) -> Path:
    """Write a rule, whole; an older one is replaced. Raises OSError."""
    values = msgspec.to_builtins(StoredRule(serial, found, rule))
    # TOML knows no null: what was not had is left out.
    values["rule"] = {k: v for k, v in values["rule"].items() if v is not None}
    folder.mkdir(parents=True, exist_ok=True)
    path = path_of(folder, serial)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(tomli_w.dumps(values).encode())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return path


def load(folder: Path, serial: str) -> GaugeRule | None:
    """The rule of a device, None when none was found yet. Raises UsageError for a bad file."""
    path = path_of(folder, serial)
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES)
        stored = msgspec.convert(tomllib.loads(raw.decode()), StoredRule)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as err:  # of TOML, of UTF-8, of msgspec
        raise UsageError(str(path), str(err)) from err
    if stored.serial != serial:
        raise UsageError(str(path), f"is of the device {shown(stored.serial)}")
    return stored.rule
