"""A transfer calibration in lines of text, as the terminal shows it."""

from __future__ import annotations

from decimal import Decimal

from host.handover.calibration import Fit, Reference, Transfer
from host.schema.rounding import with_uncertainty

# What a fit is called, earned by what stands behind its reference.
WORDS = {
    "transfer_calibration": "transfer calibration",
    "comparison": "comparison (A-): the meter has no certificate that held",
    "two_point_check": "two-point check against stated values",
    "none": "no result",
}


def lines_of(transfer: Transfer, reference: Reference | None) -> list[str]:
    """The source, what it is, and its numbers; U always with k and p."""
    found = [f"{transfer.source}: {WORDS[transfer.word]}"]
    if transfer.reason:
        return [*found, f"  {transfer.reason}"]
    if transfer.fit is not None:
        found += _numbers(transfer.fit)
    if transfer.range_w is not None:
        low, high = (f"{float(w):.4g}" for w in transfer.range_w)
        found.append(f"  holds for indications from {low} to {high} W")
    found += _warmth(transfer)
    if reference is not None:
        found.append(f"  reference {reference.channel}, tier {reference.tier or '-'}")
        found += [
            f"  certificate {c.number}, {c.issuer}, due {c.due or '-'}"
            for c in reference.certificates
        ]
        found += [f"  not evaluated: {each.en}" for each in reference.open]
    if transfer.dropped:
        found.append(f"  {len(transfer.dropped)} steps left out; the first: {transfer.dropped[0]}")
    return found


def _warmth(transfer: Transfer) -> list[str]:
    """How warm it was, where that is known: a run far from it warns."""
    spans = (
        ("the device's hottest sensor", transfer.temperature_cel),
        ("the air", transfer.ambient_cel or ()),
    )
    return [
        f"  made with {what} at {float(span[0]):.3g} to {float(span[-1]):.3g} °C"
        for what, span in spans
        if span
    ]


def _numbers(fit: Fit) -> list[str]:
    gain, u_gain = with_uncertainty(Decimal(fit.gain), Decimal(fit.U_gain))
    offset, u_offset = with_uncertainty(Decimal(fit.offset_w), Decimal(fit.U_offset_w))
    found = [
        f"  gain   {gain} ± {u_gain} (k = {float(fit.k_gain):.3g}, p = 95 %)",
        f"  offset {offset} ± {u_offset} W (k = {float(fit.k_offset):.3g}, p = 95 %)",
        f"  a step scatters by {float(fit.s_w):.2g} W about the line, nu = {fit.nu};"
        f" levels leave it by up to {float(fit.residual_w):.2g} W",
    ]
    if fit.lag_s is None or fit.u_lag_s is None:
        return [*found, f"  lag    not known: {fit.lag_reason}"]
    return [*found, f"  lag    {float(fit.lag_s):.3f} s, u = {float(fit.u_lag_s):.2g} s"]
