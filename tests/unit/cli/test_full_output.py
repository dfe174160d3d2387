from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "words", [("schema",), ("--help",), ("datasets", "list", "--json")], ids=lambda w: w[0]
)
def test_an_output_that_is_full_is_one_sentence_and_no_defect(words: tuple[str, ...]) -> None:
    main = "from host.cli.main import main; main()"
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-c", main, *words], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ran.stderr == b"inferometer: the output cannot be written (No space left on device)\n"
    assert ran.returncode == 2
