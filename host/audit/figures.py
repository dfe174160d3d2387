"""The figures of probes with known outputs: `canary` and `length`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import dist, hypot, isfinite
from statistics import fmean

import numpy as np

from host.audit.outputs import Output, agreed, outputs_of
from host.audit.ratio import Band, Ratio, figure, mean_share, of_sums
from host.handover.audit import FigureField, KnownGraph, KnownOutput, Probe
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, InferenceTrace

_NAMES = {
    "agreed_token_ratio": Txt(
        "首个不同词元之前的词元所占比例", "share of tokens up to the first other one"
    ),
    "agreed_byte_ratio": Txt(
        "首个不同字节之前的字节所占比例", "share of bytes up to the first other one"
    ),
    "agreed_output_ratio": Txt(
        "与已知输出的相似度：散列相同为 1，否则为 1 减去输出值的相对差",
        "likeness to known outputs: 1 where the hash is theirs, else 1 less the relative"
        " difference of their values",
    ),
    "length_ratio": Txt("输出长度与已知长度之比", "ratio of output lengths to known ones"),
}


def canary_figures(probe: Probe, known: Sequence[KnownOutput], least: float) -> list[FigureField]:
    """How far outputs are the known ones: token by token, or byte by byte of a text."""
    shares = [agreed(said, wanted) for said, wanted in _beside(probe.trace, known)]
    name = "agreed_byte_ratio" if any(k.output for k in known) else "agreed_token_ratio"
    return _made(name, mean_share(shares), Band(low=least))


def graph_figures(probe: Probe, known: Sequence[KnownOutput], least: float) -> list[FigureField]:
    """How much outputs of a plain graph are like the known ones, for the very same inputs.

    Other settings (batch, shapes, ranges) make other inputs, of which nothing is known.
    """
    by_item = {f"canary-{i:03d}": k.graph for i, k in enumerate(known) if k.graph is not None}
    shares = [
        likeness(one, there)
        for r in probe.trace.scored()
        if (one := r.inferences) is not None
        and (there := by_item.get(r.item)) is not None
        and one.input_sha256 == there.input_sha256
    ]
    return _made("agreed_output_ratio", mean_share(shares), Band(low=least))


def likeness(found: InferenceTrace, known: KnownGraph) -> float:
    """1 for the same bytes; else 1 - |a - b| / |b - mean(b)| over the values that were kept.

    Euclidean lengths; not below 0. The spread of the known values, so that an offset that all
    models share is no likeness; where they have none, |b|. 0 too where no values were kept, or not
    as many, and where another one is not finite.
    """
    if found.output_sha256 == known.output_sha256:
        return 1.0
    finite = [[v for v in one.sample if v is not None] for one in (found, known)]
    places = [[v is None for v in one.sample] for one in (found, known)]
    if places[0] != places[1]:
        return 0.0
    ours, theirs = finite
    if not theirs:
        return 0.0
    middle = fmean(theirs)
    size = hypot(*(v - middle for v in theirs)) or hypot(*theirs)
    ratio = dist(ours, theirs) / size if size else float(ours != theirs)
    return max(0.0, 1.0 - ratio) if isfinite(ratio) else 0.0


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
