"""The operator's laboratory file: where it is, reading it, and the empty one to start from."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from host.errors import LaboratoryError
from host.handover.laboratory import Laboratory
from host.schema.laboratory import MAX_BYTES, parse_laboratory

ENVIRONMENT = "INFEROMETER_LABORATORY"
NAME = "laboratory.toml"


def laboratory_path(given: Path | None = None) -> Path:
    """The file given, else that of INFEROMETER_LABORATORY, else the user's own."""
    if given is not None or os.environ.get(ENVIRONMENT):
        return given or Path(os.environ[ENVIRONMENT])
    import platformdirs

    return Path(platformdirs.user_config_dir("inferometer")) / NAME


def laboratory_bytes(given: Path | None = None) -> bytes | None:
    """The bytes of the file, None where the user has none at the default place.

    Raises LaboratoryError for a file that was named and is not there, and for a wrong one: what
    is sealed with a run must be readable ever after.
    """
    path = laboratory_path(given)
    named = given is not None or bool(os.environ.get(ENVIRONMENT))
    if not named and not path.exists():
        return None
    data = _bytes(path)
    parse_laboratory(data, str(path))
    return data


def read_named(path: Path) -> Laboratory:
    """The laboratory file at a place. Raises LaboratoryError where there is none."""
    return parse_laboratory(_bytes(path), str(path))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as err:
        raise LaboratoryError(
            str(path), f"is not there; `inferometer laboratory init {path}` writes an empty one"
        ) from err
    except OSError as err:
        raise LaboratoryError(str(path), f"cannot be read ({err.strerror})") from err


def init_laboratory(given: Path | None = None) -> Path:
    """Write the empty file. Raises LaboratoryError where one is: nothing is overwritten."""
    path = laboratory_path(given)
    template = (files("host.schema") / "laboratory-template.toml").read_bytes()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(template)
    except FileExistsError as err:
        raise LaboratoryError(str(path), "is there already; it is not overwritten") from err
    except OSError as err:
        raise LaboratoryError(str(path), f"cannot be written ({err.strerror})") from err
    return path


def lacking(laboratory: Laboratory) -> tuple[str, ...]:
    """What a record cannot be issued without (ISO/IEC 17025, 7.8.2.1 e and o)."""
    roles = {person.role for person in laboratory.people}
    found = [] if laboratory.customer else ["[customer]"]
    return (*found, *(() if "approver" in roles else ('[[people]] with role = "approver"',)))
