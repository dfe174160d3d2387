from __future__ import annotations

from pathlib import Path

import pytest

from host.errors import FolderError, UsageError
from host.pipeline.trust import certify, revoke, trust_file
from host.sign.keys import MadeKey, read_private
from host.sign.trust import ENVIRONMENT, Trust, read_trust, trust_folder
from tests.fakes.signing import made, never_asked


@pytest.fixture
def bench(tmp_path: Path) -> MadeKey:
    return made(tmp_path / "bench", "张伟")


@pytest.fixture
def lab(tmp_path: Path) -> MadeKey:
    return made(tmp_path / "lab", "Example laboratory", "laboratory")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "trust"


def certified(bench: MadeKey, by: MadeKey) -> Path:
    return certify(bench.public, read_private(by.private, never_asked), None)[1]


def test_a_folder_that_is_not_there_knows_nobody(folder: Path) -> None:
    assert read_trust(folder) == Trust()
    with pytest.raises(UsageError, match="no trust folder"):
        read_trust(folder, must_exist=True)


def test_the_folder_given_comes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "of-environment"))
    assert trust_folder(tmp_path / "given") == tmp_path / "given"
    assert trust_folder() == tmp_path / "of-environment"
    monkeypatch.delenv(ENVIRONMENT)
    assert trust_folder().parts[-2:] == ("inferometer", "trust")


def test_a_public_key_file_makes_its_key_known(folder: Path, bench: MadeKey) -> None:
    trust_file(folder, bench.public)
    found = read_trust(folder).keys
    assert list(found) == [bench.key.id]
    assert found[bench.key.id].certified_by == ""


def test_the_same_file_may_be_trusted_again_but_not_a_changed_one(
    folder: Path, bench: MadeKey
) -> None:
    trust_file(folder, bench.public)
    trust_file(folder, bench.public)
    bench.public.write_text(bench.public.read_text("utf-8").replace("张伟", "王芳"), "utf-8")
    with pytest.raises(UsageError, match="differently"):
        trust_file(folder, bench.public)
    assert read_trust(folder).keys[bench.key.id].public.owner == "张伟"


def test_a_private_key_is_no_public_key_file(folder: Path, bench: MadeKey) -> None:
    with pytest.raises(UsageError, match="is a private key"):
        trust_file(folder, bench.private)


def test_a_key_certified_by_a_laboratory_that_is_there_is_known(
    folder: Path, bench: MadeKey, lab: MadeKey
) -> None:
    trust_file(folder, lab.public)
    assert trust_file(folder, certified(bench, lab)).certified_by == lab.key.id
    assert read_trust(folder).keys[bench.key.id].public == bench.key


def test_a_certificate_by_a_stranger_is_refused_and_not_kept(
    folder: Path, bench: MadeKey, lab: MadeKey
) -> None:
    with pytest.raises(UsageError, match="no laboratory key"):
        trust_file(folder, certified(bench, lab))
    assert not list(folder.glob("*.cert.dsse.json"))


def test_an_operator_cannot_certify_others(folder: Path, bench: MadeKey, tmp_path: Path) -> None:
    other = made(tmp_path / "other", "李娜")
    trust_file(folder, bench.public)
    with pytest.raises(UsageError, match="no laboratory key"):
        trust_file(folder, certified(other, bench))


def test_a_laboratory_cannot_make_another_laboratory(
    folder: Path, lab: MadeKey, tmp_path: Path
) -> None:
    second = made(tmp_path / "second", "Second laboratory", "laboratory")
    trust_file(folder, lab.public)
    with pytest.raises(UsageError, match="trust that one itself"):
        trust_file(folder, certified(second, lab))


def test_a_key_cannot_certify_itself(lab: MadeKey) -> None:
    with pytest.raises(UsageError, match="cannot certify itself"):
        certified(lab, lab)


def test_a_key_made_after_the_laboratory_key_had_expired_is_refused(
    folder: Path, bench: MadeKey, tmp_path: Path
) -> None:
    old = made(tmp_path / "old", "Old", "laboratory", created="2020-01-01T00:00:00Z")
    trust_file(folder, old.public)
    with pytest.raises(UsageError, match="expired"):
        trust_file(folder, certified(bench, old))


@pytest.mark.parametrize(
    ("since", "reason", "known"),
    [
        ("2025-12-01", "replaced", False),
        ("2026-02-01", "replaced", True),
        ("2026-02-01", "left", True),
        ("2026-02-01", "compromised", False),
        ("2026-02-01", "lost", False),
    ],
)
def test_certificates_of_a_revoked_laboratory_key_hold_only_if_it_signed_them_itself(
    folder: Path, bench: MadeKey, lab: MadeKey, since: str, reason: str, *, known: bool
) -> None:
    trust_file(folder, lab.public)
    trust_file(folder, certified(bench, lab))
    revoke(folder, lab.key.id, since, reason, "")  # type: ignore[arg-type]
    found = read_trust(folder)
    assert (bench.key.id in found.keys) == known
    assert bool(found.refused) != known


