from dataclasses import replace

import pytest

from host.handover.conditions import SensorTerm
from host.handover.facts import RunFacts
from host.handover.text import Txt
from host.pipeline.conditions import conditions_of, cpus_of
from tests.fakes.records import sample_facts
from tests.fakes.traces import run_of


def facts(**changes: object) -> RunFacts:
    return replace(sample_facts(), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("online", "cpus"),
    [("0-7", 8), ("0", 1), ("0-3,6", 5), ("0-1,4-5", 4), ("", None), ("all", None), ("3-", None)],
)
def test_cpus_are_counted_from_the_list_of_the_kernel(online: str, cpus: int | None) -> None:
    assert cpus_of({"online": online}) == cpus


@pytest.mark.parametrize("cores", [None, "0-3", {}, {"online": 4}])
def test_a_device_that_does_not_tell_its_cpus_has_none(cores: object) -> None:
    assert cpus_of(cores) is None


def test_an_older_run_has_the_resolution_of_the_session_and_a_rate_by_convention() -> None:
    found = conditions_of(run_of(), facts(clock={"resolution_ns": "52"}), {}).clock
    assert found is not None
    assert (found.name, found.resolution_ns) == ("monotonic_raw@test", 52)
    assert (found.read_cost_ns, found.rate_how) == (None, "manufacturer")
    assert found.rate_half_width_ppm == 500.0


@pytest.mark.parametrize("stated", ["", "none", "-1"])
def test_a_run_that_says_nothing_of_its_clock_has_none(stated: str) -> None:
    assert conditions_of(run_of(), facts(clock={"resolution_ns": stated}), {}).clock is None


def test_the_page_size_is_the_scale_of_resident_pages() -> None:
    channel = {"name": "process.rss", "unit": "By", "scale": 16384.0}
    found = conditions_of(run_of(), facts(sources={"channels": [channel]}), {})
    assert found.page_bytes == 16384


def test_a_library_that_gives_bytes_tells_no_page_size() -> None:
    channel = {"name": "process.rss", "unit": "By", "scale": 1.0}
    found = conditions_of(run_of(), facts(sources={"channels": [channel]}), {})
    assert found.page_bytes is None


def test_the_bound_of_the_clocks_and_the_sensors_are_handed_on() -> None:
    term = SensorTerm("gain", relative=True, source=Txt("证书", "certificate"), half_width=0.01)
    run = replace(run_of(), offset_bound_ns=40_000)
    found = conditions_of(run, facts(), {"meter.power": (term,)})
    assert found.alignment_bound_ns == 40_000
    assert found.sensors == {"meter.power": (term,)}
    assert found.perturbation == {}
