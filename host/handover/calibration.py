"""A transfer calibration: what a run with a load staircase says of a source beside a meter.

`calibration.json` beside the record of such a run is a `Calibration` of all its sources; the
host's store keeps a `Stored` for one source; a later run keeps those it uses under
`data/calibrations/`. Numbers are decimal strings, powers in W.

The model: indication = offset + gain * power, the power at a moment `lag_s` earlier.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from host.handover.text import Txt

CALIBRATION_VERSION = 1
# Our choice, as most laboratories begin with one year for working standards: nothing is known of
# the drift of such a source, and the budget says so.
VALID_DAYS = 365

Number = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$", max_length=60)]
Freedom = Annotated[str, Meta(pattern=r"^([0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?|inf)$", max_length=60)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Text = Annotated[str, Meta(max_length=500)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Word = Literal["transfer_calibration", "comparison", "two_point_check", "none"]


class PairField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step or point: power by the meter, indication, and u of both from noise alone."""

    attempt: Count
    level: Number
    reference_w: Number
    source_w: Number
    u_reference_w: Number
    u_source_w: Number


class ReferenceCertificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The certificate of the meter as it was used; valid: on the day, in range, surroundings."""

    number: Text
    issuer: Text
    accreditation: Text
    calibrated: Text
    due: Text
    sha256: Sha256
    valid: bool


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was believed. u_relative, u_w: common to all pairs, of the power and in W.

    nu: degrees of freedom of both together. open: what is not known of it, a sentence each.
    """

    channel: Text
    equipment: Text
    tier: Text
    u_relative: Number = "0"
    u_w: Number = "0"
    nu: Freedom = "inf"
    certificates: tuple[ReferenceCertificate, ...] = ()
    open: tuple[Txt, ...] = ()


class Fit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The line.

    u, U = k u: with what is common to all pairs. u_fit, covariance: from the fit alone, whose
    degrees of freedom are `nu`. s_w: of one step about the line, in indication. residual_w:
    largest distance of the mean of a level from the line, in indication. lag_words: what
    `lag_reason` means, in both languages.
    """

    gain: Number
    offset_w: Number
    u_gain: Number
    u_offset_w: Number
    k_gain: Number
    k_offset: Number
    U_gain: Number
    U_offset_w: Number
    u_fit_gain: Number
    u_fit_offset_w: Number
    covariance_fit_w: Number
    s_w: Number
    residual_w: Number
    nu: Freedom
    lag_s: Number | None = None
    u_lag_s: Number | None = None
    lag_reason: Text = ""
    lag_words: Txt | msgspec.UnsetType = msgspec.UNSET


class Transfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One source. word: what the fit may be called; `none` with a reason, `code: detail`.

    range_w: indications seen. temperature_cel: lowest and highest of the device meanwhile, empty
    where it shows none. dropped: steps that gave no pair. ambient_cel: lowest and highest of the
    air, left out where no meter looked at it. reason_words: `reason` in both languages.
    Older files have neither of these two, and no lag_words.
    """

    source: Text
    quantity: Text
    kind: Text
    word: Word
    reason: Text = ""
    fit: Fit | None = None
    range_w: tuple[Number, Number] | None = None
    temperature_cel: tuple[Number, ...] = ()
    pairs: tuple[PairField, ...] = ()
    dropped: tuple[Text, ...] = ()
    ambient_cel: tuple[Number, Number] | msgspec.UnsetType = msgspec.UNSET
    reason_words: Txt | msgspec.UnsetType = msgspec.UNSET


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run says. run, payload_sha256: of the run, "" for points that were stated.

    subject: identity of the device or of the instrument, and `key`, the SHA-256 of its canonical
    bytes. performed: RFC 3339; due: the last day on which it may be used.
    """

    calibration: int
    run: Text
    payload_sha256: Text
    performed: Text
    due: datetime.date
    key: Sha256
    subject: dict[str, Any]
    reference: Reference | None
    transfers: tuple[Transfer, ...]


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A calibration of one source in the store. sha256: of its canonical bytes, its identity.

    record_id: of the record of its run when it was stored, "" for stated points.
    """

    calibration_store: int
    sha256: Sha256
    record_id: Text
    calibration: Calibration

    @property
    def transfer(self) -> Transfer:
        return self.calibration.transfers[0]

    @property
    def name(self) -> str:
        """Short name that people use: the beginning of its identity."""
        return self.sha256[:12]


def device_subject(device: Mapping[str, Any], address: str) -> dict[str, Any]:
    """The identity of a device: what does not change as long as it is the same one.

    Its machine id (hashed by the agent); a device that shows none is known by its address.
    Neither is a serial number of the sensor, so its channel stands beside it.
    """
    machine = device.get("machine_id_sha256")
    return {
        "what": "device",
        "cpu": _lasting(device.get("cpu")),
        "product": _lasting(device.get("product")),
        "machine": machine if isinstance(machine, str) else f"address:{address}",
    }


def _lasting(found: object) -> Any:  # noqa: ANN401 - free-form
    """Without versions of firmware: an update makes no other device of it."""
    if not isinstance(found, Mapping):
        return found
    return {k: v for k, v in found.items() if not str(k).startswith(("bios", "microcode"))}


def instrument_subject(ref: str) -> dict[str, Any]:
    """The identity of a bench meter: id and serial number of the equipment file."""
    return {"what": "instrument", "instrument": ref}
