"""What the reader of dataset files takes and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.artefacts.datasets.dataset import Item, canonical_sha256
from host.artefacts.datasets.files import MAX_FILE_BYTES, read_dataset
from host.errors import ArtefactError

Draw = Callable[[st.SearchStrategy[list[str]]], list[str]]

HASH = canonical_sha256(
    "mine", "1", "CC0-1.0", [Item("one", "car-control", "zh", "打开天窗", None, 16)]
)


def _item(**changes: object) -> dict[str, object]:
    return {
        "id": "one",
        "scenario": "car-control",
        "language": "zh",
        "text": "打开天窗",
        "prompt_tokens": None,
        "output_tokens": 16,
        **changes,
    }


def _content(**changes: object) -> dict[str, object]:
    return {
        "id": "mine",
        "version": "1",
        "licence": "CC0-1.0",
        "title": {"zh": "我的", "en": "Mine"},
        "items": [_item()],
        **changes,
    }


def _without(content: dict[str, object], key: str) -> dict[str, object]:
    return {name: value for name, value in content.items() if name != key}


def _file(folder: Path, content: object) -> Path:
    path = folder / "mine.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _refused(path: Path) -> str:
    with pytest.raises(ArtefactError) as caught:
        read_dataset(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert "\n" not in sentence
    return sentence


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    found = read_dataset(_file(tmp_path, _content()))
    assert (found.id, found.version, found.licence) == ("mine", "1", "CC0-1.0")
    assert (found.title.zh, found.title.en) == ("我的", "Mine")
    assert found.items == (Item("one", "car-control", "zh", "打开天窗", None, 16),)
    assert found.sha256 == HASH


def test_counts_that_are_left_out_read_as_none_and_hash_as_null(tmp_path: Path) -> None:
    left_out = _without(_item(output_tokens=16), "prompt_tokens")
    assert read_dataset(_file(tmp_path, _content(items=[left_out]))).sha256 == HASH


def test_the_title_is_no_part_of_the_hash(tmp_path: Path) -> None:
    renamed = _content(title={"zh": "别的", "en": "Other"})
    assert read_dataset(_file(tmp_path, renamed)).sha256 == HASH


def _shuffled(value: object, draw: Draw) -> object:
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: _shuffled(value[key], draw) for key in keys}
    if isinstance(value, list):
        return [_shuffled(entry, draw) for entry in value]
    return value


@given(data=st.data())
def test_key_order_white_space_and_escapes_do_not_change_the_hash(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("layout") / "mine.json"
    text = json.dumps(
        _shuffled(_content(), data.draw),
        indent=data.draw(st.none() | st.integers(0, 4) | st.just("\t")),
        ensure_ascii=data.draw(st.booleans()),
    )
    path.write_text(text, encoding="utf-8")
    assert read_dataset(path).sha256 == HASH


def test_a_matching_hash_in_the_file_is_taken(tmp_path: Path) -> None:
    assert read_dataset(_file(tmp_path, _content(sha256=HASH))).sha256 == HASH


def test_a_hash_in_the_file_that_is_not_its_own_is_refused_naming_both(tmp_path: Path) -> None:
    sentence = _refused(_file(tmp_path, _content(sha256="0" * 64)))
    assert HASH in sentence
    assert "0" * 64 in sentence


def test_a_hash_in_capitals_is_refused(tmp_path: Path) -> None:
    assert "sha256" in _refused(_file(tmp_path, _content(sha256="A" * 64)))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "no such dataset file" in _refused(tmp_path / "gone.json")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "no such dataset file" in _refused(tmp_path)


def test_a_name_too_long_for_the_file_system_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in _refused(tmp_path / ("x" * 300 + ".json"))


def test_a_file_over_the_size_limit_is_refused(tmp_path: Path) -> None:
    path = _file(tmp_path, _content())
    with path.open("ab") as stream:
        stream.truncate(MAX_FILE_BYTES + 1)
    assert str(MAX_FILE_BYTES) in _refused(path)


def test_a_file_just_at_the_size_limit_is_taken(tmp_path: Path) -> None:
    path = _file(tmp_path, _content())
    path.write_bytes(path.read_bytes().ljust(MAX_FILE_BYTES))
    assert read_dataset(path).sha256 == HASH


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b'{"id": "a", "id": "b"}',
        b'{"id": NaN}',
        b'{"id": 1e999}',
        b"[" * 100_000,
        b'{"id": ' + b"9" * 5000 + b"}",
    ],
    ids=[
        "empty",
        "torn",
        "no-utf-8",
        "byte-order-mark",
        "key-twice",
        "nan",
        "infinite",
        "deep",
        "endless-number",
    ],
)
def test_what_is_no_strict_json_is_refused(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(raw)
    assert "is no strict JSON" in _refused(path)


@pytest.mark.parametrize("key", ["id", "version", "licence", "title", "items"])
def test_a_missing_key_is_refused_by_name(key: str, tmp_path: Path) -> None:
    assert f"`{key}`" in _refused(_file(tmp_path, _without(_content(), key)))


@pytest.mark.parametrize("key", ["id", "scenario", "language", "text"])
def test_a_missing_key_of_an_item_is_refused_by_name(key: str, tmp_path: Path) -> None:
    items = [_without(_item(), key)]
    assert f"`{key}`" in _refused(_file(tmp_path, _content(items=items)))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (_content(seed=1), "seed"),
        (_content(items=[_item(answer="好")]), "answer"),
        (_content(title={"zh": "我", "en": "Me", "fr": "Moi"}), "fr"),
    ],
    ids=["dataset", "item", "title"],
)
def test_an_unknown_key_is_refused_by_name(content: object, named: str, tmp_path: Path) -> None:
    assert f"`{named}`" in _refused(_file(tmp_path, content))


def test_json_that_is_no_object_is_refused(tmp_path: Path) -> None:
    assert "Expected `object`, got `array`" in _refused(_file(tmp_path, [_content()]))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "Mine"},
        {"id": "mine\n"},
        {"id": "../mine"},
        {"id": ""},
        {"id": "m" * 65},
        {"version": 1},
        {"version": "one"},
        {"version": "1."},
        {"licence": " "},
        {"title": "Mine"},
        {"title": {"zh": "我"}},
        {"title": {"zh": "", "en": "Mine"}},
        {"items": []},
        {"items": {}},
        {"sha256": "0" * 63},
    ],
    ids=str,
)
def test_a_dataset_field_out_of_range_is_refused_with_its_place(
    changes: dict[str, object], tmp_path: Path
) -> None:
    (key,) = changes
    assert f"`$.{key}" in _refused(_file(tmp_path, _content(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "One"},
        {"id": "o_ne"},
        {"id": ""},
        {"scenario": "car control"},
        {"language": "fr"},
        {"language": None},
        {"text": ""},
        {"text": " \n\t"},
        {"text": None},
        {"text": 5},
        {"prompt_tokens": 0},
        {"prompt_tokens": -1},
        {"prompt_tokens": 1_000_001},
        {"prompt_tokens": 32.0},
        {"prompt_tokens": "32"},
        {"prompt_tokens": True},
        {"output_tokens": 0},
        {"output_tokens": 1_000_001},
    ],
    ids=str,
)
def test_an_item_field_out_of_range_is_refused_with_its_place(
    changes: dict[str, object], tmp_path: Path
) -> None:
    (key,) = changes
    items = [_item(id="fine"), _item(**changes)]
    assert f"$.items[1].{key}" in _refused(_file(tmp_path, _content(items=items)))


@pytest.mark.parametrize("count", [1, 1_000_000])
def test_token_counts_at_the_ends_of_the_range_are_taken(count: int, tmp_path: Path) -> None:
    items = [_item(prompt_tokens=count, output_tokens=count)]
    (found,) = read_dataset(_file(tmp_path, _content(items=items))).items
    assert (found.prompt_tokens, found.output_tokens) == (count, count)


def test_an_id_that_stands_twice_is_refused_by_name(tmp_path: Path) -> None:
    items = [_item(id="same"), _item(id="other"), _item(id="same", text="关窗")]
    assert "'same'" in _refused(_file(tmp_path, _content(items=items)))


def test_too_many_items_are_refused(tmp_path: Path) -> None:
    items = [_item(id=f"i{number}") for number in range(10_001)]
    assert "10000" in _refused(_file(tmp_path, _content(items=items)))


def test_half_a_surrogate_pair_is_refused(tmp_path: Path) -> None:
    items = [_item(text="\ud800")]
    assert "surrogate" in _refused(_file(tmp_path, _content(items=items)))
