"""Private Ed25519 keys in files that only their owner can read (PKCS#8 PEM, RFC 8410).

Made once, never overwritten, never inside a run folder, where they would be handed on with the
record. On reading, the file itself must show that nobody else had access to it.
"""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from host.errors import UsageError
from host.sign.moments import days_after
from host.sign.public import SUFFIX, PublicKey, Role, key_id, read_public, write_public

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE_SUFFIX = ".key.pem"
MAX_PRIVATE_BYTES = 16 << 10
OWN_FILE, PUBLIC_FILE, OWN_FOLDER = 0o600, 0o644, 0o700
_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"

Ask = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Owner:
    """Who a key is for, and from when for how many days."""

    name: str
    organisation: str
    roles: tuple[Role, ...]
    created: str
    days: int


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key that was read, and the id of its public one."""

    private: Ed25519PrivateKey
    id: str
    raw: bytes

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature (RFC 8032 section 5.1.6)."""
        return self.private.sign(message)


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new pair of key files."""

    private: Path
    public: Path
    key: PublicKey


def make_key(owner: Owner, folder: Path, name: str = "", passphrase: bytes = b"") -> MadeKey:
    """Make a key pair in `folder`, which is made with mode 0700 if it is not there.

    name: of the files, without suffix; "" makes one of the role and the id. passphrase: b"" leaves
    the private key readable to whoever gets the file. Raises UsageError; then nothing is left.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    refuse_run_folder(folder)
    private = Ed25519PrivateKey.generate()
    public = _public_of(private.public_key().public_bytes_raw(), owner)
    stem = name or f"{owner.roles[0]}-{public.id[:8]}"
    paths = folder / f"{stem}{PRIVATE_SUFFIX}", folder / f"{stem}{SUFFIX}"
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(str(folder), "is no folder")
        if not folder.exists():
            folder.mkdir(mode=OWN_FOLDER, parents=True)
        for path in paths:
            if path.exists() or path.is_symlink():
                raise UsageError(str(path), "exists already; a key is never overwritten")
        _create(paths[0], _pem(private, passphrase), OWN_FILE)
        _create(paths[1], write_public(public), PUBLIC_FILE)
    except OSError as err:
        raise UsageError(str(folder), f"cannot take a key ({err.strerror})") from err
    return MadeKey(*paths, public)


def read_private(path: Path, ask: Ask) -> SigningKey:
    """Read a private key. ask: gives the passphrase, called only for an encrypted key.

    Raises UsageError when the file is a link, another user's, open to others, inside a run
    folder, or no Ed25519 key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    refuse_run_folder(path.parent)
    pem = _own_bytes(path)
    password = ask() if _ENCRYPTED in pem else None
    try:
        private = load_pem_private_key(pem, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as err:
        wrong = "the passphrase is wrong or the file damaged" if password else "no key is in it"
        raise UsageError(str(path), f"cannot be read as a private key: {wrong}") from err
    if not isinstance(private, Ed25519PrivateKey):
        raise UsageError(str(path), "holds no Ed25519 key; `inferometer keys make` makes one")
    raw = private.public_key().public_bytes_raw()
    return SigningKey(private, key_id(raw), raw)


def public_beside(path: Path, key: SigningKey) -> PublicKey | None:
    """The public key file that was made with a private one, None where it is not beside it.

    Raises UsageError when it is there and belongs to another key.
    """
    beside = path.with_name(path.name.removesuffix(PRIVATE_SUFFIX) + SUFFIX)
    if not path.name.endswith(PRIVATE_SUFFIX) or not beside.is_file():
        return None
    found = read_public(beside.read_bytes(), str(beside))
    if found.id != key.id:
        raise UsageError(str(beside), f"belongs to another key than {path.name}")
    return found


def refuse_run_folder(folder: Path) -> None:
    """Refuse a place for keys that lies inside a run folder. Raises UsageError."""
    place = folder.absolute().resolve()
    for parent in (place, *place.parents):
        if (parent / "data" / "run.json").exists() or (parent / "bagit.txt").exists():
            raise UsageError(str(folder), f"lies inside the run folder {parent}: keys never do")


def _public_of(raw: bytes, owner: Owner) -> PublicKey:
    key = PublicKey(
        format="inferometer public key",
        version=1,
        id=key_id(raw),
        algorithm="Ed25519",
        public_key=base64.b64encode(raw).decode(),
        owner=owner.name,
        organisation=owner.organisation,
        roles=owner.roles,
        created=owner.created,
        expires=days_after(owner.created, owner.days),
    )
    return read_public(write_public(key), "public key")


def _pem(private: Ed25519PrivateKey, passphrase: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    lock = form.BestAvailableEncryption(passphrase) if passphrase else form.NoEncryption()
    return private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, lock)


def _create(path: Path, data: bytes, mode: int) -> None:
    """A new file, whole and on the disk, open to nobody more from its first moment on."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _own_bytes(path: Path) -> bytes:
    """The bytes of a file of ours that nobody else can read; what is checked is what is read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as err:
        if path.is_symlink():
            raise UsageError(str(path), "is a link; name the key file itself") from err
        raise UsageError(str(path), f"cannot be read ({err.strerror})") from err
    try:
        found = os.fstat(handle)
        problem = ""
        if not stat.S_ISREG(found.st_mode):
            problem = "is no file"
        elif found.st_uid != os.geteuid():
            problem = "belongs to another user; a private key must be yours"
        elif found.st_mode & 0o077:
            mode = f"{stat.S_IMODE(found.st_mode):04o}"
            problem = f"can be used by others (mode {mode}); fix it with: chmod 600 {path}"
        if problem:
            raise UsageError(str(path), problem)
        return os.read(handle, MAX_PRIVATE_BYTES)
    finally:
        os.close(handle)
