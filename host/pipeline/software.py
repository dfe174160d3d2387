"""What made the record: names, versions, hashes of the host's and the agent's sources."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from importlib.resources import files

from host.deploy.bundle import sources
from host.handover.deployment import Deployment

# What the law of propagation, Monte Carlo and quantiles are computed with (`host/evaluate/`).
ANALYSIS = ("GTC", "numpy", "scipy")


def software(deployment: Deployment) -> tuple[dict[str, str], ...]:
    """One entry per part; sha256 of the host is over `path NUL bytes` of its sources in order."""
    found = hashlib.sha256()
    for name, data in sources(files("host")):
        found.update(name.encode() + b"\0" + data)
    release = version("inferometer")
    return (
        {"name": "inferometer", "role": "host", "version": release, "sha256": found.hexdigest()},
        {
            "name": "inferometer-agent",
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
