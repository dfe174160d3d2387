"""How the engine comes to run on a device."""

from __future__ import annotations

from host.pipeline.reach import Reached


def launch_of(device: Reached) -> dict[str, str]:
    """How the engine comes to run: an app, a shell and a service differ in speed on phones."""
    session, engine, sampler = _AT_HAND
    if device.deployment.shell:
        session, engine, sampler = _BY_SHELL
    elif device.store is not None:
        session = "kept by a process of its own on the device, joined over the transport"
    return {
        "transport": device.transport.device,
        "agent": device.deployment.agent.name,
        "session": session,
        "engine": engine,
        "sampler": sampler,
    }


_AT_HAND = (
    "child process of the host, isolated Python, JSON lines over stdio",
    "a fresh child process of the session for every attempt",
    "another child process of the session",
)
_BY_SHELL = (
    "a process of its own on the device for every attempt or queue, followed over the transport",
    "a fresh child process of the attempt for every request, in a process group of its own",
    "another child process of the attempt",
)
