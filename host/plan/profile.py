"""Device profiles: what is known of a product before it is measured."""

from __future__ import annotations

import difflib
import tomllib
from importlib.resources import files
from typing import Any

from host.errors import PlanError

FOLDER = files("device_profiles")


def names() -> list[str]:
    """Names of the shipped profiles."""
    return sorted(
        e.name.removesuffix(".toml") for e in FOLDER.iterdir() if e.name.endswith(".toml")
    )


def profile(name: str) -> dict[str, Any]:
    """A shipped profile. Raises PlanError for an unknown name, with the near ones."""
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known) or known
        raise PlanError("device", f"{name} is no device profile; known are {', '.join(near)}")
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
