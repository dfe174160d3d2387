"""Power losses on the device and on the host (F6)."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import subprocess
from pathlib import Path

from agent.said import NAME, Said, kept_lines
from agent.spool import SpoolFormatError, SpoolWriter, read_spool
from agent.syncing import sync_grown
from host.run.folder import RunFolder, sync_folder
from tests.faults.case import Case, Seen, need, recovered, reported
from tests.faults.host_cases import check_kept, check_seal, prepared
from tests.faults.power import cut, disk, why_not
from tests.faults.programs.host_half import go_on
from tests.faults.programs.spool import COLUMNS
from tests.faults.traced import environment, program

BATCHES, ROWS = 20, 5


def folder_of(place: Path) -> Path:
    """A folder on the losing disk that no other injection has."""
    made = disk() / place.name
    made.mkdir()
    sync_folder(disk())
    return made


def stream(place: Path, draw: random.Random) -> Seen:
    """A stream that is synced now and then: whole up to the last sync, torn at most behind it."""
    folder = folder_of(place)
    writer = SpoolWriter(folder / "source-x.tsv", "source-x", "test", COLUMNS)
    sizes: dict[Path, int] = {}
    synced, loss = 0, draw.randint(0, BATCHES)
    every = draw.randint(1, 6)
    for batch in range(loss):
        start = batch * ROWS
        writer.extend([(str(i), str(i * 7)) for i in range(start, start + ROWS)])
        if batch % every == every - 1:
            sync_grown(folder, sizes)
            synced = start + ROWS
    cut(folder, draw.choice((0, 0, 300, 777, 999)))
    path = folder / "source-x.tsv"
    try:
        found = read_spool(path.read_bytes() if path.exists() else b"")
    except SpoolFormatError:
        need(synced == 0, f"{synced} lines were synced, and there is no header")
        return recovered(f"loss after {loss} batches, nothing synced, nothing there", 0)
    faults = {fault.fault for fault in found.faults}
    need(faults <= {"torn"}, f"faults {faults}")
    fields = [line.fields for line in found.lines]
    need(fields == [(str(i), str(i * 7)) for i in range(len(fields))], "other lines than written")
    need(len(fields) >= synced, f"{len(fields)} lines of {synced} that were synced")
    detail = f"loss after {loss * ROWS} lines, {synced} synced, {len(fields)} there"
    return recovered(detail, synced)


def messages(place: Path, draw: random.Random) -> Seen:
    """Messages of a session: whole up to the last sync, and the next session goes on."""
    folder = folder_of(place)
    said = Said(folder / NAME)
    sync_folder(folder)
    synced, loss = 0, draw.randint(1, 40)
    for number in range(loss):
        said.send("progress", {"number": number})
        if draw.random() < 0.2:
            said.sync()
            synced = number + 1
    cut(folder, draw.choice((0, 300, 777)))
    again = Said(folder / NAME)
    need(again.before >= synced, f"{again.before} messages of {synced} that were synced")
    again.send("bye")
    need(len(list(kept_lines(folder / NAME))) == again.before + 1, "it does not go on")
    return recovered(f"loss after {loss} messages, {synced} synced, {again.before} there", synced)


def host(place: Path, draw: random.Random) -> Seen:
    """The host loses power between an attempt and the seal; the device's disk keeps its own."""
    folder = folder_of(place)
    run, spool = prepared(folder)
    moved = place / "spool"
    shutil.copytree(spool, moved)  # the device's own disk
    process = subprocess.Popen(
        program("host_half", run.path, moved), stdout=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None
    stop = draw.randint(0, 3)
    with process:
        heard = b""
        for _ in range(stop):
            heard = process.stdout.readline() or heard
        if stop < 3 and draw.random() < 0.5:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(draw.uniform(0.0, 0.25))
        process.send_signal(signal.SIGKILL)
    cut(folder, draw.choice((0, 0, 500)))
    found = RunFolder(run.path)
    need((found.data / "plan.json").exists(), "the run folder is gone")
    whole = found.sealed
    check_seal(found)
    if not whole:
        go_on(found.path, moved)
        check_seal(found)
    lines = check_kept(found)
    make = recovered if whole or stop < 3 else reported
    return make(f"power lost after {heard.decode().strip() or 'the start'!r}", lines)


CASES = (
    Case("F6", "power loss: stream", stream, why_not, 20),
    Case("F6", "power loss: messages", messages, why_not, 12),
    Case("F6", "power loss: host", host, why_not, 8),
)
