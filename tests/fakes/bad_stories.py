"""Ways to make a legal story break one rule, by rule. Every way works on the shortest and on the
longest run that the rule can speak of.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.fakes.pair_stories import bare_but_called_sampled, called_bare, of_no_pair
from tests.fakes.story import Story, Stream

Spoil = Callable[[Story], None]


def _events(story: Story, number: int = 1) -> Stream:
    return story.attempts[number].streams["events"]


def _tokens(story: Story, number: int = 1) -> Stream:
    return story.attempts[number].streams["tokens"]


def _source(story: Story, name: str) -> Stream:
    return story.attempts[1].streams[f"source-{name}"]


def _move(story: Story, event: str, by_ns: int, nth: int = -1) -> None:
    """Shift the n-th event of this name of attempt 1."""
    row = [r for r in _events(story).rows if r[1] == event][nth]
    row[0] = str(int(row[0]) + by_ns)


def _say(story: Story, event: str, **args: object) -> None:
    """Change what the last event of this name of attempt 1 says."""
    row = [r for r in _events(story).rows if r[1] == event][-1]
    row[2] = json.dumps({**json.loads(row[2]), **args})


def _last_token(story: Story, column: int, to: Callable[[int], int]) -> None:
    row = _tokens(story).rows[-1]
    row[column] = str(to(int(row[column])))


def _void(story: Story) -> None:
    for attempt in story.attempts.values():
        attempt.stated |= {"status": "void", "reason": "busy: others took the CPU"}


def _cut(story: Story) -> None:
    last = max(story.attempts)
    story.attempts[last].stated |= {"status": "incomplete", "reason": "stopped"}


def _take_out(story: Story) -> None:
    """The first attempt is gone, and with it number 1."""
    if len(story.attempts) == 1:
        story.attempts[2] = story.attempts[1]
    del story.attempts[1]


def _one_more(story: Story) -> None:
    """One attempt more has ended than the plan says."""
    story.files["plan.json"]["plan"]["run"]["attempts"] -= 1


def _overlap(story: Story) -> None:
    """The second attempt begins before the end of the first."""
    ends = [int(r[0]) for r in _events(story).rows if r[1] == "request_end"]
    shift = int(_events(story, 2).rows[0][0]) - max(ends)
    for stream in story.attempts[2].streams.values():
        for row in stream.rows:
            for i, (name, _) in enumerate(stream.columns):
                if name.endswith("_ns"):
                    row[i] = str(int(row[i]) - shift)
    for row in _events(story, 2).rows:
        args = json.loads(row[2])
        if "scheduled_ns" in args:
            row[2] = json.dumps({**args, "scheduled_ns": args["scheduled_ns"] - shift})


def _copy(story: Story) -> None:
    """The second attempt's tokens are those of the first, at a later time."""
    first, second = _tokens(story).rows, _tokens(story, 2).rows
    shift = int(second[0][3]) - int(first[0][3])
    for row, other in zip(second, first, strict=True):
        row[2:4] = [str(int(x) + shift) for x in other[2:4]]


def _other_clock(story: Story) -> None:
    _tokens(story).clock = "monotonic_raw@00000000-0000-0000-0000-000000000002"


def _lost_line(story: Story) -> None:
    """A line fewer than the writer stated: done after writing, so by a wrong statement here."""
    story.attempts[1].streams["ticks"] = Stream((("t_ns", "ns"), ("cpu_ns", "ns")), [["x"]])


def _other_item(story: Story) -> None:
    _say(story, "request_start", item=story.files["plan.json"]["requests"][0]["item"] + "-x")
    story.files["plan.json"]["requests"].append(
        {"item": "item-0-x", "text": "x", "prompt_tokens": 8, "output_tokens": 1}
    )


def _hidden_warmup(story: Story) -> None:
    """The last scored request is called a warm-up: a slow one that one would rather not count."""
    _say(story, "request_start", warmup=True)


def _prefill_back(story: Story) -> None:
    """The prefill begins a microsecond before the prompt is tokenized."""
    _move(story, "prefill_start", -20)


def _scheduled_late(story: Story) -> None:
    row = [r for r in _events(story).rows if r[1] == "request_start"][-1]
    _say(story, "request_start", scheduled_ns=int(row[0]) + 1)


def _before_load(story: Story) -> None:
    """The load ends within the first request."""
    first = next(r for r in _events(story).rows if r[1] == "request_start")
    end = next(r for r in _events(story).rows if r[1] == "load_end")
    end[0] = str(int(first[0]) + 1)


def _drop_last_token(story: Story) -> None:
    _tokens(story).rows.pop()


def _short_answer(story: Story) -> None:
    """One token less than planned, and the engine says so."""
    last = _tokens(story).rows.pop()
    made = sum(row[0] == last[0] for row in _tokens(story).rows)
    _say(story, "request_end", output_tokens=made)


