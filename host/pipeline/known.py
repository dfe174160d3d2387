"""A device by its name: who it is, how it is reached, and which profile is for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from host.errors import UsageError
from host.handover.inventory import InventoryDevice, Options
from host.handover.profile import Profile
from host.pipeline.inventory import inventory, inventory_path
from host.plan.address import WAYS, Address, parse_address
from host.plan.facts import gather
from host.plan.match import match
from host.plan.profile import all_shipped, shipped
from host.transport.base import Transport, output
from host.transport.local import Local

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

    @property
    def native(self) -> dict[str, str]:
        """What the inventory says of a native runner, as settings of the engine."""
        said = {"program": self.entry.program, "runner": self.entry.runner}
        return {key: value for key, value in said.items() if value is not None}

    def connect(self) -> Transport:
        """A new way to it. Raises TransportError, UsageError for a library that is missing."""
        return _open(self)

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


def _open(known: KnownDevice) -> Transport:
    address, options = known.address, known.entry.options
    match address.way:
        case "ssh":
            from host.transport.openssh.address import SshOptions
            from host.transport.ssh import connect as ssh

            identity, config = _path(options.identity_file), _path(options.ssh_config)
            user = f"{options.user}@" if options.user and not address.user else ""
            said = known.entry.address.replace("ssh:", f"ssh:{user}", 1)
            return ssh(said, SshOptions(config=config, identity=identity))
        case "serial":
            from host.transport.serial_console import Options as Console
            from host.transport.serial_console import connect as serial

            return serial(str(address), Console(user=options.user, password=_password(options)))
        case "adb":
            from host.transport.adb import connect as adb

            return adb(address.target)
        case "adb-direct":
            from host.transport.adb_direct import connect as adb_direct

            return adb_direct(str(address).partition(":")[2])
        case "local":
            return Local()


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text).expanduser()


def _password(options: Options) -> str | None:
    """The password from where the inventory says; None where it says nothing."""
    if options.password_env is not None:
        return os.environ.get(options.password_env)
    if options.password_file is None:
        return None
    try:
        return Path(options.password_file).expanduser().read_text("utf-8").rstrip("\r\n")
    except OSError as err:
        raise UsageError(f"{options.password_file}: cannot be read ({err.strerror})") from err
