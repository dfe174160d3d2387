"""What gives way to what on the cores that the workers of the tests share.

Tests that compute take all of a core; tests that wait for devices take little, and late. Beside
each other the first ones give way, so that no device's process is kept waiting.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final

# It then has 335 shares of a core where each other one has 1024 (sched_prio_to_weight of the Linux
# kernel): enough to go on beside a few of them.
COMPUTING: Final = 5
WAITING: Final = 0


def give_way(nice: int) -> None:
    """Set the priority of this process, and of what it starts from now on.

    Who may not take it back (CAP_SYS_NICE, setpriority(2)) keeps the lower one.
    """
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, nice)
