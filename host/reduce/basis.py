"""What a value rests on, put together over attempts for the uncertainty budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import fsum

from host.handover.result import Baseline, Basis, ChannelBasis


def mean(values: Sequence[float]) -> float:
    """The mean of values of which there is at least one; the sum is exactly rounded."""
    return fsum(values) / len(values)


def mean_basis(found: Sequence[Basis | None]) -> Basis | None:
    """Means over the attempts; None unless every attempt says what its value rests on."""
    each = [basis for basis in found if basis is not None]
    if not each or len(each) < len(found):
        return None
    channels = [basis.channel for basis in each if basis.channel is not None]
    return Basis(
        duration_s=mean([b.duration_s for b in each]),
        windows=mean([b.windows for b in each]),
        amount=mean([b.amount for b in each]),
        late_s=mean([b.late_s for b in each]),
        channel=_mean_channel(channels) if len(channels) == len(each) else None,
        late_known=all(b.late_known for b in each),
    )


def _mean_channel(each: Sequence[ChannelBasis]) -> ChannelBasis:
    """Unit, kind and resolution are those of the channel, in every attempt the same."""
    idle = [c.idle for c in each if c.idle is not None]
    stale = [c.stale_s for c in each if c.stale_s is not None]
    return replace(
        each[0],
        edge=mean([c.edge for c in each]),
        rule=mean([c.rule for c in each]),
        indication=mean([c.indication for c in each]),
        step=mean([c.step for c in each]),
        bracket_s=mean([c.bracket_s for c in each]),
        lag_s=mean([c.lag_s for c in each]),
        idle=_mean_baseline(idle) if len(idle) == len(each) else None,
        stale_s=mean(stale) if len(stale) == len(each) else None,
        missed=mean([c.missed for c in each]),
        scatter=tuple(scatter for c in each for scatter in c.scatter),
    )


def _mean_baseline(each: Sequence[Baseline]) -> Baseline:
    power_w, open_w = mean([b.power_w for b in each]), mean([b.half_width_w for b in each])
    return Baseline(power_w, open_w, both=all(b.both for b in each))
