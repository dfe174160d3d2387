"""Notes on traces that look too regular to be true; they may be true, so nothing is void for them.

Source: reference reliability 3.2 (cheating by cached or made-up output).
"""

from __future__ import annotations

import numpy as np

from host.handover.record import Warning_
from host.handover.text import Txt
from host.handover.trace import AlignedRun, AttemptTrace, RequestTrace

# Fewer may be alike by chance or by a short answer; our choice.
MIN_ALIKE = 16
MAX_NAMED = 3


def output_warnings(run: AlignedRun) -> list[Warning_]:
    """One token all through an output, and steps that all took the very same time."""
    return [*_repeated(run), *_constant(run)]


def _repeated(run: AlignedRun) -> list[Warning_]:
    items = sorted({r.item for a in run.counted() for r in a.scored() if _one_token(r)})
    if not items:
        return []
    named = ", ".join(items[:MAX_NAMED]) + (
        f", … ({len(items)})" if len(items) > MAX_NAMED else ""
    )
    text = Txt(
        f"这些题目的整个输出是同一个词元的重复：{named}。",
        f"The whole output is one token over and over for: {named}.",
    )
    after = Txt(
        "检查模型文件、对话模板与采样设置；速率本身可能仍然正确。",
        "Check model file, chat template and sampling; the rates themselves may still be true.",
    )
    return [Warning_("output-repeated", text, str(len(items)), "0", after)]


def _one_token(r: RequestTrace) -> bool:
    ids = r.tokens.tokens  # none where the engine shows times alone
    return len(ids) >= MIN_ALIKE and bool(np.all(ids == ids[0]))


def _constant(run: AlignedRun) -> list[Warning_]:
    numbers = [str(a.number) for a in run.counted() if _one_interval(a)]
    if not numbers:
        return []
    named = ", ".join(numbers)
    text = Txt(
        f"第 {named} 次的全部词元间隔完全相同：真实测量通常有起伏。",
        f"All token intervals of attempt {named} are exactly alike; real ones vary as a rule.",
    )
    after = Txt(
        "检查时钟的分辨力，以及时间是否来自真实运行。",
        "Check the clock's resolution, and whether the times are of a real run.",
    )
    return [Warning_("constant-intervals", text, str(len(numbers)), "0", after)]


def _one_interval(attempt: AttemptTrace) -> bool:
    steps = [np.diff(r.tokens.t_ns) for r in attempt.scored()]
    every = np.concatenate(steps) if steps else np.zeros(0, dtype=np.int64)
    return len(every) >= MIN_ALIKE and bool(np.all(every == every[0]))
