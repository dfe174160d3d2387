from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from host.equipment.load import MAX_FILE_BYTES, NAME, kept_in, load, parse, stored_name
from host.errors import EquipmentError
from host.handover.equipment import Equipment
from tests.fakes.instruments import PAPER, certificate, equipment, gain, instrument, toml, write

EXAMPLE = (files("host.equipment") / "example.toml").read_text(encoding="utf-8")


def refused(said: Equipment) -> str:
    return refused_text(toml(said))


def refused_text(text: str) -> str:
    with pytest.raises(EquipmentError) as caught:
        parse(text.encode(), "equipment.toml")
    return str(caught.value)


def of(**over: object) -> Equipment:
    return equipment(instrument(certificate=(certificate(**over),)))


def test_the_example_reads_with_its_certificate_files(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(EXAMPLE, encoding="utf-8")
    for name in ("wt310e-2026.pdf", "rapl-2026.pdf"):
        (tmp_path / name).write_bytes(f"example certificate {name}\n".encode())
    found = load(tmp_path / NAME).equipment
    assert [i.id for i in found.instrument] == ["wt310-1", "package-counter", "t1"]
    assert found.instrument[0].certificate[0].points[0] == ("0.5", "0.0010", "0.0012")


def test_numbers_keep_their_digits() -> None:
    found = parse(toml(of(k="2.00")).encode(), "x")
    assert found.instrument[0].certificate[0].k == "2.00"


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"k": None}, "it has no coverage factor k, without which its U says nothing"),
        ({"k": "0.99"}, "k = 0.99 is below 1"),
        ({"points": (("1", "0", "-0.1"), ("41", "0", "1"))}, "U = -0.1 at 1"),
        ({"points": (("1", "0", "0"), ("41", "0", "1"))}, "U = 0 at 1"),
        ({"points": (("41", "0", "1"), ("1", "0", "1"))}, "its points do not ascend: 1 comes"),
        (
            {"points": (("1", "0", "1"), ("1.0", "0", "1"), ("41", "0", "1"))},
            "point 1.0 is there twice",
        ),
        ({"points": (("1", "0", "1"),)}, "one point makes no table"),
        ({"points": ()}, "it needs either points or a gain, and not both"),
        ({"gain": ("1", "0.1")}, "it needs either points or a gain, and not both"),
        ({"range": ("0.5", "41")}, "reaches beyond its points 1 to 41"),
        ({"range": ("41", "1")}, "its range is [41, 1]; the first must be the smaller"),
        ({"points": (("1", "9", "1"), ("41", "-40", "1"))}, "corrected values do not rise"),
        ({"unit": "tokens/s"}, "its unit tokens/s is not known here"),
        ({"due": "2025-12-31"}, "it is due on 2025-12-31, before it was calibrated on 2026-01-01"),
        ({"nu": "0.5"}, "nu = 0.5; degrees of freedom are 1 or more"),
        ({"drift_per_year": "-1"}, "drift_per_year = -1 is below 0"),
        ({"range": ("1", "1e999")}, "1e999 is no finite number"),
        ({"temperature": ("28", "18")}, "its temperatures are 28 to 18"),
        ({"k": "NaN"}, "instrument 1, certificate 1, k: no number that a certificate can state"),
        ({"k": "inf"}, "instrument 1, certificate 1, k: no number that a certificate can state"),
        ({"points": (("1", "0", "1"), ("nan", "0", "1"))}, "certificate 1, points 2 1: no number"),
    ],
    ids=str,
)
def test_a_certificate_that_cannot_be_used_is_refused_with_one_sentence(
    over: dict[str, object], sentence: str
) -> None:
    said = refused_text(toml(of(**over)).replace('due = "2025-12-31"', "due = 2025-12-31"))
    assert sentence in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no line `equipment = 1`"),
        ("equipment = 2", "equipment = 2; this version reads equipment = 1"),
        ("equipment = true", "this version reads equipment = 1"),
        ("equipment = [", "is no valid TOML"),
        ("equipment = 1\nmeters = 3", "unknown key meters"),
        ("equipment = 1\n[[instrument]]\nid = 'a'", "the key kind is missing in instrument 1"),
    ],
    ids=str,
)
def test_what_is_no_equipment_file_is_refused(text: str, sentence: str) -> None:
    assert sentence in refused_text(text)


