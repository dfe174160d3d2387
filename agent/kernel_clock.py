"""What the kernel says of the wall clock: adjtimex(2) with modes 0, which only reads.

Source: adjtimex(2); Linux, include/uapi/linux/timex.h (layout, status bits).
"""

from __future__ import annotations

import sys
from typing import Any

from agent.facts.files import AbsentError

# Words of the answer of adjtimex(2), in order.
STATES = ("ok", "insert", "delete", "in-progress", "wait", "unsynchronised")
STA_UNSYNC, STA_NANO = 0x0040, 0x2000
# `freq` is ppm with a 16-bit fraction (adjtimex(2), "offset, freq").
PPM = 65536
_LONGS_1 = ("offset", "freq", "maxerror", "esterror")
_LONGS_2 = ("constant", "precision", "tolerance", "sec", "usec", "tick", "ppsfreq", "jitter")
_LONGS_3 = ("stabil", "jitcnt", "calcnt", "errcnt", "stbcnt")


def kernel_clock() -> dict[str, Any]:
    """The kernel's state of the wall clock; raises AbsentError where it cannot be asked.

    offset_ns: what the kernel still slews away. frequency_ppm: correction that it applies,
    positive makes the clock run faster. tick_us: length of a tick, 10 000 without correction.
    maxerror_us, esterror_us: as the daemon stated them, grown since. tai_s: TAI minus UTC.
    """
    if not sys.platform.startswith("linux"):
        raise AbsentError(f"not-present: no adjtimex on {sys.platform}")
    if hasattr(sys, "getandroidapilevel"):
        # Android's filter for apps ends a process that makes this call
        # (bionic, libc/SECCOMP_BLOCKLIST_APP.TXT).
        raise AbsentError("not-permitted: Android ends an app that calls adjtimex")
    try:
        import ctypes
    except ImportError as err:
        raise AbsentError("not-present: this Python has no ctypes") from err
    if ctypes.sizeof(ctypes.c_long) != 8:  # noqa: PLR2004 - 32-bit layouts differ between libraries
        raise AbsentError("not-understood: struct timex of a 32-bit C library")
    return _asked(ctypes)


def _asked(ctypes: Any) -> dict[str, Any]:  # noqa: ANN401 - the module, imported where it exists
    long, integer = ctypes.c_long, ctypes.c_int

    class Timex(ctypes.Structure):  # type: ignore[misc]
        _fields_ = (
            ("modes", ctypes.c_uint),
            *((name, long) for name in _LONGS_1),
            ("status", integer),
            *((name, long) for name in _LONGS_2),
            ("shift", integer),
            *((name, long) for name in _LONGS_3),
            ("tai", integer),
            ("reserved", integer * 11),
        )

    timex = Timex()
    try:
        call = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError) as err:
        raise AbsentError("not-present: the C library has no adjtimex") from err
    state = call(ctypes.byref(timex))
    if state < 0:
        raise AbsentError(f"not-permitted: adjtimex failed with errno {ctypes.get_errno()}")
    return {
        "state": STATES[state] if state < len(STATES) else str(state),
        "status": timex.status,
        "synchronised": not timex.status & STA_UNSYNC,
        "offset_ns": timex.offset * (1 if timex.status & STA_NANO else 1000),
        "frequency_ppm": timex.freq / PPM,
        "tick_us": timex.tick,
        "maxerror_us": timex.maxerror,
        "esterror_us": timex.esterror,
        "tai_s": timex.tai,
    }
