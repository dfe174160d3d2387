"""The figures of probes with known outputs: `canary` and `length`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from host.audit.outputs import Output, agreed, outputs_of
from host.audit.ratio import Band, Ratio, figure, mean_share, of_sums
from host.handover.audit import FigureField, KnownOutput, Probe
from host.handover.text import Txt
from host.handover.trace import AttemptTrace

_NAMES = {
    "agreed_token_ratio": Txt(
        "首个不同词元之前的词元所占比例", "share of tokens up to the first other one"
    ),
    "agreed_byte_ratio": Txt(
        "首个不同字节之前的字节所占比例", "share of bytes up to the first other one"
    ),
    "length_ratio": Txt("输出长度与已知长度之比", "ratio of output lengths to known ones"),
}


def canary_figures(probe: Probe, known: Sequence[KnownOutput], least: float) -> list[FigureField]:
    """How far outputs are the known ones: token by token, or byte by byte of a text."""
    shares = [agreed(said, wanted) for said, wanted in _beside(probe.trace, known)]
    name = "agreed_byte_ratio" if any(k.output for k in known) else "agreed_token_ratio"
    return _made(name, mean_share(shares), Band(low=least))


def length_figures(
    scored: Sequence[AttemptTrace],
    canary: Probe | None,
    known: Sequence[KnownOutput],
    asked: Mapping[str, str],
    most: float,
) -> list[FigureField]:
    """Output lengths over known ones: of the dataset's items that are known, and of canaries.

    asked: item -> text, of the run's own requests; the same name with another text is another one.
    """
    by_item = {k.item: len(k.said) for k in known if asked.get(k.item) == k.text}
    pairs = [
        (float(np.mean(lengths)), float(by_item[item]))
        for item, lengths in _lengths(scored).items()
        if item in by_item
    ]
    if canary is not None:
        pairs += [(float(len(a)), float(len(b))) for a, b in _beside(canary.trace, known)]
    return _made("length_ratio", of_sums(pairs), Band(1 - most, 1 + most))


def _made(name: str, ratio: Ratio | None, band: Band) -> list[FigureField]:
    return [] if ratio is None else [figure(name, _NAMES[name], ratio, band)]


def _beside(trace: AttemptTrace, known: Sequence[KnownOutput]) -> Iterator[tuple[Output, Output]]:
    """Outputs of the canaries, each with the known one; ids are never held against a text."""
    by_item = {f"canary-{i:03d}": k.said for i, k in enumerate(known)}
    for (item, _), said in outputs_of(trace):
        known_one = by_item.get(item)
        if known_one is not None and isinstance(said, type(known_one)):
            yield said, known_one


def _lengths(scored: Sequence[AttemptTrace]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for attempt in scored:
        for (item, _), said in outputs_of(attempt):
            found.setdefault(item, []).append(len(said))
    return found
