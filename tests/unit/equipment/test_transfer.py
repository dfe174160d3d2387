"""Transfer calibrations on the channels of a run: what they correct, what they leave open."""

from __future__ import annotations

import datetime
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from host.equipment.apply import apply
from host.equipment.judge import days_of
from host.equipment.transfer import About, apply_transfers
from host.equipment.transfer_line import TransferLine
from host.handover.calibration import Reference, Stored
from host.handover.conditions import SensorTerm
from host.handover.equipment import Applied, Equipment
from host.handover.text import Txt
from host.handover.trace import AlignedRun, Series
from tests.fakes.calibrations import CHANNEL, FIT, KEY, calibration, kept
from tests.fakes.instruments import equipment
from tests.fakes.traces import attempt, kind_of, run_of, series

S = 10**9
IN_2026 = {"start": "2026-06-01T09:00:00Z", "end": "2026-06-01T09:02:00Z"}
POWERS = (6.0, 8.0, 10.0, 12.0, 14.0)
SHOWN = [0.93 * p + 0.4 for p in POWERS]


def power(*values: float, channel: str = CHANNEL) -> AlignedRun:
    like = kind_of("power", "instant", "W", channel=channel, tier="B")
    return run_of(attempt((), [series([n * S for n in range(len(values))], values, like)]))


def used(
    run: AlignedRun,
    one: Stored,
    *,
    performed: dict[str, str] = IN_2026,
    key: str = KEY,
    with_equipment: Equipment | None = None,
) -> Applied:
    about = About(frozenset({key}), days_of(performed))
    return apply_transfers(apply(run, with_equipment, performed), (one,), about)


def one_series(found: Applied) -> Series:
    return found.run.attempts[0].series[0]


