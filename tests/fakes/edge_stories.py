"""Legal runs at the edge of what a rule allows: none of them may be accused of anything.

And runs just beyond such an edge, for rules that have many of them.
"""

from __future__ import annotations

import json
import math
from typing import Any

from tests.fakes.bad_stories import KERNEL_SLACK_KIBY, Spoil, peak_falls
from tests.fakes.pair_stories import in_pairs, in_pairs_after_a_cut
from tests.fakes.story import STAMP_COLUMNS, Story, Stream


def _events(story: Story) -> list[list[str]]:
    return story.attempts[1].streams["events"].rows


def _named(story: Story, event: str) -> list[list[str]]:
    return [row for row in _events(story) if row[1] == event]


def touching(story: Story) -> None:
    """Steps, requests and tokens that follow one another in the same nanosecond."""
    starts, ends = _named(story, "request_start"), _named(story, "request_end")
    _named(story, "load_end")[0][0] = starts[0][0]
    for end, start in zip(ends, starts[1:], strict=False):
        end[0] = start[0]
    for name in ("tokenized", "prefill_start"):
        for row, start in zip(_named(story, name), starts, strict=True):
            row[0] = start[0]
    for row in starts:
        row[2] = json.dumps({**json.loads(row[2]), "scheduled_ns": int(row[0])})
    tokens = story.attempts[1].streams["tokens"].rows
    for before, row in zip([None, *tokens], tokens, strict=False):
        row[2] = before[3] if before is not None and before[0] == row[0] else row[2]
    tokens[0][3] = tokens[0][2]
    tokens[1][2:4] = [tokens[0][3], str(int(tokens[0][3]) + 1)]
    ends[-1][0] = tokens[-1][3]


def smallest_tokens(story: Story) -> None:
    """Token 0, the last token of the vocabulary, and tokens without a byte."""
    rows = story.attempts[1].streams["tokens"].rows
    rows[0][4:6] = ["0", "0"]
    rows[-1][4] = "4095"


def without_vocabulary(story: Story) -> None:
    """An engine that says nothing of its vocabulary."""
    for attempt in story.attempts.values():
        attempt.stated["engine"]["model"] = None
    story.attempts[1].streams["tokens"].rows[-1][4] = "999999"


def without_load(story: Story) -> None:
    """An attempt whose load was not recorded, next to a void one that has nothing at all."""
    attempt = story.attempts[1]
    attempt.streams["events"].rows = [r for r in _events(story) if not r[1].startswith("load")]
    attempt.stated |= {"status": "void", "reason": "busy: others took the CPU"}
    story.files["plan.json"]["plan"]["run"]["attempts"] += 1
    last = max(story.attempts) + 1
    story.attempts[last] = type(attempt)(
        {"status": "void", "reason": "busy: gate", "engine": {}, "sources": {}}, {}
    )


def listed(story: Story) -> None:
    """The order of the plan in place of a drawn one."""
    story.files["plan.json"]["plan"]["run"]["order"] = "listed"
    story.files["plan.json"]["plan"]["run"]["seed"] += 1  # which would draw another order
    drawn = [json.loads(r[2]) for r in _named(story, "request_start")]
    first = [args["item"] for args in drawn if not args["warmup"]]
    plan = story.files["plan.json"]
    plan["requests"].sort(key=lambda r: first.index(r["item"]))
    for other in [n for n in story.attempts if n > 1]:
        del story.attempts[other]
    plan["plan"]["run"]["attempts"] = 1


def natural(story: Story) -> None:
    """An answer that ends by itself before its limit."""
    story.files["plan.json"]["plan"]["run"]["stop"] = "natural"
    last = story.attempts[1].streams["tokens"].rows.pop()
    made = sum(row[0] == last[0] for row in story.attempts[1].streams["tokens"].rows)
    end = _named(story, "request_end")[-1]
    end[2] = json.dumps({**json.loads(end[2]), "output_tokens": made})


def alike_for_want_of_tokens(story: Story) -> None:
    """Two attempts of one token each: their intervals, none, say nothing."""
    story.files["plan.json"]["plan"]["run"]["stop"] = "natural"
    for attempt in story.attempts.values():
        rows = attempt.streams["tokens"].rows
        kept = [r for r in rows if r[0] == rows[0][0] and r[1] == "0"]
        attempt.streams["tokens"].rows = kept
        for row in [r for r in attempt.streams["events"].rows if r[1] == "request_end"]:
            args = json.loads(row[2])
            row[2] = json.dumps({**args, "output_tokens": int(args["request"] == int(kept[0][0]))})


def unsampled(story: Story) -> None:
    """A plan without sampling, and no readings."""
    story.files["plan.json"]["plan"]["sampling"]["enabled"] = False
    for attempt in story.attempts.values():
        attempt.streams = {n: s for n, s in attempt.streams.items() if n in ("events", "tokens")}


