"""Stored calibrations of a made-up rail: gain 0.93, offset 0.4 W, from 6 to 14 W."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from host.handover.calibration import (
    Calibration,
    Fit,
    Reference,
    ReferenceCertificate,
    Stored,
    Transfer,
    device_subject,
)
from host.schema.canonical import quoted, sha256_of
from host.state.calibration_store import stored

CHANNEL = "hwmon.board.power"
DEVICE = {"cpu": {"name": "Example"}, "machine_id_sha256": "a" * 64}
KEY = sha256_of(quoted(device_subject(DEVICE, "local")))
FIT = Fit(
    gain="0.93",
    offset_w="0.4",
    u_gain="0.003",
    u_offset_w="0.03",
    k_gain="2",
    k_offset="2",
    U_gain="0.006",
    U_offset_w="0.06",
    u_fit_gain="0.001",
    u_fit_offset_w="0.01",
    covariance_fit_w="-0.000009",
    s_w="0.02",
    residual_w="0.01",
    nu="8",
    lag_s="0.25",
    u_lag_s="0.03",
)
PAPER = ReferenceCertificate(
    "C-1", "Example laboratory", "L0000", "2026-01-01", "2026-12-31", "b" * 64, valid=True
)
REFERENCE = Reference("meter.wall.power", "wall#0001", "A", "0.002", "0.01", "inf", (PAPER,))


def calibration(**over: Any) -> Calibration:  # noqa: ANN401
    """over: fields of the calibration or, where it has none of that name, of its transfer."""
    transfer: dict[str, Any] = {
        "source": CHANNEL,
        "quantity": "power",
        "kind": "instant",
        "word": "transfer_calibration",
        "fit": FIT,
        "range_w": ("5.98", "13.42"),
    }
    said: dict[str, Any] = {
        "calibration": 1,
        "run": "r",
        "payload_sha256": "c" * 64,
        "performed": "2026-03-01T10:00:00Z",
        "due": datetime.date(2027, 3, 1),
        "key": KEY,
        "subject": device_subject(DEVICE, "local"),
        "reference": REFERENCE,
    }
    fields = Transfer.__struct_fields__
    transfer |= {k: v for k, v in over.items() if k in fields}
    said |= {k: v for k, v in over.items() if k not in transfer}
    return Calibration(**said, transfers=(Transfer(**transfer),))


def kept(**over: Any) -> Stored:  # noqa: ANN401
    return stored(calibration(**over), "urn:sha256:" + "d" * 64)


def changed(one: Stored) -> Stored:
    """Another gain under the old hash."""
    transfer = one.transfer
    fit = msgspec.structs.replace(FIT, gain="0.99")
    other = msgspec.structs.replace(transfer, fit=fit)
    said = msgspec.structs.replace(one.calibration, transfers=(other,))
    return msgspec.structs.replace(one, calibration=said)
