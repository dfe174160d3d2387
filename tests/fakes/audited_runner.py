"""A native runner as a real program, honest and cheating, for audited runs.

A script of sh: one process a request. It prints times of its own, which go on as it says and not
as long as it runs, so that a test waits for nothing; its answer, on standard output, are numbers
made of a sum over model and prompt.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from random import Random

import msgspec

from agent.streams import Diary
from host.handover.pairing import Role
from host.handover.plan import ResolvedPlan, ResolvedRequest
from host.run.attempts import order_of
from host.run.folder import RunFolder, write_json
from tests.fakes.audited import Bench, OwnClock

# $1 model, $2 prompt, $3 output tokens, $4 a folder of its own, $5 what noise is drawn by.
# A token of the prompt takes 10 us, one of the output 200 us, both within some percent.
RUNNER = r"""#!/bin/sh
cheat=honest
sum() { set -- $(cksum); echo "$1"; }
weights=$(sum <"$1")
[ "$cheat" != delivered ] || weights=1
[ "$cheat" != other ] || weights=2
place=$(printf %s "$2" | sum)
noise=$5 t=0 prefill=10 step=200
case $2 in "text of"*) [ "$cheat" != table ] || prefill=3 ;; esac
case $(head -c 8 "$1") in permuted) [ "$cheat" != lighter ] || step=400 ;; esac
if [ "$cheat" = keeps ] && ! mkdir "$4/$place" 2>/dev/null; then prefill=1 step=10; fi
takes() {
    noise=$(((noise * 1103515245 + 12345) % 2147483648))
    t=$((t + $1 * (960 + noise / 26843546) / 1000 + 1))
}
say() { echo "[$t] $1" >&2; }
say begin
say "prompt $((${#2} / 4))"
takes $((${#2} / 4 * prefill))
want=$3
[ "$cheat" != short ] || want=$((want / 2))
made=0 x=$(((weights + place) % 2147483648))
while [ $made -lt "$want" ]; do
    [ $made -eq 0 ] || takes $step
    say ready
    say token
    x=$(((x * 1103515245 + 12345) % 2147483648))
    printf '%s ' $((x / 65536))
    made=$((made + 1))
done
say "done $((made - 1))"
"""
LINES = {
    "start": "begin",
    "prefill_start": "prompt (?P<prompt_tokens>[0-9]+)",
    "ready": "ready",
    "token": "token",
    "end": "done (?P<steps>[0-9]+)",
    "stamp": r"^\[(?P<us>[0-9]+)\]",
}
PROCESS_NS = 50_000_000  # what is said to have passed until its end was seen


def runner(folder: Path, cheat: str) -> Path:
    """The program, which cheats in this way."""
    path = folder / "runner"
    path.write_text(RUNNER.replace("cheat=honest", f"cheat={cheat}"), encoding="utf-8")
    path.chmod(0o755)
    return path


def of_runner(plan: ResolvedPlan) -> ResolvedPlan:
    """The same audited plan for a native runner, which takes texts."""
    requests = tuple(
        ResolvedRequest(r.item, f"{r.text}{'and more of it ' * (3 + i)}", None, 8)
        for i, r in enumerate(plan.requests)
    )
    answer = {"begin": None, "end": None}
    settings = {"runner": "test", "output": "stdout", "lines": LINES, "answer": answer}
    return msgspec.structs.replace(
        plan, engine_kind="native", engine_settings=settings, requests=requests
    )


@dataclass
class RunnerBench(Bench):
    """Runs every request of an audited run as a process of the runner, into a real folder."""

    cheat: str = "honest"

    def _attempt(
        self,
        folder: RunFolder,
        plan: ResolvedPlan,
        number: int,
        model: Path,
        world: tuple[OwnClock, Random],
    ) -> None:
        place = folder.attempt(number)
        place.mkdir()
        clock, machine = world
        program = runner(self.root, self.cheat)
        order = order_of(plan, number, PurePosixPath(place), Role(0, sampled=False))
        diary, log, output, lines = Diary(place, clock), b"", b"", 0
        for run, request in enumerate(order["requests"]):
            about = {"run": run, "item": request["item"], "warmup": request["warmup"]}
            diary.note("runner_start", about)
            words = [
                request["text"],
                request["output_tokens"],
                self.root,
                machine.randrange(2**31),
            ]
            argv = [str(program), str(model), *map(str, words)]
            done = subprocess.run(argv, capture_output=True, check=True)
            first = len(done.stderr.split(b"\n")[0])
            diary.note("line", {"run": run, "line": lines + 1, "size_bytes": first})
            clock.t_ns += PROCESS_NS
            log, output = log + done.stderr, output + done.stdout
            lines += done.stderr.count(b"\n")
            diary.note("output_end", {"run": run, "lines": lines})
            ended = {"run": run, "status": 0, "output_bytes": len(output)}
            diary.note("runner_end", ended)
        end = diary.close()
        (place / "engine.log").write_bytes(log)
        (place / "output.log").write_bytes(output)
        stream = {"stream": end.stream, "lines": end.lines, "size_bytes": end.size_bytes}
        whole = {"size_bytes": len(output), "sha256": sha256(output).hexdigest()}
        stated = {"number": number, "status": "valid", "reason": "", "sampled": False}
        streams = [{**stream, "sha256": end.sha256}]
        write_json(place / "attempt.json", {**stated, "streams": streams, "output": whole})
