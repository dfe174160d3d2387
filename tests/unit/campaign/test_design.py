"""Orders of visits: drawn from the seed, balanced over their unit."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from host.campaign.design import order, unit_of, warm_up_order
from host.handover.campaign import Design

CELLS = tuple("abcdef")


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_in_a_latin_square_every_cell_has_every_place_and_every_neighbour_as_often(
    count: int,
) -> None:
    cells = CELLS[:count]
    blocks = count * (1 + count % 2)  # an odd number of cells is balanced over two squares
    rows = [order("latin", cells, 7, block) for block in range(1, blocks + 1)]
    places = Counter((cell, place) for row in rows for place, cell in enumerate(row))
    assert len(places) == count * count
    assert len(set(places.values())) == 1
    if count % 2 == 0:  # the squares of an odd number are drawn anew, so balance on the average
        follows = Counter(pair for row in rows for pair in pairwise(row))
        assert len(follows) == count * (count - 1)
        assert len(set(follows.values())) == 1


def test_abba_mirrors_every_second_block() -> None:
    for pair in range(6):
        first, second = (order("abba", CELLS, 7, 2 * pair + n) for n in (1, 2))
        assert second == first[::-1]


@pytest.mark.parametrize("design", ["randomised", "abba", "latin"])
def test_which_cell_comes_first_is_drawn_and_another_seed_draws_otherwise(design: Design) -> None:
    unit = unit_of(design, 2)
    firsts = [order(design, ("a", "b"), 3, block)[0] for block in range(1, 200 * unit, unit)]
    assert 70 < firsts.count("a") < 130
    assert firsts != [order(design, ("a", "b"), 4, b)[0] for b in range(1, 200 * unit, unit)]


def test_an_order_is_what_it_always_was() -> None:
    # An order that changed with a version would not be the one that a journal was begun with.
    assert order("randomised", ("a", "b", "c"), 5, 2) == ORDER
    assert sorted(warm_up_order(CELLS, 1, 1)) == sorted(CELLS)


ORDER = ("a", "b", "c")
