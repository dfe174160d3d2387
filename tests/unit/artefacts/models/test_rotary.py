from __future__ import annotations

import numpy as np
import pytest

from host.artefacts.models.rotary import rotary_tables


@pytest.mark.parametrize(("positions", "head_size"), [(4096, 64), (1000, 128), (1, 2)])
def test_tables_are_the_cosines_and_sines_of_the_angles(positions: int, head_size: int) -> None:
    frequencies = 10_000.0 ** (-2 * np.arange(head_size // 2) / head_size)
    angles = np.arange(positions)[:, None] * frequencies
    cos, sin = rotary_tables(positions, head_size, 10_000.0)
    assert cos.shape == sin.shape == (positions, head_size // 2)
    half_last_bit = 2.0**-25  # of a float32 below 1
    assert float(np.abs(cos - np.cos(angles)).max()) <= half_last_bit * 1.001
    assert float(np.abs(sin - np.sin(angles)).max()) <= half_last_bit * 1.001
