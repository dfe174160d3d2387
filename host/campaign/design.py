"""In what order the cells of a block are visited: drawn from the seed, the same everywhere.

`randomised`: each block in an order of its own. `abba`: pairs of blocks, the second one the mirror
of the first, so that a straight drift cancels in the pair. `latin`: as many blocks as cells; every
cell stands once at every place, and follows every other equally often (Williams, Aust. J. Sci.
Res. A 2 (1949) 149; for an odd number of cells over two squares). Which cell begins is drawn for
every block, pair or square, so that no cell is favoured by what changes over time, whatever it is.

That unit (block, pair, square) is what the analysis takes as one observation.
"""

from __future__ import annotations

from collections.abc import Sequence

from host.artefacts.datasets.dataset import order_ids
from host.handover.campaign import Design

_MIRROR = 2


def unit_of(design: Design, cells: int) -> int:
    """How many blocks are drawn together, and so balanced only together."""
    return {"randomised": 1, "abba": _MIRROR, "latin": max(cells, 1)}[design]


def order(design: Design, cells: Sequence[str], seed: int, block: int) -> tuple[str, ...]:
    """The cells of a block, counted from 1, as they are visited.

    Drawn by SHA-256 of `<seed>:<unit>:<cell>` (`order_ids`), unit counted from 0.
    """
    unit, inside = divmod(block - 1, unit_of(design, len(cells)))
    drawn = order_ids(cells, seed, unit)
    if design == "abba" and inside:
        return drawn[::-1]
    if design == "latin":
        return tuple(drawn[place] for place in _williams(len(cells), unit)[inside])
    return drawn


def warm_up_order(cells: Sequence[str], seed: int, block: int) -> tuple[str, ...]:
    """The cells of a warm-up block: drawn for each, under numbers that no unit has."""
    return order_ids(cells, seed, -block)


def _williams(cells: int, square: int) -> list[list[int]]:
    """Rows of places: 0, 1, k-1, 2, k-2 ... and that shifted by one each row.

    With an odd k every second square is the mirror, since only both together are balanced.
    """
    steps = range(1, cells)
    first = [0, *((step + 1) // 2 if step % 2 else cells - step // 2 for step in steps)]
    if cells % 2 and square % 2:
        first.reverse()
    return [[(place + row) % cells for place in first] for row in range(cells)]
