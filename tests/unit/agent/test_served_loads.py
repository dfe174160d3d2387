"""Shapes of load at a server: talks in each of its interfaces, loads that last; what it counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.chat import Talk as TwoTurns
from agent.engines.base import EngineError
from agent.engines.server import Chunk, Prompt
from agent.prompts import ids_sha256
from agent.served_chat import ServedHistory
from host.reduce.coverage import CoverageError
from host.reduce.throughput import prefill_rate
from tests.fakes.clock import SteppingClock
from tests.fakes.served_attempt import asked, attempt, ended, events, replies
from tests.fakes.talker import DONE, FOUR, Talk, event, talking

SAID = "w1 w2 w3 w4 "  # what the talker answers
TALK = {"turns": 2, "prefix_cache": True}


def counted(cached: int | None) -> tuple[bytes, ...]:
    """Four tokens for a prompt of nine, of which so many are said to come from the cache."""
    more = {} if cached is None else {"prompt_tokens_details": {"cached_tokens": cached}}
    usage = {"completion_tokens": 4, "prompt_tokens": 9, **more}
    return (*FOUR, event("", usage=usage), DONE)


@pytest.mark.parametrize(
    ("prefix_cache", "flags"),
    [(True, [False, True, False, True]), (False, [False, False, False, False])],
)
def test_talk_of_texts_has_all_before_it_and_only_its_later_turns_may_be_kept(
    tmp_path: Path, *, prefix_cache: bool, flags: list[bool]
) -> None:
    talk = Talk(counted(3), server="llama.cpp")
    settings = {"cache_prompt": prefix_cache}
    with talking(talk) as url:
        shape = TALK | {"prefix_cache": prefix_cache}
        done = attempt(tmp_path, {"url": url, **settings}, [asked()] * 4, talk=shape)
    assert ended(done) == ("valid", "")
    first, second = "Hello", f"Hello{SAID}Hello"
    assert [body["prompt"] for body in talk.asked] == [first, second, first, second]
    assert [body["cache_prompt"] for body in talk.asked] == flags
    found = [(r.turn, r.kept_tokens, r.prompt_tokens) for r in replies(tmp_path)]
    later = (2, 3, 6) if prefix_cache else (2, 0, 9)
    assert found == [(1, 0, 9), later, (1, 0, 9), later]


def test_talk_by_messages_has_users_and_assistant_by_turns(tmp_path: Path) -> None:
    talk = Talk((*_deltas(), DONE))
    with talking(talk) as url:
        done = attempt(tmp_path, {"url": url, "api": "chat"}, [asked(), asked("And")], talk=TALK)
    assert ended(done) == ("valid", "")
    user = {"role": "user", "content": "Hello"}
    answer = {"role": "assistant", "content": SAID}
    assert talk.asked[1]["messages"] == [user, answer, {"role": "user", "content": "And"}]


def _deltas() -> list[bytes]:
    """The same four tokens as parts of a message."""
    found = [json.loads(one.removeprefix(b"data: ")) for one in FOUR]
    for one in found:
        choice = one["choices"][0]
        choice["delta"] = {"content": choice.pop("text")}
    return [b"data: " + json.dumps(one).encode() + b"\n\n" for one in found]


def test_talk_in_token_ids_goes_on_with_those_of_the_answer_or_not_at_all() -> None:
    history = ServedHistory(TwoTurns(2, prefix_cache=True))
    first, turn = history.prompt(Prompt({"prompt": [1, 2]}, 2, ids_sha256([1, 2])))
    assert (turn, first.fresh) == ({"turn": 1, "may_keep": False}, True)
    history.over(first, [Chunk(0, "a", 1, (7,)), Chunk(1, "b", 2, (8,)), Chunk(2, "", 2)], 2)
    own = Prompt({"prompt": [3]}, 1, ids_sha256([3]))
    second, turn = history.prompt(own)
    assert (turn, second.fresh) == ({"turn": 2, "may_keep": True}, False)
    assert second.body == {"prompt": [1, 2, 7, 8, 3]}
    assert (second.tokens, second.sha256) == (5, ids_sha256([1, 2, 7, 8, 3]))
    with pytest.raises(EngineError, match="no-token-ids: the server tells 1 of 2 tokens"):
        history.over(second, [Chunk(0, "ab", 2, (7,))], 2)


def test_prefix_that_a_server_says_nothing_of_gives_no_prefill_rate_but_of_first_turns(
    tmp_path: Path,
) -> None:
    with talking(Talk(counted(None))) as url:
        attempt(tmp_path, {"url": url}, [asked(), asked()], talk=TALK)
    first, second = replies(tmp_path)
    assert prefill_rate([first]).value > 0
    with pytest.raises(CoverageError, match="prefix-not-stated"):
        prefill_rate([second])


def test_prefix_longer_than_the_prompt_is_not_believed(tmp_path: Path) -> None:
    with talking(Talk(counted(9))) as url:
        attempt(tmp_path, {"url": url}, [asked(), asked()], talk=TALK)
    reply = replies(tmp_path)[1].reply
    assert reply is not None
    assert not reply.kept_known


def test_requests_of_a_load_that_lasts_are_sent_until_its_time_is_over(tmp_path: Path) -> None:
    """The clock runs ahead: 0.05 s each time that it is asked."""
    talk = Talk()
    with talking(talk) as url:
        done = attempt(
            tmp_path,
            {"url": url},
            [asked(warmup=True), asked("One"), asked("Two")],
            SteppingClock(step_ns=50_000_000),
            lasting_s=2.0,
        )
    assert ended(done) == ("valid", "")
    said = [body["prompt"] for body in talk.asked]
    assert len(said) > 4
    assert said[:5] == ["Hello", "One", "Two", "One", "Two"]
    found = replies(tmp_path)
    assert [r.number for r in found] == list(range(len(said)))
    assert found[-1].end_ns - found[1].start_ns >= 2_000_000_000


UNCOUNTED = (event("w1 "), event("w2 ", finish="length"), DONE)
WHOLE = {
    "choices": [{"text": "w1 w2 ", "finish_reason": "length"}],
    "usage": {"prompt_tokens": 6, "completion_tokens": 4},
}


def test_server_that_counts_in_whole_replies_alone_is_asked_again_when_all_is_over(
    tmp_path: Path,
) -> None:
    talk = Talk(UNCOUNTED, whole=WHOLE)
    with talking(talk) as url:
        done = attempt(tmp_path, {"url": url}, [asked(), asked(), asked("Other")])
    assert ended(done) == ("valid", "")
    assert [body["stream"] for body in talk.asked] == [True, True, True, False, False]
    found = replies(tmp_path)
    assert [(r.prompt_tokens, r.stated_tokens) for r in found] == [(6, 4)] * 3
    assert [e.name for e in events(tmp_path)][-4:] == ["counted"] * 3 + ["unload"]


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        (WHOLE | {"choices": [{"text": "x"}]}, "asked again it gives another text"),
        ({"choices": [{"text": "w1 w2 "}]}, "the server counts no tokens (`usage`)"),
        (WHOLE | {"usage": {"prompt_tokens": 6, "completion_tokens": 9}}, "9 output tokens, 4"),
    ],
)
def test_count_that_is_not_of_the_streamed_reply_voids_the_attempt(
    tmp_path: Path, whole: dict[str, object], said: str
) -> None:
    with talking(Talk(UNCOUNTED, whole=whole)) as url:
        status, reason = ended(attempt(tmp_path, {"url": url}, [asked()]))
    assert (status, reason.partition(":")[0]) == ("void", "token-count")
    assert said in reason
