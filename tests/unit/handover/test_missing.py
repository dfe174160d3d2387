"""Every reason for which reduction gives no number is said in both languages."""

import ast
import re
from functools import cache
from pathlib import Path

from host.handover.missing import MISSING, words_of_missing

ROOT = Path(__file__).parents[3] / "host"


@cache
def raised() -> frozenset[str]:
    found: set[str] = set()
    texts = (path.read_text("utf-8") for path in ROOT.rglob("*.py"))
    for text in texts:
        # To parse what cannot hold one would be most of the work.
        for node in ast.walk(ast.parse(text if "CoverageError(" in text else "")):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id == "CoverageError" and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return frozenset(found)


def test_every_code_of_a_missing_result_is_explained_and_none_that_nothing_writes() -> None:
    assert {"unobserved", "not-resolvable", "too-short"} <= raised()
    assert raised() == set(MISSING)


def test_every_explanation_is_said_in_both_languages() -> None:
    for code, words in MISSING.items():
        assert re.search(r"[一-鿿]", words.zh), code
        assert words.en.isascii(), code


def test_the_code_at_the_head_of_a_reason_is_what_counts() -> None:
    assert words_of_missing("unobserved: 3 s of 5 s; attempt 1") == MISSING["unobserved"]
    assert words_of_missing("made-up: of a device") is None