def test_a_power_becomes_that_of_the_meter_its_lag_leaves_the_stamps_and_its_tier_stays() -> None:
    found = used(power(*SHOWN), kept())
    assert one_series(found).values.tolist() == pytest.approx(POWERS)
    assert one_series(found).t0_ns.tolist() == [n * S - S // 4 for n in range(5)]
    assert one_series(found).tier == "B"
    assert [p.code for p in found.instruments.problems] == ["transfer-calibrated"]
    field = found.instruments.equipment[0]
    assert (field.kind, field.tier, field.certificates[0].accreditation) == (
        "transfer_calibration",
        "B",
        "",
    )


def test_u_of_a_power_is_the_law_of_propagation_over_line_scatter_and_meter() -> None:
    """By finite differences over the inputs of the model, drawn as a check of the formula."""
    line, draw = TransferLine.of(calibration()), np.random.default_rng(5)
    cov = [[0.01**2, -9e-6], [-9e-6, 0.001**2]]
    n, truth_w = 400_000, 12.0
    offset, gain = draw.multivariate_normal([0.4, 0.93], cov, n).T
    shown = 0.93 * truth_w + 0.4 + draw.normal(0, 0.02, n)
    meter = truth_w * draw.normal(0, 0.002, n) + draw.normal(0, 0.01, n)
    spread = float(np.std((shown - offset) / gain + meter))
    assert line.u(truth_w) == pytest.approx(spread, rel=0.02)


def test_terms_state_the_worst_power_used_and_that_drift_is_not_known() -> None:
    found = used(power(*SHOWN), kept())
    terms = {t.part: t for t in found.sensors[CHANNEL]}
    line = TransferLine.of(calibration())
    assert pytest.approx(2 * max(line.u(6.0), line.u(14.0))) == terms["calibration"].U
    assert not terms["calibration"].relative
    assert (terms["drift"].U, terms["drift"].half_width) == (None, None)
    assert pytest.approx(0.06) == terms["refresh"].U


def test_a_counter_gives_the_energy_of_the_meter_over_its_wraps() -> None:
    """10 W for 20 s: 9.7 J a second by the counter, which wraps at 100 J and repeats values."""
    like = replace(kind_of("energy", "counter", "J", channel=CHANNEL, tier="B"), wraps_at=100.0)
    t_ns = [n * S // 2 for n in range(41)]
    joules = [(0.93 * 10 + 0.4) * (n // 2) % 100 for n in range(41)]
    run = run_of(attempt((), [series(t_ns, joules, like)]))
    found = one_series(used(run, kept(quantity="energy", kind="counter")))
    assert found.values[-1] - found.values[0] == pytest.approx(200.0)
    assert found.values[1] == found.values[0]
    assert found.wraps_at is None


def test_a_reset_of_a_counter_is_not_made_a_wrap_by_its_correction() -> None:
    like = replace(kind_of("energy", "counter", "J", channel=CHANNEL, tier="B"), wraps_at=100.0)
    joules = [9.7 * n % 100 for n in range(31)] + [50.0, 59.7]  # the last before it is 91 J
    run = run_of(attempt((), [series([n * S for n in range(33)], joules, like)]))
    found = one_series(used(run, kept(quantity="energy", kind="counter")))
    assert np.flatnonzero(np.diff(found.values) < 0).tolist() == [30]


def test_one_reading_beyond_all_numbers_is_no_spike() -> None:
    found = used(power(*SHOWN * 30, 1e200), kept())
    (problem,) = found.instruments.problems
    assert problem.code == "transfer-not-applied"


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (kept(due=datetime.date(2026, 5, 31)), "it ran out on 2026-05-31"),
        (kept(performed="2026-06-02T00:00:00Z"), "made on 2026-06-02, after its use"),
        (kept(key="f" * 64), "for another device or instrument"),
        (kept(word="comparison"), "is a comparison"),
        (kept(word="none", fit=None), "is a comparison or has no result"),
        (kept(source="hwmon.other.power"), "no readings of the channel"),
        (kept(kind="average"), "another quantity or kind"),
        (kept(range_w=("5.98", "8.0")), "outside its range of 5.98 to 8 W"),
    ],
)
def test_one_that_does_not_fit_changes_nothing_and_says_why(one: Stored, words: str) -> None:
    found = used(power(*SHOWN), one)
    assert one_series(found).values.tolist() == SHOWN
    assert CHANNEL not in found.sensors
    (problem,) = found.instruments.problems
    assert problem.code == "transfer-not-applied"
    assert words in problem.text.en


def test_a_channel_that_a_certificate_corrects_is_not_corrected_twice() -> None:
    found = used(power(*SHOWN), kept(), with_equipment=equipment())
    assert "transfer-not-applied" in [p.code for p in found.instruments.problems]
    assert "another calibration already" in found.instruments.problems[-1].text.en


def test_of_a_check_against_stated_values_nobody_vouches_for_the_u_is_open() -> None:
    said = Txt("未给出", "not stated")
    reference = Reference("stated values", "", "", open=(said,))
    fit = msgspec.structs.replace(FIT, lag_s=None, u_lag_s=None)
    one = kept(word="two_point_check", kind="", reference=reference, fit=fit)
    terms: dict[str, SensorTerm] = {t.part: t for t in used(power(*SHOWN), one).sensors[CHANNEL]}
    assert terms["calibration"].U is None
    assert "refresh" not in terms
    assert "stated values" in terms["calibration"].source.en


def test_a_two_point_check_corrects_a_bench_meter_which_stays_without_a_certificate() -> None:
    like = kind_of("power", "average", "W", channel="meter.plug.power", tier="A-")
    run = run_of(attempt((), [series([n * S for n in range(5)], SHOWN, like)]))
    fit = msgspec.structs.replace(FIT, lag_s=None, u_lag_s=None)
    reference = Reference("stated values", "", "", u_relative="0.005")
    one = kept(
        source="meter.plug.power", word="two_point_check", kind="", reference=reference, fit=fit
    )
    found = used(run, one)
    assert one_series(found).values.tolist() == pytest.approx(POWERS)
    assert one_series(found).tier == "A-"
    assert found.instruments.equipment[0].kind == "two_point_check"
    assert "two-point check" in found.instruments.problems[0].text.en
    terms = {t.part: t for t in found.sensors["meter.plug.power"]}
    assert terms["calibration"].U is not None
