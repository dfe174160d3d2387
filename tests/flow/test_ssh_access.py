"""Who is let in over ssh, whom we refuse, and how the user's own configuration counts."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.errors import AccessRefusedError, TransportError, UnreachableError
from host.transport.base import output
from host.transport.ssh import SshOptions, connect
from tests.fakes.ends.sshd_end import PORT, Sshd, key, missing, sshd


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    with sshd(tmp_path_factory.mktemp("far")) as made:
        yield made


@pytest.fixture(autouse=True)
def _as_it_was(far: Sshd) -> Iterator[None]:
    yield
    far.trust()
    shutil.copy(far.folder / "user.pub", far.folder / "authorized_keys")


def echo(config: Path, address: str = "ssh:far") -> bytes:
    """Connect and run one command."""
    transport = connect(address, SshOptions(config=config))
    with contextlib.closing(transport):
        assert transport.device == address
        return output(transport, ["echo", "in"], timeout_s=30)


def fingerprint(path: Path) -> str:
    argv = ["ssh-keygen", "-lf", str(path)]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return said.split()[1]


def test_an_alias_of_the_configuration_leads_to_the_device(far: Sshd) -> None:
    assert echo(far.config("lab-7"), "ssh:lab-7") == b"in\n"


def test_user_host_and_port_of_the_address_count(far: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "config"
    text = far.config().read_text()
    kept = [line for line in text.splitlines() if not re.search(r"HostName|Port|User root", line)]
    config.write_text("\n".join(kept).replace("Host far", "Host *"))
    assert echo(config, f"ssh:root@{far.place.address}:{PORT}") == b"in\n"


def test_an_unknown_host_key_is_refused_with_its_fingerprint_and_the_command(far: Sshd) -> None:
    known = far.folder / "known_hosts"
    known.write_text("")
    config = far.config()
    with pytest.raises(AccessRefusedError) as caught:
        echo(config)
    said = str(caught.value)
    assert fingerprint(far.folder / "host.pub") in said
    assert far.name in said
    assert f"ssh -o StrictHostKeyChecking=ask -F {config} far true" in said
    assert known.read_text() == ""


def test_the_command_that_a_refusal_names_accepts_the_key(far: Sshd) -> None:
    (far.folder / "known_hosts").write_text("")
    config = far.config()
    with pytest.raises(AccessRefusedError) as caught:
        echo(config)
    answer_yes(str(caught.value).rpartition("accept it with: ")[2])
    assert echo(config) == b"in\n"


def answer_yes(command: str) -> None:
    """Type a command and say yes, on the terminal that script(1) gives it."""
    typed = subprocess.Popen(
        [str(shutil.which("script")), "-qec", command, "/dev/null"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert typed.stdin is not None
    assert typed.stdout is not None
    shown = b""
    while b"fingerprint])?" not in shown:
        byte = typed.stdout.read(1)
        assert byte, shown
        shown += byte
    typed.stdin.write(b"yes\n")
    typed.stdin.flush()
    typed.communicate(timeout=60)
    assert typed.returncode == 0


def test_a_changed_host_key_is_refused_even_where_the_configuration_would_not(far: Sshd) -> None:
    other = far.folder / "other"
    key(other)
    words = " ".join((far.folder / "other.pub").read_text().split()[:2])
    (far.folder / "known_hosts").write_text(f"{far.name} {words}\n")
    config = far.config(more="    StrictHostKeyChecking no")
    with pytest.raises(AccessRefusedError) as caught:
        echo(config)
    assert "CHANGED" in str(caught.value)
    assert fingerprint(far.folder / "host.pub") in str(caught.value)
    assert words in (far.folder / "known_hosts").read_text()


def test_a_wrong_key_is_refused_and_named(far: Sshd) -> None:
    key(far.folder / "stranger")
    shutil.copy(far.folder / "stranger.pub", far.folder / "authorized_keys")
    with pytest.raises(AccessRefusedError, match=r"none of our keys.*far[0-9]*/user"):
        echo(far.config())


def test_a_key_with_a_passphrase_is_not_asked_for(far: Sshd, tmp_path: Path) -> None:
    key(tmp_path / "locked", passphrase="locked")  # noqa: S106 - of this test alone
    shutil.copy(tmp_path / "locked.pub", far.folder / "authorized_keys")
    config = far.config(more=f"    IdentityFile {tmp_path}/locked")
    with pytest.raises(AccessRefusedError, match="ssh-agent"):
        echo(config)


def test_a_key_of_an_agent_is_accepted(far: Sshd, tmp_path: Path) -> None:
    key(tmp_path / "agents")
    shutil.copy(tmp_path / "agents.pub", far.folder / "authorized_keys")
    with agent(tmp_path / "agents", tmp_path / "socket") as socket:
        (tmp_path / "agents").unlink()
        config = tmp_path / "config"
        text = far.config().read_text().replace("IdentityAgent none", f"IdentityAgent {socket}")
        config.write_text(text.replace("IdentitiesOnly yes", ""))
        assert echo(config) == b"in\n"


@contextlib.contextmanager
def agent(private: Path, socket: Path) -> Iterator[Path]:
    """A real ssh-agent that holds a key."""
    process = subprocess.Popen(
        [str(shutil.which("ssh-agent")), "-D", "-a", str(socket)], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it listens
        environment = {"SSH_AUTH_SOCK": str(socket)}
        argv = [str(shutil.which("ssh-add")), "-q", str(private)]
        subprocess.run(argv, env=environment, check=True, stdin=subprocess.DEVNULL)
        yield socket
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


def test_a_device_behind_a_jump_host_is_reached(far: Sshd, tmp_path: Path) -> None:
    with sshd(tmp_path, near=far.place) as behind:
        way = far.config().read_text()
        config = behind.config("behind", more=f"    ProxyJump far\n{way}")
        assert echo(config, "ssh:behind") == b"in\n"
        assert any("Accepted publickey" in line for line in behind.log)


def test_an_unknown_jump_host_is_refused_and_named(far: Sshd, tmp_path: Path) -> None:
    with sshd(tmp_path, near=far.place) as behind:
        (far.folder / "known_hosts").write_text("")
        way = far.config().read_text()
        config = behind.config("behind", more=f"    ProxyJump far\n{way}")
        with pytest.raises(AccessRefusedError) as caught:
            echo(config, "ssh:behind")
        assert fingerprint(far.folder / "host.pub") in str(caught.value)


def test_a_closed_port_is_unreachable(far: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(far.config().read_text().replace(f"Port {PORT}", "Port 9"))
    with pytest.raises(UnreachableError, match="refused"):
        echo(config)


def test_a_host_that_says_nothing_is_unreachable_within_the_deadline(far: Sshd) -> None:
    options = SshOptions(config=far.config(), connect_timeout_s=1.0)
    far.place.cut()
    try:
        with pytest.raises(UnreachableError):
            connect("ssh:far", options)
    finally:
        far.place.mend()


def test_a_broken_configuration_is_named(far: Sshd) -> None:
    config = far.config(more="    NoSuchOption yes")
    with pytest.raises(TransportError, match=str(config)):
        echo(config)


def test_a_shell_that_prints_on_its_own_is_refused(far: Sshd, tmp_path: Path) -> None:
    noisy = tmp_path / "noisy"
    noisy.write_text('#!/bin/sh\necho Welcome!\neval "$SSH_ORIGINAL_COMMAND"\n')
    noisy.chmod(0o755)
    text = (far.folder / "user.pub").read_text()
    (far.folder / "authorized_keys").write_text(f'command="{noisy}" {text}')
    with pytest.raises(TransportError, match=r"prints before any command.*Welcome!"):
        echo(far.config())


def test_a_login_without_a_shell_is_told(far: Sshd) -> None:
    text = (far.folder / "user.pub").read_text()
    (far.folder / "authorized_keys").write_text(f'command="echo no entry" {text}')
    with pytest.raises(TransportError, match=r"no shell answers there.*no entry"):
        echo(far.config())


def test_without_the_client_the_program_is_named(far: Sshd) -> None:
    with pytest.raises(TransportError, match=r"no-ssh: the OpenSSH client is not installed"):
        connect("ssh:far", SshOptions(config=far.config(), program="no-ssh"))


def test_the_users_settings_of_sharing_and_commands_do_not_disturb(far: Sshd) -> None:
    more = "    ControlMaster auto\n    ControlPath /nowhere/%C\n    RemoteCommand false\n"
    more += "    RequestTTY force\n    LogLevel QUIET\n    LocalForward 1 localhost:1\n"
    assert echo(far.config(more=more)) == b"in\n"
