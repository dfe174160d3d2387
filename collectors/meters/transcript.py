"""Transcripts: what was said to an instrument and what came back, as it came, with stamps."""

from __future__ import annotations

from dataclasses import dataclass

from collectors.meters.protocol import Line, Transcript
from collectors.protocol import Clock


class Unkept:
    """A transcript that nobody keeps, for looking whether an instrument is there."""

    def sent(self, t_ns: int, data: bytes) -> None: ...

    def received(self, t_ns: int, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A line whose every byte goes into a transcript, before it is sent and after it has come."""

    line: Line
    clock: Clock
    transcript: Transcript

    @property
    def name(self) -> str:
        return self.line.name

    @property
    def arrived_ns(self) -> int | None:
        """When the last bytes had come, where the line itself stamps them."""
        return getattr(self.line, "arrived_ns", None)

    def send(self, data: bytes) -> None:
        self.transcript.sent(self.clock.now_ns(), data)
        self.line.send(data)

    def receive(self, most: int, *, timeout_s: float) -> bytes:
        data = self.line.receive(most, timeout_s=timeout_s)
        if data:
            self.transcript.received(self.clock.now_ns(), data)
        return data

    def close(self) -> None:
        self.line.close()
