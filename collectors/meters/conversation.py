"""Asking an instrument and taking its answers: terminators, bounds, deadlines, a transcript."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from collectors.meters.protocol import Line, MeterError, Setting, Transcript
from collectors.meters.replies import error_of, same, shown
from collectors.protocol import Clock

NS_PER_S: Final = 1_000_000_000
_PIECE: Final = 4096
# Error queues of SCPI instruments hold ten to thirty entries; one that never empties babbles.
_MOST_ERRORS: Final = 64
# What may still come in after an answer was given up, before the line counts as babbling.
_MOST_LEFTOVER: Final = 65536
# Late answers that `resync` skips; one question is out at a time, so that one is to be expected.
_MOST_LATE: Final = 4


class NoAnswerError(MeterError):
    """The instrument did not answer in time: (meter, what)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, without its terminator; t0 before the question, t1 after the answer (ns)."""

    text: str
    t0_ns: int
    t1_ns: int


@dataclass(frozen=True, slots=True)
class Manner:
    """How an instrument talks.

    ends, answers_end: terminators of what is sent and of what comes back. Carriage returns before
    the latter are cut. most_bytes: the longest answer that is taken. timeout_s: for an answer to a
    plain question. errors: the question for the next entry of the error queue, "" for none.
    """

    ends: bytes = b"\n"
    answers_end: bytes = b"\n"
    most_bytes: int = 4096
    timeout_s: float = 3.0
    errors: str = "SYST:ERR?"


@dataclass(slots=True)
class Conversation:
    """One instrument on one line; everything said and answered goes into the transcript.

    Raises MeterError for an answer that is too long or came unasked, NoAnswerError for none.
    """

    line: Line
    clock: Clock
    transcript: Transcript
    manner: Manner = Manner()
    _kept: bytearray = field(default_factory=bytearray)
    _asked_ns: int | None = None

    @property
    def name(self) -> str:
        return self.line.name

    def say(self, command: str) -> int:
        """Send a command that has no answer; its stamp (ns)."""
        data = command.encode("ascii") + self.manner.ends
        t_ns = self.clock.now_ns()
        self.line.send(data)
        self.transcript.sent(t_ns, data)
        return t_ns

    def put(self, question: str) -> None:
        """Send a question, for `answer` to take its answer. One question at a time."""
        if self._asked_ns is not None:
            raise MeterError(self.name, f"asked {question} before the answer to another came")
        if self._kept:
            said = shown(bytes(self._kept).decode("latin-1"))
            raise MeterError(self.name, f"said unasked: {said}")
        self._asked_ns = self.say(question)

    def answer(self, *, timeout_s: float) -> Answer | None:
        """The answer to the question that was put; None where it has not come yet.

        It may then be asked for again: an instrument may hold an answer back on purpose.
        """
        if self._asked_ns is None:
            raise MeterError(self.name, "no question was put")
        text = self._line_of(timeout_s)
        if text is None:
            return None
        asked_ns, self._asked_ns = self._asked_ns, None
        return Answer(text, asked_ns, self.clock.now_ns())

    def ask(self, question: str, *, timeout_s: float | None = None) -> Answer:
        """Question and answer. After a missing answer the line is cleared before the next one."""
        self.put(question)
        given = self.answer(timeout_s=self.manner.timeout_s if timeout_s is None else timeout_s)
        if given is None:
            self.clear()
            raise NoAnswerError(self.name, f"no answer to {question}")
        return given

    def more(self, count: int) -> tuple[str, ...]:
        """So many further lines of the answer that was just taken. Raises NoAnswerError."""
        found: list[str] = []
        for _ in range(count):
            text = self._line_of(self.manner.timeout_s)
            if text is None:
                raise NoAnswerError(self.name, f"gave {len(found)} of {count} lines")
            found.append(text)
        return tuple(found)

    def clear(self) -> None:
        """Forget a question and whatever still comes in, so that answers match questions again."""
        self._asked_ns = None
        self._kept.clear()
        taken = 0
        while data := self._receive(0.05):
            taken += len(data)
            if taken > _MOST_LEFTOVER:
                raise MeterError(self.name, "does not stop talking (wrong baud rate?)")

    def resync(self, question: str, known: str) -> None:
        """After a missing answer: ask what has a known answer, and skip late answers before it.

        Raises MeterError where it does not come: then no answer can be trusted any more.
        """
        self.put(question)
        for _ in range(_MOST_LATE):
            text = self._line_of(self.manner.timeout_s)
            if text is None:
                break
            if text.strip() == known:
                self._asked_ns = None
                return
        raise MeterError(self.name, f"no longer answers {question} as before")

    def errors(self) -> tuple[str, ...]:
        """Entries of the error queue, emptying it; () where the instrument has none to ask."""
        found: list[str] = []
        while self.manner.errors:
            entry = error_of(self.ask(self.manner.errors).text)
            if entry is None:
                break
            found.append(entry)
            if len(found) == _MOST_ERRORS:
                raise MeterError(self.name, f"error queue does not empty: {found[-1]}")
        return tuple(found)

    def set(self, name: str, head: str, wanted: str) -> Setting:
        """Set something, ask for errors, read it back. Raises MeterError where it does not hold.

        head: the command without argument; `head?` reads back.
        """
        self.do(f"{head} {wanted}")
        found = self.ask(f"{head}?").text.strip()
        if not same(wanted, found):
            raise MeterError(self.name, f"{name} was set to {wanted} and reads {shown(found)}")
        return Setting(name, wanted, found[:80])

    def do(self, command: str) -> None:
        """A command, and then the error queue. Raises MeterError with what the queue says."""
        self.say(command)
        if refused := self.errors():
            raise MeterError(self.name, f"refused {command}: {'; '.join(refused)}")

    def _line_of(self, timeout_s: float) -> str | None:
        """One answer up to its terminator; None where it is not whole in time."""
        end, most = self.manner.answers_end, self.manner.most_bytes
        until_ns = self.clock.now_ns() + round(timeout_s * NS_PER_S)
        while (at := self._kept.find(end)) < 0:
            if len(self._kept) > most:
                raise MeterError(self.name, f"an answer longer than {most} bytes")
            left_ns = until_ns - self.clock.now_ns()
            if left_ns <= 0 or not self._receive(left_ns / NS_PER_S, keep=True):
                return None
        if at > most:
            raise MeterError(self.name, f"an answer longer than {most} bytes")
        text = bytes(self._kept[:at]).rstrip(b"\r").decode("latin-1")
        del self._kept[: at + len(end)]
        return text

    def _receive(self, timeout_s: float, *, keep: bool = False) -> bytes:
        data = self.line.receive(_PIECE, timeout_s=timeout_s)
        if data:
            self.transcript.received(self.clock.now_ns(), data)
        if keep:
            self._kept += data
        return data


@dataclass(slots=True)
class Restorer:
    """Sets things and remembers what they were, so that they can be put back."""

    conversation: Conversation
    _before: list[tuple[str, str, str]] = field(default_factory=list)

    def set_all(self, wishes: Iterable[tuple[str, str, str]]) -> tuple[Setting, ...]:
        """Set each (name, head, wanted) in order; what does not read back raises MeterError."""
        return tuple(self.set(*wish) for wish in wishes)

    def set(self, name: str, head: str, wanted: str) -> Setting:
        was = self.conversation.ask(f"{head}?").text.strip()
        self._before.append((name, head, was))
        return self.conversation.set(name, head, wanted)

    def restore(self) -> tuple[Setting, ...]:
        """Put back in reverse order what was there before; a second call does nothing."""
        back: list[Setting] = []
        while self._before:
            back.append(self.conversation.set(*self._before.pop()))
        return tuple(back)
