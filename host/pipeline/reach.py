"""A device with the agent on it: the machine at hand, or one at the end of a transport."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import Any

import msgspec

from agent.wire import WireError, decode, encode
from collectors.clocks import device_clock
from host.artefacts.models.hashing import folder_files, hash_files
from host.deploy.environment import environment
from host.deploy.layout import Store
from host.deploy.layout import Watch as Listen
from host.deploy.stage import deploy, deploy_local, deploy_shell, local_store
from host.deploy.store import adopt, put, put_folder
from host.deploy.wheelhouse import open_wheelhouse
from host.errors import AgentError, TakenError, UsageError
from host.handover.deployment import Deployment
from host.handover.inventory import RESTORE_AFTER_S
from host.handover.profile import Profile
from host.handover.progress import Progress, Watch
from host.handover.runner import NATIVE_WORDS
from host.pipeline.artefacts import Artefacts
from host.pipeline.known import KnownDevice, home, known_device
from host.pipeline.reach_shell import SH, finest_shell, shell_link
from host.plan.profile import profile
from host.run.kept import KeptStream, Way
from host.run.link import AgentLink, Link
from host.run.shell_kept import ShellLink
from host.run.shell_link import shell_line
from host.transport.base import Transport
from host.transport.lasting import Lasting
from host.transport.local import Local

CALL_TIMEOUT_S = DETACH_TIMEOUT_S = 60.0
LOCAL = "local"
# How long a device that went away is looked for before the run is given up; what it samples
# meanwhile is kept there.
PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True)
class Reached:
    """name: what the plan calls it. store None: artefacts are used where the host has them.

    restore_after_s: how long it hears nothing of us until it puts our settings back. native: what
    the inventory says of its native runner, as settings of the engine. staged: folders there where
    a model may lie already.
    """

    name: str
    transport: Transport
    connect: Callable[[], Transport]
    deployment: Deployment
    profile: Mapping[str, Any]
    store: Store | None = None
    patience_s: float = PATIENCE_S
    restore_after_s: int = RESTORE_AFTER_S
    native: Mapping[str, str] = field(default_factory=dict)
    staged: tuple[PurePosixPath, ...] = ()

    def link(self) -> AgentLink:
        """A session that lives as long as its link."""
        encoder = shell_line if self.deployment.shell else encode
        return AgentLink.start(self.transport, self.deployment, encoder=encoder)

    def spool(self, run_id: str) -> PurePosixPath:
        return self.deployment.spool / run_id

    @contextmanager
    def session(self, link: AgentLink, run_id: str, watch: Watch) -> Iterator[Link]:
        """The session that runs the attempts: this one here, a kept one on a device."""
        if self.store is None:
            yield link
            return
        kept = self.keep(run_id, watch)
        try:
            yield kept
        finally:
            kept.close()

    def keep(self, run_id: str, watch: Watch) -> Link:
        """A session for a run that no link ends. Raises TakenError where another run is there."""
        if not self.deployment.shell:
            return self._detach(run_id, watch)
        link = self._shell(run_id, watch, first=1)
        try:
            link.claim()
        except BaseException:
            link.leave()
            raise
        return link

    def _detach(self, run_id: str, watch: Watch) -> AgentLink:
        lock = self.deployment.spool.parent / "agent.lock"
        argv = [*self.deployment.argv(), "detach", str(self.spool(run_id)), str(lock)]
        done = self.transport.call(argv, timeout_s=DETACH_TIMEOUT_S)
        try:
            said = decode(done.stdout)
        except WireError as err:
            detail = done.stderr.decode(errors="replace").strip()[-500:]
            raise AgentError(self.name, f"did not start a session: {detail or err}") from err
        if said["type"] != "kept":
            detail = str(said.get("detail", ""))[:500]
            if said.get("code") == "busy":
                raise TakenError(f"{self.name} is taken: {detail}")
            raise AgentError(self.name, f"did not start a session: {detail}")
        first = said.get("said")
        if isinstance(first, bool) or not isinstance(first, int):
            raise AgentError(self.name, f"said {first!r} where a number of messages is due")
        return AgentLink(self.name, self._stream(run_id, watch, first))

    def overhear(self, run_id: str, watch: Watch, first: int) -> Link:
        """Listen to what goes on there, without a word.

        A Python session tells everything from its beginning on, a shell's run what its attempts
        from number `first` on came to.
        """
        if self.deployment.shell:
            return self._shell(run_id, watch, first)
        return AgentLink(self.name, self._stream(run_id, watch, 0), greet=False)

    def _shell(self, run_id: str, watch: Watch, first: int) -> ShellLink:
        return shell_link(
            self.transport,
            self.deployment,
            self.spool(run_id),
            watch,
            patience_s=self.patience_s,
            first=first,
        )

    def _stream(self, run_id: str, watch: Watch, first: int) -> KeptStream:
        """What a kept session has said from message `first` on, and will say."""
        directory = str(self.spool(run_id))
        # The session listens to the host that joined last: whoever wakes up later is told so.
        by = f"{re.sub('[^A-Za-z0-9.-]', '-', platform.node())[:60]}-{os.getpid()}-{token_hex(8)}"

        def attach(first: int) -> list[str]:
            return [*self.deployment.argv(), "attach", directory, str(first), by]

        def waits(why: str) -> None:
            watch(Progress("link", waiting=why))

        way = Way(self.connect, attach, self.patience_s, waits)
        return KeptStream(way, device_clock(), device=self.name, first=first)


@contextmanager
def reached(
    name: str, inventory: Path | None, watch: Watch, engine: str = ""
) -> Iterator[Reached]:
    """The device that a plan names: `local`, a name of the inventory, or an address.

    engine: of the plan. A native runner is run by the shell agent, where there is Python too.
    Raises UsageError for a name that nobody knows, TransportError for a device out of reach.
    """
    native = engine in NATIVE_WORDS
    if name == LOCAL:
        yield _local(watch, native=native)
        return
    watch(Progress("prepare", waiting=f"connect to {name}"))
    known = known_device(name, inventory)
    transport = known.connect()
    try:
        yield _deployed(known, transport, watch, native=native)
    finally:
        transport.close()


def _local(watch: Watch, *, native: bool) -> Reached:
    """The machine at hand. A model is used where it lies, also by the shell agent."""
    here, found = Local(), profile(LOCAL)
    if not native:
        return Reached(LOCAL, here, Local, deploy_local(here, local_store()), found)
    store = Store(PurePosixPath(local_store().absolute()), reserve_bytes=0)
    deployment = deploy_shell(here, store, transfers(watch), finest_shell(here))
    return Reached(LOCAL, here, Local, replace(deployment, device=LOCAL), found, store)


def _deployed(known: KnownDevice, transport: Transport, watch: Watch, *, native: bool) -> Reached:
    """Put the agent on a device by its profile; Python where the inventory names one."""
    found = known.profile(transport)
    store, listen = store_of(known, found, transport), transfers(watch)
    if store.python and not native:
        deployment = _python(known, store, transport, listen)
    elif known.entry.wheelhouse is not None and not native:
        raise UsageError(f"{known.name}: a wheelhouse is for a device with `python`")
    else:
        transport = Lasting(known.connect, transport, alone=known.way == "serial")
        shell = finest_shell(transport) if store.python else SH
        deployment = deploy_shell(transport, store, listen, shell)
    spool = home(transport, known.entry.spool or found.agent.spool)
    return Reached(
        known.name,
        transport,
        known.connect,
        replace(deployment, device=known.name, spool=spool),
        msgspec.to_builtins(found),
        store,
        restore_after_s=known.entry.restore_after_s,
        native=known.native,
        staged=tuple(home(transport, folder) for folder in known.entry.staged),
    )


def _python(known: KnownDevice, store: Store, transport: Transport, listen: Listen) -> Deployment:
    """The Python agent, in an environment of the wheels that the inventory names."""
    if known.entry.wheelhouse is not None:
        wheels = open_wheelhouse(Path(known.entry.wheelhouse).expanduser())
        made = environment(transport, store, wheels, store.python, listen)
        store = replace(store, python=str(made))
    return deploy(transport, store, listen)


def store_of(known: KnownDevice, found: Profile, transport: Transport) -> Store:
    """Where files under their hashes lie on a device. No `python` there: the shell agent's."""
    root = home(transport, known.entry.store or found.agent.store)
    python = known.entry.python or found.agent.python or ""
    return Store(root, python=python, one_channel=known.way == "serial")


