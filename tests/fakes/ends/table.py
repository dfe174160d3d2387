"""Every far end that the contract of transports is run over.

A maker takes an empty folder of this machine and gives the far end as a context manager. It
calls `pytest.skip` with the reason where its programs cannot be had.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.fakes.ends.adbd_end import adb_direct_end, adb_end
from tests.fakes.ends.base import FarEnd
from tests.fakes.ends.console_end import console_end, dash_console_end
from tests.fakes.ends.local_end import local_end
from tests.fakes.ends.sshd_end import busybox_end, sshd_end

Maker = Callable[[Path], AbstractContextManager[FarEnd]]

ENDS: dict[str, Maker] = {
    "adb": adb_end,
    "adb-direct": adb_direct_end,
    "local": local_end,
    "ssh": sshd_end,
    "ssh-busybox": busybox_end,
    "serial": console_end,
    "serial-dash": dash_console_end,
}
