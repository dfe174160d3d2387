"""The tokenizer in llama.cpp, Hugging Face tokenizers and onnxruntime-genai."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from host.artefacts.models.genai_folder import write_genai
from host.artefacts.models.gguf_file import write_gguf
from host.artefacts.models.inspection import quiet
from host.artefacts.models.shape import Shape

if TYPE_CHECKING:
    import llama_cpp
    import onnxruntime_genai

HARD = {
    "chinese": "打开空调，把温度调到二十二度。“好的”——他说：‘行！’",
    "rare characters": "𠀀𪚥龘 鱻 〇 々 ㈱",
    "contractions": "it's I'LL we've 'S 'd'dd they're'",
    "spaces": "  lead  and trail  ",
    "blank lines": "\t\t x\r\n\r\n y\n\n\n   z \n",
    "other spaces": "a\u00a0b\u2028\u2029\x85c\u3000d\u180ee\u200bf\u1680",
    "emoji": "😀👨‍👩‍👧‍👦 🇨🇳 ☕️ ok",
    "combining": "é e\u0301 ñ n\u0303 Ⅷ ½ ² ﬁ ſt",
    "digits": "123456789 12,345.67 １２３ ٣٤٥ 0xFF 1e-9",
    "scripts": "Ελληνικά кириллица العربية हिन्दी ไทย 한국어 日本語",
    "code": "for(int i=0;i<10;i++){\n\treturn x[i]!=NULL && y->z; // ok\n}\n",
    "json": '{"k": [1, 2.5, null], "名": "值"}',
    "control text": "a <|end|> b <|begin|><|pad|>",
    "mixed": "在Linux下run `ls -la`，耗时12.5ms",
    "one byte": "\x01",
}


@pytest.fixture(scope="module", params=[4_096, 32_000])
def shape(request: pytest.FixtureRequest) -> Shape:
    """The smallest model with each vocabulary."""
    return Shape("small", 1, 64, 64, 1, 1, request.param, 512, 4.0, "no published model")


@pytest.fixture(scope="module")
def folder(shape: Shape, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("genai")
    write_genai(made, shape, 1, quiet)
    return made


@pytest.fixture(scope="module")
def hugging_face(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.encode_special_tokens = True  # a text cannot speak control tokens
    return tokenizer


@pytest.fixture(scope="module")
def genai(folder: Path) -> onnxruntime_genai.Tokenizer:
    import onnxruntime_genai as og

    return og.Tokenizer(og.Model(str(folder)))


@pytest.fixture(scope="module")
def llama(shape: Shape, tmp_path_factory: pytest.TempPathFactory) -> Iterator[llama_cpp.Llama]:
    library = pytest.importorskip("llama_cpp", reason="needs the extra `llama`")
    path = tmp_path_factory.mktemp("gguf") / "small.gguf"
    write_gguf(path, shape, 1, "q4_0", quiet)
    model = library.Llama(str(path), vocab_only=True, verbose=False)
    yield model
    model.close()


def ids_of_llama(model: llama_cpp.Llama, text: str) -> list[int]:
    return list(model.tokenize(text.encode(), add_bos=False, special=False))


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_text_comes_back_whole(hugging_face: Tokenizer, text: str) -> None:
    ids = hugging_face.encode(text).ids
    assert hugging_face.decode(ids, skip_special_tokens=False) == text


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_any_text_comes_back_whole(hugging_face: Tokenizer, text: str) -> None:
    ids = hugging_face.encode(text).ids
    assert hugging_face.decode(ids, skip_special_tokens=False) == text


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_llama_cpp_gives_the_same_ids(
    hugging_face: Tokenizer, llama: llama_cpp.Llama, text: str
) -> None:
    assert ids_of_llama(llama, text) == hugging_face.encode(text).ids


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_llama_cpp_gives_the_same_ids_for_any_text(
    hugging_face: Tokenizer, llama: llama_cpp.Llama, text: str
) -> None:
    assert ids_of_llama(llama, text) == hugging_face.encode(text).ids


def test_llama_cpp_gives_the_text_back(llama: llama_cpp.Llama) -> None:
    text = "\n".join(HARD.values())
    assert llama.detokenize(ids_of_llama(llama, text), special=True).decode() == text


def test_no_token_is_put_before_or_after_a_text(
    llama: llama_cpp.Llama, hugging_face: Tokenizer
) -> None:
    with_special = list(llama.tokenize(b"hello", add_bos=True))
    assert with_special == hugging_face.encode("hello", add_special_tokens=True).ids


@pytest.mark.parametrize("text", [HARD[name] for name in HARD if name != "control text"])
def test_onnxruntime_genai_gives_the_same_ids(
    genai: onnxruntime_genai.Tokenizer, hugging_face: Tokenizer, text: str
) -> None:
    ids = [int(one) for one in genai.encode(text)]
    assert ids == hugging_face.encode(text).ids
    assert genai.decode(ids) == text


def test_all_give_the_same_ids_for_the_corpus(
    genai: onnxruntime_genai.Tokenizer,
    hugging_face: Tokenizer,
    llama: llama_cpp.Llama,
    corpus: str,
) -> None:
    ids = hugging_face.encode(corpus).ids
    assert ids_of_llama(llama, corpus) == ids
    assert [int(one) for one in genai.encode(corpus)] == ids


def test_corpus_takes_less_than_half_a_token_a_byte(hugging_face: Tokenizer, corpus: str) -> None:
    assert len(hugging_face.encode(corpus).ids) < 0.4 * len(corpus.encode())
