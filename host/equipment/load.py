"""Reads equipment files and the certificate files that they name. Strict."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from host.equipment.rules import faults
from host.errors import EquipmentError
from host.handover.equipment import EQUIPMENT_VERSION, Certificate, Equipment

NAME = "equipment.toml"
FOLDER = "equipment"
# Far above what people write by hand, far below what would fill a memory; our choice.
MAX_FILE_BYTES = 1 << 20
MAX_CERTIFICATE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Loaded:
    """An equipment file that can be used, and what a run folder keeps of it: name -> bytes."""

    equipment: Equipment
    files: Mapping[str, bytes]


def load(path: Path) -> Loaded:
    """The file and all certificate files, hashes checked. Raises EquipmentError."""
    data = _read(path, MAX_FILE_BYTES)
    equipment = parse(data, str(path))
    files = {NAME: data}
    for instrument in equipment.instrument:
        for certificate in instrument.certificate:
            found = path.parent / certificate.file
            files[stored_name(certificate)] = _certificate_file(found, certificate, str(path))
    return Loaded(equipment, files)


def kept_in(data: Path) -> Equipment | None:
    """The equipment of a run, from its `data/` alone; None for a run without.

    Raises EquipmentError for a file that is not as it was when the run was measured.
    """
    path = data / FOLDER / NAME
    if not path.exists():
        return None
    equipment = parse(_read(path, MAX_FILE_BYTES), str(path))
    for instrument in equipment.instrument:
        for certificate in instrument.certificate:
            _certificate_file(path.parent / stored_name(certificate), certificate, str(path))
    return equipment


def parse(data: bytes, name: str) -> Equipment:
    """Raises EquipmentError with `name` and one sentence for anything that cannot be used."""
    try:
        found = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as err:  # not UTF-8, no TOML, 5000 digits, 1000 brackets
        raise EquipmentError(name, f"is no valid TOML: {err}") from err
    version = found.get("equipment")
    if version != EQUIPMENT_VERSION or isinstance(version, bool):
        said = f"equipment = {version!r}"
        if isinstance(version, list | dict | None):
            said = "has no line `equipment = 1`"
        raise EquipmentError(name, f"{said}; this version reads equipment = {EQUIPMENT_VERSION}")
    try:
        equipment = msgspec.convert(found, Equipment)
    except msgspec.ValidationError as err:
        raise EquipmentError(name, _sentence(str(err))) from err
    for sentence in faults(equipment):
        raise EquipmentError(name, sentence)
    return equipment


def stored_name(certificate: Certificate) -> str:
    """A flat name in the run folder: start of the hash, then what is safe of the file's name."""
    base = PurePosixPath(certificate.file.replace("\\", "/")).name
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", base)[-80:]
    return f"{certificate.sha256[:16]}-{safe}"


def read_text(path: Path) -> str:
    """The text of an equipment file. Raises EquipmentError."""
    try:
        return _read(path, MAX_FILE_BYTES).decode("utf-8")
    except UnicodeDecodeError as err:
        raise EquipmentError(str(path), f"is no UTF-8 text: {err}") from err


def read_certificate(path: Path) -> bytes:
    """The bytes of a certificate file. Raises EquipmentError, also for one that is too large."""
    return _read(path, MAX_CERTIFICATE_BYTES)


def _certificate_file(path: Path, certificate: Certificate, name: str) -> bytes:
    data = read_certificate(path)
    found = hashlib.sha256(data).hexdigest()
    if found != certificate.sha256:
        raise EquipmentError(
            name,
            f"certificate {certificate.number}: the file {path} has the SHA-256 {found}, and not"
            f" {certificate.sha256} as stated",
        )
    return data


def _read(path: Path, limit: int) -> bytes:
    try:
        if not path.is_file():
            raise EquipmentError(str(path), "is no file" if path.exists() else "does not exist")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as err:
        raise EquipmentError(str(path), f"cannot be read ({err})") from err
    if len(data) > limit:
        raise EquipmentError(str(path), f"is larger than {limit >> 20} MiB")
    return data


_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<key>[^`]*)`")
_AT = re.compile(r" - at `\$\.?(?P<where>[^`]*)`$")


def _sentence(message: str) -> str:
    """The library's message in the words of the file."""
    at = _AT.search(message)
    where = _place(at["where"] if at else "")
    place = f" in {where}" if where else ""
    if unknown := _UNKNOWN.search(message):
        return f"unknown key {unknown['key']}{place}"
    if missing := _MISSING.search(message):
        return f"the key {missing['key']} is missing{place}"
    if re.search(r"Expected `str( \| null)?`, got `(float|int)`", message):
        return f"{where}: numbers are decimal strings in quotes, which keep their digits"
    if "matching regex" in message and "[0-9]+(" in message:
        return f'{where}: no number that a certificate can state; write it like "0.010"'
    if "matching regex" in message or "length" in message:
        return f"{where}: empty, too long, or with characters that do not belong there"
    return _AT.sub("", message).replace("Expected", f"{where}: expected", 1)


def _place(path: str) -> str:
    """`instrument[0].certificate[1].k` counted from 1: instrument 1, certificate 2, k."""
    counted = re.sub(r"\[(\d+)\]", lambda m: f" {int(m[1]) + 1}", path)
    return counted.replace(".", ", ")
