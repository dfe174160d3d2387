"""Where the inventory of devices is found, and what it says."""

from __future__ import annotations

import os
from pathlib import Path

from host.errors import InventoryError
from host.handover.inventory import INVENTORY_VERSION, Inventory
from host.plan.inventory import load_inventory

ENVIRONMENT = "INFEROMETER_INVENTORY"
NAME = "devices.toml"


def inventory_path(given: Path | None = None) -> Path:
    """The file given, else that of INFEROMETER_INVENTORY, else the user's own."""
    if given is not None or os.environ.get(ENVIRONMENT):
        return given or Path(os.environ[ENVIRONMENT])
    import platformdirs

    return Path(platformdirs.user_config_dir("inferometer")) / NAME


def inventory(given: Path | None = None) -> Inventory:
    """The inventory; an empty one where the user has none at the default place.

    Raises InventoryError for a file that was named and is not there, and for a wrong one.
    """
    path = inventory_path(given)
    named = given is not None or bool(os.environ.get(ENVIRONMENT))
    if not path.exists():
        if named:
            raise InventoryError(str(path), "is not there")
        return Inventory(inventory=INVENTORY_VERSION)
    return load_inventory(path)
