"""What the software says of its own in a record is there in Chinese and in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from host.handover.record import Record
from tests.fakes.full_records import full_record
from tests.fakes.records import record_of, sample_chain, sample_facts, sample_record
from tests.fakes.traces import example_run

CHINESE = re.compile("[\u4e00-\u9fff]")
# Equations and names of tools read alike in both languages; a title is the user's own.
ALIKE = re.compile(r"/(model|origin|title)$")
# Codes, names, numbers and what others wrote: device, model, engine, plan, files.
NOT_PROSE = re.compile(
    r"^/(record_id|kind|item|model_artifact|dataset|plan|settings|software|schema|attempts"
    r"|sources|gaps|external_provider_results)\b"
    r"|^/verdict/reasons|^/time/utc_source/name|^/runtime/(kind|launch_path|settings|described)|^/budgets/\d+/model"
    r"|/(missing|reason|source|how|firmware|location|issuer|maker|id)$"
)
# A sentence: two words of letters with a blank between them.
SENTENCE = re.compile(r"[A-Za-z]{3,} [a-z]{2,}")


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value.keys() != {"zh", "en"}:
        for key, each in value.items():
            yield from leaves(each, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from leaves(each, f"{path}/{place}")
    else:
        yield path, value


def one_void() -> Record:
    run = example_run(3)
    void = replace(run.attempts[1], status="void", reason="too-hot: 95")
    return record_of(replace(run, attempts=(run.attempts[0], void, run.attempts[2])))


RECORDS = {
    "one attempt": sample_record(1),
    "five attempts": sample_record(5),
    "one void": one_void(),
    "no laboratory, no clock": record_of(example_run(2), replace(sample_facts(2), performed={})),
    "issued": sample_chain("issued")[1][-1],
    "with everything": full_record(),
}


@pytest.mark.parametrize("name", RECORDS)
def test_every_bilingual_text_has_chinese_in_it_and_english(name: str) -> None:
    found = dict(leaves(msgspec.to_builtins(RECORDS[name])))
    texts = {path: said for path, said in found.items() if isinstance(said, dict)}
    assert len(texts) > 100
    for path, said in texts.items():
        assert said["en"], path
        assert CHINESE.search(said["zh"]) or (ALIKE.search(path) and said["zh"] == said["en"]), (
            path
        )
        assert CHINESE.search(said["en"]) is None or path.endswith("title"), path


@pytest.mark.parametrize("name", RECORDS)
def test_no_sentence_of_ours_is_in_english_alone(name: str) -> None:
    found = leaves(msgspec.to_builtins(RECORDS[name]))
    alone = {
        path: said
        for path, said in found
        if isinstance(said, str) and SENTENCE.search(said) and not NOT_PROSE.search(path)
    }
    assert alone == {}


def test_the_rule_of_an_integral_is_quoted_in_the_language_of_its_budget() -> None:
    quoted = [
        (row.evaluation, q.rule)
        for q in RECORDS["five attempts"].results
        for b in RECORDS["five attempts"].budgets
        if b.id == q.budget_ref and q.rule is not None
        for row in b.rows
        if row.symbol == "edge"
    ]
    assert quoted
    for evaluation, rule in quoted:
        assert f"（规则：{rule.zh}）" in evaluation.zh
        assert f"(rule: {rule.en})" in evaluation.en
