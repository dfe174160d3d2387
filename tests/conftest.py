"""What tests share: the real tiny models, made once; what runs beside what; CI skips nothing."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, is_hypothesis_test, settings

from host.artefacts.models.store import make
from tests.fakes.command import Command, environment
from tests.fakes.one_at_a_time import alone
from tests.fakes.priority import COMPUTING, WAITING, give_way
from tests.workers import ByFile, computes, file_of

# No test asserts on elapsed time, so neither does hypothesis: machines of labs are busy. On CI the
# examples are the same every time, so that a red run is the fault of the change that it ran on.
settings.register_profile(
    "inferometer",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("inferometer")

# Threads of llama.cpp sleep where they wait for each other, instead of spinning (OpenMP 5.2,
# 21.3.8): on two cores that something else uses too, spinning is 95 % of what an engine takes.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:  # noqa: ANN401
    """Workers share the tests by files, whatever `--dist` says."""
    return ByFile(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Beside other workers, a test that computes gives way to those that wait."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        give_way(COMPUTING if computes(file_of(item.nodeid)) else WAITING)
    return (yield)


# Tests whose work is done by processes of their own, which are not counted.
UNCOUNTED = ("tests/flow/", "tests/faults/")
# Of a test with parameters so many values of each are counted: the others run the same lines.
COUNTED_VALUES = 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Lines are not counted where a test runs the same ones by the hundred, or few of ours."""
    for item in items:
        drawn = is_hypothesis_test(getattr(item, "function", None))
        if drawn or item.nodeid.startswith(UNCOUNTED) or repeats(item):
            item.add_marker(pytest.mark.no_cover)


def repeats(item: pytest.Item) -> bool:
    """Whether a test has been counted already, with other values of its parameters."""
    spec = getattr(item, "callspec", None)
    return spec is not None and max(spec.indices.values(), default=0) >= COUNTED_VALUES


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What collecting makes stays to the end: looks for garbage leave its 300 MB alone.

    They are a sixth of what collecting takes, and each later one would go through all of it.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def uncounted(item: pytest.Item) -> Iterator[None]:
    """Where a test is marked `no_cover`, its fixtures are not counted either."""
    counter = Coverage.current() if item.get_closest_marker("no_cover") else None
    if counter is None:
        yield
        return
    counter.stop()
    try:
        yield
    finally:
        counter.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with uncounted(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    with uncounted(item):
        return (yield)


@pytest.fixture(scope="session")
def model_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for models that this test session makes; all workers have the same one."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return tmp_path_factory.mktemp("models")
    folder = tmp_path_factory.getbasetemp().parent / "models"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def tiny_gguf(model_store: Path) -> Path:
    """The real tiny reference model, INT4 as Q4_0 GGUF."""
    with alone(model_store):
        return make("tiny", "q4_0", directory=model_store)


@pytest.fixture(scope="session")
def tiny_genai(model_store: Path) -> Path:
    """The same integers as an onnxruntime-genai folder."""
    with alone(model_store):
        return make("tiny", "int4", directory=model_store)


@pytest.fixture(scope="session")
def command(
    model_store: Path, tiny_gguf: Path, tiny_genai: Path, tmp_path_factory: pytest.TempPathFactory
) -> Command:
    """The installed command, with the tiny models made and stores of its own."""
    assert tiny_gguf.exists()
    assert tiny_genai.exists()
    return Command(environment(model_store, tmp_path_factory.mktemp("store")))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With INFEROMETER_NO_SKIPS, a test that would skip fails and says why."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if (
        os.environ.get("INFEROMETER_NO_SKIPS")
        and report.skipped
        and not hasattr(report, "wasxfail")
    ):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} would skip: {report.longrepr}"
