"""The choice of a token over rows of logits as a library lays them out."""

from __future__ import annotations

import ctypes
import math

import pytest

from agent.engines.base import EngineError
from agent.engines.llama_choice import Choice


class Vocabulary:
    """A library whose tokens below `ends` are ends of text."""

    def __init__(self, ends: int) -> None:
        self.ends = ends

    def llama_vocab_is_eog(self, _vocab: object, token: int) -> bool:
        return token < self.ends


def best(ends: int, *logits: float, allow_end: bool = False) -> int:
    row = (ctypes.c_float * len(logits))(*logits)
    pointer = ctypes.cast(row, ctypes.POINTER(ctypes.c_float))
    return Choice(Vocabulary(ends), None, len(logits)).best(pointer, allow_end=allow_end)


def test_the_lowest_id_of_the_largest_logit_is_chosen_and_ends_of_text_are_struck_out() -> None:
    assert best(0, 1.0, 3.0, 3.0) == 1
    assert best(2, 9.0, 8.0, 1.0, 2.0) == 3
    assert best(2, 9.0, 8.0, 1.0, 2.0, allow_end=True) == 0


@pytest.mark.parametrize("logits", [(math.nan, 1.0), (-math.inf, -math.inf), (5.0, -math.inf)])
def test_logits_that_leave_no_choice_end_the_request_and_not_the_patience_of_the_host(
    logits: tuple[float, ...],
) -> None:
    with pytest.raises(EngineError) as caught:
        best(1, *logits)
    assert caught.value.code == "logits-not-finite"
