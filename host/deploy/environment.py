"""A virtual environment on the device from the host's wheels, named by the hash of their list."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path, PurePosixPath

from host.deploy.layout import SILENT, Site, Store, Watch
from host.deploy.lock import held
from host.deploy.proof import SYNC_S
from host.deploy.shell import SCRIPT_S, ask, one_sentence, plain
from host.deploy.store import put
from host.deploy.wheelhouse import Wheelhouse
from host.errors import StoreError
from host.transport.base import Transport

VENV_S = 120.0
INSTALL_S = 1800.0
MARKER = ".complete"
_VERSION = "env-1"

_STATE = """
[ -e "$1" ] || { echo none; exit 0; }
touch -c "$1/.used" 2>/dev/null
line=; [ -f "$1/$2" ] && read -r line < "$1/$2"
echo "is $line"
"$1/bin/python" -I -c 'import sys; print(sys.version.split()[0])' 2>/dev/null || echo broken
"""
_FINISH = """
touch "$1/.used" && echo "$3" > "$1/$2.new" && sync && mv -f "$1/$2.new" "$1/$2"
"""
_PYTHON = re.compile(r"3\.\d{1,2}\.\d{1,3}[0-9a-z.+]{0,10}")


def environment(
    transport: Transport,
    store: Store,
    wheelhouse: Wheelhouse,
    python: str,
    watch: Watch = SILENT,
) -> PurePosixPath:
    """The interpreter of an environment with exactly these wheels; made without any network.

    python: an interpreter there that has `venv`; it needs no pip. Raises StoreError with what
    the user can do.
    """
    site = Site(transport, store, watch)
    path = store.environments / wheelhouse.sha256
    version = _version(site, python)
    marker = f"{_VERSION} {wheelhouse.sha256} {version}"
    if _state(site, path) == (marker, version):
        return path / "bin" / "python"
    links = [put(transport, store, w.file, w.sha256, watch).path for w in wheelhouse.wheels]
    pip = put(transport, store, wheelhouse.pip.file, wheelhouse.pip.sha256, watch).path
    listed = _put_list(site, wheelhouse)
    with held(site):
        state = _state(site, path)
        if state != (marker, version):  # another writer may have just made it
            if state is not None:
                watch.tell(f"{transport.device}: {path} was left half-made and is made anew")
            _make(site, path, python)
            _install(site, path, [pip / "pip", *_arguments(links), "--requirement", listed])
            with one_sentence(transport.device, path, "cannot be finished"):
                ask(transport, _FINISH, path, MARKER, marker, timeout_s=SYNC_S)
    return path / "bin" / "python"


def _version(site: Site, python: str) -> str:
    """`3.11.2` and the like: an environment of another Python is made anew."""
    argv = [python, "-I", "-c", "import sys; print(sys.version.split()[0])"]
    done = site.transport.call(argv, timeout_s=SCRIPT_S)
    said = plain(done.stdout.decode(errors="replace"))
    if done.status != 0 or not _PYTHON.fullmatch(said):
        raise StoreError(
            site.transport.device, python, "is no Python 3 on the device; name another one"
        )
    return said


def _state(site: Site, path: PurePosixPath) -> tuple[str, str] | None:
    """Marker and Python of an environment; None when there is none."""
    lines = [plain(line) for line in ask(site.transport, _STATE, path, MARKER).splitlines()]
    if lines == ["none"]:
        return None
    marker, version = [*lines, "", ""][:2]
    return marker.removeprefix("is "), version


def _put_list(site: Site, wheelhouse: Wheelhouse) -> PurePosixPath:
    with tempfile.TemporaryDirectory(prefix="inferometer-wheels-") as folder:
        file = Path(folder) / "requirements.txt"
        file.write_bytes(wheelhouse.requirements)
        return put(site.transport, site.store, file, wheelhouse.sha256, site.watch).path


def _make(site: Site, path: PurePosixPath, python: str) -> None:
    """`--without-pip`: Debian's Python without python3-venv lacks only `ensurepip`."""
    device = site.transport.device
    with one_sentence(device, path, "cannot be removed"):
        ask(site.transport, 'rm -rf "$1" && mkdir -p "${1%/*}"', path, timeout_s=SYNC_S)
    argv = [python, "-I", "-m", "venv", "--without-pip", str(path)]
    done = site.transport.call(argv, timeout_s=VENV_S)
    if done.status != 0:
        said = _last(done.stderr + done.stdout)
        raise StoreError(
            device,
            python,
            f"makes no virtual environment ({said}); install its venv module there "
            "(Debian: python3-venv) or name another Python",
        )


def _arguments(links: list[PurePosixPath]) -> list[object]:
    """Isolated: no settings of the device's user, no cache; never the network."""
    words: list[object] = ["--isolated", "install", "--no-index", "--require-hashes"]
    words += ["--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check", "--no-input"]
    for link in links:
        words += ["--find-links", link.parent]
    return words


def _install(site: Site, path: PurePosixPath, words: list[object]) -> None:
    """Run pip out of its own wheel with the environment's Python."""
    argv = [str(path / "bin" / "python"), "-I", *(str(word) for word in words)]
    site.watch.progress(0, 1, "install")
    done = site.transport.call(argv, timeout_s=INSTALL_S)
    if done.status != 0:
        said = _last(done.stderr)
        raise StoreError(
            site.transport.device, str(path), f"the wheels cannot be installed there: {said}"
        )
    site.watch.progress(1, 1, "install")


def _last(said: bytes) -> str:
    """The line of pip or venv that says what is wrong."""
    lines = [plain(line) for line in said.decode(errors="replace").splitlines()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or [line for line in lines if line] or ["no word"])[-1].removeprefix("ERROR: ")
