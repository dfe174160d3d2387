"""The real engines on the tiny reference model: one contract for all of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gguf
import pytest

from agent.engines.base import Engine, EngineError
from agent.engines.table import maker
from agent.prompts import prompt_of
from collectors.clocks import device_clock

TEXT = "The quick brown fox says 你好 and goes home. "
KINDS = ("llama_cpp", "onnx_genai")
# One thread: the machine that runs the tests has other work too.
ONE_THREAD = {"llama_cpp": {"n_threads": 1}, "onnx_genai": {"intra_op_num_threads": 1}}

Open = Callable[..., Engine]


@dataclass(slots=True)
class Heard:
    """What an engine said during one request."""

    marks: dict[str, int] = field(default_factory=dict)
    tokens: list[tuple[int, int, int]] = field(default_factory=list)
    stop_reason: str = ""

    @property
    def ids(self) -> list[int]:
        return [token for _, _, token in self.tokens]


def ask(engine: Engine, prompt: list[int], count: int, *, stop_at_end: bool = False) -> Heard:
    heard, clock = Heard(), device_clock()

    def mark(name: str) -> int:
        heard.marks[name] = clock.now_ns()
        return heard.marks[name]

    def take(ready_ns: int, t_ns: int, token: int) -> None:
        heard.tokens.append((ready_ns, t_ns, token))

    ended = engine.generate(prompt, count, stop_at_end=stop_at_end, on_token=take, mark=mark)
    heard.stop_reason = ended.stop_reason
    return heard


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(kind: str, tiny_gguf: Path, tiny_genai: Path) -> Path:
    return tiny_gguf if kind == "llama_cpp" else tiny_genai


@pytest.fixture
def opened(kind: str, model: Path) -> Iterator[Open]:
    """Opens and loads engines of this kind, and closes them in the end."""
    engines: list[Engine] = []

    def open_one(path: Path = model, **settings: Any) -> Engine:  # noqa: ANN401
        engine = maker(kind)(path, {**ONE_THREAD[kind], **settings}, device_clock())
        engines.append(engine)
        engine.load()
        return engine

    yield open_one
    for engine in engines:
        engine.close()


def with_end(kind: str, model: Path, folder: Path, token: int) -> Path:
    """A copy of the model whose end-of-text token is this one."""
    if kind == "onnx_genai":
        copy = Path(shutil.copytree(model, folder / "model"))
        path = copy / "genai_config.json"
        config = json.loads(path.read_text())
        config["model"]["eos_token_id"] = token
        path.write_text(json.dumps(config))
        return copy
    copy = Path(shutil.copy(model, folder / "model.gguf"))
    reader = gguf.GGUFReader(copy, "r+")
    found = reader.fields["tokenizer.ggml.eos_token_id"]
    found.parts[found.data[0]][0] = token
    reader.data.flush()
    return copy


def test_exactly_the_ordered_tokens_come_with_stamps_in_order(opened: Open) -> None:
    engine = opened()
    prompt = prompt_of(engine.tokenize, TEXT, 40)
    heard = ask(engine, prompt, 24)
    assert (len(heard.tokens), heard.stop_reason) == (24, "length")
    assert heard.tokens[0][0] == heard.marks["prefill_end"]
    stamps = [heard.marks["prefill_start"], heard.marks["prefill_end"]]
    stamps += [stamp for ready_ns, t_ns, _ in heard.tokens for stamp in (ready_ns, t_ns)]
    assert stamps == sorted(stamps)
    assert stamps[0] < stamps[1]


def test_nothing_of_a_request_is_left_for_the_next_one(opened: Open) -> None:
    engine = opened()
    prompt = prompt_of(engine.tokenize, TEXT, 30)
    first = ask(engine, prompt, 16).ids
    other = ask(engine, list(reversed(prompt)), 16).ids
    assert ask(engine, prompt, 16).ids == first
    assert other != first


def test_the_output_depends_on_the_whole_prompt(opened: Open) -> None:
    engine = opened()
    prompt = prompt_of(engine.tokenize, TEXT, 30)
    changed = [prompt[0] + 1, *prompt[1:]]
    assert ask(engine, changed, 8).ids != ask(engine, prompt, 8).ids


def test_an_end_of_text_is_never_chosen_when_it_shall_be_ignored(
    opened: Open, kind: str, model: Path, tmp_path: Path
) -> None:
    engine = opened()
    prompt = prompt_of(engine.tokenize, TEXT, 30)
    free = ask(engine, prompt, 8).ids
    ended = opened(with_end(kind, model, tmp_path, free[3]))
    heard = ask(ended, prompt, 8)
    assert heard.ids[:3] == free[:3]
    assert len(heard.ids) == 8
    assert free[3] not in heard.ids


def test_an_end_of_text_that_counts_ends_the_output_and_is_its_last_token(
    opened: Open, kind: str, model: Path, tmp_path: Path
) -> None:
    engine = opened()
    prompt = prompt_of(engine.tokenize, TEXT, 30)
    free = ask(engine, prompt, 8).ids
    ended = opened(with_end(kind, model, tmp_path, free[3]))
    heard = ask(ended, prompt, 8, stop_at_end=True)
    assert (heard.stop_reason, heard.ids) == ("end-of-text", free[:4])


def test_pieces_are_the_bytes_of_the_text(opened: Open) -> None:
    engine = opened()
    joined = b"".join(engine.piece(token) for token in engine.tokenize(TEXT))
    assert joined == TEXT.encode()


def test_tokens_can_be_counted_with_the_vocabulary_alone(kind: str, model: Path) -> None:
    engine = maker(kind)(model, {}, device_clock())
    engine.load(vocabulary_only=True)
    facts = engine.describe()["model"]
    assert (facts["n_vocab"], facts["n_ctx_train"]) == (4096, 4096)
    assert len(engine.tokenize(TEXT * 2)) > len(engine.tokenize(TEXT)) > 0
    engine.close()


def test_a_request_beyond_the_context_is_refused(opened: Open) -> None:
    engine = opened(n_ctx=64)
    prompt = prompt_of(engine.tokenize, TEXT, 60)
    with pytest.raises(EngineError) as refused:
        ask(engine, prompt, 5)
    assert refused.value.code == "context-full"
    assert len(ask(engine, prompt, 4).ids) == 4


def test_what_is_used_is_described_with_no_setting_left_open(opened: Open, kind: str) -> None:
    engine = opened()
    ask(engine, engine.tokenize(TEXT), 2)
    facts = engine.describe()
    assert facts["kind"] == kind
    assert None not in facts["settings"].values()
    assert facts["library_version"][0].isdigit()
    assert facts["model"]["n_layer"] == 8
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_a_file_that_is_no_model_is_a_bad_model(kind: str, tmp_path: Path) -> None:
    for name in ("genai_config.json", "tokenizer.json", "model.gguf"):
        (tmp_path / name).write_text('{"model": {"vocab": {"a": 0}}}')
    path = tmp_path / "model.gguf" if kind == "llama_cpp" else tmp_path
    with pytest.raises(EngineError) as refused:
        maker(kind)(path, {}, device_clock()).load()
    assert refused.value.code == "bad-model"


def test_a_model_that_is_not_there_is_a_bad_model(kind: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as refused:
        maker(kind)(tmp_path / "none", {}, device_clock()).load()
    assert refused.value.code == "bad-model"


def test_both_engines_agree_on_prompt_sizes_and_first_tokens(
    tiny_gguf: Path, tiny_genai: Path
) -> None:
    found = []
    for kind, path in zip(KINDS, (tiny_gguf, tiny_genai), strict=True):
        engine = maker(kind)(path, ONE_THREAD[kind], device_clock())
        engine.load()
        prompt = prompt_of(engine.tokenize, TEXT, 64)
        ids = ask(engine, prompt, 4).ids
        found.append((prompt, ids, [engine.piece(token) for token in range(4096)]))
        engine.close()
    assert found[0] == found[1]


def test_a_prompt_in_small_batches_gives_the_same_first_tokens(tiny_gguf: Path) -> None:
    found = []
    for n_batch in (512, 7):
        settings = {**ONE_THREAD["llama_cpp"], "n_batch": n_batch, "n_ubatch": n_batch}
        engine = maker("llama_cpp")(tiny_gguf, settings, device_clock())
        engine.load()
        found.append(ask(engine, prompt_of(engine.tokenize, TEXT, 40), 4).ids)
        engine.close()
    assert found[0] == found[1]


def test_an_execution_provider_that_is_not_built_in_is_refused(tiny_genai: Path) -> None:
    with pytest.raises(EngineError) as refused:
        maker("onnx_genai")(tiny_genai, {"provider": "nope"}, device_clock()).load()
    assert refused.value.code == "bad-setting"
