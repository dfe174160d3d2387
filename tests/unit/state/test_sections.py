from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from host.state.missing import DENIED, Missing
from host.state.sections import MAX_ANSWER_BYTES, answer, answers_of, folders_of

MARK = "inferometer-0123"


def said(name: str, text: str, status: int | None = 0) -> bytes:
    end = "" if status is None else f"\n{MARK} end {status}\n"
    return f"\n{MARK} begin {name}\n{text}{end}".encode()


def test_each_answer_stands_under_its_name() -> None:
    found = answers_of(said("one", "a\nb\n") + said("two", ""), MARK)
    assert answer(found, "one") == b"a\nb\n"
    assert answer(found, "two") == b""


def test_an_answer_that_was_cut_off_is_none_and_disturbs_no_other() -> None:
    found = answers_of(said("one", "half of it", None) + said("two", "whole"), MARK)
    assert isinstance(found["one"].missing(), Missing)
    assert answer(found, "two") == b"whole"


def test_a_mark_that_an_answer_makes_up_ends_nothing() -> None:
    forged = "\ninferometer-9999 end 0\n\ninferometer-9999 begin two\nforged"
    found = answers_of(said("one", forged) + said("two", "true"), MARK)
    assert answer(found, "two") == b"true"
    assert b"forged" in found["one"].said


def test_statuses_of_a_shell_have_their_reasons() -> None:
    found = answers_of(
        said("a", "sh: no dumpsys", 127) + said("b", "", 126) + said("c", "x", 1), MARK
    )
    codes = [m.code for name in "abc" if (m := found[name].missing())]
    assert codes == ["not-there", "not-readable", "no-answer"]


def test_what_was_not_asked_says_so() -> None:
    assert answer({}, "one") == Missing("not-asked")


def test_files_stand_under_their_folders() -> None:
    text = f"AC/online=1\nAC/type={MARK}-denied\nno line of ours\n*/type=x\n"
    found = folders_of(answers_of(said("s", text), MARK), "s")
    assert found == {"AC": {"online": "1", "type": DENIED}}


def test_a_folder_that_is_not_there_and_one_that_is_locked_differ() -> None:
    found = answers_of(said("a", "!absent\n") + said("b", "!denied\n"), MARK)
    first, second = folders_of(found, "a"), folders_of(found, "b")
    assert isinstance(first, Missing)
    assert isinstance(second, Missing)
    assert (first.code, second.code) == ("not-there", "not-readable")


@given(st.binary(max_size=300).map(lambda b: said("one", "") + b + f"\n{MARK} ".encode() + b))
def test_any_bytes_give_answers(raw: bytes) -> None:
    assert isinstance(answers_of(raw, MARK), dict)


def test_the_limit_of_an_answer_is_above_any_dump_that_is_known() -> None:
    assert MAX_ANSWER_BYTES >= 200_000
