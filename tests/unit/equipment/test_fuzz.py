from __future__ import annotations

import contextlib
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from host.equipment.dcc import Wanted, import_dcc
from host.equipment.load import parse
from host.errors import EquipmentError
from tests.fakes.dcc import dcc

EXAMPLE = (files("host.equipment") / "example.toml").read_bytes()
CERTIFICATE = dcc().encode()
# A place, how much is cut out there, what is put in.
CUTS = st.tuples(st.integers(0, 5000), st.integers(0, 40), st.binary(max_size=40))


def cut(data: bytes, where: tuple[int, int, bytes]) -> bytes:
    place, length, instead = where
    place %= len(data)
    return data[:place] + instead + data[place + length :]


@given(st.binary(max_size=400))
def test_any_bytes_are_an_equipment_file_or_refused(data: bytes) -> None:
    with contextlib.suppress(EquipmentError):
        assert parse(data, "x").equipment == 1


@settings(max_examples=300)
@given(CUTS)
def test_a_damaged_equipment_file_reads_or_is_refused(where: tuple[int, int, bytes]) -> None:
    with contextlib.suppress(EquipmentError):
        assert parse(cut(EXAMPLE, where), "x").equipment == 1


@settings(max_examples=300)
@given(CUTS)
def test_a_damaged_certificate_reads_or_is_refused(where: tuple[int, int, bytes]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "c.xml"
        path.write_bytes(cut(CERTIFICATE, where))
        with contextlib.suppress(EquipmentError):
            assert float(import_dcc(path, Wanted()).certificate.k or 0) >= 1
