"""Stories of two clocks: those that drift apart as crystals do, and those that were touched."""

from __future__ import annotations

from tests.fakes.bad_stories import Spoil
from tests.fakes.story import Story, Stream

HOST = "monotonic_raw@host"
S = 10**9
RTT_NS = 200_000
PINGS = 5


def _sets(*sets: tuple[float, int]) -> Spoil:
    """Exchanges at these host times in s with these offsets in ns, on a host of its own."""

    def spoil(story: Story) -> None:
        columns = story.streams.pop("clock-before-001").columns
        for number, (at_s, offset_ns) in enumerate(sets, 1):
            rows = []
            for ping in range(PINGS):
                t1 = round(at_s * S) + ping * 10 * RTT_NS
                back = t1 + RTT_NS // 2 + offset_ns
                rows.append([str(n) for n in (t1, back, back, t1 + RTT_NS)])
            name = f"clock-set-{number:03d}"
            story.streams[name] = Stream(columns, rows, clock=HOST)

    return spoil


def _torn(story: Story) -> None:
    """A clock was set while stamps were exchanged."""
    rows = story.streams["clock-before-001"].rows
    for row in rows[1:]:
        row[1], row[2] = (str(int(t) + 10 * S) for t in row[1:3])


# 100 ppm apart: 0.1 ms a second.
_DRIFT = [(t, 5 * S + round(t * 100_000)) for t in (0.0, 60.0, 120.0)]

CLOCKS_BAD: dict[str, tuple[Spoil, ...]] = {
    "clocks-aligned": (
        _torn,
        _sets((0.0, 0), (10.0, S)),
        _sets((0.0, 0), (10.0, 11 * 10**6)),
        _sets((0.0, 0), (60.0, 20 * 10**6), (120.0, 0)),
    )
}
CLOCKS_LEGAL: dict[str, Spoil] = {
    "clocks of one set": _sets((0.0, 7 * S)),
    "clocks that drift": _sets(*_DRIFT),
    "clocks at the most that two crystals drift": _sets((0.0, 0), (10.0, 10 * 10**6)),
}
