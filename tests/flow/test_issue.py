"""The installed command: laboratory file, issue, amend, withdraw, schema."""

import json
import os
from pathlib import Path

import jsonschema
import pytest

from host.pipeline.redo import redo
from host.pipeline.statements import write_derived
from tests.fakes.command import Command, small_plan
from tests.fakes.story import SHORTEST, legal

WHY = ("--reason-zh", "客户名称有误", "--reason-en", "the name was wrong")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    root = legal(SHORTEST).write(tmp_path / "run").path
    write_derived(root, redo(root))
    return root


@pytest.fixture
def laboratory(tmp_path: Path, command: Command) -> Path:
    """A file that was written by `init` and filled in."""
    path = tmp_path / "lab.toml"
    done = command("laboratory", "init", path)
    assert done.returncode == 0, done.stderr
    text = path.read_text(encoding="utf-8").replace('zh = ""', 'zh = "某院"')
    text = text.replace('en = ""', 'en = "Institute"').replace('name = ""', 'name = "Somebody"')
    path.write_text(text, encoding="utf-8")
    return path


def only_sentence(stderr: str) -> str:
    assert "Traceback" not in stderr
    assert stderr.count("\n") == 1
    return stderr


def test_the_printed_schema_validates_the_record_of_a_run(command: Command, run: Path) -> None:
    done = command("schema")
    assert done.returncode == 0
    schema = json.loads(done.stdout)
    record = json.loads((run / "record.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(record)


def test_a_laboratory_file_is_never_overwritten(command: Command, laboratory: Path) -> None:
    before = laboratory.read_bytes()
    done = command("laboratory", "init", laboratory)
    assert done.returncode == 2
    assert "is not overwritten" in only_sentence(done.stderr)
    assert laboratory.read_bytes() == before


def test_check_says_whether_records_can_be_issued(command: Command, laboratory: Path) -> None:
    assert command("laboratory", "check", laboratory).returncode == 0
    text = laboratory.read_text(encoding="utf-8")
    laboratory.write_text(text.replace('"approver"', '"checker"'), encoding="utf-8")
    done = command("laboratory", "check", laboratory, "--json")
    assert done.returncode == 2, "two people of one name and role"
    laboratory.write_text(text.partition("# What the records")[0].rpartition("[[people]]")[0])
    done = command("laboratory", "check", laboratory, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["issues"] is False


def test_an_unknown_key_is_named_with_its_line(command: Command, laboratory: Path) -> None:
    text = laboratory.read_text(encoding="utf-8")
    laboratory.write_text(text.replace("record_no", "record_number"), encoding="utf-8")
    done = command("laboratory", "show", laboratory)
    assert done.returncode == 2
    assert "line 6: record_number is unknown" in only_sentence(done.stderr)


def test_without_a_laboratory_file_a_record_stays_a_draft(command: Command, run: Path) -> None:
    done = command("issue", run, "--json")
    assert done.returncode == 2
    assert "inferometer laboratory init" in only_sentence(done.stderr)
    assert set(json.loads(done.stdout)) == {"error", "exit_code"}
    assert not (run / "statements").exists()


def test_a_record_lives_from_draft_to_withdrawn(
    command: Command, run: Path, laboratory: Path
) -> None:
    issued = command("issue", run, "--laboratory", laboratory, "--record-no", "NO-7", "--json")
    assert issued.returncode == 0, issued.stderr
    said = json.loads(issued.stdout)
    assert (said["state"], said["record_no"]) == ("issued", "NO-7")
    amended = command("amend", run, *WHY, "--json")
    assert amended.returncode == 0, amended.stderr
    assert json.loads(amended.stdout)["replaces"] == said["record_id"]
    assert json.loads(amended.stdout)["record_no"] == "NO-7-A1"
    withdrawn = command("withdraw", run, *WHY)
    assert withdrawn.returncode == 0, withdrawn.stderr
    assert "withdrawn" in withdrawn.stdout
    again = command("amend", run, *WHY)
    assert again.returncode == 2
    assert "is withdrawn" in only_sentence(again.stderr)
    verified = json.loads(command("verify", run, "--json").stdout)
    assert (verified["intact"], verified["redone"]) == (True, True)
    assert verified["record"]["state"] == "withdrawn"
    assert verified["record"]["no"] == "NO-7-A1"
    first = command("verify", run).stdout.splitlines()[0]
    assert "已撤回：不得使用 WITHDRAWN: not to be used · NO-7-A1" in first


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (("amend", *WHY), "is a draft"),
        (("withdraw", *WHY), "is a draft"),
        (("issue", "--reason-en", "only one"), "are both needed"),
        (("issue", "--laboratory", "/nowhere/lab.toml"), "is not there"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(
    command: Command, run: Path, argv: tuple[str, ...], why: str
) -> None:
    done = command(argv[0], run, *argv[1:])
    assert done.returncode == 2
    assert why in only_sentence(done.stderr)


def test_the_laboratory_file_is_sealed_with_a_run_and_a_wrong_one_stops_it(
    command: Command, laboratory: Path, tmp_path: Path
) -> None:
    named = {**command.environment, "INFEROMETER_LABORATORY": os.fspath(laboratory)}
    own = Command(named)
    plan = small_plan(tmp_path / "plan.toml")
    done = own("measure", "--plan", plan, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 0, done.stderr
    root = Path(json.loads(done.stdout)["run"])
    assert (root / "data" / "laboratory.toml").read_bytes() == laboratory.read_bytes()
    assert "data/laboratory.toml" in (root / "manifest-sha256.txt").read_text(encoding="utf-8")
    record = json.loads((root / "record.json").read_text(encoding="utf-8"))
    assert record["laboratory"]["name"] == {"zh": "某院", "en": "Institute"}
    assert record["status"]["state"] == "draft"
    assert command("issue", root).returncode == 0
    laboratory.write_text("format = 1\n", encoding="utf-8")
    stopped = own("measure", "--plan", plan, "--runs", tmp_path / "other")
    assert stopped.returncode == 2
    assert "record_no is missing" in only_sentence(stopped.stderr)
    assert not (tmp_path / "other").exists()
