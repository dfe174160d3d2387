"""Reads the inventory of devices: strict TOML, a sentence with file, key and fix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from host.errors import InventoryError, PlanError, UsageError
from host.handover.inventory import INVENTORY_VERSION, Inventory, InventoryDevice
from host.plan.address import parse_address
from host.plan.profile import shipped
from host.plan.typed import convert, read


def load_inventory(path: Path) -> Inventory:
    """The inventory at a place. Raises InventoryError."""
    return parse_inventory(read(path, InventoryError), str(path))


def parse_inventory(data: bytes, name: str) -> Inventory:
    """Raises InventoryError: file, key and what to do."""
    found = convert(data, name, Inventory, InventoryError)
    if found.inventory != INVENTORY_VERSION:
        raise InventoryError(
            name,
            f"inventory = {found.inventory}, this version reads inventory = {INVENTORY_VERSION}",
        )
    problems = tuple(_problems(found))
    if problems:
        raise InventoryError(name, "; ".join(problems))
    return found


def _problems(inventory: Inventory) -> Iterator[str]:
    names: set[str] = set()
    addresses: dict[str, str] = {}
    for number, device in enumerate(inventory.device, 1):
        where = f"device {number} ({device.name})"
        if device.name in names:
            yield f"{where}, name: stands there twice"
        names.add(device.name)
        yield from (f"{where}, {said}" for said in _device(device, addresses))


def _device(device: InventoryDevice, addresses: dict[str, str]) -> Iterator[str]:
    try:
        address = parse_address(device.address)
    except UsageError as err:
        yield str(err)
        return
    other = addresses.setdefault(address.key, device.name)
    if other != device.name:
        yield f"address: {device.address} is that of {other}, too"
    options = device.options
    if options.password_file is not None and options.password_env is not None:
        yield "options: name password_file or password_env, not both"
    if address.way != "ssh" and (options.identity_file or options.ssh_config):
        yield "options: identity_file and ssh_config are of ssh addresses"
    if address.user and options.user and address.user != options.user:
        yield f"options.user: is {options.user}, the address says {address.user}"
    yield from _profile(device, address.way)


def _profile(device: InventoryDevice, way: str) -> Iterator[str]:
    """A profile that exists and knows the way; one of the user's own is checked when used."""
    if device.profile is None:
        return
    try:
        kinds = shipped(device.profile).transport.kinds
    except PlanError as err:
        yield f"profile: {err.args[1]}"
        return
    if way not in kinds:
        yield f"profile: {device.profile} is reached by {' or '.join(kinds)}, not by {way}"
