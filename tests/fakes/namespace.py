"""Network namespaces with one cable to them: a real link that a test can cut and mend.

The near end of the cable lies in this machine's namespace, or in another one's (a device that is
reached only through a gateway). A name tells which process made it, so that what a killed test
left is found and removed at the next start. Needs root and iproute2 (ip-netns(8)).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
IP, TC = shutil.which("ip", path=PATH), shutil.which("tc", path=PATH)
WAIT_S = 30.0
# 198.18.0.0/15 is set aside for benchmarks of network gear (RFC 2544, C.2.2): no host has it.
FIRST_ADDRESS = (198 << 24) | (18 << 16)
CABLES = 1 << 15  # as many networks of four addresses lie in a /15
# inferometer-PID-START-COUNT; START is the process's start time, since ids are used again.
COUNT = itertools.count()
NAME = re.compile(r"inferometer-(\d+)-(\d+)-(\d+)")


class NamespaceError(Exception):
    """`ip` failed: (its command, what it said)."""


def why_not() -> str | None:
    """Why no namespace can be made here; None when it can."""
    if os.geteuid() != 0:
        return "a network namespace needs root"
    if IP is None:
        return "iproute2 is not installed"
    try:
        with namespace():
            return None
    except NamespaceError as err:
        return f"no network namespace can be made here ({err})"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace and its cable. address: its own; gateway: the near end's.

    device, gateway_device: the ends of the cable. near: the namespace of the near end, None for
    this machine's own.
    """

    name: str
    address: str
    gateway: str
    device: str
    gateway_device: str
    near: str | None

    def inside(self, argv: Sequence[str]) -> list[str]:
        """The command that runs argv inside."""
        return [str(IP), "netns", "exec", self.name, *argv]

    def cut(self) -> None:
        """Take the carrier away. The near end stays up, so that no packet goes another way."""
        _ip("-n", self.name, "link", "set", self.device, "down")

    def mend(self) -> None:
        """Give the carrier back, and the way out that went with it; both ends see it then."""
        _ip("-n", self.name, "link", "set", self.device, "up")
        _ip("-n", self.name, "route", "replace", "default", "via", self.gateway)
        for place, device in self._ends():
            # The kernel tells a change of carrier once a second at most; an end that has not
            # heard of it drops what it sends, and takes its neighbour for gone after three tries.
            end = time.monotonic() + WAIT_S
            while "state UP" not in _ip(*place, "-o", "link", "show", "dev", device):
                if time.monotonic() > end:
                    raise NamespaceError("ip link set up", f"{device} stays without carrier")
                time.sleep(0.02)
            _ip(*place, "neighbour", "flush", "dev", device)

    def slow(self, kbit_s: int) -> None:
        """Let no more than this through, either way (tc-tbf(8)); delays grow to 0.4 s."""
        rate = ["tbf", "rate", f"{kbit_s}kbit", "burst", "16k", "latency", "400ms"]
        for place, device in self._ends():
            done = _run([*place, "qdisc", "replace", "dev", device, "root", *rate], program=TC)
            if done.returncode:
                raise NamespaceError("tc", done.stderr.strip())

    def pids(self) -> list[int]:
        """Every process inside."""
        return [int(pid) for pid in _ip("netns", "pids", self.name).split()]

    def _ends(self) -> list[tuple[list[str], str]]:
        """Options of ip that lead to each end, and its device."""
        near = ["-n", self.near] if self.near else []
        return [(["-n", self.name], self.device), (near, self.gateway_device)]


@contextmanager
def namespace(near: Namespace | None = None) -> Iterator[Namespace]:
    """A namespace with loopback up and its cable to `near`; None is this machine's own.

    Every process inside is killed at the end. Raises NamespaceError.
    """
    _remove_orphans()
    name = f"inferometer-{os.getpid()}-{_started(os.getpid())}-{next(COUNT)}"
    try:
        _ip("netns", "add", name)
        yield _wired(name, near)
    finally:
        _remove(name)


def _wired(name: str, near: Namespace | None) -> Namespace:
    cable = _cable(name)
    near_end, far_end = f"ifm{cable}n", f"ifm{cable}f"
    gateway, address = (_dotted(FIRST_ADDRESS + 4 * cable + host) for host in (1, 2))
    if near is not None:
        _ip("link", "set", near_end, "netns", near.name)
    here = ["-n", near.name] if near else []
    _ip(*here, "address", "add", f"{gateway}/30", "dev", near_end)
    _ip(*here, "link", "set", near_end, "up")
    _ip("-n", name, "address", "add", f"{address}/30", "dev", far_end)
    _ip("-n", name, "link", "set", "lo", "up")
    made = Namespace(name, address, gateway, far_end, near_end, near.name if near else None)
    made.mend()
    return made


def _cable(name: str) -> int:
    """A cable into a namespace, of a number that nobody has: the kernel refuses a second one."""
    first = os.getpid() % CABLES
    for number in itertools.chain(range(first, CABLES), range(first)):
        ends = f"ifm{number}n", f"ifm{number}f"
        said = _said(
            "link", "add", ends[0], "type", "veth", "peer", "name", ends[1], "netns", name
        )
        if said is None:
            return number
        if "exists" not in said:
            raise NamespaceError("ip link add", said)
    raise NamespaceError("ip link add", "every cable is in use")


def _remove_orphans() -> None:
    """Remove what processes left that are gone."""
    for line in _ip("netns", "list").splitlines():
        found = NAME.match(line)
        if found and _started(int(found[1])) != int(found[2]):
            _remove(found[0])


def _remove(name: str) -> None:
    """Kill what runs inside; the cable goes with the namespace."""
    with contextlib.suppress(NamespaceError):  # it was never made, or another one removes it
        for pid in _ip("netns", "pids", name).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        _ip("netns", "delete", name)


def _started(pid: int) -> int | None:
    """Start time of a process in ticks after boot, field 22 of proc(5) stat; None when gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])


def _dotted(address: int) -> str:
    return ".".join(str(byte) for byte in address.to_bytes(4, "big"))


def _run(argv: Sequence[str], program: str | None = IP) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *argv], capture_output=True, timeout=WAIT_S, check=False, text=True
    )


def _said(*argv: str) -> str | None:
    """Run ip; None when it went well, else what it said."""
    done = _run(argv)
    return None if done.returncode == 0 else done.stderr.strip()


def _ip(*argv: str) -> str:
    done = _run(argv)
    if done.returncode:
        raise NamespaceError(f"ip {' '.join(argv)}", done.stderr.strip())
    return done.stdout
