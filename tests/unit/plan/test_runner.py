"""Native runners as files: the shipped ones, and what is refused of others."""

from __future__ import annotations

import re

import pytest

from host.errors import PlanError, ProfileError
from host.handover.runner import Answer
from host.plan.runner import parse_runner, runner, runner_names

GOOD = (
    b"runner = 1\nname = 'mine'\nformat = 'gguf'\ndocument = 'its manual'\ntried = 'untried'\n"
    b"description = { zh = '\xe8\x87\xaa\xe5\xb7\xb1\xe7\x9a\x84', en = 'my own' }\n"
    b"argv = ['mine', '{model}', '{text}']\n"
    b"[lines]\nstart = 'begin (?P<prompt_tokens>[0-9]+)'\nprefill_start = 'go'\n"
    b"ready = 'ready'\ntoken = 'token'\n"
)
RATE = b"unit = '{token}/s'\n"
FIGURE = b"reads = 'json'\n[figures.a]\nconvention = 'vendor'\nunit = 's'\n"
JSON = b"reads = 'json'\n[figures.a]\nconvention = 'llama_bench_tg'\nvalue = ['x']\n"
ANSWER = b"output = 'stdout'\n[answer]\n"
TOOL = b"divergence.argv = ['tool', '{model}', '{base}']\ndivergence.base = 'llama_cpp'\n"
TOOL += b"[divergence.figures]\n"
KL = b"mean_kl = { pattern = '(?P<value>x)' }\n[lines]"
TEXT = b"[figures.a]\nconvention = 'vendor'\npattern = '(a)'\nvalue = ['x']\n" + RATE


@pytest.mark.parametrize("name", runner_names())
def test_a_shipped_runner_is_good_and_named_as_its_file(name: str) -> None:
    assert runner(name).name == name


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
        (b"[lines]", b"figures = { a = 'b' }\n[lines]", "figures.a: needs one group in brackets"),
        (b"[lines]", b"figures = { a = '(b' }\n[lines]", "figures.a: is no regular expression"),
        (
            b"[lines]",
            b"version_pattern = '(a)(b)'\n[lines]",
            "version_pattern: needs one",
        ),
        (b"ready =", b"redy =", "did you mean ready"),
        (b"[lines]", FIGURE + b"[lines]", "figures.a: reads = json needs `value`"),
        (b"[lines]", JSON + b"unit = 's'\n[lines]", "figures.a: convention = llama_bench_tg"),
        (b"[lines]", JSON + b"unit = 'min'\n[lines]", "'min' is none of {token}/s, s, ms"),
        (b"[lines]", JSON + RATE + b"tokens = ['n']\n[lines]", "figures.a: tokens: makes a rate"),
        (b"[lines]", JSON + RATE + b"where = { n = '{text}' }\n[lines]", "{text} is unknown"),
        (b"[lines]", TEXT + b"[lines]", "figures.a: paths are for reads = json or jsonl"),
        (b"[lines]", b"answer = { end = '(' }\n[lines]", "answer.begin: tells text from log"),
        (b"[lines]", ANSWER + b"end = '('\n[lines]", "answer.end: is no regular expression"),
        (b"'{text}']", b"'{prompt_tokens}']\nanswer = {}", "takes no {text} there is none"),
        (
            b"[lines]",
            TOOL + b"mean_kl = { pattern = 'x' }\n[lines]",
            "mean_kl: needs a group value",
        ),
        (b"[lines]", TOOL.replace(b"{base}", b"{text}") + KL, "divergence.argv: put {base}"),
        (b"[lines]", TOOL + KL.replace(b"mean", b"men"), "men_kl"),
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


def test_a_runner_says_where_its_answers_are() -> None:
    assert parse_runner(GOOD, "mine.toml").answers() is None  # mixed with its log
    apart = GOOD.replace(b"[lines]", b"output = 'stdout'\n[lines]")
    assert parse_runner(apart, "mine.toml").answers() == Answer()
    marked = GOOD.replace(b"[lines]", b"answer = { begin = 'A:' }\n[lines]")
    assert parse_runner(marked, "mine.toml").answers() == Answer(begin="A:")
    assert runner("llama-bench").answers() is None
