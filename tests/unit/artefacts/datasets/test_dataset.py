"""The identity of a dataset and the order of its items."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.artefacts.datasets.dataset import Item, canonical_sha256, order_ids

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
COUNTS = st.none() | st.integers(1, 1_000_000)
ITEMS = st.lists(
    st.builds(
        Item,
        id=st.from_regex(r"\A[a-z0-9-]{1,12}\Z"),
        scenario=st.just("phone-translation"),
        language=st.sampled_from(("zh", "en")),
        text=WORDS,
        prompt_tokens=COUNTS,
        output_tokens=COUNTS,
    ),
    unique_by=lambda item: item.id,
    max_size=12,
).map(tuple)
SEEDS = st.integers(0, 2**64 - 1)
ATTEMPTS = st.integers(1, 10_000)


def _plain(names: str) -> tuple[Item, ...]:
    return tuple(Item(name, "length", "en", "text") for name in names)


def test_the_hash_is_taken_over_the_canonical_json_written_out_here() -> None:
    item = Item("a-1", "car-control", "zh", '开窗 "半"\n', None, 32)
    content = (
        '{"id":"d","items":[{"id":"a-1","language":"zh","output_tokens":32,'
        '"prompt_tokens":null,"scenario":"car-control","text":"开窗 \\"半\\"\\n"}],'
        '"licence":"CC0-1.0","version":"1"}'
    )
    expected = hashlib.sha256(content.encode()).hexdigest()
    assert canonical_sha256("d", "1", "CC0-1.0", [item]) == expected


@pytest.mark.parametrize(
    "changed",
    [
        Item("b", "s", "en", "t", 8, 9),
        Item("a", "r", "en", "t", 8, 9),
        Item("a", "s", "zh", "t", 8, 9),
        Item("a", "s", "en", "u", 8, 9),
        Item("a", "s", "en", "t", 9, 9),
        Item("a", "s", "en", "t", None, 9),
        Item("a", "s", "en", "t", 8, 8),
        Item("a", "s", "en", "t", 8, None),
    ],
    ids=["id", "scenario", "language", "text", "prompt", "no-prompt", "output", "no-output"],
)
def test_the_hash_changes_with_each_field_of_an_item(changed: Item) -> None:
    item = Item("a", "s", "en", "t", 8, 9)
    assert canonical_sha256("d", "1", "x", [item]) != canonical_sha256("d", "1", "x", [changed])


@pytest.mark.parametrize("head", [("e", "1", "x"), ("d", "2", "x"), ("d", "1", "y")])
def test_the_hash_changes_with_id_version_and_licence(head: tuple[str, str, str]) -> None:
    items = _plain("a")
    assert canonical_sha256("d", "1", "x", items) != canonical_sha256(*head, items)


def test_the_hash_changes_with_the_order_of_the_items() -> None:
    one, two = canonical_sha256("d", "1", "x", _plain("ab")), _plain("ba")
    assert one != canonical_sha256("d", "1", "x", two)


def test_the_order_is_the_one_that_was_written_down() -> None:
    # Redone by a second program: for i in a b c d e f; do
    #   echo "$(printf "7:1:$i" | sha256sum) $i"; done | sort
    assert "".join(order_ids("abcdef", 7, 1)) == "ebcafd"


IDS = st.lists(st.from_regex(r"\A[a-z0-9-]{1,12}\Z"), unique=True, max_size=30)


@given(ids=IDS, seed=SEEDS, attempt=ATTEMPTS)
def test_ordering_loses_and_adds_no_item(ids: list[str], seed: int, attempt: int) -> None:
    assert sorted(order_ids(ids, seed, attempt)) == sorted(ids)


@given(ids=IDS, seed=SEEDS, attempt=ATTEMPTS, data=st.data())
def test_ordering_forgets_the_order_in_which_items_came(
    ids: list[str], seed: int, attempt: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(ids))
    assert order_ids(shuffled, seed, attempt) == order_ids(ids, seed, attempt)


def test_ordering_depends_on_the_seed() -> None:
    assert len({order_ids("abcdefgh", seed, 1) for seed in range(20)}) > 15


def test_ordering_depends_on_the_attempt() -> None:
    assert len({order_ids("abcdefgh", 1, attempt) for attempt in range(20)}) > 15


def test_every_item_comes_first_for_some_seed() -> None:
    assert {order_ids("abcd", seed, 1)[0] for seed in range(100)} == set("abcd")
