"""Readings of a fuel gauge through sysfs, for `fuel_gauge.find_rule`: one call, one loop."""

from __future__ import annotations

import secrets
import shlex

from host.state.description import Description
from host.state.missing import Missing, text_of, whole
from host.state.sections import Section, answer, answers_of, script
from host.transport.base import Transport

# Registers change every 0.3 to 4 s (sources notes 1.4): reading once a second misses little.
EVERY_S = 1
_MOST = 600
_CALL_S = 60.0
# Twice what any gauge of a phone would say in uA; beyond is a sentinel.
_MOST_RAW = 20_000_000


def read_current(
    transport: Transport, description: Description, count: int
) -> tuple[int, ...] | Missing:
    """Raw readings of the first battery's `current_now`, one a second, as the gauge gives them.

    What is no number is left out; a device without the node, or that does not let us read it,
    says so. Raises TransportError, and ValueError for a count beyond 1..600.
    """
    if not 1 <= count <= _MOST:
        raise ValueError(f"count is {count}, 1 to {_MOST} are taken")
    folder = shlex.quote(f"{description.sys}/class/power_supply")
    body = (
        f"for d in {folder}/*; do k=; {{ read -r k <$d/type; }} 2>/dev/null;"
        ' [ "$k" = Battery ] && [ -e "$d/current_now" ] && break; k=; done;'
        ' if [ "$k" != Battery ]; then e 127; else n=0;'
        f" while [ $n -lt {count} ]; do n=$((n + 1));"
        ' { read -r v <"$d/current_now"; } 2>/dev/null && echo "$v";'
        f" [ $n -lt {count} ] && sleep {EVERY_S}; done; e 0; fi"
    )
    mark = f"inferometer-{secrets.token_hex(8)}"
    asked = script([Section("current", body)], mark)
    done = transport.call(["sh", "-c", asked], timeout_s=_CALL_S + count * EVERY_S)
    said = answer(answers_of(done.stdout, mark), "current")
    if isinstance(said, Missing):
        return said
    readings = [whole(line, -_MOST_RAW, _MOST_RAW) for line in text_of(said).split()]
    known = tuple(r for r in readings if not isinstance(r, Missing))
    return known or Missing("not-readable", "current_now gives no number")
