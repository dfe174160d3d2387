"""Every reason of a calibration has words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

import host
from host.handover.calibration import Calibration
from host.handover.calibration_words import CALIBRATION_REASONS, calibration_words
from host.state.calibration_store import identity_of
from tests.fakes.calibrations import calibration

PLACES = (
    "pipeline/calibration.py",
    "pipeline/calibration_check.py",
    "evaluate/transfer.py",
    "reduce/lag.py",
)
CODE = re.compile(r'f?"([a-z]+(?:-[a-z]+)*): ')


def test_every_code_that_is_given_has_words_and_no_other() -> None:
    root = Path(host.__file__).parent
    given = {c for place in PLACES for c in CODE.findall((root / place).read_text("utf-8"))}
    assert given == set(CALIBRATION_REASONS)
    for words in CALIBRATION_REASONS.values():
        assert words.zh.strip()
        assert words.en.strip()
    assert calibration_words("frozen: the source shows 4 W") == CALIBRATION_REASONS["frozen"]
    assert calibration_words("") is None


def test_a_file_of_before_reads_and_has_the_identity_that_it_had() -> None:
    """Without the keys that came later, as it was written then."""
    one = calibration(temperature_cel=("40", "60"))
    said = msgspec.to_builtins(one)
    assert "ambient_cel" not in said["transfers"][0]
    assert "reason_words" not in said["transfers"][0]
    assert "lag_words" not in said["transfers"][0]["fit"]
    assert identity_of(msgspec.convert(said, Calibration)) == identity_of(one)
