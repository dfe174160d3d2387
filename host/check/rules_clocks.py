"""A rule over the clock exchanges: device and host must be of one mind all through the run."""

from __future__ import annotations

from collections.abc import Iterator

from host.check.rule import Breach, Rule, breach
from host.handover.case import Case
from host.handover.text import Txt

FILE = "data/clock-before-001.tsv"
PROBLEMS = {
    "stepped": ("两时钟之间发生跳变", "One of the two clocks jumped"),
    "bent": ("各组时钟交换不在一条直线上", "The sets of exchanges lie on no straight line"),
}


def clocks_aligned(case: Case) -> Iterator[Breach]:
    """A clock that was set or stood still between exchanges aligns nothing any more."""
    problem = str(case.facts.clock.get("problem", ""))
    if problem:
        zh, en = PROBLEMS[problem]
        yield breach(FILE, f"{zh}。", f"{en}.")


RULES = (
    Rule(
        "clocks-aligned",
        Txt(
            "设备与主机的时钟在测量期间保持一致。",
            "The clocks of device and host keep step during the run.",
        ),
        clocks_aligned,
    ),
)
