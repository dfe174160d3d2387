from __future__ import annotations

import hashlib
from pathlib import Path

import gguf
import numpy as np
import pytest

from host.artefacts.models.gguf_file import write_gguf
from host.artefacts.models.inspection import quiet
from host.artefacts.models.llama_quantizer import llama_quantize
from host.artefacts.models.shape import SHAPES
from host.artefacts.models.tensors import parameters

# A change of these bytes is a new revision: raise `store.REVISION` with it.
F16_SHA256 = "ab3b42a7b10ab5082c7e7703ea01fe87f9f24284f9d278a0523bc0e4e597fde7"
Q4_0_SHA256 = "3e2c729558f437457113b39a6e9aefb0c8b993092a4984520bbac20aeb9e24d0"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_f16_file_is_the_one_that_was_pinned(tiny_f16: Path) -> None:
    assert sha256(tiny_f16) == F16_SHA256


def test_q4_0_file_is_the_one_that_was_pinned(tiny_q4_0: Path) -> None:
    assert sha256(tiny_q4_0) == Q4_0_SHA256


def test_llama_cpp_makes_the_same_q4_0_file_of_the_f16_file(
    tiny_f16: Path, tiny_q4_0: Path, tmp_path: Path
) -> None:
    pytest.importorskip("llama_cpp", reason="needs the extra `llama`")
    llama_quantize(tiny_f16, tmp_path / "pure.gguf", "q4_0", quiet)
    assert sha256(tmp_path / "pure.gguf") == sha256(tiny_q4_0)


def test_every_matrix_is_q4_0_and_every_norm_f32(tiny_q4_0: Path) -> None:
    tensors = gguf.GGUFReader(tiny_q4_0).tensors
    kinds = {(len(tensor.shape), tensor.tensor_type.name) for tensor in tensors}
    assert kinds == {(2, "Q4_0"), (1, "F32")}


def test_another_seed_gives_other_weights_and_the_same_size(
    tiny_q4_0: Path, tmp_path: Path
) -> None:
    write_gguf(tmp_path / "other.gguf", SHAPES["tiny"], 2, "q4_0", quiet)
    assert (tmp_path / "other.gguf").stat().st_size == tiny_q4_0.stat().st_size
    first, second = (
        {tensor.name: np.asarray(tensor.data) for tensor in gguf.GGUFReader(path).tensors}
        for path in (tiny_q4_0, tmp_path / "other.gguf")
    )
    assert not any(np.array_equal(first[name], second[name]) for name in first)


def test_progress_climbs_to_all_weights(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_gguf(
        tmp_path / "x.gguf",
        SHAPES["tiny"],
        1,
        "f16",
        lambda done, total, _: seen.append((done, total)),
    )
    total = parameters(SHAPES["tiny"])
    assert {whole for _, whole in seen} == {total}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert (seen[0][0], seen[-1][0]) == (0, total)
