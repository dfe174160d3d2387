"""Real wheels without any network: small ones made here, and the one of pip that Python brings."""

from __future__ import annotations

import ensurepip
import hashlib
import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from host.transport.base import Done
from host.transport.local import Local

ANY = "py3-none"


def wheel(folder: Path, name: str, version: str, *, platform: str = "any", needs: str = "") -> str:
    """A wheel with one module that knows its version; gives its hash."""
    distribution = f"{name}-{version}"
    info = f"{distribution}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    contents = {
        f"{name.lower()}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": metadata + (f"Requires-Dist: {needs}\n" if needs else ""),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {ANY}-{platform}\n",
    }
    record = "".join(f"{path},,\n" for path in [*contents, f"{info}/RECORD"])
    file = folder / f"{distribution}-{ANY}-{platform}.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in {**contents, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def pip_wheel(folder: Path) -> None:
    """The wheel of pip that this Python brings. Skips where the distribution took it out."""
    found = list((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    if not found:
        pytest.skip("this Python brings no wheel of pip")
    shutil.copy(found[0], folder)


class Offline(Local):
    """This machine, with commands that have no network. Skips where that is not allowed."""

    def __init__(self) -> None:
        unshare = shutil.which("unshare")
        if unshare is None or os.geteuid() != 0:
            pytest.skip("a device without a network needs root and unshare")
        self._prefix = [unshare, "-n"]

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        return super().call([*self._prefix, *argv], timeout_s=timeout_s, stdin=stdin)
