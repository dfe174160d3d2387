from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from host.equipment.insert import as_toml, inserted
from host.equipment.load import parse
from host.errors import EquipmentError
from tests.fakes.instruments import certificate, equipment, gain, instrument, toml

EXAMPLE = (files("host.equipment") / "example.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("wanted", ["wt310-1", "package-counter", "t1"])
def test_a_certificate_goes_to_its_instrument_and_nothing_else_changes(wanted: str) -> None:
    made = inserted(EXAMPLE, "x", wanted, certificate(number="NEW"))
    before, after = parse(EXAMPLE.encode(), "x"), parse(made.encode(), "x")
    for old, new in zip(before.instrument, after.instrument, strict=True):
        more = (certificate(number="NEW"),) if old.id == wanted else ()
        assert new.certificate == (*old.certificate, *more)
    assert before.environment == after.environment


def test_comments_stay() -> None:
    made = inserted(EXAMPLE, "x", "wt310-1", certificate())
    assert [line for line in EXAMPLE.splitlines() if "#" in line] == [
        line for line in made.splitlines() if "#" in line
    ]


def test_an_instrument_that_is_not_there_is_told() -> None:
    with pytest.raises(EquipmentError, match="has no instrument wt; there are: wt310-1"):
        inserted(EXAMPLE, "x", "wt", certificate())


@pytest.mark.parametrize("said", [certificate(), gain()], ids=["table", "gain"])
def test_what_is_printed_reads_back(said: object) -> None:
    text = toml(equipment(instrument(certificate=())))
    made = parse(f"{text}\n{as_toml(said)}".encode(), "x")  # type: ignore[arg-type]
    assert made.instrument[0].certificate == (said,)


def test_a_layout_that_has_no_place_is_refused_and_not_guessed() -> None:
    inline = tomllib.loads(toml(equipment()))["instrument"][0]
    keys = ("id", "kind", "maker", "model", "serial", "firmware", "location")
    said = ", ".join(f'{k} = "{inline[k]}"' for k in keys)
    text = f'equipment = 1\ninstrument = [{{ {said}, channels = ["a"] }}]\n'
    with pytest.raises(EquipmentError, match="do it by hand"):
        inserted(text, "x", "board-sensor", certificate())


def test_an_empty_list_of_certificates_is_told_and_not_broken() -> None:
    text = toml(equipment(instrument(certificate=()))) + "certificate = []\n"
    with pytest.raises(EquipmentError, match="do it by hand"):
        inserted(text, "x", "board-sensor", certificate())


def test_a_comment_above_the_next_instrument_stays_above_it() -> None:
    text = EXAMPLE.replace('[[instrument]]\nid = "t1"', '# thermometer\n[[instrument]]\nid = "t1"')
    made = inserted(text, "x", "package-counter", certificate())
    assert '# thermometer\n[[instrument]]\nid = "t1"' in made
