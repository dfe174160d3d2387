"""From rows as they were kept to channels in their units. Pure; no line, no meter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from collectors.meters.layout import OWN, PLAIN, WORD, Layout, LayoutError, Rows
from collectors.meters.ppk2_metadata import RANGES, Metadata
from collectors.meters.ppk2_words import READING_BITS, adc, ranges
from collectors.meters.protocol import Block, FloatArray

Decoder = Callable[[Rows], Mapping[str, FloatArray]]
PPK2: Final = "ppk2"


def rows_of(layout: Layout, block: Block) -> Rows:
    """The samples of a block as rows."""
    if block.words is not None:
        rows = np.empty(len(block.words), layout.dtype)
        rows[WORD] = block.words
        return rows
    rows = np.empty(len(block.values[layout.gives[0]]), layout.dtype)
    for name, _ in layout.columns:
        rows[name] = block.own_ns if name == OWN else block.values[name]
    return rows


def decoder(layout: Layout) -> Decoder:
    """What makes channels of rows. Raises LayoutError where the layout is not enough for it."""
    if layout.coding not in _DECODERS:
        raise LayoutError(f"no coding of that name: {layout.coding[:40]}")
    try:
        return _DECODERS[layout.coding](layout)
    except (KeyError, TypeError, ValueError) as err:
        raise LayoutError(f"the coding {layout.coding} lacks something: {err!r}") from err


def _plain(layout: Layout) -> Decoder:
    kinds = dict(layout.columns)
    if any(kinds.get(name) != "<f8" for name in layout.gives):
        raise ValueError(layout.gives)
    return lambda rows: {name: np.ascontiguousarray(rows[name]) for name in layout.gives}


def _ppk2(layout: Layout) -> Decoder:
    """ADC and range of a word have 17 bits: the current of each is worked out once.

    parameters: `modifiers`, five of each of R, GS, GI, O, S, I, UG; `vdd_v`; names of the channels
    `current` and, where power is known, `power`.
    """
    said = layout.parameters
    if dict(layout.columns).get(WORD) != "<u4":
        raise ValueError(layout.columns)
    modifiers = {name: _five(row) for name, row in said["modifiers"].items()}
    vdd_v, current, power = float(said["vdd_v"]), str(said["current"]), str(said["power"])
    every = np.arange(1 << READING_BITS, dtype=np.uint32)
    with np.errstate(all="ignore"):  # what is no number is refused where it is reduced
        amperes = Metadata(modifiers, {}, ()).amperes(adc(every), ranges(every), vdd_v)
    lower = np.uint32((1 << READING_BITS) - 1)

    def decode(rows: Rows) -> Mapping[str, FloatArray]:
        found = amperes[rows[WORD] & lower]
        return {current: found, **({power: found * vdd_v} if power else {})}

    return decode


def _five(row: Any) -> npt.NDArray[np.float64]:  # noqa: ANN401 - out of a JSON file
    found = np.array([float(value) for value in row], np.float64)
    if len(found) != RANGES or not np.isfinite(found).all():
        raise ValueError(row)
    return found


_DECODERS: Final[dict[str, Callable[[Layout], Decoder]]] = {PLAIN: _plain, PPK2: _ppk2}
