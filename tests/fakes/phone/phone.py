"""A phone that runs: a real adbd in namespaces of its own, on a cable that can be cut."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.fakes import namespace
from tests.fakes.phone import tree

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
DOUBLES = CHECKOUT / ".ci" / "cache" / "doubles"
START_S = 30.0
# Linux has one vsock for all network namespaces, and adbd takes the same port there: two phones
# of one machine need two ports. Above the ephemeral ones' usual start nobody listens by habit.
FIRST_PORT, PORTS = 20000, 10000


def why_not(double: str = "adbd") -> str | None:
    """Why no phone can run here; None when it can."""
    if not (DOUBLES / double / "packages").exists():
        reason = DOUBLES / f"{double}.reason"
        said = reason.read_text().strip() if reason.exists() else "run `bash .ci/doubles` first"
        return f"the double {double} is not unpacked: {said}"
    return tree.why_not() or namespace.why_not()


@dataclass(slots=True)
class Phone:
    """A phone under `place`: `place/root` is its root as seen from here, also while it runs.

    also: folders of this machine that appear on the phone, read by both.
    """

    place: Path
    net: namespace.Namespace
    state: tree.State
    port: int
    also: Mapping[Path, PurePosixPath] = field(default_factory=dict)
    boot_id: str = ""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """HOST:PORT of its adbd."""
        return f"{self.net.address}:{self.port}"

    @property
    def temporary(self) -> Path:
        """Its /data/local/tmp, from here."""
        return self.place / "root" / tree.TEMPORARY

    def start(self) -> None:
        """Boot, with a boot id that it never had."""
        self.boot_id = str(uuid.uuid4())
        (self.place / "boot_id").write_text(self.boot_id + "\n")
        root = self.place / "root"
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        boot = [*unshare, "sh", str(HERE / "boot.sh"), str(root), str(DOUBLES / "adbd")]
        boot += [str(self.place / "boot_id"), str(self.port)]
        for here, there in self.also.items():
            (root / there.relative_to("/")).mkdir(parents=True, exist_ok=True)
            boot += [str(here), str(root / there.relative_to("/"))]
        with (self.place / "adbd.log").open("ab") as log:
            # setpriv: the phone ends with the test that started it, however that ends.
            self._process = subprocess.Popen(
                [str(shutil.which("setpriv")), "--pdeathsig", "KILL", *self.net.inside(boot)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.await_adbd()

    def stop(self) -> None:
        """Lose power: every process on it is gone at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            # The kernel ends the namespace's processes after the one that held it.
            deadline = time.monotonic() + START_S
            while self.net.pids():
                _tick(deadline, "its processes do not end", self.place)

    def reboot(self) -> None:
        self.stop()
        self.start()

    def await_adbd(self) -> None:
        """Until somebody can connect. Raises RuntimeError."""
        deadline = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection((self.net.address, self.port), timeout=1).close()
            except OSError:
                if self._process is None or self._process.poll() is not None:
                    raise RuntimeError((self.place / "adbd.log").read_text()) from None
                _tick(deadline, "adbd does not listen", self.place)
            else:
                return


@contextmanager
def phone(place: Path, also: Mapping[Path, PurePosixPath] | None = None) -> Iterator[Phone]:
    """A phone that runs. place: an empty folder."""
    with namespace.namespace() as net:
        state = tree.lay(place / "root")
        number = int(net.address.rpartition(".")[2]) // 4 + 64 * int(net.address.split(".")[2])
        port = FIRST_PORT + number % PORTS
        made = Phone(place, net, state, port, also or {})
        try:
            made.start()
            yield made
        finally:
            made.stop()


def _tick(deadline: float, what: str, place: Path) -> None:
    if time.monotonic() > deadline:
        raise RuntimeError(f"{place}: {what}")
    os.sched_yield()
    time.sleep(0.01)
