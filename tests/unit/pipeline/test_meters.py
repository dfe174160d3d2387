"""The unit that answers is the one that the certificates are of."""

from __future__ import annotations

import pytest

from collectors.meters.protocol import MeterError
from host.pipeline.meters import expect_serial
from tests.fakes.instruments import instrument


@pytest.mark.parametrize("said", ["C3UA 00001E", "c3ua00001e", "", "0"])
def test_the_same_number_in_other_letters_and_one_that_is_not_told_are_taken(said: str) -> None:
    expect_serial(instrument(serial="C3UA00001E"), said)


@pytest.mark.parametrize("said", ["C3UA00002E", "C3UA00001", "00", "\x00\xf8"])
def test_another_number_is_refused_with_both(said: str) -> None:
    with pytest.raises(MeterError, match=r"the equipment file says C3UA00001E: .* one unit alone"):
        expect_serial(instrument(serial="C3UA00001E"), said)