def _more_stated(story: Story) -> None:
    """The engine says that it made a token more than there are, and than were asked for."""
    end = [r for r in _events(story).rows if r[1] == "request_end"][-1]
    _say(story, "request_end", output_tokens=json.loads(end[2])["output_tokens"] + 1)


def _ready_early(story: Story) -> None:
    row = _tokens(story).rows[-1]
    row[2] = str(int(_tokens(story).rows[-2][3]) - 1)


def _first_before_prefill_end(story: Story) -> None:
    _move(story, "prefill_end", 2)


def _late_token(story: Story) -> None:
    """The last token comes a nanosecond after its request has ended."""
    end = [r for r in _events(story).rows if r[1] == "request_end"][-1]
    _tokens(story).rows[-1][2:4] = [end[0], str(int(end[0]) + 1)]


def _same_time(story: Story) -> None:
    rows = _tokens(story).rows
    rows[-1][2:4] = [rows[-2][3], rows[-2][3]]


def _stamp_back(story: Story) -> None:
    row = _source(story, "memory").rows[-1]
    row[3] = str(int(row[2]) - 1)


def _read_again(story: Story) -> None:
    rows = _source(story, "memory").rows
    rows[-1][2] = rows[-2][2]


def _value(name: str, text: str) -> Spoil:
    def spoil(story: Story) -> None:
        _source(story, name).rows[-1][4] = text

    return spoil


# One CPU and pages of 4 KiB: batches of 64 pages in each of 3 counters, for each of two readings.
KERNEL_SLACK_KIBY = 2 * 64 * 4 * 3


def peak_falls(by_kiby: int, *, told: bool = True) -> Spoil:
    """A peak that seems to fall; told: whether the device said how much may wait in batches."""

    def spoil(story: Story) -> None:
        if told:
            device = {**story.files["device-before.json"], "cores": {"online": "0"}}
            story.files["device-before.json"] = device
            page = {"name": "process.rss", "unit": "By", "scale": 4096.0, "kind": "instant"}
            page |= {"quantity": "memory", "kind_of_source": "process", "tier": ""}
            story.attempts[1].stated["sources"]["channels"].append(page)
        rows = _source(story, "process").rows
        rows[-1][4] = str(int(rows[-2][4]) - by_kiby)

    return spoil


def _counter_falls(story: Story) -> None:
    """By a millionth of what a wrap would take."""
    rows = _source(story, "rapl").rows
    rows[-1][4] = str(int(rows[-2][4]) - 1)


def _sampler_late(story: Story) -> None:
    """Every source begins only after the first scored request has."""
    starts = [r for r in _events(story).rows if r[1] == "request_start"]
    first = next(int(r[0]) for r in starts if not json.loads(r[2])["warmup"])
    for name, stream in story.attempts[1].streams.items():
        if name.startswith("source-"):
            stream.rows = [r for r in stream.rows if int(r[2]) > first]


def _sampler_ends(story: Story) -> None:
    """No source reaches the end of the last scored request."""
    last = int([r for r in _events(story).rows if r[1] == "request_end"][-1][0])
    for name, stream in story.attempts[1].streams.items():
        if name.startswith("source-"):
            stream.rows = [r for r in stream.rows if int(r[3]) < last]


BAD: dict[str, tuple[Spoil, ...]] = {
    "verdict-valid": (_void, _cut),
    "attempts-numbered": (_take_out,),
    "attempts-declared": (_one_more,),
    "attempts-apart": (_overlap,),
    "attempts-distinct": (_copy,),
    "streams-whole": (_other_clock, _lost_line),
    "pairs-drawn": (bare_but_called_sampled, of_no_pair, called_bare),
    "bare-unread": (called_bare,),
    "requests-planned": (_other_item, _hidden_warmup),
    "request-steps": (_prefill_back, _scheduled_late),
    "requests-apart": (_before_load,),
    "tokens-ordered": (_same_time, _ready_early, _first_before_prefill_end, _late_token),
    "tokens-counted": (_drop_last_token, _short_answer, _more_stated),
    "tokens-possible": (
        lambda story: _last_token(story, 4, lambda _: 4096),
        lambda story: _last_token(story, 4, lambda _: -1),
        lambda story: _last_token(story, 5, lambda _: -1),
    ),
    "readings-ordered": (_stamp_back, _read_again),
    "readings-finite": (_value("memory", "nan"), _value("memory", "inf")),
    "readings-possible": (_value("thermal", "250001"), _value("memory", "-1")),
    "counters-forward": (peak_falls(KERNEL_SLACK_KIBY + 1), _counter_falls),
    "sampled-throughout": (_sampler_late, _sampler_ends),
}
# Rules that speak of two attempts or more; all others are tried on a single one too.
NEEDS_PAIR = frozenset({"attempts-declared", "attempts-apart", "attempts-distinct"})
