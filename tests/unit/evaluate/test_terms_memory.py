from dataclasses import replace
from math import sqrt

import pytest

from host.evaluate import terms_influence, terms_memory
from host.handover.conditions import Conditions
from tests.fakes.measured import memory


def test_a_peak_is_known_to_half_a_page() -> None:
    assert terms_memory.page_step(memory()).input.u == pytest.approx(2048 / sqrt(3))


def test_a_drop_is_a_difference_of_two() -> None:
    assert terms_memory.drop_step(memory()).input.u == pytest.approx(4096 / sqrt(6))


def test_counters_wait_in_batches_on_every_cpu() -> None:
    # 8 CPUs x 64 pages x 4096 By x 3 counters
    term = terms_memory.rss_batches(memory())
    assert term.input.half_width == 8 * 64 * 4096 * 3
    assert "percpu_counter" in term.input.evaluation.en


def test_many_cpus_have_longer_batches() -> None:
    many = replace(memory(), conditions=Conditions(cpus=64, page_bytes=4096))
    assert terms_memory.rss_batches(many).input.half_width == 64 * 128 * 4096 * 3


@pytest.mark.parametrize("known", [Conditions(cpus=8), Conditions(page_bytes=4096)])
def test_a_device_that_does_not_say_leaves_the_batches_open(known: Conditions) -> None:
    assert terms_memory.rss_batches(replace(memory(), conditions=known)).input.u is None


def test_without_a_page_size_the_step_is_open() -> None:
    unknown = replace(memory(), conditions=Conditions())
    assert terms_memory.page_step(unknown).input.u is None
    assert terms_memory.drop_step(unknown).input.u is None


def test_the_kernel_keeps_the_peak_and_readings_do_not() -> None:
    assert terms_memory.missed_peak(memory("peak")).input.u == 0.0
    missed = terms_memory.missed_peak(memory("instant")).input
    assert missed.u is None
    assert "100 readings" in missed.evaluation.en


def test_a_driver_that_states_its_step_is_known_to_half_of_it() -> None:
    of = memory("instant")
    assert of.basis.channel is not None
    stated = replace(of.basis, channel=replace(of.basis.channel, resolution=1024.0))
    found = terms_memory.driver_memory(replace(of, basis=stated))
    assert found.input.u == pytest.approx(512 / sqrt(3))
    assert terms_memory.driver_memory(of).input.u is None


def test_what_other_processes_did_is_open() -> None:
    assert terms_memory.other_processes(memory()).input.u is None
    assert terms_memory.available_batches(memory()).input.u is None


def test_a_share_of_n_readings_is_known_to_one_reading() -> None:
    assert terms_influence.share_step(memory()).input.u == pytest.approx(0.01 / sqrt(3))


def test_a_maximum_between_readings_is_open_and_events_are_counted() -> None:
    assert terms_influence.missed_maximum(memory()).input.u is None
    assert terms_influence.event_count(memory()).input.u == 0.0
