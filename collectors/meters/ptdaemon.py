"""SPEC PTDaemon as a meter: a program that reads a listed power analyzer once a second.

Source: mlcommons/power-dev (commit c4b3ad8), ptd_client_server/lib/server.py: TCP port 8888, one
client, lines end CRLF there and LF back. The daemon itself is SPEC's and not part of this project.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from collectors.meters.conversation import Answer, Conversation, Manner
from collectors.meters.protocol import Identity, Line, MeterError, Setting
from collectors.meters.ptdaemon_log import Limits, LogSample, limits, sample, went_back
from collectors.meters.ptdaemon_readings import Taken, all_gaps, channels, readings
from collectors.meters.replies import Missing, number, shown
from collectors.protocol import Clock
from collectors.reading import Channel, Gap, Reading

PERIOD_MS: Final = 1000  # PERIOD_S of ptdaemon_readings, as `Go` wants it
RANGING, TESTING = "ranging", "testing"
_MANNER: Final = Manner(ends=b"\r\n", most_bytes=4096, timeout_s=10.0, errors="")
_RECENT: Final = ("RL,*,*", "RL", "DC-RL")  # in turn: versions differ in which one they know
_HOW_MANY: Final = re.compile(r"Last (\d{1,6}) samples?", re.ASCII)
_MARK: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_POLL_S: Final = 0.2
_RANGE_FIELDS: Final = 4
# A daemon keeps at most so many samples of an untimed measurement (its reply to `Go`).
_MOST_SAMPLES: Final = 500_000


@dataclass(frozen=True, slots=True)
class PtdPlan:
    """One run. mark: names its lines in the log. settle_s: after a change of range (MLPerf: 10 s).

    fixed: None for a ranging run with auto range, else the limits that one has found.
    """

    mark: str
    settle_s: float
    fixed: Limits | None

    @property
    def marked(self) -> str:
        return f"{self.mark}_{RANGING if self.fixed is None else TESTING}"


@dataclass(slots=True)
class PtDaemon:
    """A PTDaemon that already runs, and its analyzer.

    Readings are means over the second before. Their stamps are those of the question that fetched
    them; `own_time` is the daemon's own stamp, which is what times them (in the log's wall clock,
    whose zone is not said). In a testing run, power whose uncertainty is over 1 % is a gap.

    Untried on the real daemon, whose licence allows no copy here.
    """

    conversation: Conversation
    plan: PtdPlan
    channels: tuple[Channel, ...]
    identity: Identity
    wait: Callable[[float], None]
    _recent: str = ""
    _first: Limits | None = None
    _running: bool = False
    _seen: set[int] = field(default_factory=set)
    _samples: list[LogSample] = field(default_factory=list)
    _backs: int = 0
    _queue: deque[tuple[Reading | Gap, ...]] = field(default_factory=deque)

    @classmethod
    def open(
        cls,
        line: Line,
        clock: Clock,
        plan: PtdPlan,
        name: str,
        wait: Callable[[float], None] = time.sleep,
    ) -> PtDaemon:
        """Greet and identify. name: what channels begin with.

        Raises MeterError for what is no PTDaemon, and for a mark that is none.
        """
        if not _MARK.fullmatch(plan.mark):
            raise MeterError(line.name, f"{plan.mark[:64]!r} is no mark: letters, digits, _ . -")
        conversation = Conversation(line, clock, _MANNER)
        hello = conversation.ask("Hello").text
        if hello != "Hello, PTDaemon here!":
            raise MeterError(line.name, f"is no PTDaemon: {shown(hello)}")
        said = conversation.ask("Identify").text
        version = re.search(r"version=([0-9A-Za-z.-]{1,40})", said)
        if version is None:
            raise MeterError(line.name, f"does not say its version: {shown(said)}")
        model = "".join(c for c in said.split(",")[0][:64] if c.isascii() and c.isprintable())
        found = Identity("", model, "", f"PTDaemon {version[1]}", ascii(said[:256]))
        return cls(conversation, plan, channels(name), found, wait)

    def describe(self) -> tuple[Channel, ...]:
        return self.channels

    def limits(self) -> Limits:
        """What the ranging run found, for the plan of the testing run. Raises MeterError."""
        return limits(self._samples)

    def begin(self) -> tuple[Setting, ...]:
        """Set ranges (auto, or the fixed ones), let them settle, start an untimed measurement."""
        self._first = self._fixed_now()
        fixed = self.plan.fixed
        found = self._range("V", None if fixed is None else fixed.volts)
        found += self._range("A", None if fixed is None else fixed.amps)
        found += self._read_back(fixed)
        self.wait(self.plan.settle_s)
        started = self.conversation.ask(f"Go,{PERIOD_MS},0,{self.plan.marked}").text
        if not started.startswith("Starting untimed measurement"):
            raise MeterError(self.conversation.name, f"does not start: {shown(started)}")
        self._running = True
        return found

    def read(self, *, timeout_s: float) -> tuple[Reading | Gap, ...]:
        """The next sample of this run; () where none came in time, and after the last one.

        Reasons: `no-data`, `uncertainty` (over 1 % in a testing run), `missed-sample`,
        `time-backwards` (of the daemon's clock), `not-a-number`.
        """
        clock = self.conversation.clock
        until_ns = clock.now_ns() + round(timeout_s * 1e9)
        while not self._queue and self._running:
            self._poll()
            if self._queue or clock.now_ns() >= until_ns:
                break
            self.wait(_POLL_S)
        return self._queue.popleft() if self._queue else ()

    def end(self) -> tuple[Setting, ...]:
        """Stop, fetch what is left (`read` still gives it), put the ranges back."""
        if not self._running:
            return ()
        stopped = self.conversation.ask("Stop").text
        if not stopped.startswith(("Stopping untimed", "Error: no measurement to stop")):
            raise MeterError(self.conversation.name, f"does not stop: {shown(stopped)}")
        self._poll()
        self._running = False
        first = self._first or Limits(0.0, 0.0)
        return self._range("V", first.volts or None) + self._range("A", first.amps or None)

    def close(self) -> None:
        self.conversation.line.close()

    def _poll(self) -> None:
        """Fetch recent samples, and queue those of this run that are new."""
        head, lines = self._last_lines()
        found = [s for line in lines if isinstance(s := sample(line), LogSample)]
        fresh = [each for each in found if self._is_new(each)]
        backs, self._backs = self._backs, went_back(found)
        if not fresh and self._backs > backs:
            # By so much that stamps come again: their samples cannot be told from the old ones.
            reason = "time-backwards: of the daemon's clock"
            self._queue.append(all_gaps(self.channels, head.t1_ns, reason))
        if not fresh:
            return
        uncertainty = number(self.conversation.ask("Uncertainty").text)
        limited = self.plan.fixed is not None
        for each in fresh:
            self._missed(each, head)
            before = self._samples[-1].own_ms if self._samples else None
            self._samples.append(each)
            taken = Taken(each, head.t0_ns, head.t1_ns, uncertainty, before)
            self._queue.append(readings(self.channels, taken, limited=limited))

    def _is_new(self, found: LogSample) -> bool:
        if found.mark != self.plan.marked or found.own_ms in self._seen:
            return False
        if len(self._seen) >= _MOST_SAMPLES:
            raise MeterError(self.conversation.name, f"more than {_MOST_SAMPLES} samples")
        self._seen.add(found.own_ms)
        return True

    def _missed(self, each: LogSample, head: Answer) -> None:
        """A set of gaps where the daemon's own stamps leave seconds out."""
        if not self._samples:
            return
        missed = round((each.own_ms - self._samples[-1].own_ms) / PERIOD_MS) - 1
        if missed > 0:
            self._queue.append(
                all_gaps(self.channels, head.t1_ns, f"missed-sample: {missed} of them")
            )

    def _last_lines(self) -> tuple[Answer, tuple[str, ...]]:
        """The answer to the question for recent samples, worded as this version knows it."""
        said = ""
        for question in (self._recent,) if self._recent else _RECENT:
            head = self.conversation.ask(question)
            if count := _HOW_MANY.match(head.text):
                self._recent = question
                return head, self.conversation.more(min(int(count[1]), _MOST_SAMPLES))
            said = head.text
        raise MeterError(self.conversation.name, f"gives no samples: {shown(said)}")

    def _fixed_now(self) -> Limits | None:
        """The fixed ranges before we came; 0 where one was auto or is not known."""
        amp_auto, amps, volt_auto, volts = self._ranges()
        return Limits(0.0 if volt_auto else max(volts, 0.0), 0.0 if amp_auto else max(amps, 0.0))

    def _ranges(self) -> tuple[float, float, float, float]:
        """Reply to RR: amp auto (-1 unknown, 0, 1), amp range, volt auto, volt range."""
        said = self.conversation.ask("RR").text
        word, *rest = said.split(",")
        values = [value for value in map(number, rest) if not isinstance(value, Missing)]
        if word != "Ranges" or len(values) != _RANGE_FIELDS:
            raise MeterError(self.conversation.name, f"ranges read {shown(said)}")
        return values[0], values[1], values[2], values[3]

    def _range(self, which: str, value: float | None) -> tuple[Setting, ...]:
        wanted = "Auto" if value is None else f"{value:.6g}"
        said = self.conversation.ask(f"SR,{which},{wanted}").text
        if said != f"Range {which} changed":
            raise MeterError(self.conversation.name, f"range {which} {wanted}: {shown(said)}")
        return (Setting(f"range {which}", wanted, said),)

    def _read_back(self, fixed: Limits | None) -> tuple[Setting, ...]:
        """Auto as wanted, where the analyzer says so; a fixed range that holds what is wanted."""
        amp_auto, amps, volt_auto, volts = self._ranges()
        wanted = fixed or Limits(0.0, 0.0)
        found = []
        for name, auto, got, want in (
            ("A", amp_auto, amps, wanted.amps),
            ("V", volt_auto, volts, wanted.volts),
        ):
            is_auto = {0.0: "fixed", 1.0: "auto"}.get(auto, "not said")
            asked = "auto" if fixed is None else "fixed"
            if is_auto not in {asked, "not said"} or (fixed is not None and 0 < got < want):
                raise MeterError(
                    self.conversation.name, f"range {name} reads {is_auto} {got:g}, not {asked}"
                )
            found.append(Setting(f"range {name}, {asked}", f"{want:g}", f"{is_auto}, {got:g}"))
        return tuple(found)
