"""How the command talks: people's text to stderr or stdout, one JSON value for `--json`."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

from host.report.html_text import visible

# A pipe has no width; rich would fold tables at 80 columns.
PIPE_COLUMNS = 140


def json_out(value: Any) -> None:  # noqa: ANN401
    """Put exactly one JSON value on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2) + "\n")


def out() -> Console:
    """Console for results on stdout; no markup, since names come from outside."""
    width = None if sys.stdout.isatty() else PIPE_COLUMNS
    return Console(file=sys.stdout, markup=False, highlight=False, width=width)


def err() -> Console:
    """Console for progress and notes on stderr."""
    return Console(file=sys.stderr, markup=False, highlight=False, stderr=True)


def plain(text: str) -> str:
    """Text from outside with control and bidirectional characters shown, not obeyed."""
    return "\n".join(visible(line, len(line)) for line in text.split("\n"))
