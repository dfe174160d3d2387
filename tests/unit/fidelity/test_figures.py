from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest

from host.fidelity.divergence import WindowScore
from host.fidelity.figures import equal_share, figures_of, greedy_figures
from host.fidelity.windows import cut, first_of
from host.handover import fidelity as names


def window(language: str, kl: list[float], agrees: list[bool] | None = None) -> WindowScore:
    count = len(kl)
    return WindowScore(
        language,
        np.array(kl),
        np.full(count, 2.0),
        np.full(count, 2.0) + np.array(kl),
        np.array(agrees or [True] * count),
    )


def test_figures_and_their_errors_are_those_worked_out_by_hand() -> None:
    windows = [window("en", [0.1, 0.3], [True, False]), window("zh", [0.4, 0.4])]
    found = {f.measurand: f for f in figures_of(windows) if f.language == "all"}
    mean, u = 0.3, sqrt((0.1**2 + 0.1**2) / 2)
    assert found[names.KL_MEAN].n == 2
    assert found[names.KL_MEAN].value == pytest.approx(mean)
    assert found[names.KL_MEAN].u == pytest.approx(u)
    assert found[names.TOP1].value == pytest.approx(0.75)
    assert found[names.RATIO].value == pytest.approx(exp(mean))
    assert found[names.RATIO].u == pytest.approx(exp(mean) * u)
    assert found[names.REFERENCE_PERPLEXITY].value == pytest.approx(exp(2))
    assert found[names.KL_P99].value == pytest.approx(0.4)


def test_each_language_has_its_own_figures_and_one_window_has_no_error() -> None:
    found = figures_of([window("en", [0.1, 0.3]), window("zh", [0.4, 0.4])])
    kl = {f.language: (f.value, f.u) for f in found if f.measurand == names.KL_MEAN}
    assert kl["en"] == (0.2, None)
    assert kl["zh"] == (0.4, None)
    assert kl["all"][1] is not None
    assert {f.language for f in figures_of([window("en", [0.1])])} == {"all"}


def test_windows_that_hang_together_are_not_counted_as_single_positions() -> None:
    """A hundred equal positions in each of four windows tell no more than four numbers do."""
    values = (0.1, 0.2, 0.3, 0.4)
    short = figures_of([window("en", [v]) for v in values])
    long = figures_of([window("en", [v] * 100) for v in values])
    for a, b in zip(short, long, strict=True):
        if a.measurand in (names.KL_MEAN, names.RATIO):
            assert a.u == pytest.approx(b.u)


def test_the_error_of_the_percentile_is_near_what_fresh_windows_give() -> None:
    drawn = np.random.default_rng(5)

    def sample() -> list[WindowScore]:
        return [window("en", list(drawn.exponential(size=60))) for _ in range(24)]

    p99 = [next(f for f in figures_of(sample()) if f.measurand == names.KL_P99) for _ in range(40)]
    spread = float(np.std([f.value for f in p99], ddof=1))
    assert 0.5 < float(np.mean([f.u for f in p99 if f.u is not None])) / spread < 2.0


def test_equal_share_ends_at_the_first_difference() -> None:
    assert equal_share((1, 2, 3, 4), (1, 2, 9, 4)) == 0.5
    assert equal_share((1, 2, 3), (1, 2, 3, 4)) == 1.0
    assert equal_share(b"abc", b"") == 0.0
    found = {f.measurand: f.value for f in greedy_figures([[1.0], [0.5]], 8)}
    assert found == {names.GREEDY: 0.75, names.GREEDY_WHOLE: 0.5}
    assert greedy_figures([], 0) == ()


def test_attempts_that_answer_alike_are_one_observation_of_each_request() -> None:
    once = greedy_figures([[1.0], [0.5], [0.75]], 12)
    again = greedy_figures([[1.0] * 5, [0.5] * 5, [0.75] * 5], 60)
    for a, b in zip(once, again, strict=True):
        assert (a.value, a.u, a.n) == (b.value, b.u, b.n)
    assert again[0].u == pytest.approx(0.25 / sqrt(3))
    assert again[1].value == pytest.approx(1 / 3)


@pytest.mark.parametrize("count", [2, 4])
def test_the_spread_of_few_windows_is_corrected_but_for_folders_of_earlier_software(
    count: int,
) -> None:
    windows = [window("en", [0.1 * i, 0.2 * i]) for i in range(1, count + 1)]
    earlier, now = (
        next(f for f in figures_of(windows, rules) if f.measurand == names.KL_P99)
        for rules in (1, 2)
    )
    assert earlier.value == now.value
    assert earlier.u is not None
    assert now.u == pytest.approx(earlier.u * sqrt(count / (count - 1)))
    assert "W - 1" not in earlier.u_rule.en
    assert "W - 1" in now.u_rule.en


def test_windows_are_whole_do_not_overlap_and_begin_with_what_the_tokenizer_puts_in_front() -> (
    None
):
    ids = [99, *range(10)]
    made = cut("en", ids, [99], 4, None)
    assert [w.ids for w in made] == [(99, 0, 1, 2), (99, 4, 5, 6)]
    assert [w.ids for w in cut("zh", ids, [], 4, 1)] == [(99, 0, 1, 2)]
    assert first_of(256) == 128
