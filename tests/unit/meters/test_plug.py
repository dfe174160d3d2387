from __future__ import annotations

import pytest

from collectors.meters.plug import MAKES, Plug
from collectors.meters.protocol import MeterError
from tests.fakes.meters.plug_end import PlugEnd, plug_end


@pytest.mark.parametrize("make", sorted(MAKES))
def test_a_plug_switches_and_is_asked_whether_it_did(make: str) -> None:
    end = PlugEnd()
    with plug_end(end) as port:
        plug = Plug(make, "127.0.0.1", port)
        assert plug.state() is False
        plug.switch(on=True)
        assert (plug.state(), end.on) == (True, True)
        plug.switch(on=False)
    assert end.on is False


def test_a_plug_that_says_yes_and_does_nothing_is_an_error() -> None:
    with plug_end(PlugEnd(stuck=True)) as port, pytest.raises(MeterError, match="and is not"):
        Plug("shelly", "127.0.0.1", port).switch(on=True)


@pytest.mark.parametrize(
    ("instead", "words"),
    [
        ((404, b"{}"), "answers 404"),
        ((302, b"{}"), "answers 302"),
        ((200, b"<html>"), "no JSON"),
        ((200, b"[" * 5000), "no JSON"),
        ((200, b"[]"), "no JSON object"),
        ((200, b'{"output": "yes"}'), "does not say"),
        ((200, b" " * 70000), "70000 bytes|65537 bytes"),
    ],
)
def test_what_is_no_answer_of_a_plug_is_an_error(instead: tuple[int, bytes], words: str) -> None:
    with plug_end(PlugEnd(instead=instead)) as port, pytest.raises(MeterError, match=words):
        Plug("shelly", "127.0.0.1", port).state()


def test_a_plug_that_is_not_there_is_an_error() -> None:
    with plug_end(PlugEnd()) as port:
        pass
    with pytest.raises(MeterError, match="does not answer"):
        Plug("tasmota", "127.0.0.1", port, timeout_s=1).state()


def test_a_make_that_is_not_known_is_named_with_those_that_are() -> None:
    with pytest.raises(MeterError, match="shelly, tasmota"):
        Plug("kasa", "127.0.0.1").state()
