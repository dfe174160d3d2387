"""Makes a fidelity reference: logits of fixed windows and greedy outputs of a model, once."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal

import msgspec

from collectors.clocks import device_clock
from host.artefacts.fidelity.reference import (
    MAX_DATA_BYTES,
    ROW_ITEM_BYTES,
    Reference,
    keep_reference,
    write_reference,
)
from host.artefacts.fidelity.texts import Texts, load_texts
from host.errors import AgentError, ArtefactError, PlanError
from host.fidelity.windows import cut, first_of
from host.handover.fidelity import (
    DEFAULT_N_CTX,
    REFERENCE_VERSION,
    SCORING_ENGINES,
    GreedyOutput,
    ReferenceHead,
    ReferenceModel,
    ReferenceTexts,
    ReferenceWindow,
)
from host.handover.plan import Plan, ResolvedRequest
from host.handover.progress import Progress, Watch
from host.pipeline.artefacts import Artefacts, artefacts_of, engines_of
from host.pipeline.prepare import TOKENIZE_TIMEOUT_S
from host.pipeline.reach import Reached, place_model, reached
from host.plan.resolve import requests_of
from host.run.fetch import Pulls
from host.run.link import AgentLink
from host.run.scoring import Ask, Scored, score

SPOOL_NAME_BYTES = 8
NOT_YET = "0" * 64  # until the file is written


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reference is made of.

    plan: its device, model, engine, dataset and [run] are used. texts: a text set. at_most:
    windows of each language, None for all that the text gives. keep: into the user's store too.
    """

    plan: Plan
    out: Path
    texts: str
    n_ctx: int = DEFAULT_N_CTX
    at_most: int | None = None
    inventory: Path | None = None


def make_reference(wanted: Wanted, watch: Watch) -> Reference:
    """Make the file, and keep a copy under its hash. Raises UsageError, DeviceError.

    The size of the file is told before the model is scored.
    """
    if wanted.out.exists():
        raise ArtefactError(str(wanted.out), "exists already, a reference is never overwritten")
    texts = load_texts(wanted.texts)
    with ExitStack() as stack:
        device = stack.enter_context(reached(wanted.plan.device, wanted.inventory, watch))
        link = stack.enter_context(device.link())
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inferometer-")))
        found = artefacts_of(wanted.plan, engines_of(link), lambda *_: None)
        tokenizer = _checked(found)
        model = place_model(device, found, watch)
        windows = _windows(wanted, texts, found, model, link)
        _tell_size(windows, wanted, found, watch)
        ask = _ask(wanted, found, windows, model, device)
        scored = score(link, _pulls(device), ask, place, watch)
        head = _head(wanted, texts, (found, tokenizer), windows, scored)
        made = write_reference(wanted.out, head, [place / f.file for f in scored.files])
    keep_reference(made)
    return made


def _checked(found: Artefacts) -> str:
    """The tokenizer's hash of a model that can be a reference. Raises UsageError."""
    if found.engine_kind not in SCORING_ENGINES:
        raise PlanError("engine.kind", f"{found.engine_kind} gives no logits to refer to")
    tokenizer = found.model.get("tokenizer_sha256")
    if not isinstance(tokenizer, str):
        raise ArtefactError(str(found.path), "states no tokenizer, so nothing can be compared")
    return tokenizer


def _windows(
    wanted: Wanted, texts: Texts, found: Artefacts, model: str, link: AgentLink
) -> tuple[ReferenceWindow, ...]:
    said = link.ask(
        "tokenize",
        {
            "engine": {"kind": found.engine_kind, "settings": _settings(wanted)},
            "model": model,
            "texts": list(texts.texts.values()),
            "ids": True,
        },
        answer="tokens",
        timeout_s=TOKENIZE_TIMEOUT_S,
    )
    try:
        listed = msgspec.convert(said.get("ids"), list[list[int]])
        front = msgspec.convert(said.get("front"), list[int])
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise AgentError(link.device, f"gave no token ids: {err}") from err
    windows: list[ReferenceWindow] = []
    for language, ids in zip(texts.texts, listed, strict=True):
        known: Literal["zh", "en"] = "zh" if language == "zh" else "en"
        windows += cut(known, ids, front, wanted.n_ctx, wanted.at_most)
    if not windows:
        raise ArtefactError(wanted.texts, f"has less than {wanted.n_ctx} tokens in any language")
    return tuple(windows)


