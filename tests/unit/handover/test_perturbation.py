from __future__ import annotations

from typing import Any

import msgspec
import pytest

from host.handover.perturbation import (
    MAX_AGE_DAYS,
    Entry,
    Lookup,
    OnOff,
    PairField,
    RatioField,
    perturbation_from,
    subject_of,
    unfit,
)
from tests.fakes.records import DEVICE, ENGINE, sample_plan

KEY, AGENT = "a" * 64, "b" * 64
NOW = "2026-03-31T12:00:00.000Z"


def measured(**over: Any) -> OnOff:  # noqa: ANN401
    pairs = tuple(PairField(p, 2 * p - 1, 2 * p, "0.99") for p in (1, 2))
    made = OnOff(
        perturbation=1,
        run="r",
        payload_sha256="",
        performed="2026-03-30T12:00:00.000Z",
        agent_sha256=AGENT,
        key=KEY,
        subject={},
        pairs=2,
        dropped=(),
        ratios=(
            RatioField("decode_rate@1", "", "0.99", "0.002", 1, pairs),
            RatioField("load_time@1", "", None, None, None, (), reason="too-few-pairs: 0"),
        ),
    )
    return msgspec.structs.replace(made, **over)


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({}, ""),
        ({"agent_sha256": "c" * 64}, "other-agent"),
        ({"key": "c" * 64}, "other-subject"),
        ({"performed": "2026-03-31T12:00:00.001Z"}, "not-yet"),
        ({"performed": "2026-03-01T12:00:00.000Z"}, ""),  # 30 days to the second
        ({"performed": "2026-03-01T11:59:59.000Z"}, "too-old"),
    ],
)
def test_a_stored_result_is_used_only_for_its_subject_agent_and_age(
    over: dict[str, str], code: str
) -> None:
    assert MAX_AGE_DAYS == 30
    reason = unfit(Entry("urn", measured(**over)), KEY, AGENT, NOW)
    assert reason.partition(":")[0] == code


@pytest.mark.parametrize("when", ["yesterday", "", "2026-03-30T12:00:00"])
def test_a_date_without_a_time_zone_is_no_date(when: str) -> None:
    with pytest.raises(ValueError, match=r"time zone|isoformat"):
        unfit(Entry("urn", measured(performed=when)), KEY, AGENT, NOW)


def test_budgets_get_the_ratios_that_have_an_uncertainty() -> None:
    given = perturbation_from(Lookup(KEY, NOW, Entry("urn", measured())))
    assert set(given) == {"decode_rate@1/"}
    decode = given["decode_rate@1/"]
    assert (decode.ratio, decode.u, decode.nu, decode.pairs, decode.origin) == (
        0.99,
        0.002,
        1.0,
        2,
        "r",
    )


def test_nothing_found_is_nothing_for_the_budgets() -> None:
    assert perturbation_from(None) == {}
    assert perturbation_from(Lookup(KEY, NOW, None, "too-old: 45 days")) == {}


def changed(**over: Any) -> dict[str, Any]:  # noqa: ANN401
    """The subject of the sample with keys of [run] replaced."""
    plan = sample_plan()
    run = msgspec.structs.replace(plan.plan.run, **over)
    plan = msgspec.structs.replace(plan, plan=msgspec.structs.replace(plan.plan, run=run))
    return subject_of(plan, DEVICE, ENGINE)


def test_the_subject_is_the_same_where_only_the_spread_can_differ() -> None:
    same = {"attempts": 40, "seed": 9, "order": "listed", "pairing": "on_off", "idle_after_s": 0.0}
    assert changed(**same) == changed()
    assert changed(warmups=7) != changed()


@pytest.mark.parametrize(
    ("device", "engine", "same"),
    [
        ({"boot_id": "x", "load": {"1min": 3.0}, "uptime_s": 9.5}, {}, True),
        ({"temperatures_c": {"a": 80.0}, "memory_bytes": {"available": 3}}, {"pid": 77}, True),
        ({"frequency": {"policy0": {"scaling_cur_freq": "1"}}}, {}, True),
        ({"frequency": {"policy0": {"scaling_governor": "powersave"}}}, {}, False),
        ({"cpu": {"model": "Another"}}, {}, False),
        ({"affinity": [0]}, {}, False),
        ({}, {"version": "b6001"}, False),
        ({}, {"context": {"n_threads": 2}}, False),
    ],
)
def test_the_subject_heeds_what_bears_on_the_ratio_and_no_reading(
    device: dict[str, Any],
    engine: dict[str, Any],
    same: bool,  # noqa: FBT001
) -> None:
    before = {**DEVICE, "frequency": {"policy0": {}}}
    first = subject_of(sample_plan(), before, ENGINE)
    again = subject_of(sample_plan(), {**before, **device}, {**ENGINE, **engine})
    assert (first == again) is same
