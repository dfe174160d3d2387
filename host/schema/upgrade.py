"""Reads records of older versions: one function a step, on plain JSON, tried on stored records.

To change a field: raise SCHEMA_VERSION, add a step here that makes the record before into the new
one, store a record of the version before under `tests/data/records/`, publish the new schema.
An upgraded record keeps its `record_id`: that is the identity of the file as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from host.errors import FolderError
from host.handover.conventions import CONVENTIONS
from host.handover.fidelity import not_measured
from host.handover.fixes import fix_words
from host.handover.measurands import MEASURANDS
from host.handover.plan import ENGINE_REASONS
from host.handover.record import AMBIENT_TEMPERATURE, SCHEMA_NAME, SCHEMA_VERSION, Record
from host.handover.rules import RULES
from host.schema.canonical import record_in, sha256_of, strict_object

Json = dict[str, Any]
_NO_HASH = "0" * 64
_DEFINED: Final = {**MEASURANDS, **CONVENTIONS}
# English of 0.1.0 -> Chinese: rules and reasons as they still are, and what nothing says any more.
_CHINESE: Final = {
    **{words.en: words.zh for words in (*RULES, *ENGINE_REASONS)},
    "UTC as the host's wall clock has it; a label, no duration is taken from it": (
        "主机墙上时钟的 UTC 标签，不由其计算时长"
    ),
    "wall clock of the host, a label": "主机墙上时钟，仅作标签",
}


def read_record(raw: bytes, name: str = "record.json") -> Record:
    """A record of this version or of a known older one, as one of this version.

    Raises FolderError with `name` for anything else; an unknown version is named. The identity is
    not checked: `identity_of` gives that of the file.
    """
    return record_in(upgraded(strict_object(raw, name), name), name)


def read_unchanged(raw: bytes, name: str = "record.json") -> tuple[Record, str]:
    """(record as `read_record` gives it, the version that the file states), parsed once.

    Raises FolderError as that does, and where the identity is not that of the contents.
    """
    found = strict_object(raw, name)
    version = version_of(found, name)
    stated, computed = _identity(found, name)
    record = record_in(upgraded(found, name), name)
    if stated != computed:
        raise FolderError(name, "was changed: its record_id is not that of its contents")
    return record, version


def upgraded(found: Json, name: str = "record.json") -> Json:
    """The JSON of a record of any known version as one of this version."""
    version = version_of(found, name)
    while version != SCHEMA_VERSION:
        if version not in STEPS:
            known = ", ".join((*STEPS, SCHEMA_VERSION))
            raise FolderError(
                name, f"has the schema version {version!r}, which is unknown here (known: {known})"
            )
        found = STEPS[version](found)
        version = version_of(found, name)
    return found


def version_of(found: Json, name: str = "record.json") -> str:
    """The schema version that a record states. Raises FolderError where there is none."""
    schema = found.get("schema")
    if not isinstance(schema, Mapping) or schema.get("name") != SCHEMA_NAME:
        raise FolderError(name, f"is no record: its schema is not {SCHEMA_NAME}")
    version = schema.get("version")
    if not isinstance(version, str):
        raise FolderError(name, "states no schema version")
    return version


def identity_of(raw: bytes, name: str = "record.json") -> tuple[str, str]:
    """(stated, computed) identity of a stored record of any version, by its own fields."""
    return _identity(strict_object(raw, name), name)


def _identity(found: Json, name: str) -> tuple[str, str]:
    said = {key: value for key, value in found.items() if key != "record_id"}
    try:
        return str(found.get("record_id", "")), f"urn:sha256:{sha256_of(said)}"
    except ValueError as err:
        raise FolderError(name, f"has no canonical form: {err}") from err


def from_0_1_0(old: Json) -> Json:
    """0.1.0 knew results with Type A alone, and none of the formal fields of a report.

    What it did not say stays unsaid: the method has no hash of its definitions, so zeros stand
    there and its version says why. What it said in English alone is said in Chinese too where the
    words are still ours, else it stands in both places as it was.
    """
    new = dict(old)
    new["schema"] = {"name": SCHEMA_NAME, "version": "0.2.0"}
    new["results"] = [_quantity_0_1_0(q) for q in _list(old, "results")]
    new["conventions"] = [_quantity_0_1_0(q) for q in _list(old, "conventions")]
    planned = _said(old, "plan", "given", "run")
    unsaid = {"zh": "0.1.0 版记录未说明。", "en": "A record of version 0.1.0 does not say."}
    new["definitions"] = [_definition_0_1_0(d) for d in _list(old, "definitions")]
    new["performed"] = _told(_said(old, "performed"), "clock")
    new["runtime"] = _told(_said(old, "runtime"), "reason")
    new |= {
        "record_no": "",
        "status": {"state": "draft"},
        "laboratory": None,
        "customer": None,
        "people": [],
        "item_received": "",
        "issued": "",
        "method": {
            "id": "urn:inferometer:method:on-device-inference",
            "version": "not stated (record of version 0.1.0)",
            "title": old.get("title"),
            "norms": [],
            "deviations": unsaid,
            "sha256": _NO_HASH,
        },
        "sampling_plan": {
            "devices": 1,
            "runs": _said(old, "attempts").get("planned", 0),
            "order": str(planned.get("order", "")),
            "randomised": planned.get("order") == "shuffled",
            "seed": str(planned.get("seed", 0)),
            "warm_up": unsaid,
            "cool_down_rule": unsaid,
            "exclusions": [],
        },
        "intended_use": None,
        "equipment": [],
        "environment": [
            {
                "quantity": AMBIENT_TEMPERATURE,
                "name": {"zh": "环境温度", "en": "ambient temperature"},
                "value": None,
                "unit": "Cel",
                "missing": {
                    "zh": "not-stated: 0.1.0 版记录没有环境条件",
                    "en": "not-stated: a record of version 0.1.0 has no environment",
                },
            }
        ],
        "budgets": [],
        "external_provider_results": [],
        "opinions": None,
    }
    return new


def _quantity_0_1_0(old: Any) -> Any:  # noqa: ANN401 - whatever a file holds
    """One `nu` became the raw and the truncated one; Student's t was the only rule for k."""
    if not isinstance(old, dict):
        return old
    new = {key: value for key, value in old.items() if key != "nu"}
    new |= _told({"rule": old.get("rule")}, "rule")
    nu = old.get("nu")
    stated = old.get("U") is not None
    return {
        **new,
        "nu_eff": nu if stated else None,
        "nu_used": nu if stated else None,
        "k_rule": "t_nu_eff" if stated else "",
    }


