"""The checker as people call it: folders, archives, forged seals, older and unknown records."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from host.check.table import RULES
from host.pipeline.redo import redo
from host.pipeline.write import write_page, write_record
from tests.fakes.bad_stories import BAD, Spoil
from tests.fakes.command import Command
from tests.fakes.story import PAIR, legal

OLD_RECORD = Path(__file__).parents[1] / "data" / "records" / "0.1.0.json"


def whole(root: Path, spoil: Spoil = lambda _: None) -> Path:
    """A sealed folder with record and page, as the software would leave it."""
    story = legal(PAIR)
    spoil(story)
    folder = story.write(root)
    redone = redo(folder.path)
    write_record(folder.path, redone)
    write_page(folder.path, redone)
    return folder.path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole(tmp_path_factory.mktemp("run") / "run-1")


def verdicts(command: Command, path: Path) -> tuple[int, dict[str, Any]]:
    done = command("verify", path, "--json")
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def rules_in(found: dict[str, Any]) -> list[str]:
    return [f["rule"] for f in found["findings"]]


GOOD = {"intact": True, "redone": True, "conforming": True}


def test_a_good_run_holds_all_three_and_is_self_reported(command: Command, run: Path) -> None:
    status, found = verdicts(command, run)
    assert (status, found["findings"], found["evidence_tier"]) == (0, [], "T0")
    assert {k: found[k] for k in GOOD} == GOOD
    assert len(found["next_tier_lacks"]) == 2


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_LZMA])
def test_a_zipped_run_and_one_zipped_again_hold(
    kind: int, command: Command, run: Path, tmp_path: Path
) -> None:
    path = tmp_path / "again.zip"
    with zipfile.ZipFile(path, "w", kind) as archive:
        for file in sorted(run.rglob("*"), reverse=True):
            if file.is_file():
                archive.write(file, f"other-name/{file.relative_to(run)}")
    status, found = verdicts(command, path)
    assert (status, found["findings"]) == (0, [])


def test_a_tar_of_a_run_holds_and_a_torn_one_is_named(
    command: Command, run: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(run, "run-1")
    assert verdicts(command, path)[0] == 0
    path.write_bytes(path.read_bytes()[:-20])
    status, found = verdicts(command, path)
    assert status == 1
    assert set(rules_in(found)) == {"archive-damaged"}
    assert {k: found[k] for k in GOOD} == dict.fromkeys(GOOD, False)


def test_a_zip_that_was_cut_off_is_told_so_in_both_languages(
    command: Command, run: Path, tmp_path: Path
) -> None:
    path = Path(shutil.make_archive(str(tmp_path / "run"), "zip", run.parent, run.name))
    assert verdicts(command, path)[0] == 0
    path.write_bytes(path.read_bytes()[:-100])
    status, found = verdicts(command, path)
    assert status == 1
    assert all("is cut off" in f["en"] and "结尾缺失" in f["zh"] for f in found["findings"])


def test_a_file_taken_out_of_an_archive_is_named(
    command: Command, run: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in run.rglob("*"):
            if file.is_file() and file.name != "session.json":
                archive.write(file, file.relative_to(run))
    status, found = verdicts(command, path)
    assert status == 1
    assert ("file-missing", "data/session.json") in [
        (f["rule"], f["file"]) for f in found["findings"]
    ]


@pytest.mark.parametrize("rule", ["attempts-distinct", "tokens-possible", "counters-forward"])
def test_a_forged_run_under_a_true_seal_is_whole_and_not_conforming(
    rule: str, command: Command, tmp_path: Path
) -> None:
    status, found = verdicts(command, whole(tmp_path / "run", BAD[rule][0]))
    assert (status, rules_in(found)) == (1, [rule])
    assert (found["intact"], found["redone"], found["conforming"]) == (True, True, False)


def test_every_breach_is_told_none_hides_another(command: Command, tmp_path: Path) -> None:
    def spoil(story: Any) -> None:  # noqa: ANN401
        for rule in ("counters-forward", "readings-finite", "tokens-possible"):
            BAD[rule][0](story)

    found = verdicts(command, whole(tmp_path / "run", spoil))[1]
    assert {"counters-forward", "readings-finite", "tokens-possible"} <= set(rules_in(found))


def test_a_record_of_an_unknown_schema_is_named(
    command: Command, run: Path, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "run")
    path = tmp_path / "run" / "record.json"
    path.write_text(path.read_text().replace('"version": "0.4.0"', '"version": "9.0.0"', 1))
    status, found = verdicts(command, tmp_path / "run")
    assert status == 1
    (unreadable,) = [f for f in found["findings"] if f["rule"] == "record-unreadable"]
    assert "9.0.0" in unreadable["en"]
    assert "record.json-differs" in rules_in(found)


def test_a_record_of_an_older_schema_is_read_and_said_to_be_older(
    command: Command, run: Path, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "run")
    shutil.copy(OLD_RECORD, tmp_path / "run" / "record.json")
    found = verdicts(command, tmp_path / "run")[1]
    (older,) = [f for f in found["findings"] if f["rule"] == "record-older-schema"]
    assert "0.1.0" in older["en"]
    assert not found["redone"]


def test_a_record_with_another_number_and_a_new_identity_is_not_redone(
    command: Command, run: Path, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "run")
    path = tmp_path / "run" / "record.json"
    path.write_text(path.read_text().replace('"planned": 2', '"planned": 3', 1))
    found = verdicts(command, tmp_path / "run")[1]
    assert {"record.json-differs", "record-identity"} <= set(rules_in(found))
    assert (found["intact"], found["redone"]) == (False, False)


def test_a_record_made_by_other_sources_is_told_so_where_it_differs(
    command: Command, tmp_path: Path
) -> None:
    """A newer version may word or round otherwise: that is no forgery."""
    made = {"name": "inferometer", "role": "host", "version": "0.0.9", "sha256": "4" * 64}
    root = whole(tmp_path / "run", lambda s: s.files["plan.json"].update(software=[made]))
    assert verdicts(command, root)[0] == 0
    (root / "report.html").write_bytes((root / "report.html").read_bytes() + b" ")
    (found,) = verdicts(command, root)[1]["findings"]
    assert found["rule"] == "report.html-differs"
    assert "other sources of inferometer (SHA-256 44444444)" in found["en"]
    assert "请以同一版本复核" in found["zh"]


def test_the_words_beside_yes_and_no_are_those_of_the_verdict(
    command: Command, run: Path, tmp_path: Path
) -> None:
    assert "every validity rule holds" in command("verify", run).stdout
    root = whole(tmp_path / "run", BAD["verdict-valid"][0])
    shown = command("verify", root).stdout.splitlines()
    assert shown[0].startswith("记录 record       草稿，未签发 draft, not issued · urn:sha256:")
    assert "2 void" in shown[1]
    assert shown[4] == "合规 conforming   NO   有规则不成立 not every validity rule holds"


def test_the_rules_are_listed_in_both_languages(command: Command) -> None:
    done = command("verify", "--rules", "--json")
    assert [r["rule"] for r in json.loads(done.stdout)] == [r.id for r in RULES]
    assert "attempts-distinct" in command("verify", "--rules").stdout


@pytest.mark.parametrize("name", ["missing", "text"])
def test_what_is_no_run_is_refused_in_one_sentence(
    name: str, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("hello")
    done = command("verify", tmp_path / name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "is no run folder" in done.stderr


def test_nothing_named_is_wrong_use(command: Command) -> None:
    assert command("verify").returncode == 2
