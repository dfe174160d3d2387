"""What is compared: the things that are meant to differ between records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from host.compare.fidelity import fidelity_of
from host.compare.leaves import ABSENT, unequal
from host.handover.record import Record
from host.handover.text import Txt

# Settings that records made before them do not name, and what was so then.
_EARLIER: Mapping[str, Mapping[str, Any]] = {"llama_cpp": {"n_seq_max": 1, "kv_unified": False}}


@dataclass(frozen=True, slots=True)
class Subject:
    """A trait of what was measured, with its value in each record. key: `model.sha256`."""

    key: str
    name: Txt
    values: tuple[str, ...]

    @property
    def same(self) -> bool:
        return len(set(self.values)) == 1


def subjects(records: Sequence[Record]) -> tuple[Subject, ...]:
    """Device, model, engine with version, alike or not; then every engine setting unlike."""
    rows = [
        Subject("device", Txt("设备", "device"), tuple(device_of(r) for r in records)),
        Subject("model", Txt("模型", "model"), tuple(model_of(r) for r in records)),
        Subject("model.sha256", Txt("模型文件", "model file"), tuple(_sha(r) for r in records)),
        Subject("engine", Txt("引擎", "engine"), tuple(engine_of(r) for r in records)),
        Subject("fidelity", Txt("保真度", "fidelity"), tuple(fidelity_of(r) for r in records)),
        Subject("software", Txt("测量软件", "software"), tuple(_software(r) for r in records)),
    ]
    for path, values in unequal([_settings(r) for r in records]):
        rows.append(Subject(f"runtime.settings.{path}", Txt(path, path), values))
    return tuple(rows)


def _settings(record: Record) -> dict[str, Any]:
    """As the record has them, and what held before there was a setting."""
    kind = str(record.runtime.get("kind", ""))
    return {**_EARLIER.get(kind, {}), **record.runtime.get("settings", {})}


def device_of(record: Record) -> str:
    """Maker, name and processor as the device said them."""
    said = _map(record.item.get("before"))
    cpu = _map(said.get("cpu"))
    product = _map(said.get("product"))
    parts = (
        record.item.get("maker") or product.get("sys_vendor") or said.get("maker"),
        record.item.get("model") or product.get("product_name") or said.get("name"),
        cpu.get("name") or cpu.get("model"),
        _map(said.get("system")).get("name"),
    )
    return " · ".join(str(part) for part in parts if part) or ABSENT


def model_of(record: Record) -> str:
    """Name and quantization."""
    said = record.model_artifact
    return " · ".join(str(said[key]) for key in ("name", "quantization") if said.get(key))


def engine_of(record: Record) -> str:
    """Kind and version of the engine."""
    described = _map(record.runtime.get("described"))
    version = described.get("library_version") or described.get("version") or ""
    return f"{record.runtime.get('kind', ABSENT)} {version}".strip()


def _sha(record: Record) -> str:
    return str(record.model_artifact.get("sha256", ABSENT))


def _software(record: Record) -> str:
    """Name, version and the first digits of the hash of what measured."""
    said = (
        f"{part.get('name', '?')} {part.get('version', '')} {part.get('sha256', '')[:8]}".strip()
        for part in record.software
    )
    return ", ".join(said) or ABSENT


def _map(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - free-form
    return value if isinstance(value, Mapping) else {}
