"""Puts the agent on the device under the hash of its content, and proves it there."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path, PurePosixPath

from platformdirs import user_cache_path

from host.deploy.bundle import bundle
from host.deploy.layout import SILENT, Store, Watch
from host.deploy.store import put
from host.errors import TransportError
from host.handover.deployment import Deployment
from host.transport.base import Transport, output

COPY_TIMEOUT_S = 60.0
# Hash on the device with its own Python: `-I` keeps its environment out of it.
HASH_PROGRAM = (
    "import hashlib,sys;print(hashlib.sha256(open(sys.argv[1],'rb').read()).hexdigest())"
)


def local_store() -> Path:
    """Where this machine, as a device, keeps agents and spools."""
    named = os.environ.get("INFEROMETER_STORE")
    return Path(named) if named else user_cache_path("inferometer") / "device"


def deploy_local(transport: Transport, store: Path) -> Deployment:
    """Deploy to the machine at hand; an agent with the same hash is used again."""
    packed = bundle()
    agent = PurePosixPath((store / "agents" / packed.name).absolute())
    deployment = Deployment(
        device=transport.device,
        agent=agent,
        agent_sha256=packed.sha256,
        agent_size_bytes=len(packed.data),
        python=sys.executable,
        spool=PurePosixPath((store / "spool").absolute()),
    )
    if not (Path(agent).exists() and _proven(transport, deployment)):
        _push(transport, deployment, packed.data)
        if not _proven(transport, deployment):
            raise TransportError(transport.device, f"{agent} does not have the hash that was sent")
    return deployment


def deploy(
    transport: Transport, store: Store, *, python: str, watch: Watch = SILENT
) -> Deployment:
    """Deploy the agent to a device by its store; the same bytes are used again."""
    packed = bundle()
    with tempfile.TemporaryDirectory(prefix="inferometer-agent-") as folder:
        file = Path(folder) / packed.name
        file.write_bytes(packed.data)
        placed = put(transport, store, file, packed.sha256, watch)
    return Deployment(
        device=transport.device,
        agent=placed.path,
        agent_sha256=packed.sha256,
        agent_size_bytes=len(packed.data),
        python=python,
        spool=store.spool,
    )


def _push(transport: Transport, deployment: Deployment, data: bytes) -> None:
    with tempfile.NamedTemporaryFile(prefix="inferometer-agent-") as file:
        file.write(data)
        file.flush()
        transport.push(Path(file.name), deployment.agent)


def _proven(transport: Transport, deployment: Deployment) -> bool:
    """The hash as the file system of the device gives the file back."""
    if transport.device == "local":
        found = hashlib.sha256(Path(deployment.agent).read_bytes()).hexdigest()
        return found == deployment.agent_sha256
    argv = [deployment.python, "-I", "-c", HASH_PROGRAM, str(deployment.agent)]
    said = output(transport, argv, timeout_s=COPY_TIMEOUT_S)
    return said.decode(errors="replace").strip() == deployment.agent_sha256
