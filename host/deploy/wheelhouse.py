"""A folder of wheels on the host, and the hash-pinned list of what a device installs from it."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from host.artefacts.models.hashing import hash_files
from host.errors import ArtefactError, StoreError
from host.transport.base import Transport, output

ASK_S = 60.0
DOWNLOAD_S = 1800.0
# Oldest glibc that wheels are made for today: manylinux_2_17, PEP 599; musl 1.1, PEP 656.
OLDEST_GLIBC, OLDEST_MUSL = 17, 1
NEWEST_MINOR = 99

# Binary distribution format, "File name convention".
_WHEEL = re.compile(
    r"(?P<name>[A-Za-z0-9._]+)-(?P<version>[A-Za-z0-9._+!]+)(?:-\d[A-Za-z0-9._]*)?"
    r"-(?P<python>[A-Za-z0-9._]+)-(?P<abi>[A-Za-z0-9._]+)-(?P<platform>[A-Za-z0-9._]+)\.whl"
)
_TARGET = (
    "import json,platform,sys,sysconfig;"
    "libc=platform.libc_ver();"
    "print(json.dumps([sys.version_info[:2],sys.implementation.name,"
    "sysconfig.get_platform(),*libc]))"
)
_PLATFORM = re.compile(r"([a-z]+)-([a-z0-9_]{1,20})")
_LIBC_VERSION = re.compile(r"\d\.(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Target:
    """What wheels must fit: (major, minor) of CPython, and platform tags, the newest first."""

    version: tuple[int, int]
    platforms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wheel:
    """One file; name: normalised (PEP 503)."""

    file: Path
    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Wheelhouse:
    """Wheels with their list. pip: the wheel that installs the others. sha256: of the list."""

    wheels: tuple[Wheel, ...]
    pip: Wheel
    requirements: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.requirements).hexdigest()


def ask_target(transport: Transport, python: str) -> Target:
    """What the Python there runs. Raises StoreError for one that no wheels are made for."""
    said = output(transport, [python, "-I", "-c", _TARGET], timeout_s=ASK_S)
    target = parse_target(said)
    if target is None:
        raise StoreError(
            transport.device, python, "is no CPython on Linux, so no wheels can be chosen for it"
        )
    return target


def parse_target(said: bytes) -> Target | None:
    """None for anything but a CPython 3 on Linux."""
    try:
        (major, minor), implementation, platform, libc, libc_version = json.loads(said[:1000])
        found = _PLATFORM.fullmatch(platform)
        newest = _LIBC_VERSION.fullmatch(libc_version)
        python = (int(major), int(minor))
    except (ValueError, TypeError, RecursionError):
        return None
    fits = implementation == "cpython" and found is not None and found.group(1) == "linux"
    if not fits or found is None or python[0] != sys.version_info.major:
        return None
    if not 0 <= python[1] <= NEWEST_MINOR:
        return None
    machine = found.group(2)
    tags = _libc_tags(libc, int(newest.group(1)) if newest else 0, machine)
    return Target(python, (*tags, f"linux_{machine}"))


def _libc_tags(libc: str, minor: int, machine: str) -> list[str]:
    """Tags of manylinux and musllinux, as PEP 600 and PEP 656 name them."""
    if libc == "glibc":
        tags = [f"manylinux_2_{m}_{machine}" for m in range(minor, OLDEST_GLIBC - 1, -1)]
        return [*tags, f"manylinux2014_{machine}"] if tags else []
    # platform.libc_ver knows no version of musl; its wheels ask for 1.1 or 1.2.
    return [f"musllinux_1_{m}_{machine}" for m in (2, OLDEST_MUSL)] if libc == "musl" else []


def fill_wheelhouse(requirements: Sequence[str], folder: Path, target: Target) -> Wheelhouse:
    """Download wheels with all they need, and pip itself, for a device. Needs the internet here.

    Raises ArtefactError with pip's last words.
    """
    major, minor = target.version
    argv = [sys.executable, "-m", "pip", "download", "--isolated", "--only-binary=:all:"]
    argv += ["--disable-pip-version-check", "--quiet", "--dest", str(folder)]
    argv += [f"--python-version={major}.{minor}", "--implementation=cp", f"--abi=cp{major}{minor}"]
    argv += [f"--platform={platform}" for platform in target.platforms]
    try:
        done = subprocess.run(
            [*argv, *requirements, "pip"], capture_output=True, timeout=DOWNLOAD_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise ArtefactError(str(folder), f"pip did not end ({type(err).__name__})") from err
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no word"]
        raise ArtefactError(str(folder), f"pip cannot fill it: {said[-1]}")
    return open_wheelhouse(folder)


def open_wheelhouse(folder: Path) -> Wheelhouse:
    """Read a folder of wheels. Raises ArtefactError when it cannot be one environment."""
    names = [path.name for path in sorted(folder.glob("*.whl"))]
    wheels = []
    for file in hash_files(folder, names, lambda *_: None):
        found = _WHEEL.fullmatch(file.name)
        if found is None:
            raise ArtefactError(str(folder / file.name), "is not named as wheels are")
        name = re.sub(r"[-_.]+", "-", found["name"]).lower()
        wheels.append(Wheel(folder / file.name, name, found["version"], file.sha256))
    installers = [wheel for wheel in wheels if wheel.name == "pip"]
    if len(installers) != 1:
        raise ArtefactError(str(folder), f"needs one wheel of pip, and has {len(installers)}")
    others = tuple(wheel for wheel in wheels if wheel.name != "pip")
    if not others:
        raise ArtefactError(str(folder), "holds no wheel but that of pip")
    return Wheelhouse(others, installers[0], _pinned(folder, others))


def _pinned(folder: Path, wheels: tuple[Wheel, ...]) -> bytes:
    """The list that pip reads with --require-hashes; a wheel for each platform has its hash."""
    by_name: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for wheel in wheels:
        by_name[wheel.name][wheel.version].append(f"--hash=sha256:{wheel.sha256}")
    lines = []
    for name, versions in sorted(by_name.items()):
        if len(versions) > 1:
            raise ArtefactError(str(folder), f"has several versions of {name}")
        for version, hashes in versions.items():
            lines.append(f"{name}=={version} {' '.join(sorted(hashes))}\n")
    return "".join(lines).encode()
