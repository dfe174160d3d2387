"""Equipment files and certificates of made-up instruments, and the files behind them."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from host.handover.equipment import Certificate, Equipment, Instrument

PAPER = b"%PDF a certificate\n"
# For runs that are made now, whenever that is.
LONG = datetime.date(2099, 12, 31)
POINTS = (("1", "0.010", "0.004"), ("11", "0.030", "0.008"), ("41", "-0.030", "0.020"))


def certificate(**over: Any) -> Certificate:  # noqa: ANN401
    """A legal certificate of a power meter, 1 W to 41 W, valid in 2026."""
    said: dict[str, Any] = {
        "number": "C-1",
        "issuer": "Example laboratory",
        "accreditation": "L0000",
        "calibrated": datetime.date(2026, 1, 1),
        "due": datetime.date(2026, 12, 31),
        "file": "c-1.pdf",
        "sha256": hashlib.sha256(PAPER).hexdigest(),
        "unit": "W",
        "range": ("1", "41"),
        "points": POINTS,
        "k": "2",
        "nu": "inf",
    }
    return Certificate(**{**said, **over})


def gain(**over: Any) -> Certificate:  # noqa: ANN401
    """A certificate that states one factor, 1.01 with U = 0.004."""
    return certificate(**{"points": (), "gain": ("1.01", "0.004"), **over})


def instrument(**over: Any) -> Instrument:  # noqa: ANN401
    """A board sensor with that certificate."""
    said: dict[str, Any] = {
        "id": "board-sensor",
        "kind": "on_board",
        "maker": "Example",
        "model": "S1",
        "serial": "0001",
        "firmware": "1.0",
        "location": "bench",
        "channels": ("hwmon.board.power",),
        "certificate": (certificate(),),
    }
    return Instrument(**{**said, **over})


def equipment(*instruments: Instrument, environment: tuple[Any, ...] = ()) -> Equipment:
    """A file of these instruments, the board sensor alone without any."""
    return Equipment(1, instruments or (instrument(),), environment)


def write(folder: Path, said: Equipment) -> Path:
    """Write the file and the paper of every certificate."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in (c for i in said.instrument for c in i.certificate):
        (folder / each.file).write_bytes(PAPER)
    path = folder / "equipment.toml"
    path.write_text(toml(said), encoding="utf-8")
    return path


def toml(said: Equipment) -> str:
    """The file's text."""
    return tomli_w.dumps(_plain(msgspec.structs.asdict(said)))


def _plain(value: Any) -> Any:  # noqa: ANN401
    """TOML has no null and no structs; an empty list may as well be left out."""
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v not in (None, ())}
    return [_plain(v) for v in value] if isinstance(value, tuple) else value