def test_a_number_without_quotes_is_refused() -> None:
    text = toml(of()).replace('k = "2"', "k = 2.0")
    assert "instrument 1, certificate 1, k: numbers are decimal strings in quotes" in refused_text(
        text
    )


def test_an_unknown_key_of_a_certificate_is_named() -> None:
    text = toml(of()).replace('k = "2"', 'k = "2"\nkoverage = "2"')
    assert "unknown key koverage in instrument 1, certificate 1" in refused_text(text)


def test_control_characters_in_a_name_are_refused() -> None:
    said = refused(equipment(instrument(maker="a\x1b[31m")))
    assert "instrument 1, maker: empty, too long, or with characters" in said


def test_a_line_break_behind_a_number_is_refused() -> None:
    assert "certificate 1, k: no number" in refused_text(toml(of(k="2\n")))


def test_two_instruments_of_one_id_are_refused() -> None:
    twice = equipment(instrument(), instrument(channels=("other",)))
    assert "two instruments have the id board-sensor" in refused(twice)


def test_two_instruments_for_one_channel_are_refused() -> None:
    twice = equipment(instrument(), instrument(id="b"))
    assert "two instruments give the channel hwmon.board.power" in refused(twice)


def test_two_tables_of_one_day_for_the_same_channels_are_refused() -> None:
    twice = equipment(instrument(certificate=(certificate(), certificate(number="C-2"))))
    assert "there is another one of 2026-01-01 in W" in refused(twice)


def test_two_tables_of_one_day_in_two_units_are_fine() -> None:
    both = instrument(certificate=(certificate(), certificate(unit="V")))
    assert len(parse(toml(equipment(both)).encode(), "x").instrument[0].certificate) == 2


def test_a_factor_of_zero_is_refused() -> None:
    none = equipment(instrument(certificate=(gain(gain=("0", "0.1")),)))
    assert "its gain is 0; a factor is above 0" in refused(none)


def test_a_file_whose_hash_differs_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, equipment())
    (tmp_path / "c-1.pdf").write_bytes(PAPER + b"!")
    with pytest.raises(EquipmentError, match=r"has the SHA-256 .* and not .* as stated"):
        load(path)


def test_a_certificate_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, equipment())
    (tmp_path / "c-1.pdf").unlink()
    with pytest.raises(EquipmentError, match=r"c-1\.pdf: does not exist"):
        load(path)


def folder_of_endless(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    path.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    return path


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda tmp: tmp / "none.toml", "does not exist"),
        (lambda tmp: tmp, "is no file"),
        (folder_of_endless, "is larger than 1 MiB"),
    ],
    ids=["missing", "folder", "too large"],
)
def test_a_path_that_is_no_small_file_is_refused(
    tmp_path: Path, made: Callable[[Path], Path], sentence: str
) -> None:
    with pytest.raises(EquipmentError, match=sentence):
        load(made(tmp_path))


def test_what_a_run_folder_keeps_reads_back_without_the_first_place(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "first", equipment()))
    kept = tmp_path / "data" / "equipment"
    kept.mkdir(parents=True)
    for name, data in loaded.files.items():
        (kept / name).write_bytes(data)
    assert kept_in(tmp_path / "data") == loaded.equipment


def test_a_run_folder_without_equipment_has_none(tmp_path: Path) -> None:
    assert kept_in(tmp_path) is None


@pytest.mark.parametrize(
    "file", ["../../etc/passwd", "/abs/x.pdf", "a\\b.pdf", "证书.pdf", "..", "x" * 290]
)
def test_names_in_the_run_folder_are_flat_and_begin_with_the_hash(file: str) -> None:
    name = stored_name(certificate(file=file))
    assert name.startswith(hashlib.sha256(PAPER).hexdigest()[:16] + "-")
    assert not set(name) & set("/\\")
    assert len(name) <= 100
