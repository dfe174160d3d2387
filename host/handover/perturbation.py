"""What the agent's sampling does to results: as measured in pairs, stored, and used again.

`perturbation.json` beside the record of a run in pairs is an `OnOff`; the host's store keeps an
`Entry` for each key; `data/perturbation.json` of a later run is the `Lookup` that it made.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from host.handover.conditions import Perturbation, ratio_name
from host.handover.plan import ResolvedPlan

PERTURBATION_VERSION = 1
# Our choice. What the key does not see (services in the background, firmware, wear of a cooler)
# changes over weeks; a month is the longest that an intermediate check is trusted for here.
MAX_AGE_DAYS = 30

# Ratios and their uncertainties have no sign.
Decimal = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$", max_length=60)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]


class PairField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pair: numbers of its attempts, and value with sampling over value without it."""

    pair: Count
    sampled_attempt: Count
    bare_attempt: Count
    ratio: Decimal


class DroppedField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pair that gave no ratio, and why."""

    pair: Count
    reason: str


class RatioField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ratio of one quantity; ratio, u and nu are null with `reason` set below two pairs.

    u: standard uncertainty of the mean over pairs. nu: degrees of freedom. source: the channel of
    a meter beside the device; it is not there for what needs no readings.
    """

    measurand: str
    scope: str
    ratio: Decimal | None
    u: Decimal | None
    nu: Count | None
    pairs: tuple[PairField, ...]
    dropped: tuple[DroppedField, ...] = ()
    reason: str = ""
    source: str | UnsetType = UNSET


class OnOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run in pairs says. dropped: pairs that gave nothing at all.

    run: id of the run. payload_sha256: of its sealed data. performed: when it ended, RFC 3339.
    key: SHA-256 of the canonical bytes of `subject`, which says what the ratios hold for.
    """

    perturbation: int
    run: str
    payload_sha256: str
    performed: str
    agent_sha256: str
    key: Sha256
    subject: dict[str, Any]
    pairs: Count
    dropped: tuple[DroppedField, ...]
    ratios: tuple[RatioField, ...]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stored result. record_id: of the record that the run had when it was stored."""

    record_id: str
    measured: OnOff


class Store(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The host's store, one entry a key."""

    perturbation_store: int
    entries: dict[Sha256, Entry]


class Lookup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run found in the store. entry null: none is used, and `reason` says why."""

    key: str
    looked_up: str
    entry: Entry | None
    reason: str = ""


def subject_of(
    plan: ResolvedPlan, device: Mapping[str, Any], engine: Mapping[str, Any]
) -> dict[str, Any]:
    """What a ratio holds for: device, model, engine, work, sampling. Free-form, unquoted.

    device: what it said of itself; its constant parts that bear on how engine and sampler share
    it, no reading and no id of a boot. engine: its describe(); versions, build, threads, and all
    settings as resolved. The work is in it because the ratio depends on it: length of the
    context, time of a step, and the items that results are given for. Not in it: attempts, seed,
    order and idle times, which change the spread and not the ratio.
    """
    run, sampling = plan.plan.run, plan.plan.sampling
    return {
        "device": {
            **{name: device.get(name) for name in _DEVICE},
            "frequency": _without(device.get("frequency"), "cur_freq"),
            "cgroup": _without(device.get("cgroup"), "path"),
        },
        "model_sha256": plan.model.get("sha256"),
        "engine": {
            "kind": plan.engine_kind,
            "settings": plan.engine_settings,
            "described": {
                k: v for k, v in engine.items() if isinstance(v, str | int | bool) and k != "pid"
            },
            "context": engine.get("context"),
        },
        "work": {
            "dataset_sha256": plan.dataset.get("sha256"),
            "requests": [[r.item, r.prompt_tokens, r.output_tokens] for r in plan.requests],
            "warmups": run.warmups,
            "stop": run.stop,
        },
        "sampling": {
            "rate_hz": sampling.rate_hz,
            "jitter_ratio": sampling.jitter_ratio,
            "kinds": sorted(sampling.kinds),
        },
    }


_DEVICE = ("cpu", "cores", "affinity", "smt", "boost", "product", "system", "huge_pages")


def agent_of(plan: ResolvedPlan) -> str:
    """SHA-256 of the agent of a run, "" where the plan does not name one."""
    return next((s["sha256"] for s in plan.software if s.get("role") == "agent"), "")


def unfit(entry: Entry, key: str, agent_sha256: str, now: str) -> str:
    """Why a stored result may not be used, "" when it may. now: RFC 3339.

    Raises ValueError when a date is none.
    """
    measured = entry.measured
    if measured.key != key:
        return "other-subject: it was measured for another device, model, engine or work"
    if measured.agent_sha256 != agent_sha256:
        return "other-agent: it was measured with another version of the agent"
    age_days = (_date(now) - _date(measured.performed)) / datetime.timedelta(days=1)
    if age_days < 0:
        return f"not-yet: it is dated {measured.performed}, after this run"
    if age_days > MAX_AGE_DAYS:
        return f"too-old: it is {age_days:.0f} days old, at most {MAX_AGE_DAYS} are trusted"
    return ""


def perturbations(measured: OnOff) -> dict[str, Perturbation]:
    """Ratios by `ratio_name`, those that have an uncertainty only."""
    return {
        ratio_name(r.measurand, r.scope, r.source or ""): Perturbation(
            ratio=float(r.ratio),
            u=float(r.u),
            nu=float(r.nu),
            pairs=len(r.pairs),
            origin=measured.run,
        )
        for r in measured.ratios
        if r.ratio is not None and r.u is not None and r.nu is not None
    }


def perturbation_from(lookup: Lookup | None) -> dict[str, Perturbation]:
    """What the budgets of a run may use; empty where nothing was found or looked for."""
    if lookup is None or lookup.entry is None:
        return {}
    return perturbations(lookup.entry.measured)


def _without(found: Any, word: str) -> Any:  # noqa: ANN401 - free-form
    """A free-form fact without the keys that hold a word."""
    if not isinstance(found, Mapping):
        return found
    return {key: _without(value, word) for key, value in found.items() if word not in str(key)}


def _date(text: str) -> datetime.datetime:
    found = datetime.datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found
