"""The end of sampling, waited for."""

from __future__ import annotations

import os
import threading

import pytest

from agent.stopping import Stop


def test_a_wait_without_the_end_runs_out() -> None:
    stop = Stop()
    assert not stop.wait(0.0)
    assert not stop.wait(-1.0)
    stop.close()


def test_the_end_stays_however_often_it_is_said() -> None:
    stop = Stop()
    stop.set()
    stop.set()
    assert stop.wait(60.0)
    assert stop.wait(60.0)
    stop.close()


@pytest.mark.timeout(20)
def test_the_end_comes_from_another_thread_into_a_wait_that_has_none() -> None:
    stop = Stop()
    thread = threading.Thread(target=stop.set)
    thread.start()
    assert stop.wait()
    thread.join()
    stop.close()


def test_close_gives_the_descriptors_back_and_may_come_twice() -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count
    stop = Stop()
    stop.close()
    stop.close()
    assert stop.wait(60.0)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
