"""The calls to Windows that the Energy Meter Interface needs, by ctypes.

Source: Microsoft, Win32 API: CM_Get_Device_Interface_List (cfgmgr32.h), CreateFileW (fileapi.h),
DeviceIoControl (ioapiset.h). Imported on Windows alone, where ctypes has WinDLL. Untried.
"""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Sequence
from typing import Any

# GUID_DEVICE_ENERGY_METER {45BD8344-7ED6-49CF-A440-C276C933B053} (emi.h), as bytes of a GUID.
_INTERFACE = bytes.fromhex("4483bd45d67ecf49a440c276c933b053")
_PRESENT = 0  # CM_GET_DEVICE_INTERFACE_LIST_PRESENT
_READ, _SHARED, _EXISTING = 0x80000000, 0x3, 3  # GENERIC_READ; FILE_SHARE_READ and _WRITE
_INVALID = ctypes.c_void_p(-1).value
_MOST_CHARS = 1 << 16


def _library(name: str) -> Any:  # noqa: ANN401 - a DLL has whatever functions it has
    return getattr(ctypes, "WinDLL")(name, use_last_error=True)  # noqa: B009 - on Windows alone


def open_meters() -> Sequence[DeviceMeter]:
    """Every present device of the interface, opened for reading. Raises OSError."""
    return [DeviceMeter(path) for path in _paths()]


def _paths() -> list[str]:
    """Device paths: texts that end in 0, and one more 0 behind the last."""
    manager = _library("cfgmgr32")
    size = ctypes.c_ulong()
    guid = ctypes.create_string_buffer(_INTERFACE, len(_INTERFACE))
    _checked(manager.CM_Get_Device_Interface_List_SizeW(ctypes.byref(size), guid, None, _PRESENT))
    if size.value > _MOST_CHARS:
        raise OSError(errno.EMSGSIZE, f"a list of {size.value} characters")
    listed = ctypes.create_unicode_buffer(size.value)
    _checked(manager.CM_Get_Device_Interface_ListW(guid, None, listed, size.value, _PRESENT))
    return [path for path in "".join(listed[: size.value]).split("\0") if path]


def _checked(code: int) -> None:
    if code:
        raise OSError(errno.EIO, f"configuration manager code {code}")


class DeviceMeter:
    """One device; `ask` sends a control code and gives what comes back."""

    def __init__(self, path: str) -> None:
        self._kernel = _library("kernel32")
        self._kernel.CreateFileW.restype = ctypes.c_void_p
        handle = self._kernel.CreateFileW(path, _READ, _SHARED, None, _EXISTING, 0, None)
        if handle in (None, _INVALID):
            raise OSError(errno.EACCES, f"code {getattr(ctypes, 'get_last_error')()}")  # noqa: B009
        self._handle: int | None = handle

    def ask(self, code: int, size_bytes: int) -> bytes:
        """As the device answers. Raises OSError."""
        if self._handle is None:
            raise OSError(errno.EBADF, "closed")
        answer = ctypes.create_string_buffer(size_bytes)
        came = ctypes.c_ulong()
        done = self._kernel.DeviceIoControl(
            ctypes.c_void_p(self._handle), code, None, 0, answer, size_bytes,
            ctypes.byref(came), None,
        )  # fmt: skip
        if not done:
            raise OSError(errno.EIO, f"code {getattr(ctypes, 'get_last_error')()}")  # noqa: B009
        return answer.raw[: min(came.value, size_bytes)]

    def close(self) -> None:
        """May be called twice."""
        if self._handle is not None:
            self._kernel.CloseHandle(ctypes.c_void_p(self._handle))
            self._handle = None
