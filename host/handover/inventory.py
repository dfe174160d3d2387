"""The devices of a bench: an address each, and what the record must know of them. TOML on disk.

Unknown keys are refused. A password never stands here: only the file or the environment variable
that holds it.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from host.handover.profile import FarPath, Line, Word

INVENTORY_VERSION = 1
RESTORE_AFTER_S = 600

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z", max_length=64)]
EnvironmentName = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\Z", max_length=100)]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to get in. Paths are of this machine.

    identity_file: private key. ssh_config: read for this host. user: overrides the address.
    password_file, password_env: where the password is found; one of them at most.
    """

    identity_file: Line | None = None
    ssh_config: Line | None = None
    user: Line | None = None
    password_file: Line | None = None
    password_env: EnvironmentName | None = None


class InventoryDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One device. profile None: found by matching. maker, model, serial_number: for the record.

    python, store, spool: on this very device, where they differ from what its profile says.
    wheelhouse: a folder of wheels here, of which the device gets an environment for the agent.
    program: a native runner for it here, or the folder that holds one. runner: which one that is.
    What a plan says of them goes before. staged: folders on the device where a model may lie
    already under its name; it is proven by its hash and not pushed.
    restore_after_s: how long the device hears nothing of a run until it puts back by itself what
    was set of it. Our choice: a link that is lost for longer is lost for good, as far as a phone's
    screen and radios go; they shall not stay as we set them over night.
    """

    name: Name
    address: Line
    profile: Word | None = None
    maker: Line | None = None
    model: Line | None = None
    serial_number: Line | None = None
    python: Line | None = None
    wheelhouse: Line | None = None
    program: Line | None = None
    runner: Line | None = None
    staged: tuple[FarPath, ...] = ()
    store: FarPath | None = None
    spool: FarPath | None = None
    restore_after_s: Annotated[int, Meta(ge=1, le=86_400)] = RESTORE_AFTER_S
    options: Options = Options()


class Inventory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One inventory file."""

    inventory: int
    device: tuple[InventoryDevice, ...] = ()
