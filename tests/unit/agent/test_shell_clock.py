"""The shell agent's clock when somebody sets the wall clock: the constant is moved here."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agent.shell import PARTS
from agent.spool import read_spool
from tests.fakes.agent_shells import Shell, shell_of

# dash has no EPOCHREALTIME: its stamps are /proc/uptime, which nobody sets.
KINDS = ("mksh", "busybox")
FOLDER = Path(__file__).parents[3] / "agent/shell"
PRELUDE = "".join(f". {FOLDER}/{part}.sh\n" for part in PARTS if part != "main")


@pytest.fixture(params=KINDS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    folder = tmp_path / "device"
    folder.mkdir()
    return shell_of(request.param, folder)


def said(shell: Shell, script: str) -> list[str]:
    done = subprocess.run(
        [*shell.argv, "-c", PRELUDE + script],
        capture_output=True,
        check=True,
        timeout=60,
        env=shell.environment(),
    )
    return done.stdout.decode().split()


@pytest.mark.parametrize(
    "step", ["off_s+=3600", "off_s-=3600", "off_us+=200000", "off_us-=200000"]
)
def test_a_step_of_the_wall_clock_is_counted_and_moves_no_stamp(shell: Shell, step: str) -> None:
    first, bound, second, steps, bound_after = map(
        int,
        said(
            shell,
            f"start_clock; stamp; put $t_ns; put $offset_bound_us; : $(({step})); "
            "stamp; put $t_ns; put $clock_steps; put $offset_bound_us",
        ),
    )
    assert steps == 1
    assert first - 1000 * (bound + bound_after) <= second < first + 20_000_000_000


def test_a_look_that_finds_nothing_counts_no_step(shell: Shell) -> None:
    assert said(shell, "start_clock; fit_again || put none; put $clock_steps") == ["none", "0"]


@pytest.mark.parametrize("step_s", [3600, -3600])
def test_readings_around_a_step_are_gaps_and_the_next_have_their_time_again(
    shell: Shell, tmp_path: Path, step_s: int
) -> None:
    node = tmp_path / "sys/a"
    node.parent.mkdir()
    node.write_text("5\n")
    (tmp_path / "spool").mkdir()
    script = f"""
        SYS={tmp_path}/sys; spool={tmp_path}/spool; control=$spool
        start_clock; find_pause $spool
        read -r parent idle </proc/self/stat
        ticking=1; tick_seq=0; stream_header $spool/ticks.tsv ticks "$TICK_COLUMNS"
        put 'a.b|1|instant|{node}' | nodes_of $spool >$spool/nodes
        rows() {{ while [ "$(wc -l <$spool/source-a.tsv)" -lt $1 ]; do pause_ms 20; done; }}
        (
            trap 'off_s=$((off_s + {step_s}))' USR1
            sample $spool $spool 20 0 1 @a {node}
        ) &
        rows 4
        kill -USR1 $!
        rows 10
        : >$spool/over
        wait $!
    """
    before_s = float(Path("/proc/uptime").read_text().split()[0])
    said(shell, script)
    after_s = float(Path("/proc/uptime").read_text().split()[0])
    spool = read_spool((tmp_path / "spool/source-a.tsv").read_bytes())
    assert spool.faults == ()
    values = [s.fields[-1] for s in spool.lines]
    gaps = [v for v in values if v != "5"]
    assert {v.partition(":")[0] for v in gaps} <= {"!clock-step"}
    assert len(gaps) <= 1, "only what was read while the clock was set has no time"
    stamps = [int(s.fields[2]) * 1e-9 for s in spool.lines]
    assert before_s - 0.01 <= stamps[0]
    assert stamps == sorted(stamps)
    assert stamps[-1] <= after_s + 0.02
    ticks = read_spool((tmp_path / "spool/ticks.tsv").read_bytes())
    assert ticks.lines[-1].fields[ticks.index("clock_steps")] == "1"


def test_all_shells_draw_the_same_jitter_from_a_seed_within_its_ratio(tmp_path: Path) -> None:
    script = (
        "chance=987654321; start_ms=0; period_ms=100; jitter_permille=200; n=0; "
        "while [ $n -lt 200 ]; do due_after $n; put $((next_due_ms - (n + 1) * 100)); "
        "n=$((n + 1)); done"
    )
    drawn = []
    for kind in ("mksh", "busybox", "dash"):
        folder = tmp_path / kind
        folder.mkdir()
        drawn.append([int(word) for word in said(shell_of(kind, folder), script)])
    assert drawn[0] == drawn[1] == drawn[2]
    assert (min(drawn[0]), max(drawn[0])) == pytest.approx((-20, 20), abs=1)
    assert len(set(drawn[0])) > 35
