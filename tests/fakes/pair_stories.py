"""Stories of runs whose attempts are with and without the sampler by turns."""

from __future__ import annotations

import json

from host.artefacts.datasets.dataset import order_ids
from tests.fakes.story import Attempt, Story

# SHA-256 of `1:pairing:0` ends in an even byte: seed 1 begins with a bare attempt.
SEED_1 = ((1, False), (1, True), (2, True))


def in_pairs(story: Story) -> None:
    """Attempts as seed 1 draws them, each pair with one order of the items."""
    _paired(story, SEED_1)


def in_pairs_after_a_cut(story: Story) -> None:
    """The first attempt was cut off, and the next one took its role."""
    story.attempts[1].stated |= {"status": "incomplete", "reason": "stopped"}
    story.files["plan.json"]["plan"]["run"]["attempts"] -= 1
    _paired(story, (SEED_1[0], *SEED_1))


def bare_but_called_sampled(story: Story) -> None:
    """The pair is turned round: the attempt with the better figure is called the sampled one."""
    in_pairs(story)
    for attempt in story.attempts.values():
        attempt.stated["sampled"] = not attempt.stated["sampled"]


def of_no_pair(story: Story) -> None:
    """An attempt of an ordinary run that says it is one of a pair."""
    story.attempts[1].stated |= {"pair": 1}


def called_bare(story: Story) -> None:
    """An attempt with readings that says it had no sampler."""
    story.attempts[1].stated |= {"sampled": False}


def _paired(story: Story, roles: tuple[tuple[int, bool], ...]) -> None:
    run = story.files["plan.json"]["plan"]["run"]
    run["pairing"] = "on_off"
    for attempt, (pair, sampled) in zip(story.attempts.values(), roles, strict=False):
        attempt.stated |= {"pair": pair, "sampled": sampled}
        if not sampled:
            kept = {k: v for k, v in attempt.streams.items() if not k.startswith("source-")}
            attempt.streams = kept
        items = [request["item"] for request in story.files["plan.json"]["requests"]]
        _order(attempt, list(order_ids(items, run["seed"], attempt=pair)), run["warmups"])


def _order(attempt: Attempt, names: list[str], warmups: int) -> None:
    """The requests of an attempt under other names: all have the same lengths."""
    asked = [names[i % len(names)] for i in range(warmups)] + names
    starts = [row for row in attempt.streams["events"].rows if row[1] == "request_start"]
    for row, name in zip(starts, asked, strict=True):
        row[2] = json.dumps({**json.loads(row[2]), "item": name})
