"""What every polled source is made of: kept-open files, parts of channels, one reading loop.

A kept-open descriptor read again from offset 0 is a tenth of the cost of open, read and close,
and cannot end up at another device or process that took over the path.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from collectors import reading
from collectors.protocol import Absent, Clock, Grabbed, Opened, Scope
from collectors.reading import Channel, Gap, Reading

# More files than this in one source would eat into the usual soft limit of 1024 descriptors
# of a process (getrlimit(2), RLIMIT_NOFILE) on machines with very many cores.
MAX_FILES = 256
VALUE_LIMIT_BYTES = 128
# No descriptor: reading it fails with EBADF.
_CLOSED = -1
# Meters take both from here.
Missing = reading.Missing
Value = reading.Value


class KeptFile:
    """One file, kept open, read from its start each time, never more than `limit_bytes`."""

    __slots__ = ("_fd", "_limit_bytes", "path")

    def __init__(self, path: Path, fd: int, limit_bytes: int) -> None:
        self.path = path
        self._fd = fd  # _CLOSED once it was given back
        self._limit_bytes = limit_bytes

    @classmethod
    def open(cls, path: Path, limit_bytes: int = VALUE_LIMIT_BYTES) -> KeptFile:
        """Raises OSError when the file cannot be opened. O_NONBLOCK: a pipe must not hang us."""
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        return cls(path, fd, limit_bytes)

    def read(self) -> bytes | Missing:
        """The bytes now. Of a longer file only the whole lines within the limit are given."""
        try:
            data = os.pread(self._fd, self._limit_bytes, 0)
        except OSError as err:
            return Missing("closed") if self._fd == _CLOSED else unreadable(err)
        return self.whole(data)

    def grab(self) -> Callable[[], bytes]:
        """What reads it without a look at what was read: one system call and nothing else.

        Raises OSError. It keeps the number of the descriptor: not to be called after `close`.
        """
        return partial(os.pread, self._fd, self._limit_bytes, 0)

    def whole(self, data: bytes) -> bytes | Missing:
        """What can be trusted of bytes that were grabbed."""
        if 0 < len(data) < self._limit_bytes:
            return data
        return whole_lines(data, self._limit_bytes)

    def close(self) -> None:
        if self._fd != _CLOSED:
            os.close(self._fd)
            self._fd = _CLOSED


def whole_lines(data: bytes, limit_bytes: int) -> bytes | Missing:
    """What can be trusted of a read that may have been cut at the limit."""
    if not data:
        return Missing("empty")
    if len(data) < limit_bytes:
        return data
    end = data.rfind(b"\n") + 1
    return data[:end] if end else Missing(f"too-long: no line end in {limit_bytes} bytes")


def unreadable(err: OSError) -> Missing:
    """The reason for an I/O error, with its name in errno(3)."""
    return Missing(f"unreadable: {error_name(err)}")


def error_name(err: OSError) -> str:
    """Name of the error in errno(3), such as EACCES."""
    return errno.errorcode.get(err.errno or 0, type(err).__name__)


def as_they_are(raw: Any) -> Sequence[Value]:  # noqa: ANN401 - whatever a grab gave
    """The values of a part whose grab gives them itself."""
    values: Sequence[Value] = raw
    return values


@dataclass(frozen=True, slots=True)
class Part:
    """Channels that come from one read.

    grab: reads, and does nothing else that could wait; an OSError makes all channels missing.
    close: gives back what `grab` holds; may be called twice; nothing is grabbed afterwards.
    values: one value per channel out of what was grabbed, in their order; never raises. It is
    called once for each grab and in their order, but it may be much later.
    """

    channels: tuple[Channel, ...]
    grab: Callable[[], object]
    close: Callable[[], None]
    values: Callable[[Any], Sequence[Value]] = as_they_are

    def values_of(self, raw: object) -> Sequence[Value]:
        """The values, also of a grab that failed."""
        return (raw,) * len(self.channels) if isinstance(raw, Missing) else self.values(raw)


def file_part(
    file: KeptFile,
    channels: Sequence[Channel],
    parse: Callable[[bytes], Sequence[Value]],
) -> Part:
    """The part of one kept-open file: without its bytes all of its channels are missing."""
    count = len(channels)

    def values(data: bytes) -> Sequence[Value]:
        whole = file.whole(data)
        return (whole,) * count if isinstance(whole, Missing) else parse(whole)

    return Part(tuple(channels), file.grab(), file.close, values)


def value_part(
    path: Path, channel: Channel, parse: Callable[[bytes], Value], limit: int = VALUE_LIMIT_BYTES
) -> Part:
    """The part of a file that holds one value. Raises OSError when it cannot be opened."""
    file = KeptFile.open(path, limit)

    def values(data: bytes) -> Sequence[Value]:
        if 0 < len(data) < limit:  # nearly always
            return (parse(data),)
        whole = file.whole(data)
        return (whole if isinstance(whole, Missing) else parse(whole),)

    return Part((channel,), file.grab(), file.close, values)


def _closed() -> Missing:
    return Missing("closed")


class Polled:
    """A collector that takes its parts one after the other.

    For the sampler it only grabs: what the bytes mean is worked out when rows are written, many
    at once. After a pause of 10 ms each line of code costs a multiple of what it costs in a loop.
    """

    __slots__ = ("_channels", "_clock", "_grabs", "_parts", "beside", "max_hz")

    def __init__(self, parts: Sequence[Part], clock: Clock, max_hz: float | None = None) -> None:
        self._parts = tuple(parts)
        self._channels = tuple(c for part in self._parts for c in part.channels)
        self._grabs: tuple[Callable[[], object], ...] = tuple(part.grab for part in parts)
        self._clock = clock
        self.beside = False
        self.max_hz = max_hz

    def describe(self) -> tuple[Channel, ...]:
        return self._channels

    def read(self) -> tuple[Reading | Gap, ...]:
        found: list[Reading | Gap] = []
        now_ns = self._clock.now_ns
        for part, grab in zip(self._parts, self._grabs, strict=True):
            t0_ns = now_ns()
            raw = _grabbed(grab)
            t1_ns = now_ns()
            for channel, value in zip(part.channels, part.values_of(raw), strict=True):
                if isinstance(value, Missing):
                    found.append(Gap(channel.name, t0_ns, value.reason))
                else:
                    found.append(Reading(channel.name, t0_ns, t1_ns, value))
        return tuple(found)

    def grab(self) -> Grabbed:
        raws: list[object] = []
        t0_ns = self._clock.now_ns()
        for grab in self._grabs:
            try:
                raws.append(grab())
            except OSError as err:  # noqa: PERF203 - the others are read all the same
                raws.append(unreadable(err))
        return t0_ns, self._clock.now_ns(), raws

    def last(self) -> Grabbed | None:
        return None

    def values(self, raws: Sequence[object]) -> list[Value]:
        found: list[Value] = []
        for part, raw in zip(self._parts, raws, strict=True):
            found += part.values_of(raw) if isinstance(raw, Missing) else part.values(raw)
        return found

    def close(self) -> None:
        self._grabs = (_closed,) * len(self._parts)
        for part in self._parts:
            part.close()


def _grabbed(grab: Callable[[], object]) -> object:
    try:
        return grab()
    except OSError as err:
        return unreadable(err)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A part that an opener means to have: where it is read from and how to open it."""

    source: Path
    open: Callable[[], Part]


