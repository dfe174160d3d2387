"""The tiny model in the forms that only these tests need."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from host.artefacts.models.store import make
from tests.fakes.one_at_a_time import alone


@pytest.fixture(scope="session")
def tiny_q4_0(tiny_gguf: Path) -> Path:
    return tiny_gguf


@pytest.fixture(scope="session")
def tiny_f16(model_store: Path) -> Path:
    with alone(model_store):
        return make("tiny", "f16", directory=model_store)


@pytest.fixture(scope="session")
def corpus() -> str:
    path = files("host.artefacts.models") / "data" / "corpus.txt"
    return path.read_text(encoding="utf-8")
