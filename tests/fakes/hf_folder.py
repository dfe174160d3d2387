"""A Hugging Face folder of the tiny reference model: safetensors written here, no library."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host.artefacts.models.shape import NORM_EPSILON, ROPE_BASE, SHAPES, Shape
from host.artefacts.models.tensors import Matrix, Tensor, norm_values, pieces, tensors
from host.artefacts.models.tokenizer_file import tokenizer_config, tokenizer_json
from host.artefacts.models.vocabulary import BEGIN, END, PAD

# GGUF's name -> that of transformers' LlamaForCausalLM.
_WHOLE = {
    "output.weight": "lm_head.weight",
    "output_norm.weight": "model.norm.weight",
    "token_embd.weight": "model.embed_tokens.weight",
}
_PARTS = {
    "attn_k": "self_attn.k_proj",
    "attn_q": "self_attn.q_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_down": "mlp.down_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
}


def write_hf_folder(folder: Path, seed: int = 1, size: str = "tiny") -> Path:
    """The same weights as the GGUF of this size and seed, in F16, norms in F32."""
    shape = SHAPES[size]
    folder.mkdir(parents=True)
    values = {_name(t): _values(t, seed, shape) for t in tensors(shape)}
    _write_safetensors(folder / "model.safetensors", values)
    for name, content in (
        ("config.json", config(shape)),
        ("tokenizer.json", tokenizer_json(shape.vocabulary)),
        ("tokenizer_config.json", tokenizer_config(shape.context_length)),
    ):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def config(shape: Shape) -> dict[str, object]:
    """`config.json` of a Llama."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.width,
        "intermediate_size": shape.feed_forward,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_size,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.context_length,
        "rms_norm_eps": NORM_EPSILON,
        "rope_theta": ROPE_BASE,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": BEGIN,
        "eos_token_id": END,
        "pad_token_id": PAD,
        "torch_dtype": "float16",
    }


def _name(tensor: Tensor) -> str:
    if tensor.name in _WHOLE:
        return _WHOLE[tensor.name]
    _, layer, part, _ = tensor.name.split(".")
    return f"model.layers.{layer}.{_PARTS[part]}.weight"


def _values(tensor: Tensor, seed: int, shape: Shape) -> NDArray[np.generic]:
    if not isinstance(tensor, Matrix):
        return norm_values(tensor, seed)
    whole = np.concatenate([*pieces(tensor, seed)])
    heads = {"attn_q": shape.heads, "attn_k": shape.kv_heads}
    part = tensor.name.split(".")[-2]
    return _halves(whole, heads[part]) if part in heads else whole


def _halves(rows: NDArray[np.float16], heads: int) -> NDArray[np.float16]:
    """Rotated pairs lie beside each other in GGUF, and half a head apart in transformers."""
    count, columns = rows.shape
    pairs = rows.reshape(heads, count // heads // 2, 2, columns)
    return pairs.swapaxes(1, 2).reshape(count, columns)


def _write_safetensors(path: Path, values: dict[str, NDArray[np.generic]]) -> None:
    """Length of the head as 8 bytes, the head in JSON, then the data without holes."""
    kinds = {"float16": "F16", "float32": "F32"}
    head, at = {}, 0
    for name, array in values.items():
        end = at + array.nbytes
        head[name] = {
            "dtype": kinds[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [at, end],
        }
        at = end
    raw = json.dumps(head).encode()
    raw += b" " * (-len(raw) % 8)
    with path.open("wb") as file:
        file.write(len(raw).to_bytes(8, "little") + raw)
        for array in values.values():
            file.write(np.ascontiguousarray(array).tobytes())
