"""Power loss: a disk of our own that forgets what nobody synced (FUSE)."""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

from tests.faults.traced import program

WAIT_S = 20.0


@functools.cache
def why_not() -> str:
    if not Path("/dev/fuse").exists():
        return "there is no /dev/fuse"
    if importlib.util.find_spec("mfusepy") is None:
        return "mfusepy is not installed"
    try:
        disk()
    except OSError as err:
        return f"no FUSE file system can be mounted here ({err})"
    return ""


@functools.cache
def disk() -> Path:
    """The mounted disk, one for all injections of this process; each has a folder of its own.

    Raises OSError where it cannot be mounted.
    """
    mount = Path(tempfile.mkdtemp(prefix="inferometer-disk-"))
    argv = [word for word in program("losing_disk", mount) if word != "-S"]
    process = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    atexit.register(_end, process, mount)
    waits = int(WAIT_S / 0.05)
    while waits and process.poll() is None and not os.path.ismount(mount):
        threading.Event().wait(0.05)
        waits -= 1
    if not os.path.ismount(mount):
        process.kill()
        said = process.communicate()[1].decode(errors="replace").strip()
        raise OSError(said[-200:] or "it was not mounted in time")
    return mount


def cut(folder: Path, tear: int) -> None:
    """Take the power from a folder of the disk. tear: thousandths of what was not synced."""
    name = f"/{folder.relative_to(disk()).as_posix()}"
    fd = os.open(disk() / ".power", os.O_WRONLY)
    try:
        os.write(fd, f"{name} {tear}".encode())
    finally:
        os.close(fd)


def _end(process: subprocess.Popen[bytes], mount: Path) -> None:
    umount = shutil.which("umount") or "umount"
    subprocess.run([umount, "-l", str(mount)], check=False, capture_output=True)
    process.kill()
    process.communicate()
    mount.rmdir()
