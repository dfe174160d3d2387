from __future__ import annotations

import base64
import os
import stat
import subprocess
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from host.errors import UsageError
from host.sign.keys import MadeKey, Owner, make_key, public_beside, read_private
from host.sign.public import key_id, read_public, write_public
from tests.fakes.signing import CREATED, made, never_asked

OWNER = Owner("张伟", "Example", ("operator",), CREATED, 365)


@pytest.fixture
def key(tmp_path: Path) -> MadeKey:
    return made(tmp_path / "keys", "张伟")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_private_file_and_new_folder_are_for_the_owner_alone(key: MadeKey) -> None:
    assert mode(key.private) == 0o600
    assert mode(key.private.parent) == 0o700


def test_the_public_file_reads_back_and_its_id_is_the_hash_of_the_key(key: MadeKey) -> None:
    found = read_public(key.public.read_bytes(), "x")
    assert found == key.key
    assert found.id == key_id(found.raw)
    assert (found.owner, found.expires) == ("张伟", "2027-01-01")


def test_the_private_file_gives_the_key_of_the_public_one(key: MadeKey) -> None:
    found = read_private(key.private, never_asked)
    assert found.id == key.key.id
    assert public_beside(key.private, found) == key.key


def test_openssl_reads_the_private_file_and_finds_the_same_key(key: MadeKey) -> None:
    argv = ["openssl", "pkey", "-in", str(key.private), "-pubout", "-outform", "DER"]
    der = subprocess.run(argv, capture_output=True, check=True).stdout
    assert der.endswith(key.key.raw)


def test_a_passphrase_locks_the_private_file(tmp_path: Path) -> None:
    locked = make_key(OWNER, tmp_path, passphrase=b"correct horse")
    assert read_private(locked.private, lambda: b"correct horse").id == locked.key.id
    with pytest.raises(UsageError, match="passphrase is wrong"):
        read_private(locked.private, lambda: b"wrong")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    first = make_key(OWNER, tmp_path, "mine")
    before = first.private.read_bytes(), first.public.read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        make_key(OWNER, tmp_path, "mine")
    assert (first.private.read_bytes(), first.public.read_bytes()) == before


def test_a_public_file_in_the_way_leaves_no_private_one_behind(tmp_path: Path) -> None:
    (tmp_path / "mine.pub.toml").write_text("x")
    with pytest.raises(UsageError, match=r"mine\.pub\.toml"):
        make_key(OWNER, tmp_path, "mine")
    assert not (tmp_path / "mine.key.pem").exists()


@pytest.mark.parametrize("place", [".", "data", "data/attempts/001", "keys/new"])
@pytest.mark.parametrize("mark", ["bagit.txt", "data/run.json"])
def test_no_key_is_made_or_read_inside_a_run_folder(
    tmp_path: Path, key: MadeKey, place: str, mark: str
) -> None:
    run = tmp_path / "run"
    (run / "data").mkdir(parents=True)
    (run / mark).write_text("{}")
    with pytest.raises(UsageError, match="keys never do"):
        make_key(OWNER, run / place)
    (run / place).mkdir(parents=True, exist_ok=True)
    inside = run / place / "k.key.pem"
    inside.write_bytes(key.private.read_bytes())
    inside.chmod(0o600)
    with pytest.raises(UsageError, match="keys never do"):
        read_private(inside, never_asked)


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660, 0o610, 0o602, 0o601])
def test_a_private_file_open_to_others_is_refused_with_the_command_that_fixes_it(
    key: MadeKey, bits: int
) -> None:
    key.private.chmod(bits)
    with pytest.raises(UsageError, match=f"chmod 600 {key.private}"):
        read_private(key.private, never_asked)


def test_a_link_to_a_private_file_is_refused(tmp_path: Path, key: MadeKey) -> None:
    link = tmp_path / "link.key.pem"
    link.symlink_to(key.private)
    with pytest.raises(UsageError, match="is a link"):
        read_private(link, never_asked)


def test_a_file_of_another_user_is_refused(key: MadeKey) -> None:
    theirs = key.private
    if os.geteuid() == 0:
        os.chown(theirs, 65534, -1)
    else:
        theirs = Path("/etc/passwd")
    with pytest.raises(UsageError, match="another user"):
        read_private(theirs, never_asked)


def test_a_folder_a_pipe_and_nothing_at_all_are_no_key_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, said in (("", "is no file"), ("pipe", "is no file"), ("none", "cannot be read")):
        with pytest.raises(UsageError, match=said):
            read_private(tmp_path / name, never_asked)


@pytest.mark.parametrize("content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_damaged_private_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "k.key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="no key is in it"):
        read_private(path, never_asked)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k.key.pem"
    other = generate_private_key(SECP256R1())
    path.write_bytes(
        other.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    )
    path.chmod(0o600)
    with pytest.raises(UsageError, match="no Ed25519 key"):
        read_private(path, never_asked)


def test_a_public_file_of_another_key_beside_a_private_one_is_refused(
    tmp_path: Path, key: MadeKey
) -> None:
    other = made(tmp_path / "other", "李娜")
    key.public.write_bytes(other.public.read_bytes())
    with pytest.raises(UsageError, match="belongs to another key"):
        public_beside(key.private, read_private(key.private, never_asked))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('algorithm = "Ed25519"', 'algorithm = "RSA"', "algorithm"),
        ("version = 1", "version = 2", "version"),
        ("version = 1", "version = 1\nextra = 1", "extra"),
        ("version = 1", "version = 1\nversion = 1", "overwrite"),
        ('public_key = "', 'public_key = "AAAA', "35 bytes"),
        ("expires = ", "expiry = ", "expir"),
        ('expires = "2027-01-01"', 'expires = "2025-01-01"', "expires before"),
        ('expires = "2027-01-01"', 'expires = "soon"', "soon"),
        ('"operator",', '"operator",\n"operator",', "once"),
        ('"operator",', "", "once"),
        ('"operator",', '"boss",', "boss"),
        ("张伟", "张\\u202e伟", "one line"),
        ("张伟", "", "one line"),
    ],
)
def test_a_public_file_that_is_not_exactly_one_is_refused(
    key: MadeKey, old: str, new: str, said: str
) -> None:
    text = key.public.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(UsageError) as caught:
        read_public(text.replace(old, new).encode(), "k.pub.toml")
    assert said in str(caught.value)


def test_a_public_file_with_the_id_of_another_key_is_refused(key: MadeKey) -> None:
    raw = write_public(key.key).replace(key.key.id.encode(), b"0" * 64)
    with pytest.raises(UsageError, match="not the SHA-256 of its key"):
        read_public(raw, "k.pub.toml")


def test_a_public_file_of_a_weak_key_is_refused(key: MadeKey) -> None:
    raw = bytes([1, *[0] * 31])
    weak = msgspec.structs.replace(
        key.key, public_key=base64.b64encode(raw).decode(), id=key_id(raw)
    )
    with pytest.raises(UsageError, match="weak"):
        read_public(write_public(weak), "k.pub.toml")
