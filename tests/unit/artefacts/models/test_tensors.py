from __future__ import annotations

import hashlib

import numpy as np
import pytest

from host.artefacts.models import tensors as subject
from host.artefacts.models.shape import SHAPES
from host.artefacts.models.tensors import Matrix, Norm, norm_values, parameters, pieces, tensors
from host.artefacts.models.vocabulary import quiet_tokens


@pytest.mark.parametrize(
    ("size", "low", "high"),
    [("tiny", 27e6, 29e6), ("1b", 1.09e9, 1.11e9), ("3b", 2.9e9, 3.1e9), ("7b", 6.7e9, 6.8e9)],
)
def test_sizes_have_as_many_parameters_as_their_name_says(
    size: str, low: float, high: float
) -> None:
    assert low < parameters(SHAPES[size]) < high


# A change of these is a new revision: raise `store.REVISION` with it.
TENSORS_SHA256 = {
    "tiny": "1ed81f5a39dfd32f7ecb168c1de5d75b2862bc2355d7f2d42dc528c1b5d99d7b",
    "1b": "d7f1246966c6dc41a8ddea98501cc26d6a2bb02accea71688d0c84f159c25f6e",
    "3b": "c000747cef3e44f6bcb472efaebe85d920516b60e9a8d98c91aa561bc26552b5",
    "7b": "2b95c2b81c8e96da95558d6b7ffab229a88ebda5f734a83c5076b47932e5fa0a",
}


@pytest.mark.parametrize("size", SHAPES)
def test_names_shapes_and_spreads_are_the_ones_that_were_pinned(size: str) -> None:
    found = hashlib.sha256(repr(tensors(SHAPES[size])).encode()).hexdigest()
    assert found == TENSORS_SHA256[size]


@pytest.mark.parametrize("size", SHAPES)
def test_every_row_is_made_of_whole_blocks(size: str) -> None:
    matrices = [one for one in tensors(SHAPES[size]) if isinstance(one, Matrix)]
    assert all(matrix.columns % 32 == 0 for matrix in matrices)


def test_a_large_matrix_comes_in_pieces_of_bounded_size() -> None:
    matrix = Matrix("blk.0.ffn_up.weight", 5_000, 1_024, 1.0)
    sizes = [rows.shape[0] for rows in pieces(matrix, 1)]
    assert sum(sizes) == 5_000
    assert max(sizes) * 1_024 <= subject.PIECE_WEIGHTS
    assert len(sizes) > 1


def test_output_rows_of_tokens_that_are_no_text_are_quiet() -> None:
    vocabulary, width = 32_000, 256  # two pieces
    matrix = Matrix(subject.OUTPUT, vocabulary, width, 1.0)
    spread = np.concatenate([rows.astype(np.float32).std(axis=1) for rows in pieces(matrix, 1)])
    quiet = np.zeros(vocabulary, dtype=bool)
    quiet[[*quiet_tokens(vocabulary)]] = True
    assert float(spread[quiet].max()) < 0.5 < float(spread[~quiet].min())


def test_norms_lie_around_one_and_differ() -> None:
    first, second = (norm_values(Norm(name, 512), 1) for name in ("a", "b"))
    assert abs(float(first.mean()) - 1) < 0.02
    assert 0.08 < float(first.std()) < 0.12
    assert not np.array_equal(first, second)
