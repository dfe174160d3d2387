"""A device by its name: who it is, how it is reached, and which profile is for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from host.errors import UsageError
from host.handover.inventory import InventoryDevice, Options
from host.handover.profile import Profile
from host.pipeline.inventory import inventory, inventory_path
from host.plan.address import WAYS, Address, parse_address
from host.plan.facts import gather
from host.plan.match import match
from host.plan.profile import all_shipped, shipped
from host.transport.base import Transport, output
from host.transport.table import opener

CALL_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """name: as a plan says it. entry: of the inventory, or made of an address alone."""

    name: str
    address: Address
    entry: InventoryDevice

    @property
    def way(self) -> str:
        return self.address.way

    def connect(self) -> Transport:
        """A new way to it. Raises TransportError, UsageError for a library that is missing."""
        return opener(self.address.way)(str(self.address), **_options(self))

    def profile(self, transport: Transport) -> Profile:
        """The profile that is named, else the best that matches what the device says."""
        if self.entry.profile is not None:
            return shipped(self.entry.profile)
        facts = {**gather(transport).facts, "transport.kind": (self.way,)}
        closest, *_ = match(facts, all_shipped())
        if not closest.matches:
            raise UsageError(
                f"no profile fits {self.name}; the closest is {closest.name}, but"
                f" {closest.failed[0]}; name one in the inventory"
            )
        return shipped(closest.name)


def known_device(name: str, given: Path | None) -> KnownDevice:
    """The device of an inventory with this name, or one at this address."""
    if name.partition(":")[0] in WAYS and ":" in name:
        address = parse_address(name)
        return KnownDevice(name, address, InventoryDevice(name="unnamed", address=name))
    entries = inventory(given).device
    for entry in entries:
        if entry.name == name:
            return KnownDevice(name, parse_address(entry.address), entry)
    listed = ", ".join(e.name for e in entries) or "none"
    raise UsageError(
        f"{name} is neither local nor an address such as ssh:user@host, and not in"
        f" {inventory_path(given)}, which has {listed}"
    )


def home(transport: Transport, path: str) -> PurePosixPath:
    """A path of a profile on the device, with `~` as its shell has it."""
    if not path.startswith("~"):
        return PurePosixPath(path)
    said = output(transport, ["sh", "-c", "cd && pwd"], timeout_s=CALL_TIMEOUT_S)
    found = said.decode("utf-8", "replace").strip()
    if not found.startswith("/") or not found.isprintable():
        raise UsageError(f"{transport.device} says no home folder for {path}")
    return PurePosixPath(found + path[1:])


def _options(known: KnownDevice) -> dict[str, Any]:
    """Keyword arguments of the way's `connect`, from the inventory."""
    options: Options = known.entry.options
    match known.address.way:
        case "ssh":
            return {
                "identity_file": options.identity_file,
                "ssh_config": options.ssh_config,
                "user": options.user,
            }
        case "serial":
            return {"user": options.user or "", "password": _password(options)}
        case _:
            return {}


def _password(options: Options) -> str:
    """The password from where the inventory says; "" where it says nothing."""
    if options.password_env is not None:
        return os.environ.get(options.password_env, "")
    if options.password_file is None:
        return ""
    try:
        return Path(options.password_file).expanduser().read_text("utf-8").rstrip("\r\n")
    except OSError as err:
        raise UsageError(f"{options.password_file}: cannot be read ({err.strerror})") from err
