"""How the shell agent of a device is reached: its run goes on without the link."""

from __future__ import annotations

from pathlib import PurePosixPath

from collectors.clocks import device_clock
from host.handover.deployment import Deployment
from host.handover.progress import Progress, Watch
from host.run.shell_follow import Site
from host.run.shell_kept import ShellLink
from host.transport.base import Transport, output

# A console costs the unit some ten processes a second while a stream is waited on
# (host/transport/README.md): it is looked at now and then instead.
CONSOLE_REST_S = 15.0
# What every device without Python has, and what a desktop's `sh` often is not: a shell that tells
# microseconds (agent/shell/README.md, Time). Debian's is dash, which stamps in steps of 10 ms.
SH = ("sh",)
_FINE = "for s in mksh bash; do command -v $s && exit; done; echo sh"
CALL_TIMEOUT_S = 60.0


def finest_shell(transport: Transport) -> tuple[str, ...]:
    """The shell for the agent on a device that could have had the Python agent."""
    said = output(transport, ["sh", "-c", _FINE], timeout_s=CALL_TIMEOUT_S)
    name = said.decode("utf-8", "replace").strip().rpartition("/")[2]
    return (name,) if name in ("mksh", "bash") else SH


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
