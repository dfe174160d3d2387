from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from host.campaign.cells import read_campaign
from host.equipment import load as equipment
from host.errors import PlanError, UsageError
from host.handover.plan import EnginePlan
from host.pipeline.compare import specification
from host.pipeline.native import SETTINGS
from host.plan.load import default, dump, load, override, parse, settled
from host.plan.runner import runner
from host.schema.laboratory import parse_laboratory
from tests.fakes.records import sample_plan


def changed(old: str, new: str) -> bytes:
    """The default plan with one text replaced."""
    _, data = default()
    text = data.decode()
    assert text.count(old) == 1, old
    return text.replace(old, new).encode()


def test_default_plan_reads_and_survives_a_round_trip() -> None:
    plan, _ = default()
    assert parse(dump(plan).encode(), "again") == plan


def test_a_plan_of_version_1_reads_as_one_without_pairs() -> None:
    plan, data = default()
    old = data.decode().replace("plan = 2", "plan = 1").replace('pairing = "none"\n', "")
    assert parse(old.encode(), "old") == plan


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rate_hz = 10.0", "rate_khz = 0.01", ["rate_khz", "[sampling]", "rate_hz"]),
        ("attempts = 5", "atempts = 5", ["atempts", "[run]", "attempts"]),
        ("plan = 2\n", "plan = 2\ncolour = 'red'\n", ["colour", "known are"]),
        ("rate_hz = 10.0", "rate_hz = '10 Hz'", ["sampling.rate_hz", "float"]),
        ("rate_hz = 10.0", "rate_hz = -1.0", ["sampling.rate_hz"]),
        ("rate_hz = 10.0", "rate_hz = nan", ["sampling.rate_hz", "nan"]),
        ("idle_before_s = 1.0", "idle_before_s = inf", ["run.idle_before_s", "inf"]),
        ("attempts = 5", "attempts = 0", ["run.attempts"]),
        ("attempts = 5", "attempts = 2.5", ["run.attempts"]),
        ("output_tokens = 64", "output_tokens = -1", ["run.output_tokens"]),
        ("jitter_ratio = 0.2", "jitter_ratio = 20", ["sampling.jitter_ratio"]),
        ('stop = "length"', 'stop = "never"', ["run.stop"]),
        ("attempts = 5", "", ["attempts", "run"]),
        ("plan = 2\n", "plan = 3\n", ["plan = 3", "plan = 2"]),
        ("plan = 2\n", "plan = 1\n", ["plan = 1", "plan = 2"]),  # pairing is no key of 1
        ('pairing = "none"\n', "", ["pairing", "run"]),
        ('pairing = "none"\n', 'pairing = "off"\n', ["run.pairing"]),
        ("plan = 2\n", "plan = \n", ["TOML"]),
        ("attempts = 5", "attempts = 5\nattempts = 6", ["TOML"]),
        ('stop = "length"', 'stop = "lenght"', ["run.stop", "lenght", "length, natural"]),
    ],
)
def test_bad_plan_is_refused_with_the_key(old: str, new: str, words: list[str]) -> None:
    with pytest.raises(PlanError) as caught:
        parse(changed(old, new), "p.toml")
    sentence = str(caught.value)
    assert sentence.startswith("p.toml: ")
    for word in words:
        assert word in sentence


def test_missing_plan_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="No such file"):
        load(tmp_path / "none.toml")


def test_a_plan_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PlanError, match="TOML"):
        load(path)


def test_options_replace_single_values_and_drop_what_belonged_to_the_old_ones() -> None:
    plan, _ = default()
    over = override(plan, {"model": "x.gguf", "attempts": 2, "output_tokens": 9})
    assert (over.model.reference, over.model.sha256) == ("x.gguf", "")
    assert (over.run.attempts, over.run.output_tokens) == (2, 9)
    assert over.run.seed == plan.run.seed


def test_a_settled_plan_of_a_native_runner_can_be_run_again() -> None:
    found = sample_plan(1)
    settings = {
        "runner": "llama-completion",
        "argv": ["/store/llama-completion", "-m", "{model}"],
        "lines": {"token": "n_remain"},
        "n_threads": 4,
        "n_ctx": 512,
        "log_bytes": 4 << 20,
    }
    change = msgspec.structs.replace
    given = change(found.plan, engine=EnginePlan("native", {"program": "build/bin"}))
    plan = settled(change(found, plan=given, engine_kind="native", engine_settings=settings))
    again = parse(dump(plan).encode(), "plan.toml")
    assert again.engine.kind == "native"
    assert again.engine.settings == {
        "runner": "llama-completion",
        "program": "build/bin",
        "n_threads": 4,
        "n_ctx": 512,
        "log_bytes": 4 << 20,
    }
    assert set(again.engine.settings) <= set(SETTINGS)


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 2000], ids=["digits", "brackets"])
def test_toml_that_its_reader_breaks_on_is_refused_in_every_file(
    value: str, tmp_path: Path
) -> None:
    text = f"a = {value}\n"
    path = tmp_path / "f.toml"
    path.write_text(text)
    readers: list[Callable[[], object]] = [
        lambda: parse(text.encode(), "p.toml"),
        lambda: read_campaign(path),
        lambda: runner(str(path)),
        lambda: specification(path),
        lambda: parse_laboratory(text.encode(), "l.toml"),
        lambda: equipment.parse(text.encode(), "e.toml"),
    ]
    for reader in readers:
        with pytest.raises(UsageError, match=r"TOML|specification"):
            reader()


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(PlanError, match="cannot be read"):
        load(Path("a\0b"))


def test_the_key_stands_before_what_is_wrong_with_it() -> None:
    with pytest.raises(PlanError) as caught:
        parse(changed("attempts = 5", "attempts = 0"), "p.toml")
    assert str(caught.value) == "p.toml: run.attempts: expected int >= 1"
