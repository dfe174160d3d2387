"""SCPI supplies and multimeters, each by a profile; they answer one question with one number.

Source: IEEE 488.2 (`*IDN?`), SCPI-99 volume 2 (MEASure, SYSTem:ERRor?); each profile's document.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from collectors.meters.conversation import Conversation, Manner, NoAnswerError, Restorer
from collectors.meters.protocol import Identity, Line, MeterError, Setting
from collectors.meters.replies import Missing, identity, number, shown
from collectors.meters.scpi_profile import ChannelSpec, ScpiProfile, channel
from collectors.protocol import Clock
from collectors.reading import Channel, Gap, Reading

# Channels in a row without an answer, after which the instrument counts as gone.
_MOST_SILENT: Final = 3


@dataclass(slots=True)
class ScpiMeter:
    """One SCPI instrument; a reading asks for one channel after the other.

    Readings of one `read` are not of one moment: each has its own two stamps. A derived power has
    the stamps of its factors, first and last. Settings that the profile does not name stay as
    they are: a supply is never switched on or off here.

    All profiles are untried on hardware.
    """

    conversation: Conversation
    profile: ScpiProfile
    name: str
    identity: Identity
    wait: Callable[[float], None]
    _restorer: Restorer
    _silent: int = field(default=0)

    @classmethod
    def open(
        cls,
        line: Line,
        clock: Clock,
        profile: ScpiProfile,
        name: str,
        wait: Callable[[float], None] = time.sleep,
    ) -> ScpiMeter:
        """Ask who is there. name: what channels begin with.

        Raises MeterError for another model than the profile is for.
        """
        manner = Manner(timeout_s=profile.timeout_s, errors=profile.errors)
        conversation = Conversation(line, clock, manner)
        conversation.clear()
        found = identity(conversation.ask("*IDN?").text)
        _expect(line.name, found, profile)
        return cls(conversation, profile, name, found, wait, Restorer(conversation))

    def describe(self) -> tuple[Channel, ...]:
        return tuple(channel(self.name, spec) for spec in self.profile.channels)

    def begin(self) -> tuple[Setting, ...]:
        """Empty the error queue, then set what the profile names and read it back."""
        self.conversation.errors()
        found = self._restorer.set_all(
            (spec.name, spec.head, spec.value) for spec in self.profile.settings
        )
        if found and self.profile.settle_s:
            self.wait(self.profile.settle_s)
        return found

    def read(self, *, timeout_s: float) -> tuple[Reading | Gap, ...]:
        """Ask for each channel; timeout_s is not used, since there is no update to wait for.

        The deadline of an answer is the profile's. Reasons: those of `replies.number`,
        `no-answer`, `no-factor`. Raises MeterError after three channels in a row without one.
        """
        given: dict[str, Reading | Gap] = {}
        for spec in self.profile.channels:
            given[spec.name] = self._one(spec, given)
        return tuple(given.values())

    def end(self) -> tuple[Setting, ...]:
        return self._restorer.restore()

    def close(self) -> None:
        self.conversation.line.close()

    def _one(self, spec: ChannelSpec, given: dict[str, Reading | Gap]) -> Reading | Gap:
        name = f"{self.name}.{spec.name}"
        if spec.product_of:
            return _product(name, given[spec.product_of[0]], given[spec.product_of[1]])
        try:
            answer = self.conversation.ask(spec.ask or "")
        except NoAnswerError:
            return self._no_answer(name, spec.ask or "")
        self._silent = 0
        value = _figure(answer.text, spec)
        if isinstance(value, Missing):
            return Gap(name, answer.t1_ns, value.reason)
        return Reading(name, answer.t0_ns, answer.t1_ns, value)

    def _no_answer(self, name: str, question: str) -> Gap:
        """A gap; makes sure that a late answer is not taken for that of the next question."""
        t_ns = self.conversation.clock.now_ns()
        self._silent += 1
        if self._silent >= _MOST_SILENT:
            raise MeterError(self.conversation.name, f"no longer answers {question}")
        self.conversation.resync("*IDN?", self.identity.said)
        return Gap(name, t_ns, f"no-answer: {question}")


def _figure(text: str, spec: ChannelSpec) -> float | Missing:
    """The number of an answer, which may have its header before it."""
    word = text.strip()
    if spec.header and word.startswith(f"{spec.header} "):
        word = word.removeprefix(spec.header)
    value = number(word)
    if isinstance(value, Missing) or spec.overrange_from is None:
        return value
    return (
        Missing(f"overrange: {shown(word.strip())}")
        if abs(value) >= spec.overrange_from
        else value
    )


def _product(name: str, first: Reading | Gap, second: Reading | Gap) -> Reading | Gap:
    if isinstance(first, Gap):
        return Gap(name, first.t_ns, f"no-factor: {first.channel}")
    if isinstance(second, Gap):
        return Gap(name, second.t_ns, f"no-factor: {second.channel}")
    return Reading(name, first.t0_ns, second.t1_ns, first.value * second.value)


def _expect(line: str, found: Identity, profile: ScpiProfile) -> None:
    """Raises MeterError where another instrument answers than the profile is for."""
    maker, model = found.maker.casefold(), found.model.casefold()
    if not maker.startswith(tuple(m.casefold() for m in profile.makers)) or not model.startswith(
        tuple(m.casefold() for m in profile.models)
    ):
        raise MeterError(line, f"{found.said!r} is no {profile.title}")