def sampled_to_the_nanosecond(story: Story) -> None:
    """Readings from the very start of the first scored request to the very end of the last."""
    starts = [r for r in _named(story, "request_start") if not json.loads(r[2])["warmup"]]
    end = _named(story, "request_end")[-1][0]
    for name, stream in story.attempts[1].streams.items():
        if name.startswith("source-"):
            first, last = stream.rows[0], stream.rows[-1]
            first[2:4] = [starts[0][0], starts[0][0]]
            last[2:4] = [str(int(end) - 1), end]
            stream.rows = [first, last]


def counter_wraps(story: Story) -> None:
    """A counter that starts again at its stated end, and one step before half of it."""
    rows = story.attempts[1].streams["source-rapl"].rows
    rows[0][4], rows[1][4] = "262143328849", "0"
    for i, row in enumerate(rows[2:]):
        row[4] = str(i)


def _one_channel(quantity: str, unit: str, values: tuple[float, ...]) -> Spoil:
    """A source more, of this quantity, with these readings around the requests."""

    def spoil(story: Story) -> None:
        name = f"odd.{quantity}"
        channel: dict[str, Any] = {"name": name, "unit": unit, "kind": "instant"}
        channel |= {"quantity": quantity, "kind_of_source": "odd", "tier": ""}
        story.files["sources.json"]["channels"].append(channel)
        attempt = story.attempts[1]
        attempt.stated["sources"]["channels"].append(channel)
        t_ns = int(_named(story, "load_start")[0][0])
        rows = [
            [str(i), str(t_ns + i), str(t_ns + i), str(t_ns + i), repr(value)]
            for i, value in enumerate(values)
        ]
        attempt.streams["source-odd"] = Stream((*STAMP_COLUMNS, (name, unit)), rows)

    return spoil


# Quantity, unit, lowest and highest reading that is possible, and how far beyond is not.
_RANGES: tuple[tuple[str, str, float | None, float | None], ...] = (
    ("temperature", "Cel", -90.0, 250.0),
    ("frequency", "Hz", 0.0, 1e11),
    ("memory", "By", 0.0, 4503599627370496.0),
    ("power", "W", -1e5, 1e5),
    ("voltage", "V", -1e3, 1e3),
    ("current", "A", -1e4, 1e4),
    ("utilisation", "1", 0.0, 1.0),
    ("cpu_time", "s", 0.0, None),
    ("energy", "J", 0.0, None),
    ("charge", "uA.h", 0.0, None),
    ("throttle", "{count}", 0.0, None),
    ("idle", "s", 0.0, None),
    ("load", "1", None, None),
)
WITHIN = {
    f"{q}-in-range": _one_channel(
        q, u, (-1e300 if low is None else low, 1e300 if high is None else high)
    )
    for q, u, low, high in _RANGES
}
BEYOND = tuple(
    _one_channel(quantity, unit, (value,))
    for quantity, unit, low, high in _RANGES
    for value in (
        None if low is None else low - max(1e-9, abs(low) * 1e-7),
        None if high is None else math.nextafter(high, math.inf),
    )
    if value is not None
)


def _counter(wraps_at: float | None, before: float, after: float) -> Spoil:
    def spoil(story: Story) -> None:
        _one_channel("energy", "J", (before, after))(story)
        for channels in (
            story.files["sources.json"]["channels"],
            story.attempts[1].stated["sources"]["channels"],
        ):
            channels[-1] = {**channels[-1], "kind": "counter", "wraps_at": wraps_at}

    return spoil


LEGAL: dict[str, Spoil] = {
    "as it is": lambda _: None,
    "touching": touching,
    "smallest tokens": smallest_tokens,
    "without a vocabulary": without_vocabulary,
    "listed order": listed,
    "natural end": natural,
    "too few tokens to be alike": alike_for_want_of_tokens,
    "unsampled": unsampled,
    "sampled to the nanosecond": sampled_to_the_nanosecond,
    "counter wraps": counter_wraps,
    "counter falls by half its range": _counter(100.0, 60.0, 10.0),
    "peak falls by what may wait to be counted": peak_falls(KERNEL_SLACK_KIBY),
    "peak falls where nobody said what may wait": peak_falls(50_000, told=False),
    **WITHIN,
}
LEGAL_PAIRS: dict[str, Spoil] = {
    "void attempts": without_load,
    "in pairs": in_pairs,
    "in pairs after a cut": in_pairs_after_a_cut,
}
# A fall of less than half the range is no wrap; without a range no fall is one.
SET_BACK = (_counter(100.0, 60.0, 10.5), _counter(None, 60.0, 0.0))
