"""What a run of the shell agent says of itself, over as many links as it takes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from collectors.protocol import Clock
from host.errors import AgentError, HostError, UnreachableError
from host.transport.base import MAX_LINE_BYTES, Stream, Transport

# `follow` looks every 2 s (agent/shell/follow.sh): 15 missing looks are a link that may be dead.
SILENT_LINK_S = 30.0
RETRY_S = 1.0
CLOSE_S = 2.0
# What a shell ends with that cannot run its script: wrong use, and no such program (POSIX 2.8.2).
HOPELESS = frozenset({2, 126, 127})


@dataclass(frozen=True, slots=True)
class Site:
    """A run of a shell agent on its device.

    device: what the user calls it. transport: one that connects again by itself
    (`host.transport.lasting`). argv: starts the agent. directory: of the run. patience_s: how
    long a lost device is looked for. waiting: told why nothing happens. rest_s: 0 for a link that
    may stay open; else the link is used for one look at a time and left alone for so long, since
    a serial line costs the device processes.
    """

    device: str
    transport: Transport
    argv: tuple[str, ...]
    directory: PurePosixPath
    patience_s: float
    waiting: Callable[[str], None]
    rest_s: float = 0.0

    def words(self, *words: object) -> list[str]:
        """The agent told to do something, as an argument list."""
        return [*self.argv, *map(str, words)]


class Patience:
    """How much longer a lost device is looked for. Each loss begins anew."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self._site, self._clock = site, clock
        self._since_ns = clock.now_ns()

    def wait(self, err: HostError) -> None:
        """Wait a moment. Raises UnreachableError when it is exhausted."""
        device, patience_s = self._site.device, self._site.patience_s
        left_s = patience_s - (self._clock.now_ns() - self._since_ns) * 1e-9
        if left_s <= 0:
            raise UnreachableError(
                device,
                f"did not answer for {patience_s:g} s; what it sampled is kept there ({err})",
            ) from err
        self._site.waiting(f"link to {device} lost, {left_s:.0f} s")
        threading.Event().wait(RETRY_S)


class Follower:
    """Lines of `agent.sh follow`, each whole. Which attempt is next is said at each line.

    idle: called at least every second or so, while nothing comes.
    """

    def __init__(self, site: Site, clock: Clock, idle: Callable[[], None]) -> None:
        self._site, self._clock, self._idle = site, clock, idle
        self._stream: Stream | None = None
        self._heard = False

    def line(self, first: int) -> bytes:
        """The next line about attempts from `first` on.

        Raises UnreachableError when the device stays away, AgentError when its agent cannot run.
        """
        patience = Patience(self._site, self._clock)
        while True:
            self._idle()
            try:
                raw = self._read(first)
            except UnreachableError as err:
                self.close()
                patience.wait(err)
                continue
            if raw:
                return raw
            self._rest()
            patience = Patience(self._site, self._clock)

    def close(self) -> int | None:
        """Give up the link; the status of what was at its far end, if that is known."""
        stream, self._stream = self._stream, None
        with contextlib.suppress(HostError, OSError):  # it may be lost already
            if stream is not None:
                return stream.close(timeout_s=CLOSE_S)
        return None

    def _read(self, first: int) -> bytes:
        """A line; b"" when a look is done. Raises UnreachableError for a link that is lost.

        A line that a cut tore is said again over the next link.
        """
        if self._stream is None:
            looks = 1 if self._site.rest_s else 0
            argv = self._site.words("follow", self._site.directory, first, looks)
            self._stream, self._heard = self._site.transport.open(argv), False
        device = self._site.device
        try:
            raw = self._stream.receive_line(timeout_s=SILENT_LINK_S)
        except TimeoutError as err:
            raise UnreachableError(device, f"says nothing for {SILENT_LINK_S:g} s") from err
        if raw.endswith(b"\n") or len(raw) >= MAX_LINE_BYTES:
            self._heard = True
            return raw
        status = self.close()
        if status in HOPELESS:
            raise AgentError(device, f"its agent cannot be run any more (status {status})")
        if self._heard and self._site.rest_s:
            return b""
        raise UnreachableError(device, "the link ended")

    def _rest(self) -> None:
        until_ns = self._clock.now_ns() + round(self._site.rest_s * 1e9)
        while (left_ns := until_ns - self._clock.now_ns()) > 0:
            self._idle()
            threading.Event().wait(min(1.0, left_ns * 1e-9))
