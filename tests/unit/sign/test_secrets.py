from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from host.sign.keys import Owner, make_key
from host.sign.secrets import private_keys_in
from tests.fakes.signing import CREATED, made

KINDS = {
    "pkcs8": ["openssl", "genpkey", "-algorithm", "ed25519"],
    "pkcs1": ["openssl", "genrsa", "-traditional", "2048"],
    "sec1": ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"],
    "legacy encrypted": ["openssl", "genrsa", "-traditional", "-aes128", "-passout", "pass:x"],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_key_is_found_by_its_name(tmp_path: Path, kind: str) -> None:
    pem = subprocess.run(KINDS[kind], capture_output=True, check=True).stdout
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "engine.log").write_bytes(b"line\n" * 1000 + pem)
    (tmp_path / "data" / "other.log").write_bytes(b"line\n" * 1000)
    assert private_keys_in(tmp_path) == ("data/engine.log",)


def test_our_own_key_is_found_with_and_without_passphrase(tmp_path: Path) -> None:
    plain = made(tmp_path / "keys", "A").private
    owner = Owner("B", "", ("operator",), CREATED, 365)
    locked = make_key(owner, tmp_path / "keys", passphrase=b"x" * 9).private
    assert private_keys_in(tmp_path) == tuple(
        sorted(f"keys/{path.name}" for path in (plain, locked))
    )


def test_a_key_inside_a_json_text_is_found(tmp_path: Path) -> None:
    pem = made(tmp_path, "A").private.read_text()
    text = json.dumps({"environment": {"KEY": pem}})
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "device.json").write_text(text)
    assert private_keys_in(tmp_path / "run") == ("device.json",)


@pytest.mark.parametrize("before", [(4 << 20) - 40, (4 << 20) - 1, 4 << 20, (8 << 20) - 20])
def test_a_key_across_two_pieces_of_a_large_file_is_found(tmp_path: Path, before: int) -> None:
    pem = made(tmp_path / "keys", "A").private.read_bytes()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "big").write_bytes(b"\0" * before + pem + b"\0" * 100)
    assert private_keys_in(tmp_path / "run") == ("big",)


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN PRIVATE KEY-----\n",
        b"the model wrote -----BEGIN RSA PRIVATE KEY----- and stopped",
        b"-----BEGIN PUBLIC KEY-----\n" + b"A" * 64,
        b"-----BEGIN CERTIFICATE-----\n" + b"A" * 64,
        b"",
    ],
)
def test_what_only_looks_like_a_key_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert private_keys_in(tmp_path) == ()


def test_links_are_not_followed(tmp_path: Path) -> None:
    key = made(tmp_path / "keys", "A").private
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "link").symlink_to(key)
    assert private_keys_in(tmp_path / "run") == ()
