"""Memory of the whole machine, from /proc/meminfo (proc_meminfo(5)); its `kB` are KiB.

Device memory of GPUs and NPUs that no process counter shows is part of what MemAvailable loses.
"""

from __future__ import annotations

from functools import partial

from collectors.device.part import KeptFile, Polled, file_part, open_reason
from collectors.device.text import keyed
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Quantity, Unit

KIND = "memory"
_LIMIT_BYTES = 8192
_FIELDS = {
    "memory.available": ("MemAvailable", "an estimate by the kernel of what can still be taken"),
    "memory.free": ("MemFree", "page cache is not in it: mapped weights lower it, and it refills"),
    "memory.cached": ("Cached", "holds mapped weights, also after the process has ended"),
    "memory.swap_free": ("SwapFree", "0 also where there is no swap"),
}


def open_memory(scope: Scope) -> Opened:
    """Available, free and cached memory and free swap of the machine."""
    path = scope.proc / "meminfo"
    try:
        file = KeptFile.open(path, _LIMIT_BYTES)
    except OSError as err:
        return Opened(None, (Absent(KIND, str(path), open_reason(err), "mount procfs"),))
    channels = [
        Channel(
            name,
            Unit.KIBIBYTE,
            Kind.INSTANT,
            Quantity.MEMORY,
            f"{path} {key}",
            note=f"proc_meminfo(5): {trap}",
        )
        for name, (key, trap) in _FIELDS.items()
    ]
    keys = tuple(key.encode() for key, _ in _FIELDS.values())
    return Opened(Polled([file_part(file, channels, partial(keyed, keys=keys))], scope.clock))
