"""Short scripts for the shell of a device, whatever it is: dash, mksh, BusyBox ash.

Host names come in as arguments, never inside the script. No arithmetic in the shell: mksh
counts in 32 bits. What comes back is bounded and shown only through `plain`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from host.errors import CommandFailedError, StoreError, TransportError
from host.transport.base import Transport, output

SCRIPT_S = 30.0
MAX_ANSWER_BYTES = 4 << 20
MAX_SHOWN = 300


def argv(script: str, *args: object) -> list[str]:
    """The command that runs a script with its arguments."""
    return ["sh", "-c", script, "sh", *(str(arg) for arg in args)]


def ask(transport: Transport, script: str, *args: object, timeout_s: float = SCRIPT_S) -> str:
    """What a script says on stdout. Raises CommandFailedError when its status is not 0."""
    said = output(transport, argv(script, *args), timeout_s=timeout_s)
    if len(said) > MAX_ANSWER_BYTES:
        raise TransportError(transport.device, "a short script said far too much")
    return said.decode("utf-8", errors="replace")


def plain(text: str) -> str:
    """One line that a terminal shows and does not obey."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split())[:MAX_SHOWN]


@contextmanager
def one_sentence(device: str, path: object, what: str) -> Iterator[None]:
    """A script that failed, as a sentence about the store: `what` and what the shell said."""
    try:
        yield
    except CommandFailedError as err:
        said = plain(err.said) or f"status {err.status}"
        raise StoreError(device, str(path), f"{what} ({said})") from err
