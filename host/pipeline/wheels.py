"""A folder of wheels for one device: what its Python needs to run engines, without a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from host.deploy.wheelhouse import Wheelhouse, ask_target, fill_wheelhouse
from host.errors import UsageError
from host.pipeline.known import known_device
from host.pipeline.reach import LOCAL

# What an agent can use: an engine with wheels for most platforms, and psutil where it has procfs
# of its own kind.
USUAL = ("onnxruntime-genai", "psutil")


def fill(
    name: str, inventory: Path | None, folder: Path, requirements: Sequence[str]
) -> Wheelhouse:
    """Download wheels that fit the device's Python. Needs the internet here, not there."""
    if name == LOCAL:
        raise UsageError("this machine has its libraries installed; name another device")
    known = known_device(name, inventory)
    transport = known.connect()
    try:
        python = known.entry.python or known.profile(transport).agent.python
        if python is None:
            raise UsageError(f"{name} has no Python by its profile; name one in the inventory")
        return fill_wheelhouse(requirements or USUAL, folder, ask_target(transport, python))
    finally:
        transport.close()
