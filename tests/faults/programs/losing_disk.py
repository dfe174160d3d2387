"""A file system in memory that forgets, when the power goes, whatever nobody synced.

    losing_disk.py MOUNT

fsync makes the bytes of a file durable, and its name, as ext4 does; fsync of a folder makes the
names in it durable. Writing `PREFIX TEAR` to `/.power` takes the power away below that folder:
what was appended since the last sync is gone but for its first TEAR thousandths.
"""

from __future__ import annotations

import errno
import stat
import sys
import time
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import mfusepy

POWER = "/.power"
FOLDER = "folder"


@dataclass(slots=True)
class Node:
    """A file: what reads see, and what a disk without power keeps. None: a folder."""

    live: bytearray | None
    durable: bytes = b""


class LosingDisk(mfusepy.Operations):  # type: ignore[misc]
    """names: what is seen; kept: what the disk keeps."""

    use_ns = True

    def __init__(self) -> None:
        self.names: dict[str, Node] = {"/": Node(None)}
        self.kept: dict[str, Node] = dict(self.names)

    def cut(self, prefix: str, tear: int) -> None:
        below = f"{prefix.rstrip('/')}/"
        for path in [p for p in self.names if p.startswith(below)]:
            del self.names[path]
        for path, node in self.kept.items():
            if not path.startswith(below):
                continue
            self.names[path] = node
            if node.live is not None:
                torn = bytes(node.live[len(node.durable) :])
                appended = bytes(node.live[: len(node.durable)]) == node.durable
                rest = torn[: len(torn) * tear // 1000] if appended else b""
                node.live = bytearray(node.durable + rest)

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        node = self._node(path)
        kind = stat.S_IFDIR | 0o755 if node.live is None else stat.S_IFREG | 0o644
        now = time.time_ns()  # st_mtime is wall time
        size = len(node.live or b"")
        stamps = {"st_mtime": now, "st_ctime": now, "st_atime": now}
        return {"st_mode": kind, "st_nlink": 1, "st_size": size, **stamps}

    def readdir(self, path: str, fh: int) -> list[str]:
        parent = PurePosixPath(path)
        found = [PurePosixPath(p).name for p in self.names if PurePosixPath(p).parent == parent]
        return [".", "..", *filter(None, found)]

    def mkdir(self, path: str, mode: int) -> None:
        self._free(path)
        self.names[path] = Node(None)

    def create(self, path: str, mode: int, fi: Any = None) -> int:  # noqa: ANN401
        self._free(path)
        self.names[path] = Node(bytearray())
        return 0

    def open(self, path: str, flags: int) -> int:
        self._node(path)
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes((self._node(path).live or b"")[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        if path == POWER:
            prefix, tear = data.decode().split()
            self.cut(prefix, int(tear))
            return len(data)
        live = self._node(path).live
        if live is None:
            raise mfusepy.FuseOSError(errno.EISDIR)
        live.extend(bytes(max(0, offset - len(live))))
        live[offset : offset + len(data)] = data
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        live = self._node(path).live
        if live is not None:
            del live[length:]
            live.extend(bytes(length - len(live)))

    def unlink(self, path: str) -> None:
        self._node(path)
        del self.names[path]

    rmdir = unlink

    def rename(self, old: str, new: str, flags: int = 0) -> None:
        for path in [p for p in self.names if p == old or p.startswith(f"{old}/")]:
            self.names[new + path[len(old) :]] = self.names.pop(path)

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        node = self._node(path)
        node.durable = bytes(node.live or b"")
        self.kept[path] = node
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        parent = PurePosixPath(path)
        for tree in (self.kept, self.names):
            for name in [p for p in tree if PurePosixPath(p).parent == parent and p != "/"]:
                if name in self.names:
                    self.kept[name] = self.names[name]
                else:
                    self.kept.pop(name, None)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        return 0

    def utimens(self, path: str, times: Any = None) -> int:  # noqa: ANN401
        return 0

    def _node(self, path: str) -> Node:
        if path == POWER:
            return Node(bytearray())
        if path not in self.names:
            raise mfusepy.FuseOSError(errno.ENOENT)
        return self.names[path]

    def _free(self, path: str) -> None:
        if path in self.names:
            raise mfusepy.FuseOSError(errno.EEXIST)


if __name__ == "__main__":
    mfusepy.FUSE(
        LosingDisk(), sys.argv[1], foreground=True, nothreads=True, fsname="losing-disk",
        direct_io=True, attr_timeout=0, entry_timeout=0, negative_timeout=0,
    )  # fmt: skip
