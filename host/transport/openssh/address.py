"""Where a device is, and the command lines of ssh(1) to it."""

from __future__ import annotations

import math
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from host.errors import UsageError
from host.transport.base import STALL_S

# No part may begin with a dash: ssh would take it for an option.
ADDRESS = re.compile(
    r"ssh:(?:(?P<user>[^-@:\s][^@:\s]*)@)?"
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<host>\w[\w.-]*))"
    r"(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII,
)
# Silent for three of these in a row: the connection is dead (ssh_config(5), ServerAliveCountMax).
ALIVE_COUNT = 2
# What a measurement needs, over whatever the user's configuration says of the rest. No terminal,
# no prompt, no forwarding of an agent or a display to a device that nobody vouches for.
ALWAYS = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=no",
    "ControlPersist=no",
)


@dataclass(frozen=True, slots=True)
class SshOptions:
    """How to connect.

    config: file to read instead of ~/.ssh/config and /etc/ssh/ssh_config. identity: a private key
    to offer beside those of the configuration and the agent. connect_timeout_s: for
    the way up to a shell that answers. stall_s: silence that ends a transfer or the connection.
    program: the OpenSSH client.
    """

    config: Path | None = None
    identity: Path | None = None
    connect_timeout_s: float = 15.0
    stall_s: float = STALL_S
    program: str = "ssh"


@dataclass(frozen=True, slots=True)
class Address:
    """A destination as ssh(1) takes it; host may be an alias of the configuration."""

    text: str
    user: str | None
    host: str
    port: int | None

    def destination(self, options: SshOptions) -> list[str]:
        """The options and the operand that name it."""
        argv = ["-F", str(options.config)] if options.config else []
        argv += ["-i", str(options.identity)] if options.identity else []
        argv += ["-p", str(self.port)] if self.port is not None else []
        argv += ["-l", self.user] if self.user else []
        return [*argv, "--", self.host]


def parse(text: str) -> Address:
    """`ssh:[user@]host[:port]`; an IPv6 address in brackets. Raises UsageError."""
    found = ADDRESS.fullmatch(text)
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 0 < port < 1 << 16):
        raise UsageError(text, "not an address of the form ssh:[user@]host[:port]")
    return Address(text, found["user"], found["six"] or found["host"], port)


def master(address: Address, options: SshOptions, socket: Path, command: str) -> list[str]:
    """The connection that all sessions share. -v: the log names keys and fingerprints."""
    alive_s = max(1, math.ceil(options.stall_s / (ALIVE_COUNT + 1)))
    timeout_s = max(1, math.ceil(options.connect_timeout_s))
    own = (
        "ControlMaster=yes",
        f"ControlPath={socket}",
        f"ConnectTimeout={timeout_s}",
        f"ServerAliveInterval={alive_s}",
        f"ServerAliveCountMax={ALIVE_COUNT}",
    )
    return [options.program, "-v", *_set(*own), *address.destination(options), command]


def session(address: Address, options: SshOptions, socket: Path, command: str) -> list[str]:
    """A command over that connection. Should it be gone, no other one is made."""
    own = ("ControlMaster=no", f"ControlPath={socket}", "ProxyCommand=false")
    return [options.program, *_set(*own), *address.destination(options), command]


def accept(address: Address, options: SshOptions) -> str:
    """What a person types to see an unknown host's key and accept it."""
    target = [word for word in address.destination(options) if word != "--"]
    return shlex.join(["ssh", "-o", "StrictHostKeyChecking=ask", *target, "true"])


def _set(*own: str) -> list[str]:
    return [word for option in (*ALWAYS, *own) for word in ("-o", option)]
