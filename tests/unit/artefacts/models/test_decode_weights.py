"""Bytes that a decode step reads: a lower bound, and nothing where it cannot be told."""

from __future__ import annotations

import pytest

from host.artefacts.models.decode_weights import MIXTURE, NO_LAYERS, decode_weight_bytes
from host.artefacts.models.gguf_header import Header, TensorEntry, Value

LAYERS = {"blk.0.attn_q.weight": 100, "blk.11.ffn_up.weight": 300, "output_norm.weight": 7}


def header(sizes: dict[str, int], **fields: Value) -> Header:
    named = {"general.architecture": "llama", **{f"llama.{k}": v for k, v in fields.items()}}
    tensors = tuple(TensorEntry(n, (1,), "Q4_0", 0, size) for n, size in sizes.items())
    return Header(3, named, tensors)


@pytest.mark.parametrize(
    ("more", "read_bytes"),
    [
        # One row of an embedding of its own is read; one that is the output matrix too, whole.
        ({"token_embd.weight": 50, "output.weight": 60}, 460),
        ({"token_embd.weight": 50}, 450),
        ({"per_layer_token_embd.weight": 900, "enc.blk.0.attn_q.weight": 900}, 400),
    ],
)
def test_layers_and_the_output_matrix_are_read_by_every_step(
    more: dict[str, int], read_bytes: int
) -> None:
    assert decode_weight_bytes(header({**LAYERS, **more}, expert_count=0)) == (read_bytes, "")


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (header(LAYERS, expert_count=8), MIXTURE),
        (header({**LAYERS, "blk.0.ffn_up_exps.weight": 9}), MIXTURE),
        (header({"w": 18}), NO_LAYERS),
    ],
)
def test_a_model_of_which_a_step_reads_a_part_is_not_judged(found: Header, why: str) -> None:
    assert decode_weight_bytes(found) == (None, why)
