"""Known outputs that are texts: of servers, which show no token ids."""

from __future__ import annotations

from dataclasses import replace

import pytest

from host.audit.figures import canary_figures, length_figures
from host.handover.audit import KnownOutput, Probe, ProbeFile
from host.handover.trace import AttemptTrace, Reply
from tests.fakes.traces import Shape, attempt, request

KNOWN = tuple(KnownOutput(f"i-{n}", "ask", None, 8, output=b"0123456789" * 4) for n in range(6))


def answered(*texts: bytes) -> AttemptTrace:
    """An attempt of canaries that a server answered with these texts."""
    requests = tuple(
        replace(
            request(Shape(item=f"canary-{n:03d}"), number=n),
            reply=Reply(None, {}, "", text),
        )
        for n, text in enumerate(texts)
    )
    return attempt(requests)


def held(*texts: bytes) -> list[str]:
    probe = Probe(ProbeFile("canary", "1" * 64, ()), answered(*texts))
    (share,) = canary_figures(probe, KNOWN, 0.9)
    lengths = length_figures((), probe, KNOWN, {}, 0.1)
    assert share.id == "agreed_byte_ratio"
    return [share.holds, *(f.holds for f in lengths)]


@pytest.mark.parametrize(
    ("texts", "holds"),
    [
        ((b"0123456789" * 4,) * 6, ["yes", "yes"]),
        ((b"0123" + b"x" * 36,) * 6, ["no", "yes"]),
        ((b"0123456789",) * 6, ["no", "no"]),
        ((b"0123456789" * 4, b"0", b"0123456789" * 4) * 2, ["open", "open"]),
    ],
)
def test_another_model_and_outputs_that_are_cut_show_in_texts(
    texts: tuple[bytes, ...], holds: list[str]
) -> None:
    assert held(*texts) == holds
