"""Native runners as files: the shipped ones, and what is refused of others."""

from __future__ import annotations

import re

import pytest

from host.errors import PlanError, ProfileError
from host.plan.runner import parse_runner, runner, runner_names

# llama.cpp, tools/llama-bench/README.md, output format JSON, cut to what the patterns look at.
BENCH = """[
  { "model_type": "llama 7B", "n_prompt": 512, "n_gen": 0, "n_depth": 0,
    "avg_ns": 66110394, "stddev_ns": 1, "avg_ts": 7744.5, "stddev_ts": 1.5 },
  { "model_type": "llama 7B", "n_prompt": 0, "n_gen": 128, "n_depth": 0,
    "avg_ns": 1, "stddev_ns": 1, "avg_ts": 118.881588, "stddev_ts": 1.041811 }
]"""
GOOD = (
    b"runner = 1\nname = 'mine'\nformat = 'gguf'\ndocument = 'its manual'\ntried = 'untried'\n"
    b"description = { zh = '\xe8\x87\xaa\xe5\xb7\xb1\xe7\x9a\x84', en = 'my own' }\n"
    b"argv = ['mine', '{model}', '{text}']\n"
    b"[lines]\nstart = 'begin (?P<prompt_tokens>[0-9]+)'\nprefill_start = 'go'\n"
    b"ready = 'ready'\ntoken = 'token'\n"
)


@pytest.mark.parametrize("name", runner_names())
def test_a_shipped_runner_is_good_and_named_as_its_file(name: str) -> None:
    assert runner(name).name == name


def test_the_figures_of_llama_bench_are_its_two_rates() -> None:
    figures = runner("llama-bench").figures
    assert {name: re.findall(pattern, BENCH) for name, pattern in figures.items()} == {
        "prefill_tokens_per_s": ["7744.5"],
        "decode_tokens_per_s": ["118.881588"],
    }


def test_an_unknown_runner_is_refused_with_the_near_ones() -> None:
    with pytest.raises(PlanError, match="known are llama-bench"):
        runner("llama-bensh")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"runner = 1", b"runner = 2", "this version reads runner = 1"),
        (b"'{model}', ", b"", "put {model}"),
        (b"'{text}'", b"'{texts}'", "{texts} is unknown"),
        (b"'{text}'", b"'{text}', '{prompt_tokens}'", "either {text} or {prompt_tokens}"),
        (b"'go'", b"'go('", "lines.prefill_start: is no regular expression"),
        (b"'go'", b"'(?P<steps>go)'", "has the unknown group steps"),
        (b"(?P<prompt_tokens>[0-9]+)", b"", "one of start, prefill_start and end"),
        (b"'ready'", b"'ready'\nstamp = 'x'", "lines.stamp: needs groups of h, min"),
        (b"[lines]", b"figures = { a = 'b' }\n[lines]", "figures.a: needs"),
        (b"[lines]", b"version_pattern = '(a)(b)'\n[lines]", "version_pattern: needs"),
        (b"ready =", b"redy =", "did you mean ready"),
    ],
)
def test_a_bad_runner_is_refused_with_key_and_fix(old: bytes, new: bytes, words: str) -> None:
    assert GOOD.count(old) == 1
    parse_runner(GOOD, "mine.toml")
    with pytest.raises(ProfileError, match=re.escape(words)):
        parse_runner(GOOD.replace(old, new), "mine.toml")


def test_a_runner_that_says_nothing_of_its_output_is_refused() -> None:
    without = GOOD[: GOOD.index(b"[lines]")]
    with pytest.raises(ProfileError, match="lines or figures"):
        parse_runner(without, "mine.toml")
