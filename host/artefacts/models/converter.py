"""Where llama.cpp's `convert_hf_to_gguf.py` is: a file, or inside an archive of its sources.

No wheel holds it. The sources of llama-cpp-python do, under `vendor/llama.cpp/`, and pip fetches
them without compiling anything; so do llama.cpp's own. Beside the script lie the modules that it
imports; they are unpacked with it, and nothing else is.
"""

from __future__ import annotations

import lzma
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from host.errors import ArtefactError

SCRIPT: Final = "convert_hf_to_gguf.py"
ENVIRONMENT: Final = "INFEROMETER_HF_TO_GGUF"
# Where Debian's llama.cpp-tools puts it.
USUAL: Final = Path("/usr/share/doc/llama.cpp-tools/scripts") / SCRIPT
# What the script imports from beside itself; `conversion` since llama.cpp split the script.
_BESIDE: Final = ("gguf-py", "conversion")
_PACKAGE: Final = "llama-cpp-python"
# The one that was tried.
_TRIED: Final = "0.3.36"
# llama.cpp's sources hold some 3,000 files, its largest Python file 0.6 MB.
_MAX_MEMBERS: Final = 100_000
_MAX_BYTES: Final = 64 << 20


@contextmanager
def converter(named: Path | None) -> Iterator[Path]:
    """The script as a file: as named, by the environment, or Debian's; unpacked if need be.

    Raises ArtefactError, which says where to get it.
    """
    path = named or Path(os.environ.get(ENVIRONMENT) or USUAL)
    if not path.is_file():
        raise ArtefactError(str(path), f"is not there: {_where()}")
    if not tarfile.is_tarfile(path):
        yield path
        return
    with TemporaryDirectory(prefix="inferometer-converter-") as folder:
        try:
            script = _unpacked(path, Path(folder))
        except (OSError, EOFError, tarfile.TarError, zlib.error, lzma.LZMAError) as err:
            raise ArtefactError(str(path), f"cannot be unpacked ({err})") from err
        yield script


def _where() -> str:
    """One sentence; the version is that of the library which is installed."""
    try:
        wanted = version(_PACKAGE)
    except PackageNotFoundError:
        wanted = _TRIED
    return (
        f"llama.cpp's {SCRIPT} is in the sources of {_PACKAGE}; get them, nothing is compiled:"
        f" pip download --no-deps --no-binary {_PACKAGE} {_PACKAGE}=={wanted}; then say"
        f" --converter {_PACKAGE.replace('-', '_')}-{wanted}.tar.gz (or {ENVIRONMENT}; the script"
        " itself will do too, as in Debian's llama.cpp-tools)"
    )


def _unpacked(archive: Path, folder: Path) -> Path:
    """The script among what it imports, in `folder`."""
    with tarfile.open(archive) as tar:
        members: list[tuple[PurePosixPath, tarfile.TarInfo]] = []
        for member in tar:
            if len(members) >= _MAX_MEMBERS:
                raise ArtefactError(str(archive), f"holds more than {_MAX_MEMBERS} files")
            members.append((PurePosixPath(member.name), member))
        root = _root(archive, [path for path, member in members if member.isreg()])
        left = _MAX_BYTES
        for path, member in members:
            inside = _inside(path, root)
            if inside is None or not member.isreg():
                continue
            left -= member.size
            if left < 0:
                raise ArtefactError(str(archive), f"unpacks to more than {_MAX_BYTES} bytes")
            _write(tar, member, folder.joinpath(*inside.parts))
    return folder / SCRIPT


def _root(archive: Path, files: list[PurePosixPath]) -> PurePosixPath:
    """The folder of the script: llama.cpp's own, the shortest where there are several."""
    found = [path.parent for path in files if path.name == SCRIPT]
    if not found:
        raise ArtefactError(str(archive), f"holds no {SCRIPT}")
    return min(found, key=lambda path: len(path.parts))


def _inside(path: PurePosixPath, root: PurePosixPath) -> PurePosixPath | None:
    """Where a file goes, None for what the script does not need."""
    if not path.is_relative_to(root) or ".." in path.parts or path.suffix != ".py":
        return None
    inside = path.relative_to(root)
    wanted = inside.parts[0] in _BESIDE or inside == PurePosixPath(SCRIPT)
    return inside if wanted else None


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, goal: Path) -> None:
    source = tar.extractfile(member)
    if source is None:
        return
    goal.parent.mkdir(parents=True, exist_ok=True)
    with source, goal.open("wb") as file:
        shutil.copyfileobj(source, file)
