"""ROUGE-L and chrF through their libraries, by hand-made figures; Chinese by characters."""

import pytest

from host.errors import UsageError
from host.score.overlap import LIBRARIES, Characters, chrf, installed, need, rouge_l


def test_rouge_l_in_english_is_by_words_and_by_hand() -> None:
    # Lin 2004, 3.1: police killed the gunman / police kill the gunman / the gunman kill police.
    reference = ["police killed the gunman"]
    assert rouge_l("police kill the gunman", reference, "en") == pytest.approx(0.75)
    assert rouge_l("the gunman kill police", reference, "en") == pytest.approx(0.5)


def test_rouge_l_in_chinese_is_by_characters() -> None:
    # Nine characters each, seven of them in common and in order.
    found = rouge_l("周六下午三点半看房", ["周六上午三点去看房"], "zh")
    assert found == pytest.approx(7 / 9)
    assert rouge_l("周六", ["sunday"], "zh") == 0.0


def test_words_of_an_alphabet_stay_whole_in_chinese_and_punctuation_does_not_count() -> None:
    assert Characters().tokenize("屏幕显示 E3，30 分钟后。") == [
        *"屏幕显示", "e3", "30", *"分钟后",
    ]  # fmt: skip


def test_the_best_of_several_references_counts() -> None:
    assert rouge_l("a b c", ["x y z", "a b c"], "en") == 1.0
    assert chrf("abcdef", ["zzzzzz", "abcdef"], "en") == pytest.approx(1.0)


def test_chrf_is_a_ratio_of_characters_in_both_languages() -> None:
    # By hand, one character apart of two: 1-grams 1/2, 2-grams 0/1, no longer ones: (0.5 + 0) / 2.
    assert chrf("ab", ["ac"], "en") == pytest.approx(0.25, abs=0.01)
    assert chrf("你好", ["你好"], "zh") == pytest.approx(1.0)
    assert chrf("甲乙丙丁", ["戊己庚辛"], "zh") == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("score", [rouge_l, chrf])
def test_an_empty_or_endless_output_is_scored_in_bounded_time(score: object) -> None:
    assert callable(score)
    assert score("", ["a b"], "en") == 0.0
    assert 0 <= score("\x00\ufffd" * 100_000 + "end", ["the end"], "en") <= 1


def test_a_run_scored_by_another_version_of_a_library_is_not_scored_by_this_one() -> None:
    here = installed()
    assert set(here) == set(LIBRARIES)
    need({**here, "command_match": ""})
    with pytest.raises(UsageError, match=r'scored by sacrebleu 0\.1, .*"inferometer\[scoring\]"'):
        need({"chrf": "sacrebleu 0.1"})
