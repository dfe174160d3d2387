"""The shipped datasets, and loading by name, version and path."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from host.artefacts.datasets.dataset import Dataset
from host.artefacts.datasets.shelf import SHELF, load, shipped
from host.errors import ArtefactError

PINNED = {
    "smoke": "1e150e6cf8e45cfe9cd8ae437522fc5160b15b07e1ced7af464254b4e42763dc",
    "terminal-phone": "f6b609c3ebc60209659bfa21a4e75c36e5cf6603ac6e2183adbb927c02298048",
    "terminal-pc": "2557c008f1591d39507f4a3f66127c4230f0509bad651253df33d5a6188ce9e5",
    "terminal-car": "e121886613e3a9d54955392ed5ba660fced330c6b804f4c18069462f42e89601",
    "length-grid-small": "0cab6d039620ae4092ff6557a5375064e1fc24b5156f266d1df585ba2e9c6858",
    "car-commands": "29eb03916ffab9b23c504c84a195d872b15ce5de8f0da9e8334f464591300b96",
    "length-grid": "74380d3d6707ebfc9b8e4855fd4611dab2dd13597e0cc656d978c1c71808e636",
}
# What the documents promise: prompt and output tokens of the two grids.
GRIDS = {
    "length-grid": ({32, 128, 512, 2048}, {32, 128, 512}),
    "length-grid-small": ({32, 128}, {32, 64}),
}


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A copy of the shipped folder that a test may spoil."""
    copy = tmp_path / "shelf"
    shutil.copytree(str(SHELF), copy)
    return copy


def _rewrite(path: Path, **changes: object) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, **changes}), encoding="utf-8")


def _index(shelf: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shelf / "index.json").read_bytes())["datasets"]
    return found


def test_every_shipped_dataset_has_the_hash_that_was_pinned() -> None:
    assert {one.id: one.sha256 for one in shipped()} == PINNED


def test_the_folder_holds_the_listed_files_and_no_other() -> None:
    listed = {entry["file"] for entry in _index(Path(str(SHELF)))}
    assert {path.name for path in SHELF.iterdir()} == listed | {"index.json"}


def test_the_index_says_what_the_files_say() -> None:
    entries = [(e["id"], e["version"], e["licence"]) for e in _index(Path(str(SHELF)))]
    assert [(one.id, one.version, one.licence) for one in shipped()] == entries


@pytest.mark.parametrize("name", PINNED)
def test_a_summary_says_what_the_dataset_holds(name: str) -> None:
    (summary,) = [one for one in shipped() if one.id == name]
    dataset = load(name)
    assert summary.item_count == len(dataset.items)
    assert summary.title == dataset.title
    assert set(summary.scenarios) == {item.scenario for item in dataset.items}
    assert summary.languages == ("en", "zh")


@pytest.mark.parametrize("name", PINNED)
def test_every_scenario_of_a_shipped_dataset_has_both_languages(name: str) -> None:
    languages = defaultdict(set)
    for item in load(name).items:
        languages[item.scenario].add(item.language)
    assert all(found == {"zh", "en"} for found in languages.values()), languages


@pytest.mark.parametrize("name", PINNED)
def test_a_shipped_text_is_in_the_language_that_its_item_states(name: str) -> None:
    for item in load(name).items:
        han = sum("\u4e00" <= sign <= "\u9fff" for sign in item.text) / len(item.text)
        assert (han > 0.1) == (item.language == "zh"), item.id


@pytest.mark.parametrize("name", PINNED)
def test_no_shipped_text_stands_twice_or_ends_in_white_space(name: str) -> None:
    texts = [item.text for item in load(name).items]
    assert len(set(texts)) == len(texts)
    assert all(text == text.strip() for text in texts)


@pytest.mark.parametrize("name", PINNED)
def test_every_shipped_item_says_how_many_tokens_are_asked_for(name: str) -> None:
    assert all(item.output_tokens is not None for item in load(name).items)


@pytest.mark.parametrize("name", sorted(PINNED.keys() - GRIDS.keys()))
def test_written_prompts_are_run_as_they_are(name: str) -> None:
    assert all(item.prompt_tokens is None for item in load(name).items)


@pytest.mark.parametrize("name", sorted(PINNED.keys() & GRIDS.keys()))
def test_a_grid_has_each_pair_of_lengths_once(name: str) -> None:
    prompts, outputs = GRIDS[name]
    pairs = [(item.prompt_tokens, item.output_tokens) for item in load(name).items]
    assert sorted(pairs) == sorted((p, o) for p in prompts for o in outputs)


@pytest.mark.parametrize("name", sorted(PINNED.keys() & GRIDS.keys()))
def test_no_two_items_of_a_grid_share_their_beginning(name: str) -> None:
    starts = [item.text[:12] for item in load(name).items]
    assert len(set(starts)) == len(starts)


def test_an_id_with_its_version_finds_the_same_dataset() -> None:
    assert load("smoke@1") == load("smoke")


