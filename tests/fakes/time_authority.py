"""A time stamp authority on this machine: `openssl ts` with a root of its own, also by HTTP."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

OPENSSL = shutil.which("openssl") or "openssl"
CONFIGURATION = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = Test authority
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[stamper]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = stamps
[stamps]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True, slots=True)
class TimeAuthority:
    """Answers requests; `root` is the PEM certificate that its verifiers must know."""

    folder: Path

    @property
    def root(self) -> bytes:
        return (self.folder / "root.pem").read_bytes()

    def answer(self, request: bytes) -> bytes:
        """The DER answer to a DER request, stamped now."""
        (self.folder / "request.tsq").write_bytes(request)
        _openssl(
            self.folder, "ts", "-reply", "-config", "ts.conf", "-queryfile", "request.tsq",
            "-out", "answer.tsr",
        )  # fmt: skip
        return (self.folder / "answer.tsr").read_bytes()


def time_authority(folder: Path) -> TimeAuthority:
    """Make one in a new folder."""
    folder.mkdir(parents=True)
    (folder / "ts.conf").write_text(CONFIGURATION.format(folder=folder))
    (folder / "serial").write_text("01\n")
    curve = (
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-config",
        "ts.conf",
    )
    _openssl(
        folder, "req", "-x509", *curve, "-keyout", "root.key", "-out", "root.pem",
        "-days", "3650", "-extensions", "root", "-subj", "/CN=Test root",
    )  # fmt: skip
    _openssl(
        folder, "req", "-x509", *curve, "-keyout", "tsa.key", "-out", "tsa.pem",
        "-days", "3650", "-extensions", "stamper", "-subj", "/CN=Test authority",
        "-CA", "root.pem", "-CAkey", "root.key",
    )  # fmt: skip
    return TimeAuthority(folder)


@contextmanager
def served(authority: TimeAuthority, *, broken: bool = False) -> Iterator[str]:
    """The authority behind HTTP (RFC 3161 section 3.4); gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            good = self.headers["Content-Type"] == "application/timestamp-query" and not broken
            self.send_response(200 if good else 500)
            self.end_headers()
            self.wfile.write(authority.answer(request) if good else b"out of order")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _openssl(folder: Path, *argv: str) -> None:
    subprocess.run([OPENSSL, *argv], cwd=folder, capture_output=True, check=True)
