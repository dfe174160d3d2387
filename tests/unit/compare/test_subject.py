"""What is compared: engine settings that two records do not share, and no others."""

from __future__ import annotations

from typing import Any

from host.compare.subject import subjects
from host.handover.record import Record
from tests.fakes.compared import record


def with_engine(kind: str, **settings: Any) -> Record:  # noqa: ANN401
    return record(runtime={"kind": kind, "settings": settings})


def settings_unlike(*records: Record) -> dict[str, tuple[str, ...]]:
    found = {s.key: s.values for s in subjects(records)}
    return {key: values for key, values in found.items() if key.startswith("runtime.settings.")}


def test_setting_that_an_older_record_could_not_have_is_what_held_then() -> None:
    old = with_engine("llama_cpp", n_ctx=256)
    new = with_engine("llama_cpp", n_ctx=256, n_seq_max=1, kv_unified=False)
    assert settings_unlike(old, new) == {}
    streams = with_engine("llama_cpp", n_ctx=256, n_seq_max=4, kv_unified=False)
    assert settings_unlike(old, streams) == {"runtime.settings.n_seq_max": ("1", "4")}


def test_setting_that_one_engine_alone_has_is_absent_in_the_other() -> None:
    found = settings_unlike(
        with_engine("llama_cpp", n_ctx=256), with_engine("onnx", provider="cpu")
    )
    assert set(found) == {
        f"runtime.settings.{name}" for name in ("n_ctx", "n_seq_max", "kv_unified", "provider")
    }
