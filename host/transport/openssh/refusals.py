"""What ssh says when it cannot connect, as an error that tells a person what to do."""

from __future__ import annotations

import re

from host.errors import AccessRefusedError, TransportError, UnreachableError
from host.transport.openssh.address import Address, SshOptions, accept

# Wordings of OpenSSH 7.6 to 10: sshconnect.c, sshconnect2.c, packet.c, readconf.c.
SERVER_KEY = re.compile(r"^debug1: Server host key: (\S+ SHA256:\S+)", re.MULTILINE)
OFFERED = re.compile(r"^debug1: Offering public key: (\S+)", re.MULTILINE)
UNKNOWN_HOST = re.compile(r"No \S+ host key is known for (\S+) and you have requested")
CHANGED = "REMOTE HOST IDENTIFICATION HAS CHANGED"
HOST_KEY = "Host key verification failed"
DENIED = re.compile(r"Permission denied \(|Too many authentication failures|UNPROTECTED PRIVATE")
LASTING = re.compile(r"Bad configuration option|Can't open user config|Unable to negotiate")
MAX_SAID = 300


def refusal(address: Address, options: SshOptions, log: str) -> TransportError:
    """The error that a log of `ssh -v` comes to."""
    device, said = address.text, last_line(log)
    if CHANGED in log:
        detail = (
            f"its host key has CHANGED, to {_key(log)}. Somebody may sit in between, or the "
            "device was set up anew. Nothing is sent to it. If you know why, remove the old key "
            f"with ssh-keygen -R. ({said})"
        )
        return AccessRefusedError(device, detail)
    if HOST_KEY in log:
        return AccessRefusedError(device, _unknown(address, options, log))
    if DENIED.search(log):
        keys = ", ".join(map(plain, OFFERED.findall(log)[:4])) or "none"
        detail = (
            f"it accepts none of our keys ({said}; offered: {keys}). A key with a passphrase "
            "must lie in ssh-agent: nothing is asked for here"
        )
        return AccessRefusedError(device, detail)
    if LASTING.search(log):
        return TransportError(device, said)
    return UnreachableError(device, said or "ssh ended and said nothing")


def plain(text: str) -> str:
    """Text of the far end without what would steer a terminal, cut to a length."""
    return "".join(c if c.isprintable() else "?" for c in text)[:MAX_SAID]


def _unknown(address: Address, options: SshOptions, log: str) -> str:
    found = UNKNOWN_HOST.search(log)
    name = plain(found[1]) if found else "a host on the way"
    return (
        f"the host key of {name} is not known: {_key(log)}. Compare this fingerprint with the "
        f"device's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then accept it with: "
        f"{accept(address, options)}"
    )


def _key(log: str) -> str:
    """The last host key that was shown: over a jump host, the one that stopped us."""
    keys = SERVER_KEY.findall(log)
    return plain(keys[-1]) if keys else "a key that ssh did not name"


def last_line(log: str) -> str:
    """The last thing that a log says to a person, "" where it says nothing.

    A command is logged over several lines, of which only the first begins with `debug`; the last
    one begins with the end of its quoted script. That it was let in says nothing of an end.
    """
    lines: list[str] = []
    within = False
    for line in log.splitlines():
        if line.startswith("debug"):
            within = "Sending command: " in line and line.count("'") % 2 == 1
        elif within:
            within = not line.startswith("' ")
        elif line.strip() and not line.startswith(("' ", "Authenticated to ")):
            lines.append(line)
    return plain(lines[-1].strip()) if lines else ""
