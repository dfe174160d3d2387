from __future__ import annotations

import hashlib
import json
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import onnx
import pytest
import rfc8785
from onnx import TensorProto, helper

from host.artefacts.models.inspection import ModelInfo, inspect
from host.errors import ArtefactError


def test_gguf_file_says_what_it_is(tiny_q4_0: Path) -> None:
    info = inspect(tiny_q4_0)
    assert (info.format, info.architecture, info.quantization) == ("gguf", "llama", "Q4_0")
    assert (info.parameters, info.layers, info.vocabulary) == (27_795_968, 8, 4_096)
    assert (info.context_length, info.licence) == (4_096, "Apache-2.0")
    assert info.bits_per_weight == pytest.approx(4.5, abs=0.02)  # norms are 32 bits
    assert info.name == "inferometer reference tiny"
    assert info.sha256 == hashlib.sha256(tiny_q4_0.read_bytes()).hexdigest()
    assert info.size_bytes == tiny_q4_0.stat().st_size
    assert info.missing == ()
    # All tensors but the last norm and an embedding of its own: 4096 x 512 at 4.5 bits, 512 x 4 B.
    tensors = 15_665_152
    assert info.decode_weight_bytes == tensors - 4096 * 512 * 9 // 16 - 512 * 4


def test_genai_folder_says_what_it_is(tiny_genai: Path) -> None:
    info = inspect(tiny_genai)
    assert (info.format, info.architecture) == ("genai", "llama")
    assert info.quantization == "MatMulNBits int4 block 32"
    assert (info.layers, info.vocabulary, info.context_length) == (8, 4_096, 4_096)
    assert info.bits_per_weight == pytest.approx(5.0, abs=0.02)  # scales are 32 bits
    assert (info.name, info.licence) == ("inferometer reference tiny", "Apache-2.0")
    assert info.size_bytes == sum(path.stat().st_size for path in tiny_genai.iterdir())


def test_both_forms_have_the_same_weights_and_the_same_tokenizer(
    tiny_q4_0: Path, tiny_f16: Path, tiny_genai: Path
) -> None:
    infos = [inspect(path) for path in (tiny_q4_0, tiny_f16, tiny_genai)]
    assert len({info.parameters for info in infos}) == 1
    assert len({info.tokenizer_sha256 for info in infos}) == 1
    assert len({info.sha256 for info in infos}) == 3


def test_hash_of_a_folder_is_the_one_that_sha256sum_gives(tiny_genai: Path) -> None:
    script = "sha256sum * | LC_ALL=C sort | sha256sum"
    made = subprocess.run(
        ["/bin/sh", "-c", script], cwd=tiny_genai, check=True, capture_output=True, text=True
    )
    assert inspect(tiny_genai).sha256 == made.stdout.split()[0]


def test_what_is_known_of_a_model_fits_into_a_record(tiny_genai: Path) -> None:
    plain = msgspec.to_builtins(inspect(tiny_genai))
    assert json.loads(rfc8785.dumps(plain))["parameters"] == 27_795_968


def test_progress_counts_the_bytes_that_are_hashed(tiny_genai: Path) -> None:
    seen: list[tuple[int, int]] = []
    info = inspect(tiny_genai, progress=lambda done, total, _: seen.append((done, total)))
    assert seen[-1] == (info.size_bytes, info.size_bytes)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def bare_gguf(path: Path, fields: bytes, count: int) -> Path:
    name = struct.pack("<Q", 1) + b"w"
    entry = name + struct.pack("<IQQIQ", 2, 32, 2, 2, 0)
    content = b"GGUF" + struct.pack("<IQQ", 3, 1, count) + fields + entry
    path.write_bytes(content + bytes(-len(content) % 32) + bytes(36))
    return path


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def test_what_a_file_does_not_state_is_missing_with_a_reason(tmp_path: Path) -> None:
    info = inspect(bare_gguf(tmp_path / "mine.gguf", b"", 0))
    assert (info.name, info.architecture, info.quantization) == ("mine", "unknown", "Q4_0")
    assert info.tokenizer_sha256 is None
    assert {name for name, _ in info.missing} == {
        "tokenizer_sha256",
        "vocabulary",
        "context_length",
        "layers",
        "licence",
        "decode_weight_bytes",
        "prefill_weights",
    }
    assert all(reason for _, reason in info.missing)


def test_file_type_that_the_tensors_do_not_bear_out_is_not_repeated(tmp_path: Path) -> None:
    claims_f16 = text("general.file_type") + struct.pack("<II", 4, 1)
    assert inspect(bare_gguf(tmp_path / "mine.gguf", claims_f16, 1)).quantization == "Q4_0"


def test_file_without_tensors_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 0))
    with pytest.raises(ArtefactError, match="no tensors"):
        inspect(path)


def test_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="no such model"):
        inspect(tmp_path / "none.gguf")


@pytest.fixture
def folder(tiny_genai: Path, tmp_path: Path) -> Path:
    """A copy of the tiny folder to damage."""
    return Path(shutil.copytree(tiny_genai, tmp_path / "model"))


def cut(path: Path, length: int) -> None:
    with path.open("r+b") as file:
        file.truncate(length)


def name_outside(folder: Path) -> None:
    path = folder / "genai_config.json"
    config = json.loads(path.read_bytes())
    config["model"]["decoder"]["filename"] = "../model.onnx"
    path.write_text(json.dumps(config))


