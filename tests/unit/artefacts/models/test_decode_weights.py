"""Bytes that a decode step reads: a lower bound, and nothing where it cannot be told."""

from __future__ import annotations

import pytest

from host.artefacts.models.decode_weights import (
    MIXTURE,
    NO_LAYERS,
    decode_weight_bytes,
    prefill_weights,
)
from host.artefacts.models.gguf_header import Header, TensorEntry, Value

LAYERS = {"blk.0.attn_q.weight": 100, "blk.11.ffn_up.weight": 300, "output_norm.weight": 7}
EXPERTS = 8


def header(sizes: dict[str, int], **fields: Value) -> Header:
    """Tensors of these sizes; those of experts have their number as the last dimension."""
    named = {"general.architecture": "llama", **{f"llama.{k}": v for k, v in fields.items()}}
    tensors = tuple(
        TensorEntry(n, (2, 2, EXPERTS) if "_exps" in n else (size, 1), "Q4_0", 0, size)
        for n, size in sizes.items()
    )
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


MIXED = {**LAYERS, "blk.0.ffn_up_exps.weight": 800, "blk.0.ffn_up_shexp.weight": 50}


def test_of_a_mixture_the_experts_that_a_token_is_sent_to_are_read() -> None:
    found = header(MIXED, expert_count=EXPERTS, expert_used_count=2)
    assert decode_weight_bytes(found) == (400 + 50 + 200, "")
    # Four weights an expert, two of eight experts.
    assert prefill_weights(found) == (400 + 50 + 8, "")


def test_layers_that_only_guess_further_tokens_need_not_be_read() -> None:
    found = header({**LAYERS, "blk.12.attn_q.weight": 900}, block_count=13, nextn_predict_layers=1)
    assert decode_weight_bytes(found) == (400, "")


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (header(LAYERS, expert_count=8), MIXTURE),
        (header({**LAYERS, "blk.0.ffn_up_exps.weight": 9}), MIXTURE),
        (header(MIXED, expert_count=EXPERTS), MIXTURE),
        (header(MIXED, expert_count=EXPERTS, expert_used_count=9), MIXTURE),
        (header(MIXED, expert_count=4, expert_used_count=2), MIXTURE),
        (header({"w": 18}), NO_LAYERS),
    ],
)
def test_a_model_of_which_a_step_reads_an_unknown_part_is_not_judged(
    found: Header, why: str
) -> None:
    assert decode_weight_bytes(found) == (None, why)
