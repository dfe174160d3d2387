"""A unit with a serial console whose line is unplugged, noisy, or floods the host (F11, F12).

The line is a pair of pseudo-terminals with a carrier between that spoils and cuts; the unit behind
it has a real getty and shell.
"""

from __future__ import annotations

import contextlib
import functools
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from host.deploy.layout import BLOCK_BYTES
from host.errors import HostError, UnreachableError
from host.transport.base import Transport, output
from host.transport.serial_console import SerialConsole, connect
from tests.fakes.ends import bad_line as lines
from tests.fakes.ends.bad_line import BadLine, Spoil, bad_line, clean
from tests.fakes.ends.console_end import Console, console
from tests.faults.case import Case, Seen, broken, need, recovered, reported
from tests.faults.far import Ground, Push, collected, flooded, pushed

COUNT = 'echo x >>"$1"; echo $$ >"$2"; wc -l <"$1"'
RUNS_ON = 'echo x >>"$1"; echo $$ >"$2"; exec yes'
GONE = 'i=0; while kill -0 "$1"; do i=$((i+1)); [ $i -lt 100 ] || exit 1; sleep 0.1; done'
# What a unit says while a connection is made, and what it then says while a run is collected.
FIRST_BYTES, LAST_BYTES = 2500, 9000
MOST_OUTPUT_BYTES = 20_000


@functools.cache
def why_not() -> str:
    lacks = [name for name in ("socat", "busybox") if shutil.which(name) is None]
    return f"{' and '.join(lacks)} not installed" if lacks else ""


@dataclass
class Line:
    """A unit, and a line to it that can be made anew."""

    unit: Console
    bad: BadLine

    @property
    def ground(self) -> Ground:
        return Ground(PurePosixPath(self.unit.root), self.unit.root)

    def connect(self) -> SerialConsole:
        """Over the bad line while it stands, else over a good one."""
        if self.bad.port.exists():
            return connect(f"serial:{self.bad.port}", self.unit.options())
        return self.unit.connect()

    def unplug(self) -> None:
        self.bad.unplug()


@contextmanager
def line(place: Path, up: Spoil = clean, down: Spoil = clean) -> Iterator[Line]:
    (place / "unit").mkdir()
    with (
        console(place / "unit") as unit,
        bad_line(BadLine(place / "bad", unit.port, up=up, down=down)) as bad,
    ):
        yield Line(unit, bad)


def push(place: Path, draw: random.Random) -> Seen:
    """The line is unplugged while a file is pushed."""
    with line(place) as far:
        return pushed(Push.drawn(place, draw, BLOCK_BYTES), far.ground, far.connect, far.unplug)


def collect(place: Path, draw: random.Random) -> Seen:
    """The line is unplugged while a run is collected; the next start goes on over a new one."""
    with line(place) as far:
        far.bad.cut_at = cut_at = draw.randint(FIRST_BYTES, LAST_BYTES)

        def again() -> Transport:
            with contextlib.suppress(OSError):
                far.unplug()
            return far.unit.connect()

        seen = collected(place, far.ground, far.connect, again)
        return replace(seen, fired=far.bad.up_bytes >= cut_at)


def call(place: Path, draw: random.Random) -> Seen:
    """The line is unplugged in a command: it ran once, and ends with the next connection."""
    count, pid = str(place / "count"), place / "pid"
    with line(place) as far:
        transport = far.connect()
        far.bad.cut_at = far.bad.up_bytes + draw.randint(1, 6000)
        try:
            transport.call(["sh", "-c", RUNS_ON, "sh", count, str(pid)], timeout_s=60)
        except UnreachableError as err:
            said = str(err)
        else:
            raise broken("a command that never ends has ended")
        transport.close()
        with contextlib.closing(far.unit.connect()) as again:
            if not pid.exists():
                return reported(f"{said[-60:]}; it was never started")
            output(again, ["sh", "-c", GONE, "sh", pid.read_text().strip()], timeout_s=60)
        ran = Path(count).read_bytes().count(b"x")
        need(ran == 1, f"it ran {ran} times")
        return reported(f"{said[-60:]}; it ran once and was ended")


def noisy(place: Path, draw: random.Random) -> Seen:
    """Noise both ways: no byte of a file is wrong and no command runs twice, or it is said."""
    kinds = {"flipped": lines.flipped, "torn": lines.torn, "binary": lines.binary}
    kinds["kernel"] = lines.kernel
    kind, both = draw.choice(sorted(kinds)), draw.random() < 0.5
    spoil = functools.partial(kinds[kind], every=draw.randint(900, 4000))
    both = both and kind in ("flipped", "torn")  # a kernel writes to its own console alone
    src, count = place / "src", str(place / "count")
    src.write_bytes(draw.randbytes(6000))
    with line(place, spoil, spoil if both else clean) as far:
        there, turns = PurePosixPath(far.unit.root) / "pushed", 0
        try:
            with contextlib.closing(far.connect()) as transport:
                transport.push(src, there)
                transport.pull(there, place / "back")
                for turns in range(1, 4):
                    argv = ["sh", "-c", COUNT, "sh", count, str(place / "pid")]
                    said = output(transport, argv, timeout_s=60)
                    need(int(said) == turns, f"command {turns} ran {said!r} times")
                repeats = transport.repeats
        except HostError as err:
            return reported(f"{kind}: {str(err)[-80:]}")
        need((place / "back").read_bytes() == src.read_bytes(), "noise is in the file")
        detail = f"{kind}{' both ways' if both else ''}, {repeats} requests said again"
        return recovered(detail, 1, fired=repeats > 0 or kind == "kernel")


def talks_on(place: Path, draw: random.Random) -> Seen:
    """A command that says gigabytes, or a line that does whatever it is asked."""
    flood: list[bytes] = []
    with line(place, lambda _, data: flood[0] if flood else data) as far:
        options = replace(far.unit.options(), max_output_bytes=MOST_OUTPUT_BYTES)
        transport = connect(f"serial:{far.bad.port}", options)
        if draw.random() < 0.5:
            flood.append(draw.randbytes(200) * draw.randint(50, 300))

        def after() -> None:
            flood.clear()
            need(output(transport, ["echo", "on"], timeout_s=60) == b"on\n", "it is mute")

        with contextlib.closing(transport):
            return flooded(lambda: transport.call(["yes"], timeout_s=3 if flood else 60), after)


CASES = (
    Case("F12", "serial push: unplugged", push, why_not, 1),
    Case("F12", "serial collect: unplugged", collect, why_not, 2),
    Case("F12", "serial call: unplugged", call, why_not, 2),
    Case("F11", "serial: noise", noisy, why_not, 2),
    Case("F11", "serial: talks without end", talks_on, why_not, 1),
)
