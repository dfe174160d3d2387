"""What made the record: names, versions, hashes of the host's and the agent's sources."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from importlib.resources import files

from host.deploy.bundle import sources
from host.handover.deployment import Deployment

HOST = "inferometer"
# What the law of propagation, Monte Carlo and quantiles are computed with (`host/evaluate/`).
ANALYSIS = ("GTC", "numpy", "scipy")


def host_sha256() -> str:
    """SHA-256 over `path NUL bytes` of the host's sources in order."""
    found = hashlib.sha256()
    for name, data in sources(files("host")):
        found.update(name.encode() + b"\0" + data)
    return found.hexdigest()


def software(deployment: Deployment) -> tuple[dict[str, str], ...]:
    """One entry per part, as far as it has a hash of its sources with that."""
    release = version("inferometer")
    return (
        {"name": HOST, "role": "host", "version": release, "sha256": host_sha256()},
        {
            "name": "inferometer-shell-agent" if deployment.shell else "inferometer-agent",
            "role": "agent",
            "version": release,
            "sha256": deployment.agent_sha256,
        },
        {"name": "python", "role": "host", "version": platform.python_version(), "sha256": ""},
        *(
            {"name": name, "role": "analysis", "version": version(name), "sha256": ""}
            for name in ANALYSIS
        ),
    )
