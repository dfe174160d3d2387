"""Whether somebody answers at an address: an SSH server by its greeting, adbd by its open port."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

from host.plan.address import SSH_PORT, Address

# What a far end says of itself is cut off there.
MAX_TEXT = 100
# RFC 4253, 4.2: an identification line holds at most 255 bytes; a server may greet before it.
MAX_GREETING_BYTES = 4096
# ssh -G prints some 80 lines.
MAX_CONFIG_CHARS = 64 << 10
NOT_YET = "its port is open; adb connects to it when it is used"
BEHIND = "it is behind a jump host: only a connection can tell"


class BehindError(ValueError):
    """The device cannot be asked without a connection: (why)."""


def probe(address: Address, config: str | None, timeout_s: float) -> tuple[object, ...]:
    """What the device says of itself, as the one element. config: an ssh config to read.

    Raises OSError or ValueError where nobody, or somebody else, answers; BehindError where only
    a connection can tell.
    """
    if place := network_place(address):
        with socket.create_connection(place, timeout=timeout_s):
            return (NOT_YET,)
    if address.way != "ssh":
        with socket.create_connection((address.target, address.port), timeout=timeout_s):
            return ("the port is open; adbd was not asked",)
    place = _place(address, config, timeout_s)
    with socket.create_connection(place, timeout=timeout_s) as end:
        return (_greeting(end),)


def network_place(address: Address) -> tuple[str, int] | None:
    """Host and port of a device that adb reaches over the network, else None."""
    host, _, port = address.target.rpartition(":")
    if address.way != "adb" or not host or not port.isdecimal() or int(port) >= 1 << 16:
        return None
    return host.strip("[]"), int(port)


def text_of(text: str) -> str:
    """A text of a device on one line, cut, with nothing that moves a cursor."""
    return "".join(c if c.isprintable() else "?" for c in text.strip()[:MAX_TEXT])


def _greeting(end: socket.socket) -> str:
    said = b""
    while len(said) < MAX_GREETING_BYTES and (chunk := end.recv(256)):
        said += chunk
        for line in said.split(b"\n")[:-1]:
            if line.startswith(b"SSH-"):
                return text_of(line.decode("ascii", "replace"))
    raise ValueError("something answers there, and it is no SSH server")


def _place(address: Address, config: str | None, timeout_s: float) -> tuple[str, int]:
    """Host and port as ssh(1) would use them, for the host may be an alias of a configuration."""
    argv = ["ssh", "-G"]
    argv += ["-F", str(Path(config).expanduser())] if config else []
    argv += ["-p", str(address.port)] if address.port else []
    try:
        done = subprocess.run(
            [*argv, "--", address.target],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=timeout_s,
        )
    except FileNotFoundError:
        return address.target, address.port or SSH_PORT
    except subprocess.TimeoutExpired as err:
        raise TimeoutError from err
    if done.returncode != 0:
        raise ValueError(text_of(done.stderr.decode(errors="replace")) or "ssh -G failed")
    lines = done.stdout.decode(errors="replace")[:MAX_CONFIG_CHARS].splitlines()
    said = {key: value for key, _, value in (line.partition(" ") for line in lines)}
    if {said.get("proxyjump", "none"), said.get("proxycommand", "none")} != {"none"}:
        raise BehindError(BEHIND)
    port = said.get("port", "")
    return said.get("hostname") or address.target, int(port) if port.isdecimal() else SSH_PORT
