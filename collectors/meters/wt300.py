"""Yokogawa WT310E, WT332E, WT333E and their older kin: one reading for each update of the meter.

Commands: IM WT310E-17EN. The gate: `:STAT:FILT1 FALL` latches the end of each update in the
extended event register, `:COMM:WAIT 1` holds the meter's answers back until it is latched, and
`:STAT:EESR?` clears it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from collectors.meters.conversation import NS_PER_S, Answer, Conversation, Manner, Restorer
from collectors.meters.protocol import Identity, Line, MeterError, Setting
from collectors.meters.replies import Missing, identity, number, shown
from collectors.meters.wt300_items import LOW_RATIO, Ranges, Ranging, Wt300Plan
from collectors.meters.wt300_readings import Update, gaps, readings, time_of, without_counters
from collectors.protocol import Clock
from collectors.reading import Channel, Gap, Reading

MODELS: Final = ("WT310", "WT330", "WT332", "WT333")
_GATE: Final = ":COMM:WAIT 1;:STAT:EESR?"
# Two stamps of one update interval differ by what the host and the line delay. Nearer than half an
# interval with the same text is the same update again; beyond one and a half, one was missed.
_REPEAT_RATIO: Final = 0.5
# The integration's time may be counted in whole seconds; longer than this it stands still.
_STILL: Final = 3
_STILL_NS: Final = 3 * NS_PER_S
_MANNER: Final = Manner(errors=":STAT:ERR?")


@dataclass(slots=True)
class Wt300:
    """A WT300E family meter on any line.

    A reading's stamps stand around the question for the values, which is put once the update has
    ended. Values are means over the update interval before (`Kind.AVERAGE`).

    A reading under a tenth of the power range stays a reading, since it is what the meter says;
    the channel `under_range` is 1 beside it. A missed update is a set of gaps of its own.

    Untried on hardware.
    """

    conversation: Conversation
    plan: Wt300Plan
    channels: tuple[Channel, ...]
    identity: Identity
    _restorer: Restorer
    _ranges: Ranges | None = None
    _waiting: bool = False
    _last: Update | None = None
    _moved: tuple[float | None, int] | None = None
    _held: Update | None = None
    _integrating: bool = field(default=False)

    @classmethod
    def open(cls, line: Line, clock: Clock, plan: Wt300Plan, name: str) -> Wt300:
        """Ask who is there. name: what channels begin with.

        Raises MeterError for another model or a plan that cannot be.
        """
        plan.check(line.name)
        conversation = Conversation(line, clock, _MANNER)
        conversation.clear()
        conversation.say(":COMM:HEAD OFF")
        found = identity(conversation.ask("*IDN?").text)
        if found.maker.upper() != "YOKOGAWA" or not found.model.startswith(MODELS):
            raise MeterError(line.name, f"{found.said!r} is no WT300 or WT300E")
        channels = plan.channels(name)
        return cls(conversation, plan, channels, found, Restorer(conversation))

    @property
    def ranges(self) -> Ranges | None:
        """The fixed ranges, once `begin` has set them."""
        return self._ranges

    def describe(self) -> tuple[Channel, ...]:
        return self.channels

    def begin(self) -> tuple[Setting, ...]:
        """Set, range, fix the ranges, open the gate, start the integration.

        With a `Ranging` plan the load must run meanwhile. Raises MeterError where a setting does
        not read back, or where somebody else's integration is running.
        """
        self._take_over()
        found = list(self._restorer.set_all(self.plan.wishes()))
        found.append(self._restorer.set("gate", ":STAT:FILT1", "FALL"))
        if isinstance(self.plan.ranges, Ranging):
            wanted = self._find(self.plan.ranges)
        else:
            wanted = self.plan.ranges
        found += self._fix(wanted)
        if self.plan.integrate:
            found += self._integrate()
        self.conversation.ask(":STAT:EESR?")
        self._last = self._held = self._moved = None
        return tuple(found)

    def read(self, *, timeout_s: float) -> tuple[Reading | Gap, ...]:
        """The next update; () where none came in time, and the next call goes on waiting for it.

        Reasons: `no-data`, `overrange`, `not-a-number`, `wrong-count` (what the meter says),
        `missed-update` (the meter went on without us), `repeat` (the same update again),
        `counter-reset` (the integration began anew), `counter-frozen` (it does not run).
        """
        if self._held is not None:
            update, self._held = self._held, None
            return self._given(update)
        ended = self._gate(timeout_s)
        if ended is None:
            return ()
        update = self._update(ended)
        if missed := self._missed(update):
            self._held = update
            reason = f"missed-update: {missed} of them"
            return gaps(self.channels, self._due_ns(), reason)
        return self._given(update)

    def end(self) -> tuple[Setting, ...]:
        """Stop the integration, put the settings back, give the front panel back."""
        if self._waiting:  # the meter answers nothing else before its next update
            self._gate(2 * self.plan.update_s + self.conversation.manner.timeout_s)
        if self._waiting:
            raise MeterError(self.conversation.name, "does not update any more")
        if self._integrating:
            self._integrating = False
            self.conversation.do(":INTEG:STOP")
            self.conversation.do(":INTEG:RES")
        back = self._restorer.restore()
        self.conversation.do(":COMM:REM OFF")
        return back

    def close(self) -> None:
        self.conversation.line.close()

    def _take_over(self) -> None:
        """Remote, an empty error queue, and no integration of anybody else."""
        self.conversation.say(":COMM:REM ON")
        self.conversation.errors()
        state = self.conversation.ask(":INTEG:STAT?").text.strip().upper()
        if state.startswith("STAR"):
            raise MeterError(self.conversation.name, "an integration is running: is it in use?")
        if not state.startswith("RES"):
            self.conversation.do(":INTEG:RES")

    def _find(self, ranging: Ranging) -> Ranges:
        """The largest ranges that auto range chose over so many updates."""
        self._restorer.set("auto voltage range", ":INP:VOLT:AUTO", "ON")
        self._restorer.set("auto current range", ":INP:CURR:AUTO", "ON")
        most = Ranges(0.0, 0.0)
        for _ in range(ranging.updates):
            if self._gate(2 * self.plan.update_s + self.conversation.manner.timeout_s) is None:
                raise MeterError(self.conversation.name, "gives no update while ranging")
            volts, amps = self._range("VOLT"), self._range("CURR")
            most = Ranges(max(most.volts, volts), max(most.amps, amps))
        return most

    def _range(self, which: str) -> float:
        text = self.conversation.ask(f":INP:{which}:RANG?").text
        value = number(text)
        if isinstance(value, Missing) or value <= 0:
            raise MeterError(self.conversation.name, f"range of {which} reads {shown(text)}")
        return value

    def _fix(self, wanted: Ranges) -> list[Setting]:
        found = list(
            self._restorer.set_all(
                (
                    ("auto voltage range", ":INP:VOLT:AUTO", "OFF"),
                    ("auto current range", ":INP:CURR:AUTO", "OFF"),
                    ("voltage range, V", ":INP:VOLT:RANG", f"{wanted.volts:g}"),
                    ("current range, A", ":INP:CURR:RANG", f"{wanted.amps:g}"),
                )
            )
        )
        self._ranges = wanted
        return found

    def _integrate(self) -> list[Setting]:
        """Normal integration with no end of its own, started."""
        found = list(
            self._restorer.set_all(
                (
                    ("integration", ":INTEG:MODE", "NORM"),
                    ("integration timer, h,m,s", ":INTEG:TIM", "0,0,0"),
                )
            )
        )
        self.conversation.do(":INTEG:STAR")
        self._integrating = True
        state = self.conversation.ask(":INTEG:STAT?").text.strip()
        if not state.upper().startswith("STAR"):
            raise MeterError(self.conversation.name, f"integration is {shown(state)}, not started")
        return [*found, Setting("integration state", "START", state[:80])]

    def _gate(self, timeout_s: float) -> Answer | None:
        """Wait for the end of an update; None where it does not come in time."""
        if not self._waiting:
            self.conversation.put(_GATE)
            self._waiting = True
        ended = self.conversation.answer(timeout_s=timeout_s)
        self._waiting = ended is None
        return ended

    def _update(self, ended: Answer) -> Update:
        values = self.conversation.ask(":NUM:NORM:VAL?")
        condition = self.conversation.ask(":STAT:COND?")
        return Update(ended.t1_ns, values, condition.text)

    def _interval_ns(self) -> int:
        return round(self.plan.update_s * NS_PER_S)

    def _due_ns(self) -> int:
        """When the update after the last one was due."""
        return (self._last.ended_ns if self._last else 0) + self._interval_ns()

    def _missed(self, update: Update) -> int:
        if self._last is None:
            return 0
        passed = round((update.ended_ns - self._last.ended_ns) / self._interval_ns())
        return max(0, passed - 1)

    def _given(self, update: Update) -> tuple[Reading | Gap, ...]:
        last, self._last = self._last, update
        if last is not None and self._repeats(last, update):
            self._last = last
            return gaps(self.channels, update.ended_ns, "repeat: the same update again")
        low_w = self._ranges.watts * LOW_RATIO if self._ranges else 0.0
        found = readings(self.plan, self.channels, update, last, low_w)
        if self._stands_still(update):
            return without_counters(
                self.plan, found, "counter-frozen: the integration stands still"
            )
        return found

    def _stands_still(self, update: Update) -> bool:
        """Whether the integration's own time has not moved for some updates and seconds."""
        now = time_of(self.plan, update)
        if now is None or self._moved is None or now != self._moved[0]:
            self._moved = (now, update.ended_ns)
            return False
        return update.ended_ns - self._moved[1] > max(_STILL_NS, _STILL * self._interval_ns())

    def _repeats(self, last: Update, update: Update) -> bool:
        near = update.ended_ns - last.ended_ns < _REPEAT_RATIO * self._interval_ns()
        return near and update.values.text == last.values.text
