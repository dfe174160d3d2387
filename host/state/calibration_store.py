"""Transfer calibrations in the user's data folder: one JSON file each, whole, named by its hash.

A file is trusted as far as its hash goes: one that was changed is said to be, and never used.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from platformdirs import user_data_path

from agent.wire import strict_json
from host.errors import CalibrationError
from host.handover.calibration import CALIBRATION_VERSION, Calibration, Stored
from host.schema.canonical import quoted, sha256_of

ENVIRONMENT = "INFEROMETER_CALIBRATIONS"
MAX_FILE_BYTES = 4 << 20
MAX_FILES = 10_000
# Far beyond all numbers here, W or ratios, and far below where their fourth powers end.
MOST = 1e12
MOST_GAIN = 1e6
MOST_LAG_S = 3600.0
NAME = re.compile(r"[0-9a-f]{12}\.json")


def folder() -> Path:
    """Where this user keeps calibrations: INFEROMETER_CALIBRATIONS, else the data folder."""
    named = os.environ.get(ENVIRONMENT)
    return Path(named) if named else user_data_path("inferometer") / "calibrations"


def identity_of(calibration: Calibration) -> str:
    """SHA-256 of the canonical bytes (RFC 8785)."""
    return sha256_of(quoted(msgspec.to_builtins(calibration)))


def stored(calibration: Calibration, record_id: str) -> Stored:
    """A calibration of one source as it is stored."""
    return Stored(CALIBRATION_VERSION, identity_of(calibration), record_id, calibration)


def to_bytes(one: Stored) -> bytes:
    """The file."""
    text = json.dumps(msgspec.to_builtins(one), ensure_ascii=False, allow_nan=False, indent=2)
    return text.encode() + b"\n"


def parse(data: bytes, name: str) -> Stored:
    """A file's content. Raises CalibrationError for what is none, or is not as it was written."""
    try:
        found = msgspec.convert(strict_json(data), Stored)
    except ValueError as err:  # no JSON, none of ours, half of a surrogate pair
        raise CalibrationError(name, f"is no calibration: {err}") from err
    if found.calibration_store != CALIBRATION_VERSION:
        raise CalibrationError(name, f"is of version {found.calibration_store}, not read here")
    if len(found.calibration.transfers) != 1:
        raise CalibrationError(name, "holds not one source")
    if not _sound(found.calibration):
        raise CalibrationError(name, "holds a number that none of a calibration can be")
    if identity_of(found.calibration) != found.sha256:
        raise CalibrationError(name, "was changed: its content has not the SHA-256 it states")
    return found


def _sound(found: Calibration) -> bool:
    """Whether its numbers can be computed with: the hash of a file is no proof of who wrote it."""
    transfer, reference = found.transfers[0], found.reference
    numbers, freedoms = list(transfer.range_w or ()), []
    numbers += [*transfer.temperature_cel, *(transfer.ambient_cel or ())]
    if reference is not None:
        numbers += [reference.u_relative, reference.u_w]
        freedoms.append(reference.nu)
    if (fit := transfer.fit) is not None:
        words = ("lag_reason", "lag_words")
        about = {k: v for k, v in msgspec.structs.asdict(fit).items() if k not in words}
        freedoms.append(about.pop("nu"))
        numbers += [number for number in about.values() if number is not None]
        gain_known = 1 / MOST_GAIN <= float(fit.gain) <= MOST_GAIN
        if not gain_known or abs(float(fit.lag_s or "0")) > MOST_LAG_S:
            return False
    return all(abs(float(n)) <= MOST for n in numbers) and all(float(nu) > 0 for nu in freedoms)


def read(path: Path) -> Stored:
    """One file. Raises CalibrationError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as err:
        raise CalibrationError(str(path), f"cannot be read ({err})") from err
    if len(data) > MAX_FILE_BYTES:
        raise CalibrationError(str(path), f"is larger than {MAX_FILE_BYTES >> 20} MiB")
    return parse(data, str(path))


def keep(place: Path, one: Stored) -> Path:
    """Write one, whole; the same one again changes nothing. Raises CalibrationError."""
    path = place / f"{one.name}.json"
    part = path.with_suffix(".part")
    try:
        place.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(to_bytes(one))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as err:
        raise CalibrationError(str(path), f"cannot be written ({err.strerror or err})") from err
    return path


def forget(path: Path) -> None:
    """Delete one. Raises CalibrationError."""
    try:
        path.unlink()
    except OSError as err:
        raise CalibrationError(str(path), f"cannot be deleted ({err.strerror or err})") from err


def names(place: Path) -> Iterator[Path]:
    """The files in order of their names; what has another name is none of ours.

    Raises CalibrationError for a folder that cannot be read.
    """
    if not place.is_dir():
        return
    try:
        found = sorted(place.iterdir())
    except OSError as err:
        raise CalibrationError(str(place), f"cannot be read ({err.strerror or err})") from err
    for path in found[:MAX_FILES]:
        if NAME.fullmatch(path.name):
            yield path


def find(place: Path, name: str) -> Path:
    """The file whose name begins so. Raises CalibrationError for none or more than one."""
    found = [path for path in names(place) if path.stem.startswith(name)]
    if len(found) != 1 or not name:
        known = ", ".join(path.stem for path in names(place)) or "none"
        what = "several begin so" if len(found) > 1 else "no such calibration"
        raise CalibrationError(name, f"{what}; stored here: {known}")
    return found[0]


def readable(place: Path) -> Iterator[Stored]:
    """Those that can be used; one that was changed or is none is passed over."""
    for path in names(place):
        with suppress(CalibrationError):
            yield read(path)
