from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax as by_scipy
from scipy.stats import entropy

from host.fidelity.divergence import Logits, NotFiniteError, log_softmax, score

ROWS, VOCABULARY = 3, 6
NEXT = (0, 3, 5)
rows = arrays(
    np.float32,
    (ROWS, VOCABULARY),
    elements=st.floats(-80, 80, width=32, allow_subnormal=False),
)


@given(rows, rows)
def test_divergence_is_that_of_scipy_and_never_below_zero(p: Logits, q: Logits) -> None:
    found = score("en", p, q, NEXT)
    wide_p, wide_q = (np.exp(by_scipy(x.astype(float), axis=1)) for x in (p, q))
    finite = (wide_q > 0).all(axis=1)
    assert np.allclose(found.kl[finite], entropy(wide_p, wide_q, axis=1)[finite], atol=1e-9)
    assert (found.kl >= 0).all()


@given(rows)
def test_a_model_does_not_differ_from_itself(p: Logits) -> None:
    found = score("zh", p, p.copy(), NEXT)
    assert not found.kl.any()
    assert found.agrees.all()
    assert (found.nll == found.reference_nll).all()


@given(rows, rows, st.permutations(range(VOCABULARY)))
def test_the_order_of_the_vocabulary_does_not_matter(
    p: Logits, q: Logits, order: list[int]
) -> None:
    before = score("en", p, q, NEXT)
    moved = [order.index(token) for token in NEXT]
    after = score("en", p[:, order], q[:, order], moved)
    assert np.allclose(before.kl, after.kl, atol=1e-9)
    assert np.allclose(before.nll, after.nll, atol=1e-9)


@given(rows, st.floats(-50, 50))
def test_a_constant_added_to_all_logits_changes_nothing(p: Logits, shift: float) -> None:
    wide = p.astype(float)
    assert np.allclose(log_softmax(wide), log_softmax(wide + shift), atol=1e-9)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_logit_that_is_no_number_is_refused_on_either_side(bad: float) -> None:
    good = np.zeros((ROWS, VOCABULARY), np.float32)
    wrong = good.copy()
    wrong[1, 2] = bad
    with pytest.raises(NotFiniteError, match="1 logits of the tested model, first in row 1"):
        score("en", good, wrong, NEXT)
    with pytest.raises(NotFiniteError, match="the reference"):
        score("en", wrong, good, NEXT)


def test_rows_of_another_shape_or_ids_beyond_the_vocabulary_are_refused() -> None:
    good = np.zeros((ROWS, VOCABULARY), np.float32)
    with pytest.raises(ValueError, match="the reference has"):
        score("en", good, good[:, :-1], NEXT)
    with pytest.raises(ValueError, match="outside of the vocabulary"):
        score("en", good, good, (0, 1, VOCABULARY))