def _definition_0_1_0(old: Any) -> Any:  # noqa: ANN401 - whatever a file holds
    """Chinese comes from the catalogue where it still has the same English under the same id."""
    if not isinstance(old, dict):
        return old
    now = _DEFINED.get(str(old.get("id")))
    new = dict(old)
    for key in ("model", "start", "stop", "origin"):
        en, known = old.get(key), getattr(now, key, None)
        if isinstance(en, str):
            new[key] = {"zh": known.zh if known and known.en == en else en, "en": en}
    return new


def _told(found: Json, key: str) -> Json:
    """An English text as both languages; "" as null, for nothing was said."""
    en = found.get(key)
    if not isinstance(en, str):
        return found
    return {**found, key: {"zh": _CHINESE.get(en, en), "en": en} if en else None}


def _list(found: Json, key: str) -> list[Any]:
    value = found.get(key)
    return value if isinstance(value, list) else []


def _said(found: Json, *keys: str) -> Json:
    value: Any = found
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def from_0_2_0(old: Json) -> Json:
    """0.2.0 said in English alone what would fix an absent source."""
    new = dict(old)
    new["schema"] = {"name": SCHEMA_NAME, "version": "0.3.0"}
    new["absent"] = [
        {**a, "fix": msgspec.to_builtins(fix_words(str(a.get("fix", ""))))}
        for a in _list(old, "absent")
        if isinstance(a, dict)
    ]
    return new


def from_0_3_0(old: Json) -> Json:
    """0.3.0 knew no results but those of attempts."""
    return {
        **old,
        "schema": {"name": SCHEMA_NAME, "version": "0.4.0"},
        "fidelity": msgspec.to_builtins(not_measured()),
        "audit": [],
        "scores": [],
    }


# Version -> the step that leads on from it.
STEPS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "0.1.0": from_0_1_0,
    "0.2.0": from_0_2_0,
    "0.3.0": from_0_3_0,
}
