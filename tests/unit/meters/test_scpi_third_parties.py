"""Other people's SCPI clients and servers against ours, so that no misreading is shared."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collectors.clocks import device_clock
from collectors.meters.hookup import Given, Hookup
from collectors.meters.table import opener
from collectors.meters.transcript import Unkept
from collectors.reading import Reading
from tests.fakes.meters.scpi_bench import ScpiBench
from tests.fakes.meters.serving import on_tcp
from tests.fakes.shells import until

ROOT = Path(__file__).parents[3]


def test_sigrok_finds_the_double_and_reads_the_same_figures_from_it() -> None:
    program = shutil.which("sigrok-cli")
    if program is None:
        pytest.skip("sigrok-cli is not installed")
    # As libsigrok 0.5.2 speaks to a DP832 (src/hardware/scpi-pps): from the root of the tree, and
    # by the channel that was selected before.
    answers = {":MEAS:VOLT?": "12.003", ":MEAS:CURR?": "1.2500", ":MEAS:POWE?": "15.004"}
    bench = ScpiBench(answers=answers, settings={"SYST:BEEP:STAT": "1", ":INST:NSEL": "1"})
    with on_tcp(bench) as port:
        driver = f"scpi-pps:conn=tcp-raw/127.0.0.1/{port}"
        argv = [program, "-d", driver, "-C", "V1,I1,P1", "--samples", "1", "-O", "analog"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    found = dict(re.findall(r"^([VIP])1: ([0-9.]+) ", done.stdout, re.MULTILINE))
    assert {name: float(value) for name, value in found.items()} == {
        "V": 12.003,
        "I": 1.25,
        "P": 15.004,
    }, done.stdout + done.stderr
    assert bench.settings[":INST:NSEL"] == "+1.00000000E+00"


@contextmanager
def sinstruments(place: Path) -> Iterator[Path]:
    """Their server at 9600 baud; gives the link to its pseudo terminal."""
    if importlib.util.find_spec("sinstruments") is None:
        pytest.skip("sinstruments is not installed")
    port, config = place / "supply", place / "supply.json"
    device = {
        "class": "Supply",
        "package": "tests.fakes.meters.simulated_supply",
        "name": "supply",
        "transports": [{"type": "serial", "url": str(port), "baudrate": 9600}],
    }
    config.write_text(json.dumps({"devices": [device]}))
    argv = [sys.executable, "-m", "sinstruments", "-c", str(config)]
    with subprocess.Popen(argv, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}) as server:
        try:
            until("the supply is there", lambda: port.exists() or server.poll() is not None)
            yield port
        finally:
            server.kill()


def test_our_driver_reads_a_supply_that_sinstruments_plays_behind_a_serial_line(
    tmp_path: Path,
) -> None:
    with sinstruments(tmp_path) as port:
        settings: dict[str, Given] = {"profile": "rigol-dp800", "baud": 9600}
        hookup = Hookup("meter.psu", f"serial:{port}", settings, device_clock(), Unkept())
        supply = opener("scpi")(hookup)
        assert supply.identity.serial == "DP8C000000002"
        supply.begin()
        found = supply.read(timeout_s=5)
        supply.close()
    assert isinstance(found, tuple)
    assert [one.value for one in found if isinstance(one, Reading)] == [5.001, 0.4, 2.0]
