"""The agent on a device: where it is, what starts it, where it spools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Deployment:
    """An agent whose hash was proven on the device. python: the interpreter there.

    shell: what runs the shell agent, `("sh",)` on most devices; () for the Python agent.
    """

    device: str
    agent: PurePosixPath
    agent_sha256: str
    agent_size_bytes: int
    python: str
    spool: PurePosixPath
    shell: tuple[str, ...] = ()

    def argv(self) -> list[str]:
        """What starts a session; `-I` keeps the environment's Python settings out."""
        if self.shell:
            return [*self.shell, str(self.agent)]
        return [self.python, "-I", str(self.agent)]
