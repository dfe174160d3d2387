"""The RSA key by which a device knows this machine: adb's own, made where there is none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from host.errors import TransportError


def key_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where adb keeps it (AOSP, packages/modules/adb, adb_utils.cpp, adb_get_android_dir_path)."""
    if folder := environ.get("ANDROID_USER_HOME"):
        return Path(folder) / "adbkey"
    home = environ.get("ANDROID_SDK_HOME") or environ.get("HOME") or str(Path.home())
    return Path(home) / ".android" / "adbkey"


def signer(path: Path) -> Any:  # noqa: ANN401 - adb-shell has no types
    """adb-shell's signer for the key at path, which is made if absent, for its owner alone."""
    from adb_shell.auth.keygen import write_public_keyfile
    from adb_shell.auth.sign_cryptography import CryptographySigner

    try:
        if not path.exists():
            _make(path)
        public = path.with_name(path.name + ".pub")
        if not public.exists():
            write_public_keyfile(str(path), str(public))
        return CryptographySigner(str(path))
    except (OSError, ValueError) as err:
        raise TransportError("adb-direct", f"the key {path} cannot be used ({err})") from err


def _make(path: Path) -> None:
    """Made apart and moved: two runs at once use one key, and no half of one is ever there."""
    from adb_shell.auth.keygen import keygen

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as place:  # 0700, so nobody reads meanwhile
        made = Path(place) / path.name
        keygen(str(made))
        made.chmod(0o600)
        try:
            path.hardlink_to(made)
        except FileExistsError:
            return  # another run was first
        made.with_name(made.name + ".pub").replace(path.with_name(path.name + ".pub"))