def test_an_unknown_id_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ArtefactError, match=r"^smokes: .*did you mean 'smoke'\?$"):
        load("smokes")


def test_an_id_like_no_other_is_refused_with_all_there_are() -> None:
    with pytest.raises(ArtefactError) as caught:
        load("qqqqqqqq")
    assert all(name in str(caught.value) for name in PINNED)


def test_an_empty_reference_is_refused() -> None:
    with pytest.raises(ArtefactError, match="no such dataset is shipped"):
        load("")


@pytest.mark.parametrize("reference", ["smoke@2", "smoke@", "smoke@1@1"])
def test_a_version_that_is_not_shipped_is_refused(reference: str) -> None:
    with pytest.raises(ArtefactError, match=r"is not shipped, there is 1$"):
        load(reference)


def test_a_shipped_file_that_was_changed_is_refused_naming_both_hashes(shelf: Path) -> None:
    _rewrite(shelf / "smoke.json", licence="changed")
    with pytest.raises(ArtefactError) as caught:
        load("smoke", shelf=shelf)
    assert PINNED["smoke"] in str(caught.value)
    _rewrite(shelf / "smoke.json", sha256="0" * 64)
    with pytest.raises(ArtefactError, match="0" * 64):
        load("smoke", shelf=shelf)


def test_a_list_of_shipped_datasets_refuses_a_changed_file(shelf: Path) -> None:
    _rewrite(shelf / "smoke.json", version="1.1")
    with pytest.raises(ArtefactError, match=PINNED["smoke"]):
        shipped(shelf=shelf)


def test_a_shipped_file_that_is_gone_is_refused(shelf: Path) -> None:
    (shelf / "smoke.json").unlink()
    with pytest.raises(ArtefactError, match="no such dataset file"):
        load("smoke", shelf=shelf)


@pytest.mark.parametrize("file", ["../smoke.json", "/etc/hosts.json", "smoke.txt"])
def test_an_index_that_points_outside_its_folder_is_refused(shelf: Path, file: str) -> None:
    _rewrite(shelf / "index.json", datasets=[{**_index(shelf)[0], "file": file}])
    with pytest.raises(ArtefactError, match="file"):
        load("smoke", shelf=shelf)


def test_an_id_alone_means_the_version_listed_last(shelf: Path) -> None:
    old = _index(shelf)[0]
    shutil.copy(shelf / "smoke.json", shelf / "smoke-2.json")
    _rewrite(shelf / "smoke-2.json", version="2")
    new = {**old, "version": "2", "file": "smoke-2.json"}
    new["sha256"] = load(str(shelf / "smoke-2.json")).sha256
    _rewrite(shelf / "index.json", datasets=[old, new])
    assert load("smoke", shelf=shelf).version == "2"
    assert load("smoke@1", shelf=shelf).sha256 == old["sha256"]


def _own(tmp_path: Path) -> tuple[Path, Dataset]:
    path = tmp_path / "own.json"
    shutil.copy(str(SHELF / "smoke.json"), path)
    _rewrite(path, id="own")
    return path, load(str(path))


def test_a_file_of_the_user_is_read_by_its_path(tmp_path: Path) -> None:
    _, dataset = _own(tmp_path)
    assert dataset.id == "own"
    assert dataset.items == load("smoke").items
    assert dataset.sha256 != load("smoke").sha256


def test_a_path_without_json_at_its_end_is_still_a_path(tmp_path: Path) -> None:
    path, dataset = _own(tmp_path)
    assert load(str(path.rename(tmp_path / "own"))) == dataset


def test_a_bare_name_that_ends_in_json_is_a_file_and_no_id() -> None:
    with pytest.raises(ArtefactError, match=r"^smoke\.json: there is no such dataset file$"):
        load("smoke.json")


def test_the_hash_that_a_plan_expects_is_taken_when_it_is_right(tmp_path: Path) -> None:
    path, dataset = _own(tmp_path)
    assert load(str(path), expected_sha256=dataset.sha256) == dataset
    assert load("smoke", expected_sha256=PINNED["smoke"]).sha256 == PINNED["smoke"]


@pytest.mark.parametrize("own", [True, False], ids=["file", "shipped"])
def test_another_hash_than_the_plan_expects_is_refused_naming_both(
    tmp_path: Path, *, own: bool
) -> None:
    path, dataset = _own(tmp_path)
    reference, found = (str(path), dataset.sha256) if own else ("smoke", PINNED["smoke"])
    with pytest.raises(ArtefactError) as caught:
        load(reference, expected_sha256="f" * 64)
    assert found in str(caught.value)
    assert "f" * 64 in str(caught.value)


@pytest.mark.parametrize("text", ["", "f" * 63, "F" * 64, "f" * 64 + "\n", "sha256:" + "f" * 57])
def test_an_expected_hash_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ArtefactError, match="64 lower-case hex digits"):
        load("smoke", expected_sha256=text)
