"""A plan: what is measured, on what, how often. TOML on disk, typed here.

Unknown keys are refused, and no key that moves a number has a default: a plan file states them
all (`inferometer measure --dry-run` prints a complete one to start from). Units stand in names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from host.handover.audit_plan import AuditPlan
from host.handover.fidelity import FidelityPlan
from host.handover.load_shape import LoadPlan
from host.handover.text import Txt, same

PLAN_VERSION = 2

Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Sha256 = Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]


class ModelPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The model: a reference (`tiny`, `1b:q4_0`) or a path; sha256 when it must be that one."""

    reference: Annotated[str, Meta(min_length=1, max_length=4096)]
    sha256: Sha256 = ""


class EnginePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The engine; settings left out are resolved by the engine and stand in the record."""

    kind: Annotated[str, Meta(min_length=1, max_length=64)]
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


class DatasetPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The dataset; `items` picks some of its items by id, all when left out."""

    reference: Annotated[str, Meta(min_length=1, max_length=4096)]
    sha256: Sha256 = ""
    items: tuple[str, ...] = ()


class RunPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often and how long.

    attempts: fresh loads of the model, the replicates. warmups: unscored requests before the
    scored ones of each attempt. output_tokens: for items that state no length of their own; 0 and
    nothing else for a plain graph, which makes none.
    stop: `length` ignores end-of-text, `natural` honours it. order: of the items in an attempt.
    pairing: `on_off` runs the attempts in pairs, one with the sampler and one without it (see
    `handover/pairing.py`); `none` samples all of them as [sampling] says.
    """

    attempts: Annotated[int, Meta(ge=1, le=10_000)]
    warmups: Annotated[int, Meta(ge=0, le=1_000)]
    output_tokens: Annotated[int, Meta(ge=0, le=1_000_000)]
    stop: Literal["length", "natural"]
    order: Literal["shuffled", "listed"]
    pairing: Literal["none", "on_off"]
    seed: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    idle_before_s: Seconds
    idle_after_s: Seconds
    watchdog_s: Annotated[float, Meta(gt=0, le=86_400)]


class SamplingPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the sampler reads. kinds: collector kinds, all that are there when left out."""

    enabled: bool
    rate_hz: Annotated[float, Meta(gt=0, le=1_000)]
    jitter_ratio: Annotated[float, Meta(ge=0, lt=0.5)]
    kinds: tuple[str, ...] = ()


# Of a room, a climate chamber or a car: what bench thermometers show.
AmbientC = Annotated[float, Meta(ge=-50, le=100)]


class GatePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must hold before each attempt; a gate that times out voids the attempt.

    max_busy_ratio: CPU time that others use, of all cores, 0..1. max_temperature_c: hottest
    thermal zone or hwmon sensor of the device, in degrees Celsius.

    Of the device's state: battery level as a ratio of full; charging means fed from outside at
    all. max_thermal_status: Android's, 0 none to 6 shutdown. steady_for_s: how long busy ratio and
    slope must have held. cooldown_above_start_k: how much warmer than before the first attempt
    the hottest sensor may be when a later one begins. forbid_throttle: throttling between the
    start and the end of an attempt voids it, and so does not being able to tell.

    min_ambient_c, max_ambient_c: of the air, in degrees Celsius as the ambient meter of the
    equipment file shows it to the host. Left out: not looked at.
    """

    timeout_s: Seconds
    max_busy_ratio: Annotated[float, Meta(gt=0, le=1)] | None = None
    max_temperature_c: Annotated[float, Meta(gt=-50, le=150)] | None = None
    min_battery_level_ratio: Annotated[float, Meta(ge=0, le=1)] | None = None
    max_battery_level_ratio: Annotated[float, Meta(ge=0, le=1)] | None = None
    max_battery_temperature_c: Annotated[float, Meta(gt=-50, le=150)] | None = None
    forbid_charging: bool | None = None
    max_thermal_status: Annotated[int, Meta(ge=0, le=6)] | None = None
    steady_for_s: Seconds | None = None
    max_temperature_slope_k_per_min: Annotated[float, Meta(gt=0, le=100)] | None = None
    cooldown_above_start_k: Annotated[float, Meta(ge=0, le=100)] | None = None
    forbid_throttle: bool | None = None
    min_ambient_c: AmbientC | msgspec.UnsetType = msgspec.UNSET
    max_ambient_c: AmbientC | msgspec.UnsetType = msgspec.UNSET


class StaircasePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A load in steps at the end of each attempt, for transfer calibration.

    levels: shares of the CPUs, each once. repeats: how many times all of them are gone through up
    and down again (`up_down`), or as often in an order drawn from the seed (`seeded`). reference:
    channel of the meter that is believed; "" for the only power channel of a meter there is.
    """

    levels: Annotated[tuple[Annotated[float, Meta(ge=0, le=1)], ...], Meta(min_length=2)]
    dwell_s: Annotated[float, Meta(ge=0.1, le=3_600)]
    repeats: Annotated[int, Meta(ge=1, le=100)]
    order: Literal["up_down", "seeded"]
    reference: Annotated[str, Meta(max_length=200)] = ""


class PulsePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Load patterns at the start and the end of a run, by which meters on the bench are judged.

    words: of 7 bits each, drawn as they are played; bit_s: length of a bit. processes: computing
    at once, one for each CPU of the agent when left out. least_step_w: what full load adds to the
    device's power at the least; a meter that shows less is not judged.

    A pattern with its rest lasts 7 * words * bit_s + 5 s, 285 s at the most.
    """

    words: Annotated[int, Meta(ge=2, le=20)]
    bit_s: Annotated[float, Meta(ge=0.05, le=2)]
    least_step_w: Annotated[float, Meta(gt=0, le=10_000)]
    processes: Annotated[int, Meta(ge=1, le=1024)] | None = None


class InferencePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a request of a plain graph is.

    count: inferences on the same inputs, one after the other. batch: images or texts in one
    inference: first dimension of inputs that leave it open. steps: inferences that make one image,
    more than 1 for a diffusion step.
    """

    count: Annotated[int, Meta(ge=1, le=1_000_000)]
    batch: Annotated[int, Meta(ge=1, le=65_536)]
    steps: Annotated[int, Meta(ge=1, le=10_000)]


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One plan file. controls: ids of the profile's controls that are held during the run.

    staircase: only of a run that calibrates sources of the device against a meter. pulses: left
    out, none are played: they heat the device, so no file but the plan asks for them. inference:
    of the engine for plain graphs alone. load: how requests follow one another, left out one by
    one. fidelity: of the output to a reference. audit: probes after the scored attempts. A plan
    that leaves them out reads, and is quoted, as before there were any.
    """

    plan: Annotated[int, Meta(ge=1)]
    title: Annotated[str, Meta(max_length=500)]
    device: Annotated[str, Meta(min_length=1, max_length=200)]
    model: ModelPlan
    engine: EnginePlan
    dataset: DatasetPlan
    run: RunPlan
    sampling: SamplingPlan
    gates: GatePlan
    controls: tuple[str, ...] = ()
    staircase: StaircasePlan | msgspec.UnsetType = msgspec.UNSET
    pulses: PulsePlan | msgspec.UnsetType = msgspec.UNSET
    inference: InferencePlan | msgspec.UnsetType = msgspec.UNSET
    load: LoadPlan | msgspec.UnsetType = msgspec.UNSET
    fidelity: FidelityPlan | msgspec.UnsetType = msgspec.UNSET
    audit: AuditPlan | msgspec.UnsetType = msgspec.UNSET


class ResolvedRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request as the engine will get it; prompt_tokens None: as many as the text has."""

    item: str
    text: str
    prompt_tokens: int | None
    output_tokens: int


class ResolvedPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plan with every reference resolved to a hash: what the run folder keeps.

    model, dataset: what inspection of the artefacts said. engine_settings: all of them, as the
    engine will use them. agent: name and hash of the agent that was deployed.
    """

    plan: Plan
    engine_kind: str
    engine_reason: Txt
    engine_settings: dict[str, Any]
    model_path: str
    model: dict[str, Any]
    dataset: dict[str, Any]
    requests: tuple[ResolvedRequest, ...]
    profile: dict[str, Any]
    software: tuple[dict[str, str], ...]


NAMED_BY_PLAN: Final = Txt("由方案指定", "named by the plan")
GGUF_FILE: Final = Txt("模型为 GGUF 文件", "the model is a GGUF file")
GENAI_FOLDER: Final = Txt(
    "模型为 onnxruntime-genai 目录", "the model is an onnxruntime-genai folder"
)
PLAIN_GRAPH: Final = Txt("模型为 ONNX 计算图", "the model is a plain ONNX graph")
LLAMA_INSTALLED: Final = Txt("已安装 llama.cpp", "llama.cpp is installed")
LLAMA_NOT_INSTALLED: Final = Txt("未安装 llama.cpp", "llama.cpp is not installed")
NATIVE_ALONE: Final = Txt(
    "设备上没有 Python，只能运行原生程序",
    "the device has no Python, so it runs native runners alone",
)
ENGINE_REASONS: Final = (
    NATIVE_ALONE,
    NAMED_BY_PLAN,
    GGUF_FILE,
    GENAI_FOLDER,
    PLAIN_GRAPH,
    LLAMA_INSTALLED,
    LLAMA_NOT_INSTALLED,
)


def engine_reason(en: str) -> Txt:
    """What was said in English alone, in both languages; others' words as they are."""
    return next((each for each in ENGINE_REASONS if each.en == en), same(en))


def upgraded(found: Any) -> Any:  # noqa: ANN401 - whatever a file holds
    """A plan of version 1 as version 2 says it; anything else as it is.

    Version 1 knew no pairs: its attempts are what `pairing = "none"` makes.
    """
    if not isinstance(found, Mapping) or found.get("plan") != 1:
        return found
    run = found.get("run")
    if not isinstance(run, Mapping) or "pairing" in run:
        return found
    return {**found, "plan": PLAN_VERSION, "run": {**run, "pairing": "none"}}


def resolved_of(found: Any) -> ResolvedPlan:  # noqa: ANN401 - whatever a file holds
    """A resolved plan as a run folder keeps it. Raises msgspec.ValidationError."""
    if isinstance(found, Mapping):
        reason = found.get("engine_reason")
        found = {**found, "plan": upgraded(found.get("plan"))}
        if isinstance(reason, str):  # as it was before it was said in both languages
            found["engine_reason"] = msgspec.to_builtins(engine_reason(reason))
    return msgspec.convert(found, ResolvedPlan)
