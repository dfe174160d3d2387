"""Puts the agent on the device under the hash of its content, and proves it there."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path, PurePosixPath

from platformdirs import user_cache_path

from host.deploy.bundle import Bundle, bundle, shell_bundle
from host.deploy.layout import SILENT, Store, Watch
from host.deploy.store import How, put
from host.errors import StoreError, TransportError
from host.handover.deployment import Deployment
from host.transport.base import Transport

# Some 15,000 lines; 1 s on this machine, and a board may be thirty times slower.
COMPILE_S = 120.0


def local_store() -> Path:
    """Where this machine, as a device, keeps agents and spools."""
    named = os.environ.get("INFEROMETER_STORE")
    return Path(named) if named else user_cache_path("inferometer") / "device"


def deploy_local(transport: Transport, store: Path) -> Deployment:
    """Deploy to the machine at hand; an agent with the same hash is used again.

    No reserve is kept free for the 100 KiB of an agent: this disk is the user's own.
    """
    root = PurePosixPath(store.absolute())
    return deploy(transport, Store(root, reserve_bytes=0, python=sys.executable))


def deploy(transport: Transport, store: Store, watch: Watch = SILENT) -> Deployment:
    """Have the agent on any device that has Python: `store.python`, or that of an environment.

    Raises StoreError when no Python is named or the store cannot take the agent.
    """
    if not store.python:
        raise StoreError(
            transport.device, str(store.root), "no Python is named for the agent on the device"
        )
    return _placed(transport, store, bundle(), watch, sh=())


def deploy_shell(
    transport: Transport, store: Store, watch: Watch = SILENT, sh: tuple[str, ...] = ("sh",)
) -> Deployment:
    """Have the shell agent on a device. sh: what runs it there.

    Raises StoreError when the store cannot take it.
    """
    return _placed(transport, store, shell_bundle(), watch, sh=sh)


def _placed(
    transport: Transport, store: Store, packed: Bundle, watch: Watch, *, sh: tuple[str, ...]
) -> Deployment:
    with tempfile.TemporaryDirectory(prefix="inferometer-agent-") as folder:
        file = Path(folder) / packed.name
        file.write_bytes(packed.data)
        placed = put(transport, store, file, packed.sha256, watch)
    deployment = Deployment(
        device=transport.device,
        agent=placed.path,
        agent_sha256=packed.sha256,
        agent_size_bytes=len(packed.data),
        python=store.python,
        spool=store.spool,
        shell=sh,
    )
    if placed.how is How.PUSHED and not sh:
        # Once for each agent and Python. Where it fails, the agent starts from its sources.
        with suppress(TransportError):
            transport.call([*deployment.argv(), "compile"], timeout_s=COMPILE_S)
    return deployment
