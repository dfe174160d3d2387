"""Audit probes on a terminal: one line each, nothing where there are none."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from host.handover.record import Record
from host.handover.text import one_line
from host.report.html_text import visible

_STYLES = {"passed": "green", "failed": "bold red"}


def audit_block(console: Console, record: Record) -> None:
    """What each probe came to, with the figure that decided."""
    if not record.audit:
        return
    console.print()
    for one in record.audit:
        why = f" ({one.reason})" if one.reason else ""
        said = visible(f"探针 probe {one.probe}: {one_line(one.text)}{why}")
        console.print(Text(said, style=_STYLES.get(one.outcome, "yellow")))
