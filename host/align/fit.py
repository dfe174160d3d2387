"""Offset between two clocks from four-stamp exchanges. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from host.handover.trace import IntArray

# Exchanges this close to the quickest count (`shared` reference, sources 4.2): slower ones were
# held up on one side, and their midpoint is off by that.
RTT_MARGIN_RATIO = 0.1


@dataclass(frozen=True, slots=True)
class Offset:
    """Device clock minus host clock, ns. bound_ns: half the quickest round trip, guaranteed.

    used of count exchanges went in. rtt_min_ns: the quickest round trip without the agent's
    own time.
    """

    offset_ns: int
    bound_ns: int
    rtt_min_ns: int
    used: int
    count: int


def fit_offset(stamps: IntArray) -> Offset:
    """Fit the offset. stamps: (n, 4) array of t1 (host), t2, t3 (device), t4 (host) in ns.

    Offset of one exchange: ((t2-t1)+(t3-t4))/2, as in NTP (RFC 5905, section 8).
    """
    if stamps.ndim != 2 or stamps.shape[0] == 0 or stamps.shape[1] != 4:  # noqa: PLR2004
        raise ValueError(f"stamps have shape {stamps.shape}, (n, 4) with n > 0 is needed")
    t1, t2, t3, t4 = (stamps[:, i] for i in range(4))
    rtt = (t4 - t1) - (t3 - t2)
    doubled = (t2 - t1) + (t3 - t4)
    quick = rtt <= rtt.min() * (1 + RTT_MARGIN_RATIO)
    return Offset(
        offset_ns=round(float(np.mean(doubled[quick])) / 2),
        bound_ns=int(-(-int(rtt.min()) // 2)),
        rtt_min_ns=int(rtt.min()),
        used=int(quick.sum()),
        count=len(rtt),
    )
