"""Published vectors: RFC 8032, DSSE, RFC 8785 (TV-30 and TV-31 of our list)."""

from __future__ import annotations

import json
import math
import struct

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host.schema.canonical import canonical_bytes
from host.sign.envelope import Envelope, Signature, holds, pae
from host.sign.keys import SigningKey
from host.sign.public import key_id, weak

# RFC 8032 section 7.1, TEST 1
SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
SIGNED = bytes.fromhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
    "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
)
# secure-systems-lab/dsse, protocol.md, "Test vectors"
DSSE_TYPE, DSSE_PAYLOAD = "http://example.com/HelloWorld", b"hello world"

# RFC 8785 appendix B: bits of the double, its text
NUMBERS = [
    ("0000000000000000", "0"), ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"), ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"), ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"), ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"), ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"), ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"), ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"), ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]  # fmt: skip


def test_a_signing_key_gives_the_signature_of_rfc_8032_test_1() -> None:
    private = Ed25519PrivateKey.from_private_bytes(SECRET)
    key = SigningKey(private, key_id(PUBLIC), private.public_key().public_bytes_raw())
    assert key.raw == PUBLIC
    assert key.sign(b"") == SIGNED


def test_the_pre_authentication_encoding_is_that_of_the_specification() -> None:
    assert pae(DSSE_TYPE, DSSE_PAYLOAD) == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("", b"") == b"DSSEv1 0  0 "


def test_lengths_in_the_encoding_are_bytes_not_characters() -> None:
    assert pae("类", "记录".encode()) == b"DSSEv1 3 \xe7\xb1\xbb 6 " + "记录".encode()


def test_a_signature_over_the_bare_payload_is_none_over_the_envelope() -> None:
    private = Ed25519PrivateKey.from_private_bytes(SECRET)
    bare = Signature(key_id(PUBLIC), PUBLIC, private.sign(DSSE_PAYLOAD))
    whole = Signature(key_id(PUBLIC), PUBLIC, private.sign(pae(DSSE_TYPE, DSSE_PAYLOAD)))
    envelope = Envelope(DSSE_TYPE, DSSE_PAYLOAD, (bare, whole))
    assert [holds(envelope, s) for s in envelope.signatures] == [False, True]


@pytest.mark.parametrize(("bits", "text"), NUMBERS)
def test_doubles_are_written_as_in_appendix_b(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_bytes(value) == text.encode()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2**53, -(2**53), 2**60])
def test_what_a_double_cannot_hold_is_refused(value: float) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical_bytes(value)


def test_the_sample_of_section_3_2_2() -> None:
    given = r"""{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]}"""
    assert (
        canonical_bytes(json.loads(given))
        == (
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        ).encode()
    )


# The eight points of small order and one encoding beyond the field, as y with its sign bit;
# Lange, Bernstein: "SafeCurves", and the list that libsodium refuses.
@pytest.mark.parametrize(
    "raw",
    [
        "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "00" * 32, "00" * 31 + "80",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ee" + "ff" * 30 + "7f",
    ],
)  # fmt: skip
def test_keys_that_bind_nobody_are_weak(raw: str) -> None:
    assert weak(bytes.fromhex(raw))


def test_an_ordinary_key_is_not_weak() -> None:
    assert not weak(PUBLIC)
