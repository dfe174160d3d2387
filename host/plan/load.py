"""Reads plan files: strict, with a sentence that names the key."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import msgspec
import tomli_w

from host.errors import PlanError
from host.handover.plan import (
    PLAN_VERSION,
    DatasetPlan,
    EnginePlan,
    ModelPlan,
    Plan,
    ResolvedPlan,
    upgraded,
)
from host.handover.runner import NATIVE
from host.plan.inference import LEAST_TOKENS
from host.plan.runner import runner_names
from host.plan.typed import CHOICE, choices

MAX_PLAN_BYTES = 1 << 20
AT = re.compile(r" - at `\$\.?(?P<where>[^`]*)`$")
UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`(?: - at `\$\.?(?P<where>[^`]*)`)?")


def load(path: Path) -> tuple[Plan, bytes]:
    """A plan and its bytes as given. Raises PlanError with file, key and what is wrong."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_PLAN_BYTES + 1)
    except (OSError, ValueError) as err:  # ValueError: a NUL in a name
        said = getattr(err, "strerror", err)
        raise PlanError(str(path), f"cannot be read ({said})") from err
    if len(data) > MAX_PLAN_BYTES:
        raise PlanError(str(path), f"is larger than {MAX_PLAN_BYTES} bytes, so it is no plan")
    return parse(data, str(path)), data


def default() -> tuple[Plan, bytes]:
    """The shipped plan for `inferometer measure` without arguments."""
    data = (files("host.plan") / "default.toml").read_bytes()
    return parse(data, "default plan"), data


def parse(data: bytes, name: str) -> Plan:
    """Strict: unknown keys, wrong types, values out of range, NaN and infinity are refused."""
    try:
        found = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as err:  # not UTF-8, no TOML, 5000 digits, 1000 brackets
        raise PlanError(name, f"is no valid TOML: {err}") from err
    for key, value in _floats(found):
        if not math.isfinite(value):
            raise PlanError(
                name, f"{key} is {value}, which is no number that can be measured with"
            )
    try:
        plan = msgspec.convert(upgraded(found), Plan)
    except msgspec.ValidationError as err:
        raise PlanError(name, _sentence(str(err))) from err
    if plan.plan != PLAN_VERSION:
        raise PlanError(name, f"plan = {plan.plan}, this version reads plan = {PLAN_VERSION}")
    if not plan.inference and plan.run.output_tokens < LEAST_TOKENS:
        raise PlanError(name, f"run.output_tokens: is below {LEAST_TOKENS}")
    return plan


def dump(plan: Plan) -> str:
    """The plan as TOML that `load` reads back."""
    return tomli_w.dumps(_without_none(msgspec.to_builtins(plan)), multiline_strings=False)


def override(plan: Plan, over: Mapping[str, Any]) -> Plan:
    """The plan with single values replaced: device, model, engine, dataset, or a key of [run].

    audit: only where the plan has no such table of its own.
    """
    change = msgspec.structs.replace
    for key, value in over.items():
        match key:
            case "model":
                plan = change(plan, model=ModelPlan(value))
            case "engine":
                plan = change(plan, engine=EnginePlan(value))
            case "device":
                plan = change(plan, device=value)
            case "audit":
                plan = plan if plan.audit else change(plan, audit=value)
            case "dataset":
                plan = change(plan, dataset=DatasetPlan(value))
            case _:
                plan = change(plan, run=change(plan.run, **{key: value}))
    return plan


def settled(resolved: ResolvedPlan) -> Plan:
    """The plan with nothing left open: engine and its settings named, hashes stated."""
    plan = resolved.plan
    change = msgspec.structs.replace
    given = {key: v for key, v in _settings(resolved).items() if v is not None}
    return change(
        plan,
        model=change(plan.model, sha256=str(resolved.model["sha256"])),
        engine=EnginePlan(resolved.engine_kind, given),
        dataset=change(plan.dataset, sha256=str(resolved.dataset["sha256"])),
    )


def _settings(resolved: ResolvedPlan) -> Mapping[str, Any]:
    """As a plan may state them. Of a native runner without what its description says."""
    found = resolved.engine_settings
    if resolved.engine_kind != NATIVE:
        return found
    kept = ("n_threads", "n_ctx", "log_bytes")
    named = {"runner": found["runner"]} if found["runner"] in runner_names() else {}
    return {**named, **{key: found[key] for key in kept}, **resolved.plan.engine.settings}


def _without_none(value: Any) -> Any:  # noqa: ANN401
    """TOML has no null: a key that is None is left out."""
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    return value


def _floats(value: object, key: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, float):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _floats(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _floats(inner, key)


def _sentence(message: str) -> str:
    """The library's message, with the near keys where a key is unknown."""
    unknown = UNKNOWN.search(message)
    if unknown is None:
        at = AT.search(message)
        said = AT.sub("", message).replace("`", "")
        if at and (choice := CHOICE.search(said)):
            return f"{at['where']}: {choice['value']} is none of {choices(at['where'], Plan)}"
        return f"{at['where']}: {said[:1].lower()}{said[1:]}" if at else said
    where = unknown["where"] or ""
    fields = _fields(where)
    key = unknown["key"]
    near = difflib.get_close_matches(key, fields, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(fields)}"
    return f"unknown key {key}{f' in [{where}]' if where else ''}; {hint}"


def _fields(where: str) -> list[str]:
    table: Any = Plan
    for name in filter(None, where.split(".")):
        found = next(f.type for f in msgspec.structs.fields(table) if f.name == name)
        table = next(iter(get_args(found)), found)
    return [f.encode_name for f in msgspec.structs.fields(table)]
