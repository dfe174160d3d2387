"""A model with rows of its weights in another order: as long, other bytes, other output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from agent.engines.table import maker
from collectors.clocks import device_clock
from host.artefacts.models.inspection import inspect
from host.artefacts.models.permuted import order_of, permute
from host.errors import ArtefactError

SEED = bytes(range(32))
KINDS: Mapping[str, dict[str, Any]] = {
    "llama_cpp": {"n_threads": 1, "n_ctx": 256},
    "onnx_genai": {"n_ctx": 256, "intra_op_num_threads": 1, "allow_spinning": False},
}


def said(path: Path, kind: str) -> list[int]:
    """The first tokens that the real engine answers with."""
    engine = maker(kind)(path, KINDS[kind], device_clock())
    engine.load()
    tokens: list[int] = []
    engine.generate(
        engine.tokenize("harbour lantern meadow"),
        6,
        stop_at_end=False,
        on_token=lambda _ready, _t, token: tokens.append(token),
        mark=lambda _name: device_clock().now_ns(),
    )
    engine.close()
    return tokens


@pytest.mark.parametrize("kind", KINDS)
def test_a_permuted_model_is_as_large_and_says_something_else(
    kind: str, tiny_gguf: Path, tiny_genai: Path, tmp_path: Path
) -> None:
    model = tiny_gguf if kind == "llama_cpp" else tiny_genai
    other = tmp_path / f"other{model.suffix if model.is_file() else ''}"
    changed = permute(model, other, SEED)
    before, after = inspect(model), inspect(other)
    assert changed
    assert (before.size_bytes, before.parameters) == (after.size_bytes, after.parameters)
    assert before.sha256 != after.sha256
    assert said(model, kind) != said(other, kind)


def test_the_same_seed_permutes_to_the_same_bytes_and_rows_are_kept(
    tiny_gguf: Path, tmp_path: Path
) -> None:
    once, again, other = (tmp_path / f"{name}.gguf" for name in ("once", "again", "other"))
    for path, seed in ((once, SEED), (again, SEED), (other, bytes(32))):
        permute(tiny_gguf, path, seed)
    assert once.read_bytes() == again.read_bytes() != other.read_bytes()
    assert sorted(order_of(SEED, "blk.0.ffn_down.weight", 97)) == list(range(97))
    counts = [Counter(path.read_bytes()) for path in (tiny_gguf, once)]
    assert counts[0] == counts[1]


def test_a_model_without_layers_that_are_known_is_not_permuted(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "bare.gguf", "odd")
    writer.add_tensor("some.weight", np.zeros((4, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ArtefactError, match="no weight matrix of a layer"):
        permute(tmp_path / "bare.gguf", tmp_path / "other.gguf", SEED)
    assert not (tmp_path / "other.gguf").exists()
