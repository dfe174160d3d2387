from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT_LINES = 300
SOURCES = [
    path
    for package in ("agent", "collectors", "host", "tests")
    for path in sorted((ROOT / package).rglob("*.py"))
]


def test_no_file_is_longer_than_300_lines() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {str(p.relative_to(ROOT)): n for p, n in lines.items() if n > LIMIT_LINES} == {}


@pytest.mark.parametrize(
    "folder",
    sorted({p.parent for p in SOURCES if p.name == "__init__.py" and p.parent.name != "tests"}),
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_every_package_folder_says_what_lives_there(folder: Path) -> None:
    assert (folder / "README.md").exists()