def place_model(device: Reached, found: Artefacts, watch: Watch) -> str:
    """Where the model lies on the device, proven there; pushed under its hash if need be.

    Raises StoreError for a staged file that is another one.
    """
    if device.store is None or found.engine_kind == "replay":
        return str(found.path)
    listen = transfers(watch)
    if found.path.is_dir():
        files = hash_files(found.path, folder_files(found.path), _nothing)
        return str(put_folder(device.transport, device.store, found.path, files, listen).path)
    if len(found.model["files"]) > 1:  # a graph with its weights in files beside it
        files = hash_files(found.path.parent, [f["name"] for f in found.model["files"]], _nothing)
        folder_there = put_folder(device.transport, device.store, found.path.parent, files, listen)
        return str(folder_there.path / found.path.name)
    sha256 = str(found.model["sha256"])
    for folder in (found.path.parent,) if device.name == LOCAL else device.staged:
        path = PurePosixPath(folder / found.path.name)
        there = device.transport.call(["test", "-f", str(path)], timeout_s=CALL_TIMEOUT_S)
        if there.status == 0:
            return str(adopt(device.transport, device.store, path, sha256, listen).path)
    return str(put(device.transport, device.store, found.path, sha256, listen).path)


def transfers(watch: Watch) -> Listen:
    """A transfer as progress of the run."""

    def moved(done: int, total: int, what: str) -> None:
        ratio = done / total if total else None
        watch(Progress("push", waiting=what, done_ratio=ratio))

    return Listen(moved, lambda said: watch(Progress("push", waiting=said)))


def _nothing(*_: object) -> None:
    """Hashing a model folder again takes no time worth telling."""
