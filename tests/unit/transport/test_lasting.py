"""A transport that connects again: real children of this machine, and connections that break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from host.errors import UnreachableError
from host.transport.base import Done
from host.transport.lasting import Lasting
from host.transport.local import Local


@dataclass
class Cable:
    """Connections to this machine. out: no new ones, and those that are there break."""

    out: bool = False
    story: list[str] = field(default_factory=list)

    def connect(self) -> Connection:
        self.story.append("refused" if self.out else "connected")
        if self.out:
            raise UnreachableError("local", "the cable is out")
        return Connection(self)


class Connection(Local):
    def __init__(self, cable: Cable) -> None:
        self._cable = cable
        self._broken = False

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        self._broken = self._broken or self._cable.out
        if self._broken:
            raise UnreachableError("local", "the connection broke")
        return super().call(argv, timeout_s=timeout_s, stdin=stdin)

    def close(self) -> None:
        self._cable.story.append("closed")


def said(lasting: Lasting) -> bytes:
    return lasting.call(["echo", "x"], timeout_s=30).stdout


@pytest.mark.parametrize(
    ("alone", "story"),
    [
        (False, ["connected", "refused", "connected", "closed"]),
        (True, ["connected", "closed", "refused", "closed", "connected"]),
    ],
)
def test_a_lost_connection_is_made_anew_by_the_next_call_and_no_call_is_repeated(
    *, alone: bool, story: list[str]
) -> None:
    cable = Cable()
    lasting = Lasting(cable.connect, cable.connect(), alone=alone)
    assert said(lasting) == b"x\n"
    cable.out = True
    for _ in range(2):  # the connection breaks, then none is to be had
        with pytest.raises(UnreachableError):
            said(lasting)
    cable.out = False
    assert said(lasting) == b"x\n"
    assert cable.story == story
