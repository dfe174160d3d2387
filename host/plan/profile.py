"""Device profiles: what is known of a product before it is measured."""

from __future__ import annotations

import difflib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from host.errors import PlanError, ProfileError
from host.handover.profile import PROFILE_VERSION, Profile
from host.plan.profile_faults import faults
from host.plan.typed import convert, read

FOLDER = files("device_profiles")


def names() -> list[str]:
    """Names of the shipped profiles."""
    return sorted(
        e.name.removesuffix(".toml") for e in FOLDER.iterdir() if e.name.endswith(".toml")
    )


def profile(name: str) -> dict[str, Any]:
    """A shipped profile as the file has it. Raises PlanError for an unknown name."""
    return tomllib.loads(_text(name).decode("utf-8"))


def shipped(name: str) -> Profile:
    """A shipped profile. Raises PlanError for an unknown name, with the near ones."""
    return parse_profile(_text(name), name)


def all_shipped() -> tuple[Profile, ...]:
    """Every shipped profile, by name."""
    return tuple(shipped(name) for name in names())


def load_profile(path: Path) -> Profile:
    """A profile of the user's own. Raises ProfileError with file, key and what to do."""
    found = parse_profile(read(path, ProfileError), str(path))
    if found.product.name != path.stem:
        raise ProfileError(
            str(path),
            f"product.name is {found.product.name}, the file must be {found.product.name}.toml",
        )
    return found


def parse_profile(data: bytes, name: str) -> Profile:
    """A profile from the bytes of its file. Raises ProfileError."""
    found = convert(data, name, Profile, ProfileError)
    if found.profile != PROFILE_VERSION:
        raise ProfileError(
            name, f"profile = {found.profile}, this version reads profile = {PROFILE_VERSION}"
        )
    problems = faults(found)
    if problems:
        raise ProfileError(name, "; ".join(problems))
    return found


def _text(name: str) -> bytes:
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known) or known
        raise PlanError("device", f"{name} is no device profile; known are {', '.join(near)}")
    return (FOLDER / f"{name}.toml").read_bytes()
