from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from agent.shell import bundle
from host.errors import AgentError, UsageError
from host.run.shell_link import ShellDeployment, open_shell_link, shell_order
from host.transport.local import Local
from tests.fakes.shell_runs import order_of


def test_the_host_runs_an_attempt_over_the_shell_agent(tmp_path: Path) -> None:
    script = tmp_path / "agent.sh"
    script.write_bytes(bundle())
    phases: list[str] = []
    with open_shell_link(Local(), ShellDeployment(PurePosixPath(script))) as link:
        assert link.hello["engines"] == {"native": "1"}
        assert link.ask("probe", {"pid": None, "reads": 3}, answer="sources")["channels"]
        end = link.attempt(
            order_of(tmp_path / "001", ["echo", "{item} {output_tokens}"]),
            lambda message: phases.append(message["phase"]),
            silence_s=60.0,
        )
        with pytest.raises(AgentError, match="unknown-message"):
            link.ask("timekeeping")
    assert (end["status"], end["reason"]) == ("valid", "")
    assert phases
    assert (tmp_path / "001/engine.log").read_text() == "a b 3\n"


def order(**settings: Any) -> dict[str, Any]:  # noqa: ANN401
    return order_of(Path("/spool/001"), ["run", "{model}"], settings=settings)


def test_places_of_the_template_are_filled_from_the_order() -> None:
    argv = ["llama-bench", "-m", "{model}", "-p", "{prompt_tokens}", "-n", "{output_tokens}", "{x"]
    told = shell_order(order(argv=argv))
    wanted = ["llama-bench", "-m", "/models/m.gguf", "-p", "8", "-n", "3", "{x"]
    assert told["run"] == [{"item": "a b", "warmup": False, "argv": wanted}]


@pytest.mark.parametrize("place", ["{nonsense}", "{warmup}", "{__class__}"])
def test_a_place_that_stands_for_nothing_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match="stands for nothing"):
        shell_order(order(argv=["run", place]))


def test_another_engine_and_unknown_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="alone"):
        shell_order({**order(), "engine": {"kind": "llama-cpp", "settings": {}}})
    with pytest.raises(UsageError, match="typo"):
        shell_order(order(typo=1))
    with pytest.raises(UsageError, match="argv"):
        shell_order(order(argv="llama-bench"))
