"""Table `[load]` of a plan: each shape with its own fields, and nothing else."""

from __future__ import annotations

import msgspec
import pytest

from host.errors import PlanError
from host.handover.load_shape import shape_of
from host.plan.load import default, dump, parse
from host.plan.resolve import check_load


def _plan(table: str) -> bytes:
    return default()[1] + f"\n[load]\n{table}\n".encode()


def test_plan_without_a_load_asks_for_a_single_stream_and_is_quoted_without_one() -> None:
    plan, _ = default()
    assert shape_of(plan.load) == "single"
    assert "[load]" not in dump(plan)


def test_plan_with_streams_reads_back_as_it_was_written() -> None:
    plan = parse(_plan('shape = "streams"\nsteps = [1, 2, 4]\nrequests_per_stream = 2'), "plan")
    assert parse(dump(plan).encode(), "again") == plan
    assert shape_of(plan.load) == "streams"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('shape = "streams"\nsteps = [1]', "shape streams needs requests_per_stream"),
        ('shape = "single"\nsteps = [1]', "steps is of shape streams, this one is single"),
        ('shape = "chat"\nturns = 3', "shape chat needs prefix_cache"),
        ('shape = "streams"\nsteps = [2, 2]\nrequests_per_stream = 1', "a number twice"),
        ('shape = "streams"\nsteps = [0]\nrequests_per_stream = 1', "load.steps"),
        ('shape = "flood"', "load.shape"),
        ("turns = 3", "load"),
        ('shape = "cold"\nsurprise = 1', "surprise"),
    ],
)
def test_load_that_is_no_shape_of_ours_is_refused_with_its_key(table: str, said: str) -> None:
    with pytest.raises(PlanError) as refused:
        parse(_plan(table), "plan")
    assert said in str(refused.value)


def test_engine_that_cannot_make_a_shape_is_refused_and_told_which_can() -> None:
    plan = parse(_plan('shape = "streams"\nsteps = [2]\nrequests_per_stream = 1'), "plan")
    said = r"made by the engine llama_cpp or openai_http, the engine here is onnx_genai"
    with pytest.raises(PlanError, match=said):
        check_load(plan, "onnx_genai")
    for able in ("llama_cpp", "openai_http"):
        check_load(plan, able)


def test_cold_start_after_a_warm_up_is_refused() -> None:
    plan = parse(_plan('shape = "cold"'), "plan")
    with pytest.raises(PlanError, match=r"run\.warmups: is not 0"):
        check_load(plan, "llama_cpp")


def test_cold_start_of_a_server_that_runs_already_is_refused_and_of_a_program_taken() -> None:
    plan = parse(_plan('shape = "cold"').replace(b"warmups = 1", b"warmups = 0"), "plan")
    url, program = {"url": "http://127.0.0.1:8080"}, {"program": "/opt/llama-server"}
    engine = msgspec.structs.replace(plan.engine, kind="openai_http", settings=url)
    with pytest.raises(PlanError, match=r"load\.shape: cold needs a server that the run starts"):
        check_load(msgspec.structs.replace(plan, engine=engine), "openai_http")
    engine = msgspec.structs.replace(engine, settings=program)
    check_load(msgspec.structs.replace(plan, engine=engine), "openai_http")
