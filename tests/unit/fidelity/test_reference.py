from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from host.artefacts.fidelity.reference import find_reference, keep_reference, read_reference
from host.artefacts.fidelity.texts import load_texts
from host.errors import ArtefactError
from host.handover.fidelity import GreedyOutput
from tests.fakes.fidelity import logits, reference_file


def test_a_reference_gives_back_the_rows_that_were_written(tmp_path: Path) -> None:
    rows = logits(3)
    found = reference_file(tmp_path / "a.fidelity", rows)
    for number, each in enumerate(rows):
        assert np.array_equal(found.logits(number), each)


def test_a_reference_is_found_by_its_hash_and_refused_when_that_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFEROMETER_FIDELITY", str(tmp_path / "store"))
    found = reference_file(tmp_path / "a.fidelity", logits(3))
    kept = keep_reference(found)
    assert find_reference(found.sha256).path == kept
    with pytest.raises(ArtefactError, match="no reference of this SHA-256"):
        find_reference("0" * 64)
    kept.rename(kept.with_name(f"{'0' * 64}.fidelity"))
    with pytest.raises(ArtefactError, match="was changed"):
        find_reference("0" * 64)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: data[:-1], "is cut or longer than it was"),
        (lambda data: data + b"x", "is cut or longer than it was"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "was changed"),
        (lambda data: data[:40], "is no fidelity reference"),
        (lambda data: b"GGUF" + data, "is no fidelity reference"),
        (
            lambda data: data.replace(b'"fidelity_reference":1', b'"fidelity_reference":9'),
            "version",
        ),
        (lambda data: data.replace(b'"first":4', b'"first":9'), "window without a row"),
        (lambda data: data.replace(b'"n_vocab":5', b'"n_vocab":6'), "states 240 bytes"),
        (lambda data: data.replace(b'"ids":[0,', b'"ids":[5,', 1), "token ids beyond its 5"),
        (lambda data: data.replace(b'"zh"', b'"xx"', 1), "is no fidelity reference"),
    ],
)
def test_a_reference_that_was_cut_or_changed_is_refused_in_one_sentence(
    spoil: object, said: str, tmp_path: Path
) -> None:
    assert callable(spoil)
    path = reference_file(tmp_path / "a.fidelity", logits(3)).path
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ArtefactError, match=said) as told:
        read_reference(path)
    assert "\n" not in str(told.value)


def test_a_name_that_is_no_path_is_refused_in_one_sentence() -> None:
    with pytest.raises(ArtefactError, match="is no path"):
        find_reference("a\0b")


def test_a_reference_is_never_overwritten(tmp_path: Path) -> None:
    reference_file(tmp_path / "a.fidelity", logits(3))
    with pytest.raises(ArtefactError, match="never overwritten"):
        reference_file(tmp_path / "a.fidelity", logits(4))


def test_the_shipped_texts_are_in_both_languages_and_never_change() -> None:
    found = load_texts()
    assert list(found.texts) == ["zh", "en"]
    assert found.sha256 == "b1a89f95b70372652152df51f3725c3c2e7916c5f22905417b007f68a8c2fa9a"


def test_a_text_set_of_an_unknown_name_or_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="there is fidelity-plain"):
        load_texts("fidelity-plane")
    path = tmp_path / "mine.json"
    title = '{"zh": "例", "en": "example"}'
    path.write_text(
        f'{{"id": "x", "version": "1", "licence": "MIT", "title": {title},'
        ' "texts": {"de": ["Guten Tag"]}}',
        encoding="utf-8",
    )
    with pytest.raises(ArtefactError, match="known are zh and en"):
        load_texts(str(path))


@pytest.mark.parametrize("spoiled", ["zz", "a", "AB "])
def test_greedy_outputs_that_are_no_bytes_are_refused_before_a_run(
    spoiled: str, tmp_path: Path
) -> None:
    known = GreedyOutput("item", "0" * 64, "0" * 64, (1,), "ab")
    path = tmp_path / "a.fidelity"
    reference_file(path, logits(3), (known,))
    path.write_bytes(
        path.read_bytes().replace(b'"output_hex":"ab"', b'"output_hex":"%s"' % spoiled.encode(), 1)
    )
    with pytest.raises(ArtefactError, match="is no fidelity reference"):
        read_reference(path)


def test_half_of_a_surrogate_pair_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.fidelity"
    reference_file(path, logits(3))
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"windows":[', b'"windows":["\\ud800",', 1))
    with pytest.raises(ArtefactError, match="is no fidelity reference"):
        read_reference(path)
