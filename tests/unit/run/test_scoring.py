"""Scoring over a real agent's session, ended by the user in the middle."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

import pytest

from collectors.clocks import device_clock
from host.handover.fidelity import ReferenceWindow
from host.handover.progress import Progress
from host.run.attempts import StopSwitch
from host.run.fetch import Pulls
from host.run.link import AgentLink
from host.run.scoring import Ask, ScoringStoppedError, score
from host.transport.local import Local

WINDOWS = 4000  # minutes of them


class Agent:
    def argv(self) -> list[str]:
        return [sys.executable, "-m", "agent"]


def test_the_first_press_ends_a_scoring_and_the_link_goes_on(
    tiny_gguf: Path, tmp_path: Path
) -> None:
    switch = StopSwitch()
    ask = Ask(
        engine_kind="llama_cpp",
        settings={"n_ctx": 64, "n_threads": 1},
        model=str(tiny_gguf),
        directory=PurePosixPath(tmp_path / "scores"),
        windows=[ReferenceWindow("en", tuple(range(10, 74)))] * WINDOWS,
        first=62,
        watchdog_s=60.0,
    )

    def press(_: Progress) -> None:
        if not switch.level:
            switch.press()

    pulls = Pulls(Local(), device_clock(), lambda *_: None)
    with AgentLink.start(Local(), Agent()) as link, switch.at_once(link):
        with pytest.raises(ScoringStoppedError):
            score(link, pulls, ask, tmp_path / "goal", press)
        assert link.ask("device")["type"] == "device"
    assert not list((tmp_path / "goal").glob("*"))
    assert 0 < len(list((tmp_path / "scores").glob("logits-*.f32"))) < WINDOWS


class Heard:
    """An agent's end that only listens."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def send(self, kind: str, _fields: object = None) -> None:
        self.said.append(kind)


def test_an_attempt_is_left_alone_by_the_first_press_and_ended_by_the_second() -> None:
    link = Heard()
    switch = StopSwitch(link=link)  # type: ignore[arg-type]
    with switch.at_once(link):  # type: ignore[arg-type]
        pass
    switch.press()
    assert link.said == []
    switch.press()
    assert link.said == ["stop"]
