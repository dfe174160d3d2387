"""The `device` message: every fact, or why it is absent."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from agent.facts import cpu, machine
from agent.facts.files import AbsentError, Roots

FACTS: dict[str, Callable[[Roots], Any]] = {
    "cpu": cpu.cpu_model,
    "cpu_flags": cpu.cpu_flags,
    "cores": cpu.cores,
    "affinity": cpu.affinity,
    "smt": cpu.smt,
    "frequency": cpu.frequency,
    "boost": cpu.boost,
    "cpu_ticks": cpu.cpu_ticks,
    "load": cpu.load,
    "clocksource": cpu.clocksource,
    "memory_bytes": machine.memory_bytes,
    "system": machine.system,
    "product": machine.product,
    "machine_id_sha256": machine.machine_id_sha256,
    "boot_id": machine.boot_id,
    "uptime_s": machine.uptime_s,
    "virtualization": machine.virtualization,
    "cgroup": machine.cgroup,
    "huge_pages": machine.huge_pages,
    "temperatures_c": machine.temperatures_c,
    "power_supplies": machine.power_supplies,
    "time_sync": machine.time_sync,
}


def device_facts(roots: Roots | None = None) -> dict[str, Any]:
    """All facts by name, and `absent`: a list of `fact` and `reason`."""
    where = roots or Roots()
    found: dict[str, Any] = {}
    absent: list[dict[str, str]] = []
    for name, fact in FACTS.items():
        reason = ""
        try:
            found[name] = fact(where)
        except AbsentError as err:
            reason = str(err)
        except OSError as err:
            code = "not-present" if isinstance(err, FileNotFoundError) else "not-readable"
            reason = f"{code}: {errno.errorcode.get(err.errno or 0, type(err).__name__)}"
        except (ValueError, LookupError) as err:
            reason = f"not-understood: {err}"
        if reason:
            absent.append({"fact": name, "reason": reason})
    return {**found, "absent": absent}
