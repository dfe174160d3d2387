"""Where the passphrase of a private key comes from: a file, the environment, or the keyboard."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from host.errors import UsageError

ENVIRONMENT = "INFEROMETER_PASSPHRASE"


def given_passphrase(file: Path | None) -> bytes:
    """The passphrase of a file (its first line) or of the environment, b"" where neither is.

    Raises UsageError for a file that cannot be read or holds none.
    """
    if file is None:
        return os.environ.get(ENVIRONMENT, "").encode()
    try:
        first = file.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
    except OSError as err:
        raise UsageError(str(file), f"cannot be read ({err.strerror})") from err
    if not first:
        raise UsageError(str(file), "holds no passphrase in its first line")
    return first


def asked_passphrase(file: Path | None, *, twice: bool = False) -> bytes:
    """The passphrase given, else asked for. Raises UsageError where nobody can be asked."""
    found = given_passphrase(file)
    if found:
        return found
    if not sys.stdin.isatty():
        raise UsageError(
            "the key needs a passphrase", f"give --passphrase-file or set {ENVIRONMENT}"
        )
    text: str = click.prompt(
        "Passphrase", hide_input=True, confirmation_prompt=twice, err=True, type=str
    )
    return text.encode()
