"""Why a result is missing: the codes of reduction, and what each means, in both languages.

A missing result says `code: detail`; a test finds every code that reduction raises here.
"""

from __future__ import annotations

from typing import Final

from host.handover.text import Txt

MISSING: Final[dict[str, Txt]] = {
    "below-the-possible": Txt(
        "读数低于该量可能的最小值", "readings are lower than the quantity can be"
    ),
    "beyond-the-possible": Txt(
        "读数高于该量可能的最大值", "readings are higher than the quantity can be"
    ),
    "channel-absent": Txt("该次没有此通道", "the channel is not in the attempt"),
    "chunk-counts-unknown": Txt(
        "服务器没有说明各数据块含几个词元",
        "the server does not say how many tokens came in which chunk",
    ),
    "cold-not-recorded": Txt(
        "没有记录到页缓存已清空", "nothing says that the page cache was empty before the load"
    ),
    "counter-reset": Txt("计数器被清零或重置", "the counter was set back"),
    "counter-stuck": Txt("计数器没有变化", "the counter never moved"),
    "counter-went-back": Txt("计数器倒退", "the counter went back"),
    "drafts-impossible": Txt(
        "服务器声明的草稿词元数不可能", "the server's counts of drafted tokens cannot be"
    ),
    "empty-window": Txt("时段没有长度", "the window has no length"),
    "load-not-recorded": Txt("没有记录到模型加载", "no load of the model was recorded"),
    "no-reading": Txt("没有读数", "there is no reading"),
    "no-steps": Txt("没有验证步", "there is no verification step"),
    "not-stated": Txt("服务器没有声明", "the server does not state it"),
    "nothing-drafted": Txt("没有草稿词元", "no token was drafted"),
    "one-chunk": Txt(
        "整个应答一次到达，首词元无从分辨",
        "the whole reply came at one time, so no first token can be told",
    ),
    "prefix-not-stated": Txt(
        "服务器没有说明提示中有多少取自缓存，不知算了多少",
        "the server does not say how much of the prompt it took from its cache, so nobody knows"
        " how much it computed",
    ),
    "speculative": Txt(
        "推测解码一次接受数个词元，单个词元没有自己的时刻",
        "speculative decoding accepts several tokens at once, which have no times of their own",
    ),
    "tokens-in-chunks": Txt(
        "数个词元同时到达，单个词元没有自己的时刻",
        "several tokens came at one time, so single ones have no times of their own",
    ),
    "no-token-times": Txt(
        "运行程序只给出自己的速率，不显示词元",
        "the runner states rates of its own and shows no token",
    ),
    "no-scored-request": Txt("没有计分请求", "no scored request has ended"),
    "no-tokens": Txt(
        "普通计算图只有推理，没有词元", "a plain graph makes inferences and no tokens"
    ),
    "not-covered": Txt("读数没有覆盖整个时段", "readings do not reach over the whole window"),
    "not-finite": Txt("读数不是有限的数", "a reading is no finite number"),
    "not-resolvable": Txt(
        "来源更新太慢，无法分辨该阶段；总量仍给出",
        "the source is too slow to tell the phase from its neighbours; the total is given",
    ),
    "nothing-to-divide-by": Txt("没有可作除数的量", "there is nothing to divide by"),
    "phase-not-recorded": Txt("没有记录到该阶段", "the phase was not recorded"),
    "phases-overlap": Txt("两个时段重叠", "two windows overlap"),
    "stamps-not-ascending": Txt("时间戳不递增", "time stamps do not rise"),
    "step-too-short": Txt("台阶太短", "a step is too short"),
    "tokens-unknown": Txt("不知道输出了哪些词元", "it is not known which tokens were put out"),
    "too-few-tokens": Txt("词元太少", "there are too few tokens"),
    "too-short": Txt(
        "尝试太短，短时与持续无法区分", "the attempt is too short to tell burst from sustained"
    ),
    "unobserved": Txt(
        "未观测的时间超过该时段的 1 %，结果作废",
        "more than 1 % of the time was not observed, which voids the result",
    ),
}


def words_of_missing(missing: str) -> Txt | None:
    """What the code at the head of a missing result's reason means; None where it is not known."""
    return MISSING.get(missing.partition(":")[0].strip())
