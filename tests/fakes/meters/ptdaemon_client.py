"""A second client of PTDaemon, for checking the double: the steps of MLPerf's own server."""

from __future__ import annotations

import socket
from decimal import Decimal


class Client:
    """Lines out with CRLF, lines in without."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._file = self._socket.makefile("r", encoding="ascii", newline="\r\n")

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def command(self, text: str) -> str:
        self._socket.sendall(f"{text}\r\n".encode())
        return self._line()

    def samples(self) -> list[dict[str, str]]:
        """All samples as the daemon has them, by name."""
        last, count, samples = self.command("RL,*,*").split(" ")
        assert (last, samples) == ("Last", "samples")
        return [self._named(self._line()) for _ in range(int(count))]

    def _line(self) -> str:
        line = self._file.readline()
        assert line.endswith("\r\n")
        return line[:-2]

    def _named(self, line: str) -> dict[str, str]:
        fields = line.split(",")
        return dict(zip(fields[::2], fields[1::2], strict=True))


def highest(samples: list[dict[str, str]], name: str) -> Decimal:
    """The largest value of a name."""
    return max(Decimal(sample[name]) for sample in samples)
