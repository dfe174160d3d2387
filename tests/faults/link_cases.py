"""Links that are cut, silent, slow or noisy between a host and a kept session (F7 to F11)."""

from __future__ import annotations

import json
import random
from pathlib import Path, PurePosixPath

from agent.said import NAME, kept_lines
from agent.wire import WireError, decode, encode
from collectors.clocks import device_clock
from host.errors import HostError
from host.run.attempts import keep
from host.run.fetch import Pulls
from tests.faults.bare_link import HERE, BareLink, bare_end
from tests.faults.case import Case, Seen, broken, need, recovered, reported
from tests.faults.host_cases import LINES, STREAMS, check_kept, prepared
from tests.faults.kept import hear, joined, kept_session
from tests.faults.programs.host_half import bench_of
from tests.faults.proxy import Fault, proxy

PINGS = 12
# An `attached` line is about 100 bytes, a `pong` about 90.
FIRST_BYTES, LAST_BYTES = 100, 900


def drawn(draw: random.Random, kind: str, most_bytes: int) -> Fault:
    after = draw.randint(1 if kind != "silence" else FIRST_BYTES, most_bytes)
    rate = draw.choice((4000.0, 20000.0))
    return Fault(kind, after, rate if kind == "slow" else 0.0, draw.uniform(0.01, 0.2))


def asked_over(place: Path, bad: list[Fault]) -> Seen:
    """Questions and answers over links of which the first ones are bad."""
    with (
        kept_session(place) as kept,
        bare_end() as port,
        proxy((HERE, port), list(bad)) as link,
        joined(kept.way(lambda: BareLink(link.port))) as stream,
    ):
        heard = []
        for number in range(PINGS):
            stream.send(encode("ping", {"id": number}))
            heard.append(hear(stream))
        need([m.get("id") for m in heard] == list(range(PINGS)), f"heard {heard}")
        kept_said = [decode(raw) for raw in kept_lines(kept.directory / NAME)]
        need(kept_said == heard, f"kept {kept_said}, heard {heard}")
        detail = f"{len(link.struck)} of {len(bad)} links bad, {PINGS} questions answered once"
        return recovered(detail, PINGS, fired=bool(link.struck))


def pinged(kind: str, faults: int) -> Case:
    rows = {"silence": "F8", "slow": "F9", "late": "F9"}

    def play(place: Path, draw: random.Random) -> Seen:
        return asked_over(place, [drawn(draw, kind, LAST_BYTES) for _ in range(faults)])

    return Case(rows.get(kind, "F7"), f"session: {kind}", play, weight=8)


def pulled(kind: str, faults: int) -> Case:
    """Streams collected over links of which the first ones are bad."""
    rows = {"flip": "F10", "slow": "F9", "late": "F9"}
    size = 40 + LINES * 14

    def play(place: Path, draw: random.Random) -> Seen:
        folder, spool = prepared(place)
        bad = [drawn(draw, kind, size) for _ in range(faults)]
        with bare_end() as port, proxy((HERE, port), list(bad)) as link:
            bench = bench_of(folder.path, spool, BareLink(link.port), patience_s=30.0)
            for path in sorted(spool.glob("*.json")):
                outcome = keep(bench, int(path.stem), json.loads(path.read_bytes()), "bare")
                need(outcome["status"] == "valid", f"{kind}: {outcome}")
            bench.journal.close()
        lines = check_kept(folder)
        noted = (folder.data / "journal.tsv").read_text().count("\tpull_")
        struck = sum(1 for fault in link.struck if fault.kind in ("reset", "close", "flip"))
        need(kind in ("slow", "late") or noted > 0 or not struck, "the journal does not tell")
        detail = f"{len(link.struck)} of {faults} links bad, {noted} pulls noted as cut or damaged"
        return recovered(detail, lines, fired=bool(link.struck))

    return Case(rows.get(kind, "F7"), f"pull: {kind}", play, weight=14)


def never_right(place: Path, draw: random.Random) -> Seen:
    """Every pull comes damaged: the attempt is void and its spool stays."""
    folder, spool = prepared(place)
    bad = [Fault("flip", draw.randint(20, 60)) for _ in range(50)]
    with bare_end() as port, proxy((HERE, port), bad) as link:
        bench = bench_of(folder.path, spool, BareLink(link.port))
        outcome = keep(bench, 1, json.loads((spool / "001.json").read_bytes()), "bare")
        bench.journal.close()
    need(outcome["status"] == "void", f"taken as {outcome['status']}")
    need("transfer-damaged" in outcome["reason"], outcome["reason"])
    left = sorted(p.name for p in (spool / "001").iterdir())
    need(left == sorted(f"{name}.tsv" for name in STREAMS), f"the spool holds {left}")
    return reported(outcome["reason"], len(STREAMS) * LINES, fired=bool(link.struck))


NOISE = (
    b"\x00\xff\xfe\x1b[2J\n",
    b"login: \r\n",
    b'{"type":"pong"\n',
    b'{"type":1e999}\n',
    b"[" * 2000 + b"\n",
    b'{"type":"attempt_end","status":NaN}\n',
    b"\xc3\x28\n",
    b'{"type":"pong","type":"bye"}\n',
    b"0\t1\t2\tdeadbeef\n",
)


def noisy(place: Path, draw: random.Random) -> Seen:
    """A line of noise is refused in one sentence, and never taken for a message."""
    from host.run.link import AgentLink

    line = draw.choice(NOISE)
    program = place / "noise"
    program.write_bytes(line)
    with bare_end() as port:
        stream = BareLink(port).open(["cat", str(program)])
        try:
            link = AgentLink("bare", stream, greet=False)
            found = link.receive(timeout_s=20)
        except HostError as err:
            return reported(str(err)[:80])
        finally:
            stream.close(timeout_s=5)
    need(is_message(line), f"noise was taken for {found}")
    return reported(f"a message that says nothing useful: {str(found)[:60]}")


def is_message(line: bytes) -> bool:
    try:
        decode(line)
    except WireError:
        return False
    return True


def away(place: Path, draw: random.Random) -> Seen:
    """A device that stays away is given up within the patience; what came is kept."""
    folder, spool = prepared(place)
    path = PurePosixPath(spool / "001" / "events.tsv")
    size = Path(path).stat().st_size
    bad = [Fault("reset", draw.randint(21, 20 + size - 1))]
    with bare_end() as port, proxy((HERE, port), bad) as link:
        gone = BareLink(link.port)
        pulls = Pulls(gone, device_clock(), lambda *_: gone.lose(), patience_s=0.2)
        return given_up(pulls, path, folder.path / "events.tsv")


def given_up(pulls: Pulls, path: PurePosixPath, goal: Path) -> Seen:
    from host.errors import UnreachableError
    from host.run.fetch import whole

    try:
        whole(pulls, path, goal, Path(path).stat().st_size)
    except UnreachableError as err:
        data = goal.read_bytes()
        need(Path(path).read_bytes().startswith(data), "what came is not what was sent")
        return reported(f"{err}, {len(data)} bytes kept")
    raise broken("a link that is gone was not noticed")


CASES = (
    pinged("reset", 4),
    pinged("close", 4),
    pinged("silence", 1),
    pinged("slow", 3),
    pinged("late", 3),
    pulled("reset", 3),
    pulled("close", 3),
    pulled("flip", 2),
    pulled("slow", 3),
    pulled("late", 3),
    Case("F10", "pull: always flipped", never_right, weight=6),
    Case("F11", "session: noise", noisy, weight=10),
    Case("F7", "pull: away for ever", away, weight=8),
)
