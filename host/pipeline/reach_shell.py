"""How the shell agent of a device is reached: its run goes on without the link."""

from __future__ import annotations

from pathlib import PurePosixPath

from collectors.clocks import device_clock
from host.handover.deployment import Deployment
from host.handover.progress import Progress, Watch
from host.run.shell_follow import Site
from host.run.shell_kept import ShellLink
from host.transport.base import Transport

# A console costs the unit some ten processes a second while a stream is waited on
# (host/transport/README.md): it is looked at now and then instead.
CONSOLE_REST_S = 15.0


def shell_link(
    transport: Transport,
    deployment: Deployment,
    directory: PurePosixPath,
    watch: Watch,
    *,
    patience_s: float,
    first: int = 1,
) -> ShellLink:
    """A link to the run of `directory`, attempts from number `first` on. Nothing is said yet."""

    def waits(why: str) -> None:
        watch(Progress("link", waiting=why))

    console = transport.device.startswith("serial:")
    site = Site(
        deployment.device,
        transport,
        tuple(deployment.argv()),
        directory,
        patience_s,
        waits,
        CONSOLE_REST_S if console else 0.0,
    )
    return ShellLink(site, device_clock(), first=first)
