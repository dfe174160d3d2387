"""`inferometer laboratory`."""

from __future__ import annotations

from pathlib import Path

import click

from host.cli.console import json_out, out, plain

FILE = click.argument("file", type=click.Path(path_type=Path), required=False)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")


@click.group()
def laboratory() -> None:
    """The laboratory file: who measures, for whom, who answers for records.

    FILE is the one meant; without it that of INFEROMETER_LABORATORY, else the user's own.
    """


@laboratory.command()
@FILE
@JSON
def init(file: Path | None, *, as_json: bool) -> int:
    """Write an empty laboratory file to fill in; none is overwritten."""
    from host.pipeline.laboratory import init_laboratory

    path = init_laboratory(file)
    if as_json:
        json_out({"laboratory": str(path)})
    else:
        out().print(f"written: {path}\nfill it in, then: inferometer laboratory check {path}")
    return 0


@laboratory.command()
@FILE
@JSON
def show(file: Path | None, *, as_json: bool) -> int:
    """Show the laboratory file as records will have it."""
    import msgspec

    from host.pipeline.laboratory import laboratory_path, read_named

    path = laboratory_path(file)
    found = read_named(path)
    if as_json:
        json_out({"file": str(path), "laboratory": msgspec.to_builtins(found)})
        return 0
    table = found.laboratory
    lines = [
        ("文件 file", str(path)),
        ("实验室 laboratory", f"{table.name.zh} {table.name.en}"),
        ("地址 address", f"{table.address.zh} {table.address.en}"),
        ("认可号 accreditation", table.accreditation_no or "—"),
        ("记录编号 record no.", found.record_no),
    ]
    if table.location:
        lines.append(("地点 location", f"{table.location.zh} {table.location.en}"))
    if found.customer:
        name = found.customer.name
        lines.append(("客户 customer", f"{name.zh} {name.en} {found.customer.contact}"))
    lines += [("人员 people", f"{p.role} {p.name} {p.key[:16]}") for p in found.people]
    if found.intended_use:
        lines.append(("用途 use", f"{found.intended_use.zh} {found.intended_use.en}"))
    lines += [
        ("环境 environment", f"{e.name.zh} {e.name.en}: {e.value} {e.unit} ({e.source})")
        for e in found.environment
    ]
    for label, value in lines:
        out().print(plain(f"{label}: {value}"))
    return 0


@laboratory.command()
@FILE
@JSON
def check(file: Path | None, *, as_json: bool) -> int:
    """Check the laboratory file. Exit code 0: good; 1: records cannot be issued by it; 2: bad."""
    from host.pipeline.laboratory import laboratory_path, lacking, read_named

    path = laboratory_path(file)
    missing = lacking(read_named(path))
    if as_json:
        json_out({"file": str(path), "issues": not missing, "lacking": list(missing)})
    elif missing:
        out().print(f"{path}: records can be made, but not issued: it lacks {', '.join(missing)}")
    else:
        out().print(f"{path}: good; records can be made and issued by it")
    return 1 if missing else 0
