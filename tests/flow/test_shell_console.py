"""A run on a unit that has BusyBox and a serial console only, and whose cable is pulled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import pytest

from agent.wire import Message
from collectors.clocks import device_clock
from host.deploy.layout import Store
from host.deploy.stage import deploy_shell
from host.run.collect import collect, stream_ends
from host.run.fetch import Pulls
from host.run.folder import create
from host.run.shell_follow import Site
from host.run.shell_kept import ShellLink
from host.transport.lasting import Lasting
from tests.fakes.ends.console_end import Console, console
from tests.fakes.shell_runs import order_of, script


@dataclass(frozen=True)
class Bench:
    """A unit, a transport that outlives its cable, a run to be. told: why nothing happens."""

    unit: Console
    site: Site
    told: list[str]

    def orders(self, *texts: str) -> list[dict[str, object]]:
        place = Path(self.site.directory)
        return [
            order_of(place / f"{number:03d}", script(text), number=number)
            for number, text in enumerate(texts, 1)
        ]


@pytest.fixture(scope="module")
def unit_there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    told: list[str] = []
    with console(tmp_path_factory.mktemp("unit")) as unit:
        transport = Lasting(unit.connect, unit.connect(), alone=True)
        store = Store(PurePosixPath(unit.root / "store"), 0, one_channel=True)
        deployment = deploy_shell(transport, store)
        run = PurePosixPath(unit.root / "spool/run")
        argv = tuple(deployment.argv())
        yield Bench(unit, Site("unit", transport, argv, run, 60.0, told.append, 0.5), told)
        transport.close()


@pytest.fixture
def bench(unit_there: Bench, request: pytest.FixtureRequest) -> Bench:
    """A run of its own for each test."""
    run = unit_there.site.directory.with_name(request.node.name[:40])
    return replace(unit_there, site=replace(unit_there.site, directory=run))


def hear_end(link: ShellLink) -> Message:
    while (message := link.receive(timeout_s=60))["type"] == "progress":
        pass
    return message


def test_a_run_goes_on_while_the_console_is_unplugged_and_is_collected_over_it(
    bench: Bench, tmp_path: Path
) -> None:
    link = ShellLink(bench.site, device_clock())
    link.claim()
    assert link.hello["engines"] == {"native": "1"}
    orders = bench.orders("echo one; sleep 1; echo two", "echo three; sleep 0.2")
    assert link.ask("queue", {"orders": orders}, answer="queued")["attempts"] == 2
    assert link.receive(timeout_s=60)["type"] == "progress"
    bench.unit.unplug()
    bench.unit.plug()
    ends = [hear_end(link), hear_end(link)]
    assert [(e["number"], e["status"], e["reason"]) for e in ends] == [
        (1, "valid", ""),
        (2, "valid", ""),
    ]
    assert hear_end(link)["type"] == "queue_end"
    link.close()
    assert any("lost" in why for why in bench.told)
    folder = create(tmp_path, "run")
    pulls = Pulls(bench.site.transport, device_clock(), lambda _event, _args: None)
    spool = bench.site.directory / "001"
    assert collect(pulls, spool, folder, 1, stream_ends(ends[0], "unit")) == ""
    assert (folder.attempt(1) / "engine.log").read_text() == "one\ntwo\n"


def test_a_run_over_a_console_is_stopped_by_its_host(bench: Bench) -> None:
    link = ShellLink(bench.site, device_clock())
    link.claim()
    order, *_ = bench.orders("while :; do echo x; sleep 0.2; done")
    end = link.attempt(order, lambda _: link.send("stop"), silence_s=60)
    assert (end["status"], end["reason"]) == ("incomplete", "stopped")
    link.close()
    assert not (bench.unit.root / "spool/lock").exists()