def _settings(wanted: Wanted) -> dict[str, Any]:
    """Those of the plan, with a context that a window and the longest answer fit into."""
    given = dict(wanted.plan.engine.settings)
    given.setdefault("n_ctx", max(wanted.n_ctx, DEFAULT_N_CTX * 8))
    return given


def _tell_size(
    windows: Sequence[ReferenceWindow], wanted: Wanted, found: Artefacts, watch: Watch
) -> None:
    """Rows x vocabulary x 4 bytes. Raises ArtefactError where that is beyond every use."""
    rows = sum(len(window.ids) - 1 - first_of(wanted.n_ctx) for window in windows)
    vocabulary = found.model.get("vocabulary")
    if not vocabulary:
        watch(
            Progress("prepare", waiting=f"{len(windows)} windows; the model states no vocabulary")
        )
        return
    size = rows * vocabulary * ROW_ITEM_BYTES
    if size > MAX_DATA_BYTES:
        said = f"would take {size / 1e9:.1f} GB; --windows takes fewer of each language"
        raise ArtefactError(str(wanted.out), said)
    watch(Progress("prepare", waiting=f"{len(windows)} windows, {size / 1e6:.1f} MB of logits"))


def _ask(
    wanted: Wanted,
    found: Artefacts,
    windows: Sequence[ReferenceWindow],
    model: str,
    device: Reached,
) -> Ask:
    requests = requests_of(wanted.plan, found.dataset)
    return Ask(
        engine_kind=found.engine_kind,
        settings=_settings(wanted),
        model=model,
        directory=device.spool(f"fidelity-{token_hex(SPOOL_NAME_BYTES)}") / "scores",
        windows=windows,
        first=first_of(wanted.n_ctx),
        watchdog_s=wanted.plan.run.watchdog_s,
        requests=[_request(request) for request in requests],
    )


def _request(request: ResolvedRequest) -> dict[str, Any]:
    return {
        "item": request.item,
        "text": request.text,
        "prompt_tokens": request.prompt_tokens,
        "output_tokens": request.output_tokens,
        "warmup": False,
    }


def _pulls(device: Reached) -> Pulls:
    return Pulls(device.transport, device_clock(), lambda _event, _args: None)


def _head(
    wanted: Wanted,
    texts: Texts,
    made_with: tuple[Artefacts, str],
    windows: tuple[ReferenceWindow, ...],
    scored: Scored,
) -> ReferenceHead:
    found, tokenizer = made_with
    model, vocabularies = found.model, {file.n_vocab for file in scored.files}
    if len(vocabularies) != 1:
        raise ArtefactError(str(found.path), f"gave rows of {sorted(vocabularies)} logits")
    return ReferenceHead(
        fidelity_reference=REFERENCE_VERSION,
        model=ReferenceModel(
            name=str(model["name"]),
            format=str(model["format"]),
            quantization=str(model["quantization"]),
            sha256=str(model["sha256"]),
            tokenizer_sha256=tokenizer,
        ),
        texts=ReferenceTexts(texts.id, texts.version, texts.sha256),
        n_ctx=wanted.n_ctx,
        first=first_of(wanted.n_ctx),
        n_vocab=vocabularies.pop(),
        windows=windows,
        data_bytes=0,
        data_sha256=NOT_YET,
        engine=scored.engine,
        greedy=_greedy(wanted, found, scored),
    )


def _greedy(wanted: Wanted, found: Artefacts, scored: Scored) -> tuple[GreedyOutput, ...]:
    texts = {r.item: r.text for r in requests_of(wanted.plan, found.dataset)}
    return tuple(
        GreedyOutput(
            item=each.item,
            text_sha256=hashlib.sha256(texts[each.item].encode("utf-8", "replace")).hexdigest(),
            prompt_sha256=each.prompt_sha256,
            tokens=each.tokens,
            output_hex=each.output_hex,
        )
        for each in scored.outputs
    )
