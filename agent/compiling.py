"""Compiles a packed agent for the Python that runs this: the role `compile`."""

from __future__ import annotations

import io
import marshal
import os
import sys
import zipfile
from contextlib import suppress
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path

from agent.packed_main import CRC_DIGITS, compiled_name, crc

# A `.pyc` whose source is not looked at again (PEP 552): the archive is named by its content.
UNCHECKED = (0b01).to_bytes(4, "little")


def main() -> int:
    """Write the compiled archive beside the one that this process was started from."""
    packed = Path(sys.path[0])
    try:
        _write(Path(compiled_name(str(packed))), compiled(packed))
    except OSError as err:
        sys.stderr.write(f"not compiled, it starts from its sources: {err}\n")
        return 1
    return 0


def compiled(packed: Path) -> bytes:
    """A packed agent with the bytecode of each module beside its source.

    The sources stay for tracebacks. At the end stands the CRC-32 of all before, as the comment
    of the archive (APPNOTE.TXT 4.3.16), so that what a power loss left is not started.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(packed) as sources, zipfile.ZipFile(made, "w") as archive:
        for name in sources.namelist():
            source = sources.read(name)
            archive.writestr(name, source)
            if name.endswith(".py"):
                archive.writestr(f"{name}c", _bytecode(source, f"{packed}/{name}"))
        archive.comment = b"0" * CRC_DIGITS
    data = made.getvalue()[:-CRC_DIGITS]
    return data + crc(data)


def _bytecode(source: bytes, path: str) -> bytes:
    """A `.pyc`: magic number, flags, hash of the source, code (PEP 552)."""
    code = compile(source, path, "exec", dont_inherit=True)
    return MAGIC_NUMBER + UNCHECKED + source_hash(source) + marshal.dumps(code)


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, also after a power loss. Raises OSError."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()
