"""Where the store of a device begins: what a profile says, made absolute there."""

from __future__ import annotations

from pathlib import PurePosixPath

from host.deploy.shell import ask, plain
from host.errors import PlanError, StoreError
from host.transport.base import Transport

MAX_PATH_BYTES = 1024
_HOME = 'printf "%s\n" "$HOME"'


def store_root(transport: Transport, given: str) -> PurePosixPath:
    """An absolute path, or one below `~/`, which the device says.

    The home is used on the device alone, and only when it is a plain absolute path. Raises
    PlanError for anything else that is given, StoreError when the device has no home.
    """
    below = given.removeprefix("~/")
    path = PurePosixPath(given)
    if not _plain_path(PurePosixPath("/") / below) or not (path.is_absolute() or below != given):
        raise PlanError("store", f"{given!r} is neither an absolute path nor one below ~/")
    if path.is_absolute():
        return path
    home = PurePosixPath(ask(transport, _HOME).removesuffix("\n"))
    if not home.is_absolute() or not _plain_path(home):
        raise StoreError(transport.device, given, f"the device has no home: {plain(str(home))}")
    return home / below


def _plain_path(path: PurePosixPath) -> bool:
    text = str(path)
    short = len(text.encode(errors="replace")) <= MAX_PATH_BYTES
    return short and text.isprintable() and ".." not in path.parts