def test_every_flipped_byte_of_a_certificate_makes_it_worthless(
    folder: Path, bench: MadeKey, lab: MadeKey
) -> None:
    trust_file(folder, lab.public)
    path = certified(bench, lab)
    good = path.read_bytes()
    target = folder / "x.cert.dsse.json"
    for place in range(0, len(good), 7):
        bad = bytearray(good)
        bad[place] ^= 1
        target.write_bytes(bad)
        try:
            assert bench.key.id not in read_trust(folder).keys
        except (FolderError, UsageError):
            continue


def test_a_revocation_stays_and_the_next_is_added(folder: Path, bench: MadeKey) -> None:
    trust_file(folder, bench.public)
    revoke(folder, bench.key.id[:16], "2026-02-01", "left", "gone to another bench")
    revoke(folder, bench.key.id, "2026-01-15", "lost", "")
    found = read_trust(folder).revocations(bench.key.id)
    assert [(r.since, r.reason) for r in found] == [("2026-02-01", "left"), ("2026-01-15", "lost")]


@pytest.mark.parametrize("prefix", ["", "0", "0123456789abcde", "z" * 64, "0123456789abcdef" * 3])
def test_a_revocation_needs_one_key(folder: Path, bench: MadeKey, prefix: str) -> None:
    trust_file(folder, bench.public)
    with pytest.raises(UsageError, match="names no one key"):
        revoke(folder, prefix, "2026-02-01", "left", "")


def test_an_unknown_key_can_be_revoked_by_its_whole_id(folder: Path) -> None:
    revoke(folder, "0" * 64, "2026-02-01", "compromised", "")
    assert len(read_trust(folder).revocations("0" * 64)) == 1


def test_a_revocation_needs_a_date(folder: Path) -> None:
    with pytest.raises(UsageError, match="--from"):
        revoke(folder, "0" * 64, "yesterday", "left", "")


@pytest.mark.parametrize(
    "content",
    [
        b"[[revoked]]\n",
        b"[[revoked]]\nkey = 'x'\nfrom = '2026-01-01'\nreason = 'left'\n",
        b"[[revoked]]\nkey = '%s'\nfrom = 'soon'\nreason = 'left'\n" % (b"0" * 64),
        b"[[revoked]]\nkey = '%s'\nfrom = '2026-01-01'\nreason = 'mood'\n" % (b"0" * 64),
        b"[[revokd]]\n",
        b"\xff",
        b"[[",
    ],
)
def test_a_damaged_list_of_revoked_keys_stops_everything(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / "revoked.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"revoked\.toml"):
        read_trust(folder)


def test_a_list_of_revoked_keys_that_leads_nowhere_is_not_an_empty_one(folder: Path) -> None:
    folder.mkdir()
    (folder / "revoked.toml").symlink_to(folder / "none")
    with pytest.raises(UsageError, match="cannot be read"):
        read_trust(folder)


def test_a_folder_that_everybody_may_write_to_is_refused(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(UsageError, match="chmod o-w"):
        read_trust(folder)


def test_a_damaged_key_in_the_folder_stops_everything(folder: Path, bench: MadeKey) -> None:
    trust_file(folder, bench.public)
    (folder / "bad.pub.toml").write_text("owner = 'x'")
    with pytest.raises(UsageError, match=r"bad\.pub\.toml"):
        read_trust(folder)


def test_two_files_that_state_one_key_differently_stop_everything(
    folder: Path, bench: MadeKey
) -> None:
    trust_file(folder, bench.public)
    text = bench.public.read_text("utf-8").replace("张伟", "王芳")
    (folder / "zz.pub.toml").write_text(text, "utf-8")
    with pytest.raises(UsageError, match="differently"):
        read_trust(folder)


def test_no_trust_folder_inside_a_run_folder(tmp_path: Path, bench: MadeKey) -> None:
    (tmp_path / "bagit.txt").write_text("x")
    with pytest.raises(UsageError, match="keys never do"):
        trust_file(tmp_path / "trust", bench.public)


def test_a_laboratory_key_that_turns_out_stolen_later_takes_its_certificates_with_it(
    folder: Path, bench: MadeKey, lab: MadeKey
) -> None:
    trust_file(folder, lab.public)
    trust_file(folder, certified(bench, lab))
    revoke(folder, lab.key.id, "2026-02-01", "replaced", "")
    assert bench.key.id in read_trust(folder).keys
    revoke(folder, lab.key.id, "2026-03-01", "compromised", "")
    assert bench.key.id not in read_trust(folder).keys
