"""Supplies and multimeters by profile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from collectors.clocks import device_clock
from collectors.meters import scpi_profile
from collectors.meters.conversation import Conversation, Manner
from collectors.meters.hookup import Given, Hookup
from collectors.meters.line_tcp import TcpLine
from collectors.meters.line_visa import VisaLine
from collectors.meters.protocol import MeterError
from collectors.meters.scpi import ScpiMeter
from collectors.meters.table import METERS, opener
from collectors.meters.transcript import Unkept
from collectors.reading import Gap, Reading
from tests.fakes.meters.scpi_bench import DP832, ScpiBench
from tests.fakes.meters.serving import on_tcp

CLOCK = device_clock()
E36312A = "Keysight Technologies,E36312A,MY00000001,1.0.4-1.0.3-1.05"
E36312A_SAYS = {"MEAS:VOLT? (@1)": "+5.00000000E+00", "MEAS:CURR? (@1)": "+2.50000000E-01"}
DMM = "Keysight Technologies,34465A,MY00000001,A.02.16-02.40-02.16-00.51-03-01"
DMM_SETTINGS = {
    "SENS:FUNC": '"VOLT"',
    "SENS:CURR:DC:RANG": "+1.00000000E-01",
    "SENS:CURR:DC:NPLC": "+1.00000000E+01",
    "TRIG:SOUR": "BUS",
    "SAMP:COUN": "+1.00000000E+01",
}


def hookup(address: str, **settings: Given) -> Hookup:
    return Hookup("meter.psu", address, settings, CLOCK, Unkept())


@contextmanager
def meter(bench: ScpiBench, profile: str, timeout_s: float = 5) -> Iterator[ScpiMeter]:
    with on_tcp(bench) as port:
        line = TcpLine.open("127.0.0.1", port, timeout_s=5)
        try:
            loaded = msgspec.structs.replace(scpi_profile.load(profile), timeout_s=timeout_s)
            yield ScpiMeter.open(line, CLOCK, loaded, "meter.psu", wait=lambda _: None)
        finally:
            line.close()


def test_a_supply_gives_one_reading_for_each_channel_of_its_profile() -> None:
    with meter(ScpiBench(), "rigol-dp800") as supply:
        assert supply.identity.model == "DP832"
        assert supply.begin() == ()
        found = supply.read(timeout_s=5)
        channels = supply.describe()
    assert [r.channel for r in found] == [c.name for c in channels]
    assert [r.value for r in found if isinstance(r, Reading)] == [12.003, 1.25, 15.004]
    assert [c.tier for c in channels] == ["", "", "A-"]


def test_power_that_is_not_asked_for_is_a_product_with_the_stamps_of_both_factors() -> None:
    with meter(ScpiBench(E36312A, E36312A_SAYS), "keysight-e36300") as supply:
        volts, amps, watts = supply.read(timeout_s=5)
    assert isinstance(volts, Reading)
    assert isinstance(amps, Reading)
    assert watts == Reading("meter.psu.ch1.power", volts.t0_ns, amps.t1_ns, 1.25)


def test_a_product_lacking_a_factor_is_a_gap_that_names_it() -> None:
    bench = ScpiBench(E36312A, E36312A_SAYS | {"MEAS:CURR? (@1)": "+9.90000000E+37"})
    with meter(bench, "keysight-e36300") as supply:
        _, amps, watts = supply.read(timeout_s=5)
    assert isinstance(amps, Gap)
    assert amps.reason.startswith("overrange: ")
    assert isinstance(watts, Gap)
    assert watts.reason == "no-factor: meter.psu.ch1.current"


def test_a_multimeter_is_set_read_back_and_put_back() -> None:
    bench = ScpiBench(DMM, {"READ?": "+1.23456700E+00"}, DMM_SETTINGS)
    with meter(bench, "keysight-3446x-current") as dmm:
        found = dmm.begin()
        assert ("current range", "3", "+3.00000000E+00") in [
            (s.name, s.wanted, s.found) for s in found
        ]
        assert bench.settings["SENS:FUNC"] == '"CURR"'
        (current,) = dmm.read(timeout_s=5)
        assert isinstance(current, Reading)
        assert current.value == 1.234567
        assert len(dmm.end()) == len(found)
        assert dmm.end() == ()
    assert bench.settings == DMM_SETTINGS


HIOKI = "HIOKI,PW3335,0,V1.10"
HIOKI_SAYS = {":MEAS? U": "U +012.01E+0", ":MEAS? I": "+1.2500E+0", ":MEAS? P": "P +015.00E+0"}


def test_a_hioki_gives_figures_with_and_without_a_header_and_has_no_error_queue() -> None:
    bench = ScpiBench(HIOKI, HIOKI_SAYS)
    with meter(bench, "hioki-pw3335") as found:
        assert found.begin() == ()
        values = [r.value for r in found.read(timeout_s=5) if isinstance(r, Reading)]
    assert values == [12.01, 1.25, 15.0]
    assert not [word for word in bench.heard if "ERR" in word]


@pytest.mark.parametrize("said", ["P +999.99E+9", "P -9999.9E+9", "+99.999E+9"])
def test_the_codes_of_a_hioki_are_no_readings(said: str) -> None:
    with meter(ScpiBench(HIOKI, HIOKI_SAYS | {":MEAS? P": said}), "hioki-pw3335") as found:
        power = found.read(timeout_s=5)[2]
    assert isinstance(power, Gap)
    assert power.reason.startswith("overrange: ")


def test_another_instrument_than_the_profile_is_for_is_refused() -> None:
    with (
        pytest.raises(MeterError, match="is no Rigol DP800 series supply"),
        meter(ScpiBench(E36312A), "rigol-dp800"),
    ):
        pass


def test_a_missing_answer_is_a_gap_and_does_not_shift_the_next_ones() -> None:
    bench = ScpiBench()
    who = DP832.encode() + b"\n"
    bench.faults = {"MEAS:VOLT? CH1": [b""], "*IDN?": [who, b"12.003\n" + who]}  # it comes late
    with meter(bench, "rigol-dp800", 0.2) as supply:
        volts, amps, _ = supply.read(timeout_s=5)
    assert isinstance(volts, Gap)
    assert volts.reason == "no-answer: MEAS:VOLT? CH1"
    assert bench.heard.count("*IDN?") == 2
    assert isinstance(amps, Reading)
    assert amps.value == 1.25


def test_an_instrument_that_stays_silent_is_gone() -> None:
    bench = ScpiBench()
    bench.faults = {question: [b""] for question in bench.answers}
    with (
        meter(bench, "rigol-dp800", 0.2) as supply,
        pytest.raises(MeterError, match="no longer answers"),
    ):
        supply.read(timeout_s=5)


def test_pyvisa_finds_the_double_to_be_an_instrument_and_carries_ours() -> None:
    pyvisa = pytest.importorskip("pyvisa")
    with on_tcp(ScpiBench()) as port:
        resource = f"TCPIP::127.0.0.1::{port}::SOCKET"
        manager = pyvisa.ResourceManager("@py")
        theirs = manager.open_resource(
            resource, read_termination="\n", write_termination="\n", timeout=5000
        )
        assert theirs.query("*IDN?") == DP832
        assert [float(v) for v in theirs.query_ascii_values("MEAS:POWE? CH1")] == [15.004]
        theirs.close()

        line = VisaLine.open(resource, timeout_s=5)
        assert line.receive(100, timeout_s=0.01) == b""
        ours = ScpiMeter.open(line, CLOCK, scpi_profile.load("rigol-dp800"), "meter.psu")
        power = ours.read(timeout_s=5)[2]
        assert isinstance(power, Reading)
        assert power.value == 15.004
        ours.close()
        manager.close()


def test_an_answer_in_two_pieces_comes_whole_over_visa_and_a_babbling_one_is_cut_off() -> None:
    pytest.importorskip("pyvisa")
    bench = ScpiBench()
    bench.faults = {"A?": [b"12."], "MORE": [b"5\n"], "B?": [b"x" * 9000]}
    with on_tcp(bench) as port:
        line = VisaLine.open(f"TCPIP::127.0.0.1::{port}::SOCKET", timeout_s=5)
        talk = Conversation(line, CLOCK, Manner(most_bytes=200))
        talk.put("A?")
        assert talk.answer(timeout_s=0.05) is None
        talk.say("MORE")
        answer = talk.answer(timeout_s=5)
        assert answer is not None
        assert answer.text == "12.5"
        with pytest.raises(MeterError, match="longer than 200 bytes"):
            talk.ask("B?")
        line.close()
    with pytest.raises(MeterError, match="gone"):
        line.receive(1, timeout_s=1)


def test_a_visa_resource_that_cannot_be_opened_is_an_error_that_names_it() -> None:
    pytest.importorskip("pyvisa")
    for resource in ("nonsense", "ASRL/dev/none::INSTR"):
        with pytest.raises(MeterError, match=f"visa:{resource}: cannot be opened"):
            VisaLine.open(resource, timeout_s=1)
    with pytest.raises(MeterError, match=r"visa:TCPIP.*SOCKET: .*refused"):
        opener("scpi")(hookup("visa:TCPIP::127.0.0.1::1::SOCKET", profile="rigol-dp800"))


@pytest.mark.parametrize("name", scpi_profile.names())
def test_every_profile_reads_and_names_its_document_and_its_status(name: str) -> None:
    profile = scpi_profile.load(name)
    assert profile.status == "untried"
    assert len(profile.document) > 20
    assert all(channel.note for channel in profile.channels)


PROFILE = (scpi_profile.FOLDER / "keysight-e36300.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("settle_s", "sleep_s"), "unknown field `sleep_s`"),
        (('"MEAS:VOLT? (@1)"', '"MEAS:VOLT?;OUTP OFF"'), "matching regex"),
        (('"MEAS:VOLT? (@1)"', r'"*IDN?\nOUTP OFF"'), "matching regex"),
        (('"ch1.voltage", "ch1.current"]', '"ch1.voltage", "ch2.current"]'), "no channel ch2"),
        (('name = "ch1.current"', 'name = "ch1.voltage"'), "two channels ch1.voltage"),
        (('unit = "V"', 'unit = "furlong"'), "Invalid enum value"),
        (("[[channels]]", "[[channels"), "invalid|Expected"),
    ],
)
def test_a_profile_that_says_nonsense_is_refused_with_the_place(
    tmp_path: Path, change: tuple[str, str], what: str
) -> None:
    path = tmp_path / "p.toml"
    path.write_text(PROFILE.replace(*change, 1), encoding="utf-8")
    with pytest.raises(MeterError, match=rf"profile p\.toml.*({what})"):
        scpi_profile.read(path)


def test_meters_open_by_kind_address_and_settings() -> None:
    with on_tcp(ScpiBench()) as port:
        found = opener("scpi")(hookup(f"tcp:127.0.0.1:{port}", profile="rigol-dp800"))
        assert found.identity.serial == "DP8C000000001"
        found.close()
    assert all(callable(opener(kind)) for kind in METERS)


RIGOL: dict[str, Given] = {"profile": "rigol-dp800"}
TCP = "tcp:127.0.0.1:1"


@pytest.mark.parametrize(
    ("kind", "address", "settings", "what"),
    [
        ("scpy", TCP, RIGOL, "no meter of that kind; there are scpi"),
        ("scpi", TCP, {}, "needs the setting profile"),
        ("scpi", TCP, {"profile": "rigol"}, "there are rigol-dp800"),
        ("scpi", TCP, {"profile": "../../etc/passwd"}, "is not there"),
        ("scpi", TCP, RIGOL | {"volts": 1}, "no setting volts"),
        ("scpi", TCP, RIGOL, "no connection"),
        ("scpi", "tcp:127.0.0.1:99999", RIGOL, "tcp:HOST:PORT"),
        ("scpi", "tcp:127.0.0.1:" + "9" * 5000, RIGOL, "is no address"),
        ("scpi", "usb:1", RIGOL, "a line is"),
        ("scpi", "serial:/dev/null", RIGOL | {"baud": "fast"}, "baud is no number"),
        ("wt300", TCP, {"update_s": "fast", "ranging": 9}, "update_s is no number above 0"),
        ("ptdaemon", TCP, {"mark": "a", "settle_s": "nan"}, "settle_s is no number"),
        ("ptdaemon", "serial:/dev/null", {"mark": "a", "settle_s": 1}, "a line is tcp:HOST:PORT"),
    ],
)
def test_a_wrong_address_or_setting_says_what_is_wrong(
    kind: str, address: str, settings: dict[str, Given], what: str
) -> None:
    with pytest.raises(MeterError, match=what):
        opener(kind)(hookup(address, **settings))
