"""`inferometer verify`."""

from __future__ import annotations

from pathlib import Path

import click

from host.cli.console import json_out, out, plain

ASPECTS = {
    "intact": ("完整", "intact", "hashes of every file are as sealed"),
    "redone": ("可重算", "redone", "record and page come out of the raw data again"),
    "conforming": ("合规", "conforming", "every validity rule holds"),
}


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def verify(run: Path, *, as_json: bool) -> int:
    """Check the run folder RUN and redo its record, byte for byte.

    Exit code 0 when all three verdicts hold, 1 when not.
    """
    from host.pipeline.verify import verify as check

    result = check(run)
    if as_json:
        json_out(
            {
                **{aspect: result.holds(aspect) for aspect in ASPECTS},
                "findings": [
                    {
                        "rule": f.rule,
                        "aspect": f.aspect,
                        "file": f.file,
                        "zh": f.text.zh,
                        "en": f.text.en,
                    }
                    for f in result.findings
                ],
            }
        )
        return 0 if result.good else 1
    console = out()
    for aspect, (zh, en, meaning) in ASPECTS.items():
        word = "yes" if result.holds(aspect) else "NO"
        console.print(f"{zh} {en:<11} {word:<4} {meaning}")
    for f in result.findings:
        console.print(plain(f"  {f.file}: [{f.rule}] {f.text.en} {f.text.zh}"))
    return 0 if result.good else 1
