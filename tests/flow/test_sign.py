"""Keys and signatures through the command, on a real run folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from host.pipeline.sign import signature_outcomes
from host.sign.trust import read_trust
from tests.fakes.command import Command, small_plan
from tests.fakes.time_authority import TimeAuthority, served, time_authority


@pytest.fixture(scope="module")
def measured(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed run of two attempts; tests copy it."""
    place = tmp_path_factory.mktemp("measured")
    plan = small_plan(place / "plan.toml", items=["assistant-tea-en"])
    done = command("measure", "--plan", plan, "--runs", place / "runs", "--json")
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["run"])


@pytest.fixture
def run(measured: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(measured, tmp_path / "run"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return time_authority(tmp_path_factory.mktemp("authority") / "a")


def key_of(command: Command, folder: Path, name: str, *argv: str | Path, owner: str = "") -> Path:
    """A key made through the command; the private file."""
    base = ("--owner", owner or name, "--out", folder / "keys", "--name", name, "--json")
    done = command("keys", "make", *base, *(argv or ("--role", "operator")))
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["private"])


def said(command: Command, *argv: str | Path) -> dict[str, Any]:
    done = command(*argv, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def refused(command: Command, *argv: str | Path, word: str) -> None:
    done = command(*argv)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert word in done.stderr.splitlines()[-1]


def broken_rules(command: Command, run: Path, trust: Path) -> list[str]:
    """What `verify` finds in a folder that is intact and redone, by one who knows `trust`."""
    done = command("verify", run, "--trust", trust, "--json")
    found = json.loads(done.stdout)
    assert found["intact"]
    assert found["redone"]
    assert done.returncode == (1 if found["findings"] else 0)
    return [f["rule"] for f in found["findings"]]


def test_two_sign_a_draft_and_a_verifier_who_trusts_the_laboratory_knows_one(
    command: Command, run: Path, tmp_path: Path
) -> None:
    trust = tmp_path / "trust"
    bench, other = key_of(command, tmp_path, "bench"), key_of(command, tmp_path, "other")
    lab = key_of(command, tmp_path, "lab", "--role", "laboratory")
    public = {k: k.with_name(k.name.replace(".key.pem", ".pub.toml")) for k in (bench, lab)}
    certificate = said(command, "keys", "certify", public[bench], "--with", lab)["certificate"]
    said(command, "keys", "trust", public[lab], "--trust", trust)
    said(command, "keys", "trust", certificate, "--trust", trust)
    rows = said(command, "keys", "list", "--trust", trust)["keys"]
    assert sorted((r["owner"], r["state"]) for r in rows) == [("bench", "good"), ("lab", "good")]

    first = said(command, "sign", run, "--key", bench, "--trust", trust)
    assert (first["draft"], first["signatures"], first["people"]) == (True, 1, [])
    assert said(command, "sign", run, "--key", other, "--trust", trust)["signatures"] == 2
    assert broken_rules(command, run, trust) == ["signatures-good"]  # the other key is unknown
    found = signature_outcomes(run, read_trust(trust))
    assert [(o.code, o.owner) for o in found] == [("valid", "bench"), ("unknown-key", "")]
    assert found[0].file == f"signatures/{first['record_id'][11:27]}.dsse.json"
    refused(command, "sign", run, "--key", bench, "--trust", trust, word="signed it already")


PEOPLE = (("张伟", "operator"), ("李娜", "checker"), ("王芳", "approver"))


def laboratory_file(path: Path, keys: dict[str, str]) -> Path:
    """A filled-in laboratory file. keys: role -> key id."""
    both = {"zh": "例", "en": "Example"}
    people = [{"name": name, "role": role, "key": keys[role]} for name, role in PEOPLE]
    value = {
        "format": 1,
        "record_no": "IM-{date}-{id}",
        "laboratory": {"name": both, "address": both},
        "customer": {"name": both, "contact": ""},
        "people": people,
    }
    path.write_text(tomli_w.dumps(value), "utf-8")
    return path


def test_operator_checker_and_approver_sign_an_issued_record_and_no_other_may(
    command: Command, run: Path, tmp_path: Path
) -> None:
    trust, files, ids = tmp_path / "trust", {}, {}
    for name, role in PEOPLE:
        files[role] = key_of(command, tmp_path, role, "--role", role, owner=name)
        public = tmp_path / "keys" / f"{role}.pub.toml"
        ids[role] = said(command, "keys", "trust", public, "--trust", trust)["id"]
    draft = said(command, "sign", run, "--key", files["operator"])
    laboratory = laboratory_file(tmp_path / "laboratory.toml", ids)
    said(command, "issue", run, "--laboratory", laboratory)
    stranger = key_of(command, tmp_path, "stranger")
    refused(command, "sign", run, "--key", stranger, word="which names a key of operator 张伟")
    for name, role in PEOPLE:
        done = said(command, "sign", run, "--key", files[role], "--trust", trust)
        assert (done["draft"], done["people"]) == (False, [{"name": name, "role": role}])
    found = signature_outcomes(run, read_trust(trust))
    issued = [o for o in found if o.record_id != draft["record_id"]]
    assert [(o.person, o.role, o.code, o.time_source) for o in issued] == [
        (name, role, "valid", "record.issued") for name, role in PEOPLE
    ]
    assert [o.time_source for o in found if o not in issued] == ["record.performed"]
    shown = command("verify", run, "--trust", trust).stdout.splitlines()
    signed = [line for line in shown if line.startswith("✓")]
    assert signed[0].startswith(
        "✓ operator 张伟, checker 李娜, approver 王芳: The signature holds"
    )
    assert signed[1].startswith("✓ 1 of superseded records")
    assert len(signed) == 2


def test_a_revoked_key_signs_nothing_more(command: Command, run: Path, tmp_path: Path) -> None:
    trust, key = tmp_path / "trust", key_of(command, tmp_path, "bench")
    row = said(command, "keys", "trust", tmp_path / "keys" / "bench.pub.toml", "--trust", trust)
    reason = ("--from", "2020-01-01", "--reason", "lost")
    said(command, "keys", "revoke", row["id"], *reason, "--trust", trust)
    refused(command, "sign", run, "--key", key, "--trust", trust, word="is revoked from")
    assert not (run / "signatures").exists()


def test_an_operator_without_a_network_carries_the_request(
    command: Command, run: Path, tmp_path: Path, authority: TimeAuthority
) -> None:
    key, request = key_of(command, tmp_path, "bench"), tmp_path / "stamp.tsq"
    said(command, "sign", run, "--key", key, "--tsa-request", request)
    (tmp_path / "stamp.tsr").write_bytes(authority.answer(request.read_bytes()))
    attach = ("sign", run, "--tsa-response", tmp_path / "stamp.tsr")
    refused(command, *attach, word="no root certificate")
    refused(command, *attach, "--tsa-root", request, word="no PEM certificate")
    root = authority.folder / "root.pem"
    done = said(command, *attach, "--tsa-root", root)
    assert done["time_source"] == "rfc3161"
    refused(command, *attach, "--tsa-root", root, word="never overwritten")

    trust = tmp_path / "trust"
    (trust / "tsa").mkdir(parents=True)
    shutil.copy(root, trust / "tsa")
    shutil.copy(tmp_path / "keys" / "bench.pub.toml", trust)
    (found,) = signature_outcomes(run, read_trust(trust))
    assert (found.code, found.signed_at) == ("valid", done["signed_at"])
    assert broken_rules(command, run, trust) == []


def test_an_authority_on_the_network_stamps_at_once(
    command: Command, run: Path, tmp_path: Path, authority: TimeAuthority
) -> None:
    key, root = key_of(command, tmp_path, "bench"), authority.folder / "root.pem"
    with served(authority) as url:
        done = said(command, "sign", run, "--key", key, "--tsa", url, "--tsa-root", root)
    assert done["time_source"] == "rfc3161"


def test_what_cannot_be_stamped_is_said_before_anything_is_signed(
    command: Command, run: Path, tmp_path: Path, authority: TimeAuthority
) -> None:
    sign = ("sign", run, "--key", key_of(command, tmp_path, "bench"))
    root = ("--tsa-root", authority.folder / "root.pem")
    refused(command, *sign, "--tsa", "ftp://example.com", *root, word="no http or https")
    refused(command, *sign, "--tsa", "https://example.com", word="no root certificate")
    refused(command, *sign, "--tsa-request", run / "data" / "r.tsq", word="inside the run folder")
    refused(command, *sign, "--tsa-response", run / "record.json", word="leave out --key")
    assert not (run / "signatures").exists()


def test_an_authority_out_of_order_leaves_a_signature_and_says_so(
    command: Command, run: Path, tmp_path: Path, authority: TimeAuthority
) -> None:
    key, root = key_of(command, tmp_path, "bench"), authority.folder / "root.pem"
    with served(authority, broken=True) as url:
        done = command("sign", run, "--key", key, "--tsa", url, "--tsa-root", root)
    assert done.returncode == 3
    assert "is signed all the same" in done.stderr
    assert len(list((run / "signatures").iterdir())) == 1


def test_a_stamp_for_another_signature_is_refused(
    command: Command, run: Path, measured: Path, tmp_path: Path, authority: TimeAuthority
) -> None:
    other = Path(shutil.copytree(measured, tmp_path / "other"))
    key, second = key_of(command, tmp_path, "bench"), key_of(command, tmp_path, "second")
    said(command, "sign", run, "--key", key)
    said(command, "sign", other, "--key", second, "--tsa-request", tmp_path / "r.tsq")
    (tmp_path / "r.tsr").write_bytes(authority.answer((tmp_path / "r.tsq").read_bytes()))
    root = authority.folder / "root.pem"
    argv = ("sign", run, "--tsa-response", tmp_path / "r.tsr", "--tsa-root", root)
    refused(command, *argv, word="for none of the signatures")


def test_what_was_changed_after_the_seal_is_not_signed(
    command: Command, run: Path, tmp_path: Path
) -> None:
    key = key_of(command, tmp_path, "bench")
    tokens = run / "data" / "attempts" / "001" / "tokens.tsv"
    good = tokens.read_bytes()
    tokens.write_bytes(good + b"\n")
    refused(command, "sign", run, "--key", key, word="not intact")
    tokens.write_bytes(good)
    record = run / "record.json"
    record.write_text(record.read_text("utf-8").replace('"planned": 2', '"planned": 3'), "utf-8")
    refused(command, "sign", run, "--key", key, word="does not come out of the raw data")
    record.unlink()
    refused(command, "sign", run, "--key", key, word="cannot be read")
    assert not (run / "signatures").exists()


def test_an_unsealed_folder_and_no_folder_are_not_signed(
    command: Command, run: Path, tmp_path: Path
) -> None:
    key = key_of(command, tmp_path, "bench")
    (run / "bagit.txt").unlink()
    refused(command, "sign", run, "--key", key, word="not sealed")
    refused(command, "sign", tmp_path, "--key", key, word="no run folder")
    refused(command, "sign", run, word="give --key")


def test_no_key_is_made_or_used_inside_the_run_folder(
    command: Command, run: Path, tmp_path: Path
) -> None:
    make = ("keys", "make", "--owner", "A", "--role", "operator", "--out")
    refused(command, *make, run / "data" / "keys", word="keys never do")
    key = key_of(command, tmp_path, "bench")
    planted = run / "signatures" / "0123456789abcdef.dsse.json"
    planted.parent.mkdir()
    planted.write_bytes(key.read_bytes())
    refused(command, "sign", run, "--key", key, word="holds a private key")


def test_a_damaged_envelope_is_neither_added_to_nor_overwritten(
    command: Command, run: Path, tmp_path: Path
) -> None:
    first, second = key_of(command, tmp_path, "a"), key_of(command, tmp_path, "b")
    path = Path(said(command, "sign", run, "--key", first)["envelope"])
    text = path.read_text()
    value = json.loads(text)
    value["signatures"][0]["sig"] = "A" * 86 + "=="
    for bad in (text[:-20], json.dumps(value)):
        path.write_text(bad)
        refused(command, "sign", run, "--key", second, word=path.name)
        assert path.read_text() == bad


def test_the_envelope_of_no_record_and_a_stamp_of_no_signature_are_said(
    command: Command, run: Path, tmp_path: Path
) -> None:
    path = Path(said(command, "sign", run, "--key", key_of(command, tmp_path, "a"))["envelope"])
    path.rename(path.with_name(f"{'0' * 16}.dsse.json"))
    (path.parent / f"{'1' * 16}-{'2' * 16}.tsr").write_bytes(b"x")
    found = signature_outcomes(run, read_trust(tmp_path / "none"))
    assert [(o.code, o.file.rpartition("/")[2][:3]) for o in found] == [
        ("malformed", "000"), ("malformed", "111")
    ]  # fmt: skip


def test_a_passphrase_comes_from_a_file_and_is_needed(
    command: Command, run: Path, tmp_path: Path
) -> None:
    word = tmp_path / "word"
    word.write_text("correct horse\n")
    role = ("--role", "operator", "--passphrase-file", word)
    key = key_of(command, tmp_path, "bench", *role)
    refused(command, "sign", run, "--key", key, word="--passphrase-file")
    word.write_text("wrong\n")
    refused(command, "sign", run, "--key", key, "--passphrase-file", word, word="is wrong")
    word.write_text("correct horse\n")
    assert said(command, "sign", run, "--key", key, "--passphrase-file", word)["signatures"] == 1
