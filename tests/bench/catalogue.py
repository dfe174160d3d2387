"""Prints how long queries over a large catalogue take, as ratios to the limit of 1 s.

    python tests/bench/catalogue.py [RECORDS] [FILE or postgresql:// URL]

A file that is there is taken as it is. Made-up records, 24 results each, of 200 devices, 50 models
and 8 engines over three years. Cold: a process of its own for each query, after the pages of an
SQLite file were dropped from the kernel's cache. The time is that of
`host.pipeline.catalogue.query`, opening included.
"""

from __future__ import annotations

import hashlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from host.catalogue.database import opened
from host.catalogue.entries import Entry, Figure
from host.catalogue.find import Query
from host.catalogue.store import put_all
from host.catalogue.terms import parse_all
from host.pipeline.catalogue import BATCH_RECORDS, query
from host.pipeline.history import history

LIMIT_S = 1.0
RECORDS = 100_000
REPEATS = 5
RESULTS = 24
# Not a query: all results of one measurand of one device, with what `history` makes of them.
HISTORY = "history of one device"
START = datetime(2024, 1, 1, tzinfo=UTC)
MEASURANDS = (
    "load_time", "time_to_first_token", "prefill_rate", "decode_rate", "inter_token_interval",
    "request_latency", "output_byte_rate", "peak_memory", "mean_power", "energy",
    "energy_per_token", "temperature_rise",
)  # fmt: skip
QUERIES = (
    "measurand=decode_rate",
    "verdict=valid",
    "measurand=decode_rate scope=all value>=99.9",
    "device~board-117 measurand=decode_rate",
    f"model={hashlib.sha256(b'model 7').hexdigest()[:10]} measurand=energy_per_token U<0.5",
    "device~board-03 engine=engine-3 since=2026-06-01 verdict=valid",
    "engine~engine-5 measurand=mean_power",
    "id=abc",
)


def entry(number: int, draw: random.Random) -> Entry:
    """One made-up record."""
    device, model, engine = draw.randrange(200), draw.randrange(50), draw.randrange(8)
    started = START + timedelta(minutes=15 * number)
    figures = tuple(figure(MEASURANDS[i // 2], i % 2, draw) for i in range(RESULTS))
    return Entry(
        record_id=f"urn:sha256:{hashlib.sha256(str(number).encode()).hexdigest()}",
        replaces="",
        kind="performance_test_report",
        schema_version="0.4.0",
        started=started.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        ended=started.strftime("%Y-%m-%dT%H:%M:%S.999Z"),
        device=f"Example · board-{device:03d} · Example CPU",
        device_key=f"serial {device:08x}",
        model=f"model {model}",
        model_sha256=hashlib.sha256(f"model {model}".encode()).hexdigest(),
        quantization="Q4_0",
        engine_kind=f"engine-{engine}",
        engine=f"engine-{engine} 1.0",
        dataset="length-grid@1",
        dataset_sha256="3" * 64,
        settings_sha256=hashlib.sha256(f"settings {engine}".encode()).hexdigest(),
        verdict="valid" if draw.random() < 0.95 else "void",
        state="draft",
        tier="B",
        path=f"/records/{number}",
        file_sha256="4" * 64,
        figures=figures,
    )


def figure(measurand: str, scope: int, draw: random.Random) -> Figure:
    """One made-up result with five attempts."""
    values = [f"{draw.uniform(1, 100):.6f}" for _ in range(5)]
    return Figure(
        result=f"{measurand}@1/mean/{scope}",
        measurand_id=f"{measurand}@1",
        statistic="mean",
        scope=("all", "one")[scope],
        source="",
        rule="",
        tier="",
        unit="1",
        value=values[0],
        U=f"{draw.uniform(0, 1):.6f}",
        k="2.78",
        n=5,
        missing="",
        attempts=" ".join(values),
    )


def fill(place: str, count: int) -> float:
    """Seconds that putting them in takes, without making them up."""
    draw = random.Random(1)  # noqa: S311 - made-up figures
    took = 0.0
    with opened(place, create=True) as connection:
        for first in range(0, count, BATCH_RECORDS):
            batch = [entry(n, draw) for n in range(first, min(first + BATCH_RECORDS, count))]
            begun = time.perf_counter()
            put_all(connection, batch)
            took += time.perf_counter() - begun
    return took


def timed(place: str, text: str) -> tuple[float, float, int]:
    """(seconds, seconds of CPU, rows in all) of one query of 100 rows, or of the history."""
    begun, busy = time.perf_counter(), time.process_time()
    if text == HISTORY:
        found = history(place, "board-117", "decode_rate", Query())
        total = sum(len(series.points) for series in found.series)
    else:
        total = query(place, Query(parse_all(text), limit=100, newest_first=True)).total
    return time.perf_counter() - begun, time.process_time() - busy, total


def cold(place: str, text: str) -> float:
    """Seconds of one query in a new process, after the file's pages were dropped."""
    if Path(place).is_file():
        with Path(place).open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    done = subprocess.run(
        [sys.executable, __file__, "--one", place, text], capture_output=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    """Print everything."""
    given = sys.argv[1:]
    if given[:1] == ["--one"]:
        sys.stdout.write(f"{timed(given[1], given[2])[0]}\n")
        return
    count = int(given[0]) if given else RECORDS
    with tempfile.TemporaryDirectory() as folder:
        place = given[1] if len(given) > 1 else str(Path(folder) / "catalogue.sqlite")
        if not Path(place).is_file():
            took = fill(place, count)
            say(f"import of {count} records, {RESULTS} results each: {took:.1f} s")
        if Path(place).is_file():
            say(f"size: {Path(place).stat().st_size / 2**20:.0f} MiB")
        for text in (*QUERIES, HISTORY):
            runs = [timed(place, text) for _ in range(REPEATS)]
            warm, cpu = (statistics.median(run[i] for run in runs) / LIMIT_S for i in (0, 1))
            first = cold(place, text) / LIMIT_S
            ratios = f"warm {warm:.3f} (CPU {cpu:.3f}), cold {first:.3f} of the limit"
            say(f"{text}: {runs[0][2]} found, {ratios}")


def say(line: str) -> None:
    """One line of result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
