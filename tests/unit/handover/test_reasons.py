"""Every reason code that the source can write is explained to a reader in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from host.handover.reasons import REASONS, code_of, explained

ROOT = Path(__file__).parents[3]
# Where reasons of attempts and verdicts are made.
PYTHON = ("agent", "host/run", "host/state", "host/align", "host/audit")
MODULES = (
    *("host/pipeline/campaign_visit.py", "host/pipeline/campaign_worker.py"),
    *("host/pipeline/campaign_beside.py", "host/campaign/state.py", "host/campaign/evidence.py"),
    *("host/pipeline/fill.py", "host/pipeline/probes.py"),
    *("host/record/verdict.py", "host/record/audit.py", "host/check/rules_plausible.py"),
    *("host/fidelity/bag.py", "host/fidelity/gate.py"),
)
HEAD = re.compile(r"([a-z]+(?:-[a-z]+)+|charged|throttle): ")
# Whole words that stand without a detail, beside a status or as an ending.
BARE = {"stopped", "interrupted", "detached", "device-failed", "disk-full", "spool-unwritable"}
BARE |= {"audit-repeat", "audit-seed", "audit-permuted", "audit-canary", "audit-length"}
BARE |= {"constant-times", "repeated-output", "zero-time"}
SHELL = re.compile(
    r"""set_outcome (?:void|incomplete) ['"]?([a-z-]+)|['"]([a-z]+(?:-[a-z]+)+): """
)
# Codes at the head of other texts: gaps, absent facts, what an engine of ours found wrong within
# itself. No attempt has one of them as its reason.
ELSEWHERE = {
    "not-permitted",
    "not-present",
    "not-readable",
    "not-runnable",
    "not-stated",
    "not-there",
    "not-told",
    "not-understood",
    "out-of-memory",
    "out-of-range",
    "systemd-timesyncd",
    "too-long",
    "too-many",
    "unknown-kind",
}


def heads(path: Path) -> Iterator[str]:
    """Codes at the head of the texts of a Python file."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in docstrings:
            continue
        first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node
        text = first.value if isinstance(first, ast.Constant) else None
        if isinstance(text, str) and (found := HEAD.match(text)):
            yield found[1]
        elif isinstance(text, str) and text in BARE:
            yield text


@cache
def in_python() -> frozenset[str]:
    files = [f for folder in PYTHON for f in (ROOT / folder).rglob("*.py")]
    return frozenset(code for f in (*files, *(ROOT / m for m in MODULES)) for code in heads(f))


def in_shell() -> set[str]:
    texts = [f.read_text("utf-8") for f in (ROOT / "agent/shell").glob("*.sh")]
    return {a or b for text in texts for a, b in SHELL.findall(text)}


def test_every_code_in_the_source_is_explained() -> None:
    assert {"gate-timeout", "charged", "lease-lost", "token-count"} <= in_python()
    assert {"engine-hang", "sampler-died", "disk-full", "stopped"} <= in_shell()
    assert (in_python() | in_shell()) - set(REASONS) == ELSEWHERE


def test_no_code_is_explained_that_nothing_writes() -> None:
    assert set(REASONS) - in_python() - in_shell() == set()


def test_every_explanation_is_said_in_both_languages() -> None:
    for code, words in REASONS.items():
        assert re.search(r"[一-鿿]", words.zh), code
        assert words.en.isascii(), code
        assert words.en != code


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("charged: the battery is full", "charged"),
        ("attempt-void: attempt 12, lease-lost: nothing heard", "lease-lost"),
        ("ended-early: cut-off: the journal is empty", "cut-off"),
        ("ended-early: interrupted", "interrupted"),
        ("attempts-missing: 1 of 5", "attempts-missing"),
        ("engine-error: bad-model: attempt-void: attempt 1, charged", "engine-error"),
    ],
)
def test_a_verdict_s_reason_is_explained_by_what_it_speaks_of(reason: str, code: str) -> None:
    assert code_of(reason) == code
    assert explained(reason) == REASONS[code]


def test_a_code_that_nobody_knows_is_left_as_it_stands() -> None:
    assert explained("made-up: of a device") is None
