"""Every fix that a collector can say has its Chinese words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from collectors.device.rapl import FIX
from host.handover.fixes import fix_words

ROOT = Path(__file__).parents[3]
# Call -> which of its arguments is the fix.
CALLS = {"Absent": 3, "open_wanted": 3, "not_present": 3, "_absent": 2}


def texts(tree: ast.Module) -> dict[str, str]:
    """The texts that a module gives a name."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def fixes(path: Path) -> Iterator[str]:
    """Every fix in a file. One that a function was handed is found where it was handed in."""
    tree = ast.parse(path.read_text("utf-8"))
    named = texts(tree)
    for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name not in CALLS:
            continue
        (fix,) = [k.value for k in call.keywords if k.arg == "fix"] or [call.args[CALLS[name]]]
        if isinstance(fix, ast.Constant):
            yield str(fix.value)
        elif isinstance(fix, ast.Name) and fix.id in named:
            yield named[fix.id]
        else:
            assert ast.unparse(fix) == "fix", f"{path}: {ast.unparse(fix)}"


def test_every_fix_of_a_collector_is_said_in_chinese_too() -> None:
    found = {fix for path in (ROOT / "collectors").rglob("*.py") for fix in fixes(path)}
    assert {FIX, "mount procfs"} <= found
    assert [fix for fix in sorted(found) if fix_words(fix).zh == fix] == []
    assert all(fix_words(fix).en == fix for fix in found)


def test_a_fix_that_nobody_knows_stands_as_it_came() -> None:
    words = fix_words("press the button")
    assert (words.zh, words.en) == ("press the button", "press the button")
