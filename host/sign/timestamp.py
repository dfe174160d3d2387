"""RFC 3161 time stamps over a signature: the one proof of when it was made.

What is stamped are the 64 bytes of one signature, so that each signer has a time of his own.
Needs the extra `timestamp`; requests and answers are files, so that an operator without a
network can carry them, and every check is offline, against root certificates that are given.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from host.errors import DeviceError, UsageError

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

MAX_RESPONSE_BYTES = 1 << 20
TIMEOUT_S = 30
MISSING = "time stamps need the extra `timestamp`: pip install 'inferometer[timestamp]'"


@dataclass(frozen=True, slots=True)
class Request:
    """A request for one time stamp, DER, and the nonce that the answer must repeat."""

    der: bytes
    nonce: int


def request_for(signature: bytes) -> Request:
    """Ask for a stamp over SHA-256 of a signature, with a nonce and a certificate."""
    library = _library()
    builder = library.TimestampRequestBuilder().data(signature)
    builder = builder.hash_algorithm(library.HashAlgorithm.SHA256)
    made = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    return Request(made.as_bytes(), made.nonce)


def checked_time(
    response: bytes, signature: bytes, roots: tuple[bytes, ...], nonce: int | None = None
) -> str:
    """The proved time, RFC 3339 in UTC, as the authority gives it (its accuracy not added).

    roots: PEM certificates. nonce: of the request, where it is still known. Raises UsageError
    that says what is wrong: no answer, not granted, for other bytes, no chain to a root.
    """
    found = _read(response)
    refuse_roots(roots)
    _verify(found, signature, roots, nonce)
    when = found.tst_info.gen_time
    when = when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
    return when.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def imprint(response: bytes) -> bytes:
    """The digest that was stamped. Raises UsageError for what is no granted answer."""
    return bytes(_read(response).tst_info.message_imprint.message)


def ask_authority(url: str, request: Request) -> bytes:
    """Send a request by HTTP (RFC 3161 section 3.4). Raises UsageError, DeviceError."""
    import urllib.error
    import urllib.request

    refuse_address(url)
    headers = {"Content-Type": "application/timestamp-query"}
    query = urllib.request.Request(url, request.der, headers, method="POST")  # noqa: S310 - above
    try:
        with urllib.request.urlopen(query, timeout=TIMEOUT_S) as answer:  # noqa: S310 - above
            found: bytes = answer.read(MAX_RESPONSE_BYTES + 1)
    except (OSError, ValueError) as err:  # URLError and HTTPError are OSErrors
        raise DeviceError(url, f"gives no time stamp ({err})") from err
    return found


def refuse_address(url: str) -> None:
    """Raises UsageError for an address that is not http or https."""
    if not url.startswith(("http://", "https://")):
        raise UsageError(url, "is no http or https address of a time stamp authority")


def refuse_roots(roots: tuple[bytes, ...]) -> None:
    """Raises UsageError for no root at all, or one that is no PEM certificate."""
    from cryptography.x509 import load_pem_x509_certificates

    if not roots:
        raise UsageError("time stamp", "no root certificate of a time stamp authority is given")
    try:
        for pem in roots:
            load_pem_x509_certificates(pem)
    except ValueError as err:
        raise UsageError("time stamp", f"a root is no PEM certificate ({err})") from err


def _read(response: bytes) -> TimeStampResponse:
    library = _library()
    if len(response) > MAX_RESPONSE_BYTES:
        raise UsageError("time stamp", f"is larger than {MAX_RESPONSE_BYTES} B")
    try:
        found: TimeStampResponse = library.decode_timestamp_response(response)
        status = found.status
    except ValueError as err:
        raise UsageError("time stamp", f"is no RFC 3161 answer ({err})") from err
    if status != 0:  # PKIStatus granted, RFC 3161 section 2.4.2
        raise UsageError("time stamp", f"was not granted (status {status})")
    return found


def _verify(
    found: TimeStampResponse, signature: bytes, roots: tuple[bytes, ...], nonce: int | None
) -> None:
    from cryptography.x509 import load_pem_x509_certificates

    library = _library()
    try:
        builder = library.VerifierBuilder(
            roots=[c for pem in roots for c in load_pem_x509_certificates(pem)], nonce=nonce
        )
        builder.build().verify_message(found, signature)
    except (ValueError, library.VerificationError) as err:
        raise UsageError("time stamp", f"does not hold ({err})") from err


def _library() -> ModuleType:
    try:
        import rfc3161_client
    except ImportError as err:
        raise UsageError(MISSING) from err
    return rfc3161_client
