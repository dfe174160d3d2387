"""A PostgreSQL server of a test's own: Debian's programs, a folder that goes, a loopback port."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

# Debian keeps the server's programs beside each other by version, out of PATH.
_PROGRAMS = Path("/usr/lib/postgresql")
_ACCOUNT = "postgres"
OWNER, PASSWORD = "owner", "only for a test"


@dataclass(frozen=True, slots=True)
class PostgreSql:
    """A running server; its owner may do everything, others what they are granted."""

    port: int

    def url(self, database: str, user: str = OWNER, password: str = PASSWORD) -> str:
        """As people write it."""
        made = URL.create("postgresql", user, password, "127.0.0.1", self.port, database)
        return str(made.render_as_string(hide_password=False))

    def run(self, database: str, *statements: str) -> None:
        """Run statements as the owner, each for itself."""
        url = self.url(database).replace("postgresql://", "postgresql+pg8000://", 1)
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


def programs() -> Path | None:
    """The folder of initdb and pg_ctl of the newest version that is installed."""
    found = [path.parent for path in _PROGRAMS.glob("*/bin/pg_ctl")]
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        found.append(Path(on_path).parent)
    return max(found, key=lambda path: path.parts, default=None)


@contextmanager
def served(at: Path) -> Iterator[PostgreSql]:
    """A new server, stopped at the end. at: the folder of its programs."""
    folder = Path(tempfile.mkdtemp(prefix="inferometer-postgresql-"))
    try:
        as_whom = _account(folder)
        port = _free_port()
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        data = ("-D", str(folder / "data"))
        given = ("--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync")
        _run([at / "initdb", *data, "-U", OWNER, "-E", "UTF8", "--locale=C", *given], as_whom)
        # -F: nothing here must outlive a power cut. Its socket would lie where all can see it.
        options = f"-F -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        log = ("-l", str(folder / "log"))
        _run([at / "pg_ctl", "start", "-w", *data, *log, "-o", options], as_whom)
        try:
            yield PostgreSql(port)
        finally:
            _run([at / "pg_ctl", "stop", "-w", "-m", "immediate", *data], as_whom)
    finally:
        shutil.rmtree(folder)


def _account(folder: Path) -> Mapping[str, str]:
    """Who runs it: the server refuses root, so there it is Debian's account for it."""
    if os.geteuid():
        return {}
    account = pwd.getpwnam(_ACCOUNT)
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": _ACCOUNT, "group": str(account.pw_gid)}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _run(argv: Sequence[str | Path], as_whom: Mapping[str, str]) -> None:
    """Run a program of the server's; what it says goes into the error."""
    done = subprocess.run(
        [str(part) for part in argv],
        user=as_whom.get("user"),
        group=int(as_whom["group"]) if as_whom else None,
        extra_groups=[] if as_whom else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{argv[0]}: {done.stderr}")
