"""Power of a whole server as its management controller states it, through `ipmitool`.

DCMI 1.5, command Get Power Reading: whole W, a current, least, largest and mean value over a
period that the controller states. Not a meter: some 1 s old, accuracy stated nowhere (5 % class).
Redfish PowerControl is asked over a network with a password: a matter of the host, not built yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from collectors.device.asked import Asked, Question, answer_of, program
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND = "bmc"
BMC_HZ = 0.5
_ARGV = ("ipmitool", "dcmi", "power", "reading")
_NOW = re.compile(r"^\s*Instantaneous power reading\s*:\s*([0-9]{1,6})\s+Watts?\s*$", re.MULTILINE)
_ACTIVE = re.compile(r"^\s*Power reading state is\s*:\s*activated\s*$", re.MULTILINE)
_FIX = "install ipmitool and load ipmi_devintf, as root; servers with a BMC that knows DCMI only"
_NONE = "none: this BMC gives no power reading by DCMI; ask its Redfish service from the host"
_NOTE = (
    "BMC, not a meter: whole W, averaged over about 1 s, accuracy not stated; of the whole server "
    "behind its power supplies' own sensors"
)


def open_bmc(scope: Scope) -> Opened:
    """The one reading, if a controller answers now."""
    asked = " ".join(_ARGV)
    path = program(scope, _ARGV[0])
    if path is None:
        return _absent(asked, "not-installed: no ipmitool", _FIX)
    argv = (path, *_ARGV[1:])
    answer = answer_of(argv)
    if isinstance(answer, Missing):
        return _absent(asked, answer.reason, _FIX)
    (value,) = watts(answer)
    if isinstance(value, Missing):
        return _absent(asked, value.reason, _NONE)
    channel = Channel(
        "bmc.system.power",
        Unit.WATT,
        Kind.AVERAGE,
        Quantity.POWER,
        asked,
        resolution=1.0,
        tier="B",
        note=_NOTE,
        averaging_s=1.0,
    )
    question = Question(partial(answer_of, argv), (channel,), watts)
    return Opened(Asked(question, scope.clock, BMC_HZ))


def watts(data: bytes) -> Sequence[Value]:
    """The reading in W; of a controller whose reading is not active nothing."""
    text = data.decode("ascii", errors="replace")
    now = _NOW.search(text)
    if now is None:
        return (Missing("no-such-field: instantaneous power"),)
    if not _ACTIVE.search(text):
        return (Missing("not-active: power reading"),)
    return (int(now[1]),)


def _absent(source: str, reason: str, fix: str) -> Opened:
    return Opened(None, (Absent(KIND, source, reason, fix),))
