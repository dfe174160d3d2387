"""Builds each agent as one file whose bytes depend on its sources alone."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from agent import shell

# Host-side instruments are never shipped to a device; the shell agent goes alone.
NOT_SHIPPED = ("collectors/meters/", "agent/shell/", "agent/wire_lines.py")
# The oldest date a zip can hold: same sources, same bytes.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
# What the archive starts with, a file of the agent.
MAIN = "agent/packed_main.py"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The agent's bytes and their SHA-256. suffix: what its file name ends in."""

    data: bytes
    sha256: str
    suffix: str = "pyz"

    @property
    def name(self) -> str:
        return f"agent-{self.sha256[:16]}.{self.suffix}"


def bundle() -> Bundle:
    """Pack `agent/` and the device part of `collectors/`."""
    shipped = {
        f"{package}/{name}": data
        for package in ("agent", "collectors")
        for name, data in sources(files(package))
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in [("__main__.py", shipped[MAIN]), *sorted(shipped.items())]:
            if not name.startswith(NOT_SHIPPED):
                archive.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), data, zipfile.ZIP_DEFLATED)
    data = packed.getvalue()
    return Bundle(data, hashlib.sha256(data).hexdigest())


def shell_bundle() -> Bundle:
    """The shell agent, one script."""
    data = shell.bundle()
    return Bundle(data, hashlib.sha256(data).hexdigest(), "sh")


def sources(folder: Traversable, prefix: str = "") -> list[tuple[str, bytes]]:
    """Relative name and bytes of every Python source in a package, in the order of names."""
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            found += sources(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".py"):
            found.append((f"{prefix}{entry.name}", entry.read_bytes()))
    return found