def open_wanted(
    kind: str, wanted: Sequence[Wanted], scope: Scope, fix: str, max_hz: float | None = None
) -> Opened:
    """Open what can be opened; the rest is absent, each with its reason and the fix."""
    if len(wanted) > MAX_FILES:
        reason = f"too-many: {len(wanted)} files, {MAX_FILES} allowed"
        return Opened(None, (Absent(kind, shown(wanted[0].source.parent), reason, "none"),))
    opened = [_open_one(kind, one, fix) for one in wanted]
    parts = [one for one in opened if isinstance(one, Part)]
    absent = tuple(one for one in opened if isinstance(one, Absent))
    return Opened(Polled(parts, scope.clock, max_hz) if parts else None, absent)


def _open_one(kind: str, wanted: Wanted, fix: str) -> Part | Absent:
    try:
        return wanted.open()
    except OSError as err:
        return Absent(kind, shown(wanted.source), open_reason(err), fix)


def open_reason(err: OSError) -> str:
    """Why a file cannot be used: it is not there, or it may not be read."""
    code = "not-present" if isinstance(err, FileNotFoundError) else "not-readable"
    return f"{code}: {error_name(err)}"


def not_present(kind: str, folder: Path, what: str, fix: str) -> Opened:
    """Nothing of this kind was found in the folder, or the folder may not be listed."""
    reason = f"not-present: {what}"
    try:
        next(folder.iterdir(), None)
    except FileNotFoundError:
        pass
    except OSError as err:
        reason = open_reason(err)
    return Opened(None, (Absent(kind, shown(folder), reason, fix),))


def shown(path: Path) -> str:
    """A path as text that every encoder takes, also where its bytes are no UTF-8."""
    return os.fsencode(path).decode("utf-8", errors="replace")


def present(path: Path) -> bool:
    """Whether something is there, also if it may not be looked at (as on Android)."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True
