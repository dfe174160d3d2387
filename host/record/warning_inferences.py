"""Notes on the outputs of plain graphs, which are hashes: the values themselves are not kept."""

from __future__ import annotations

from collections.abc import Iterator

from host.handover.record import Warning_
from host.handover.text import Txt
from host.handover.trace import AlignedRun, InferenceTrace

MAX_NAMED = 3


def inference_warnings(run: AlignedRun) -> list[Warning_]:
    """One output for all inputs, and inputs whose outputs do not come again."""
    found = list(_scored(run))
    return [*_alike(found), *_unlike(found)]


def _scored(run: AlignedRun) -> Iterator[tuple[str, InferenceTrace]]:
    for attempt in run.counted():
        for request in attempt.scored():
            if request.inferences is not None:
                yield request.item, request.inferences


def _alike(found: list[tuple[str, InferenceTrace]]) -> list[Warning_]:
    inputs = {trace.input_sha256 for _, trace in found}
    outputs = {trace.output_sha256 for _, trace in found}
    if len(inputs) < 2 or len(outputs) > 1:  # noqa: PLR2004 - two, to be unlike
        return []
    text = Txt(
        f"{len(inputs)} 组不同的输入得到完全相同的输出。",
        f"{len(inputs)} different inputs gave exactly the same outputs.",
    )
    after = Txt(
        "检查模型文件与输入的取值范围；时延本身可能仍然正确。",
        "Check the model file and the range of the inputs; the latencies may still be true.",
    )
    return [Warning_("output-constant", text, str(len(inputs)), "1", after)]


def _unlike(found: list[tuple[str, InferenceTrace]]) -> list[Warning_]:
    outputs: dict[str, set[str]] = {}
    for item, trace in found:
        outputs.setdefault(item, set()).add(trace.output_sha256)
    items = {item for item, hashes in outputs.items() if len(hashes) > 1}
    items |= {item for item, trace in found if not trace.repeated}
    if not items:
        return []
    named = ", ".join(sorted(items)[:MAX_NAMED])
    named += f", … ({len(items)})" if len(items) > MAX_NAMED else ""
    text = Txt(
        f"同样的输入没有得到逐字节相同的输出：{named}。",
        f"The same inputs did not give the same outputs, byte for byte: {named}.",
    )
    after = Txt(
        "检查线程数与执行提供者的确定性。",
        "Look at thread count and the determinism of the execution provider.",
    )
    return [Warning_("inference-not-repeated", text, str(len(items)), "0", after)]
