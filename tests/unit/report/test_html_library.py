"""The packed library, and what of a page does not depend on it."""

from __future__ import annotations

import base64
import gzip
import hashlib

from host.report.html import page
from host.report.html_library import library, policy_hash, without_library
from tests.fakes.records import sample_record
from tests.fakes.traces import example_run


def test_what_is_packed_is_the_script_that_its_hash_names() -> None:
    packed = library()
    script = gzip.decompress(base64.b64decode(packed.packed))
    assert hashlib.sha256(script).hexdigest() == packed.sha256
    assert policy_hash(script.decode()) == packed.policy_hash


def test_a_policy_hash_is_the_one_that_browsers_compute() -> None:
    # The hash of nothing, as Chromium prints it when it refuses an empty style element.
    assert policy_hash("") == "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"


def test_pages_that_differ_in_the_library_alone_are_the_same_without_it() -> None:
    drawn = page(sample_record(), example_run())
    packed = library()
    other = drawn
    for mine, theirs in (
        (packed.packed, "AAAA"),
        (packed.policy_hash, "'sha256-other='"),
        (packed.sha256, "0" * 64),
        (packed.name, "plotly 0"),
    ):
        other = other.replace(mine.encode(), theirs.encode())
    assert other != drawn
    assert without_library(other) == without_library(drawn)


def test_any_other_change_shows_without_the_library() -> None:
    drawn = page(sample_record(), example_run())
    changed = drawn.replace(b"217.1", b"317.1")
    assert changed != drawn
    assert without_library(changed) != without_library(drawn)
    assert len(without_library(drawn)) < len(drawn) - len(library().packed)
