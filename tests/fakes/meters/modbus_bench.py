"""Three Modbus units on one RS-485 line: pymodbus's server behind a socat pty pair."""

from __future__ import annotations

import asyncio
import os
import select
import shutil
import struct
import subprocess
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PZEM, SDM, AIR = 2, 1, 7
# By the table of the PZEM-004T manual: 230.4 V; 0.435 A; 99.7 W; 70000 Wh; 50.0 Hz; 0.99; alarm.
PZEM_REGISTERS = (2304, 435, 0, 997, 0, 70000 - 65536, 1, 500, 99, 0)
# By Eastron's table, floats, high word first; 2 at the baud register means 9600.
SDM_FLOATS = {0x00: 229.5, 0x06: 0.5, 0x0C: 110.25, 0x1E: 0.96, 0x46: 49.95, 0x48: 1234.5}
BAUD_REGISTER, BAUD_CODE = 0x1C, 2.0
AIR_REGISTERS = (0xFFFF & -57, 483)  # -5.7 degC, 48.3 %


def words(value: float) -> tuple[int, int]:
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low


@contextmanager
def modbus_bench(place: Path) -> Iterator[Path]:
    """The path of the port that a master opens."""
    program = shutil.which("socat")
    if program is None:
        pytest.skip("socat is not installed")
    ours, theirs = place / "master", place / "units"
    ends = [f"pty,raw,echo=0,link={end}" for end in (ours, theirs)]
    socat = subprocess.Popen([program, "-d", "-d", *ends], stderr=subprocess.PIPE)
    assert socat.stderr is not None
    for line in socat.stderr:
        if b"starting data transfer loop" in line:
            break
    ready, loop = threading.Event(), asyncio.new_event_loop()
    thread = threading.Thread(target=_serve, args=(loop, theirs, ready))
    thread.start()
    try:
        assert ready.wait(10)
        yield ours
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        socat.terminate()
        socat.wait()
        socat.stderr.close()


def _serve(loop: asyncio.AbstractEventLoop, port: Path, ready: threading.Event) -> None:
    from pymodbus.server import ModbusSerialServer

    asyncio.set_event_loop(loop)

    async def start() -> object:
        server = ModbusSerialServer(_units(), port=str(port), baudrate=9600)
        await server.serve_forever(background=True)
        ready.set()
        return server

    server = loop.run_until_complete(start())
    loop.run_forever()
    loop.run_until_complete(server.shutdown())  # type: ignore[attr-defined]
    loop.close()


def _units() -> list[object]:
    from pymodbus.simulator import DataType, SimData, SimDevice

    def registers(at: int, values: tuple[int, ...]) -> object:
        return SimData(at, values=list(values), datatype=DataType.REGISTERS)

    sdm = [0] * 0x60
    for at, value in SDM_FLOATS.items():
        sdm[at : at + 2] = words(value)
    holding = [registers(BAUD_REGISTER, words(BAUD_CODE))]
    nothing = [SimData(0, values=False, datatype=DataType.BITS)]
    return [
        SimDevice(SDM, (nothing, nothing, holding, [registers(0, tuple(sdm))])),
        SimDevice(PZEM, registers(0, PZEM_REGISTERS)),
        SimDevice(AIR, registers(1, AIR_REGISTERS)),
    ]


@contextmanager
def raw_tty(path: Path) -> Iterator[int]:
    """A descriptor of a port, raw, with nothing in it."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    while select.select([fd], [], [], 0)[0]:
        os.read(fd, 4096)
    try:
        yield fd
    finally:
        os.close(fd)