def data_outside(folder: Path) -> None:
    path = folder / "model.onnx"
    model = onnx.load(str(path), load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = "/etc/passwd"
    path.write_bytes(model.SerializeToString())


def nested(folder: Path) -> None:
    (folder / "genai_config.json").write_text('{"model": ' + "[" * 100_000 + "]" * 100_000 + "}")


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no configuration": (lambda at: (at / "genai_config.json").unlink(), "no genai_config.json"),
    "no model file": (lambda at: (at / "model.onnx").unlink(), "has no file model.onnx"),
    "no data file": (lambda at: (at / "model.onnx.data").unlink(), "no file model.onnx.data"),
    "data cut": (lambda at: cut(at / "model.onnx.data", 10_000_000), "is truncated"),
    "last byte cut": (
        lambda at: cut(at / "model.onnx.data", (at / "model.onnx.data").stat().st_size - 1),
        "is truncated",
    ),
    "model cut": (lambda at: cut(at / "model.onnx", 20_000), "is damaged"),
    "model is something else": (
        lambda at: (at / "model.onnx").write_bytes(b"\xff" * 100),
        "is not an ONNX model",
    ),
    "empty model": (lambda at: (at / "model.onnx").write_bytes(b""), "no weights"),
    "configuration is no JSON": (
        lambda at: (at / "genai_config.json").write_text("{"),
        "genai_config.json: cannot be read",
    ),
    "configuration is nested": (nested, "genai_config.json: cannot be read"),
    "configuration without a model": (
        lambda at: (at / "genai_config.json").write_text("{}"),
        "missing required field `model`",
    ),
    "negative layers": (
        lambda at: (at / "genai_config.json").write_text(
            '{"model": {"type": "llama", "decoder": {"num_hidden_layers": -1}}}'
        ),
        "$.model.decoder.num_hidden_layers",
    ),
    "configuration names no file": (
        lambda at: (at / "genai_config.json").write_text('{"model": {"type": "llama"}}'),
        "names no model file",
    ),
    "model outside": (name_outside, "lies outside the folder"),
    "data outside": (data_outside, "lies outside the folder"),
    "tokenizer": (
        lambda at: (at / "tokenizer.json").write_text('{"model": 3}'),
        "not a tokenizer.json",
    ),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGE.values(), ids=DAMAGE)
def test_damaged_folder_is_refused_in_one_sentence_that_names_it(
    folder: Path, damage: Callable[[Path], object], said: str
) -> None:
    damage(folder)
    with pytest.raises(ArtefactError) as caught:
        inspect(folder)
    sentence = str(caught.value)
    assert said in sentence
    assert str(folder) in sentence


def test_folder_without_tokenizer_has_no_tokenizer_hash(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    info = inspect(folder)
    assert info.tokenizer_sha256 is None
    unknown = ["tokenizer_sha256", "decode_weight_bytes", "prefill_weights"]
    assert [name for name, _ in info.missing] == unknown
    assert info.vocabulary == 4_096


def own_folder(folder: Path, nodes: list[onnx.NodeProto], made: list[TensorProto]) -> ModelInfo:
    folder.mkdir()
    graph = helper.make_graph(nodes, "g", [], [], made)
    onnx.save(helper.make_model(graph), str(folder / "m.onnx"))
    config = {"model": {"type": "phi3", "decoder": {"filename": "m.onnx"}}}
    (folder / "genai_config.json").write_text(json.dumps(config))
    return inspect(folder)


def tensor(name: str, kind: int, dims: list[int], size_bytes: int) -> TensorProto:
    return helper.make_tensor(name, kind, dims, bytes(size_bytes), raw=True)


def test_float_weights_count_and_tables_of_angles_do_not(tmp_path: Path) -> None:
    node = helper.make_node(
        "GroupQueryAttention", ["q", "k", "v", "", "", "s", "t", "cos", "sin"], ["y"]
    )
    made = [
        tensor("w", TensorProto.FLOAT16, [4, 8], 64),
        tensor("cos", TensorProto.FLOAT, [100, 8], 3200),
        tensor("sin", TensorProto.FLOAT, [100, 8], 3200),
        tensor("shape", TensorProto.INT64, [2], 16),
    ]
    info = own_folder(tmp_path / "own", [node], made)
    assert (info.parameters, info.bits_per_weight) == (32, 16.0)
    assert (info.quantization, info.architecture, info.name) == ("float16", "phi3", "own")


def test_integers_of_dequantize_linear_count_with_their_scales(tmp_path: Path) -> None:
    node = helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"])
    made = [
        tensor("q", TensorProto.INT4, [4, 8], 16),
        tensor("s", TensorProto.FLOAT, [4], 16),
        tensor("z", TensorProto.INT4, [4], 2),
    ]
    info = own_folder(tmp_path / "own", [node], made)
    assert (info.parameters, info.bits_per_weight) == (32, 8 * (16 + 16 + 2) / 32)
    assert info.quantization == "DequantizeLinear int4"


def test_initializer_shorter_than_its_shape_is_refused(tmp_path: Path) -> None:
    made = [tensor("w", TensorProto.FLOAT, [2, 2], 16)]
    made[0].raw_data = bytes(15)
    with pytest.raises(ArtefactError, match="only part of the data of 'w'"):
        own_folder(tmp_path / "own", [], made)


def test_matrix_that_claims_more_weights_than_it_holds_is_refused(tmp_path: Path) -> None:
    node = helper.make_node("MatMulNBits", ["x", "q", "s"], ["y"], K=2**40, N=2**40, bits=4)
    with pytest.raises(ArtefactError, match="a shape its weights do not have"):
        own_folder(tmp_path / "own", [node], [tensor("q", TensorProto.UINT8, [1, 1, 16], 16)])
