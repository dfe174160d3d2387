"""A device profile: what is known of a product before it is measured. TOML on disk, typed here.

Unknown keys are refused. Units stand in names or are UCUM codes; ratios are 0..1. Every source,
control and limit names the document it was taken from. `device_profiles/README.md` explains each
key for those who write profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from collectors.reading import Unit
from host.handover.text import Txt

PROFILE_VERSION = 1

Word = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]*\Z", max_length=64)]
Line = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]+\Z", max_length=500)]
FarPath = Annotated[str, Meta(pattern=r"^[/~][^\x00-\x1f\x7f]*\Z", max_length=500)]
Pattern = Annotated[str, Meta(min_length=1, max_length=500)]
Argv = Annotated[tuple[Annotated[str, Meta(max_length=500)], ...], Meta(min_length=1)]
Ratio = Annotated[float, Meta(ge=0, le=1)]
Celsius = Annotated[float, Meta(ge=-60, le=200)]
Positive = Annotated[float, Meta(gt=0)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]

Way = Literal["local", "adb", "adb-direct", "ssh", "serial"]
Category = Literal["phone", "pc", "car", "edge_server", "board"]
# A setting, and after a dot which one of several of its kind.
ControlId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)?\Z", max_length=64)]


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """name: as the file is named, and as a plan gives it in `device`."""

    name: Word
    category: Category
    description: Txt
    maker: Line


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Holds when any value of the fact matches any pattern.

    fact: a name of `host/plan/facts.py`. patterns: with `*`, `?` and `[abc]` as shells have
    them, over the whole value; upper and lower case are the same.
    """

    fact: Annotated[str, Meta(pattern=r"^[a-z_]+(\.[A-Za-z0-9_.]+)?\Z", max_length=100)]
    patterns: Annotated[tuple[Pattern, ...], Meta(min_length=1)]


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Matches when all of `all` hold, one of `any` (where it has rules), and none of `none`.

    specificity: which of several matching profiles is taken. 1 an operating system or a way in,
    2 a family, 3 one product.
    """

    specificity: Annotated[int, Meta(ge=1, le=3)]
    all: tuple[Rule, ...] = ()
    any: tuple[Rule, ...] = ()
    none: tuple[Rule, ...] = ()


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the product is reached. Numbers and prompts are defaults that an inventory overrides.

    login_prompt, password_prompt, shell_prompt: regular expressions for a serial console.
    """

    kinds: Annotated[tuple[Way, ...], Meta(min_length=1)]
    port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    baud: Annotated[int, Meta(ge=50, le=4_000_000)] | None = None
    user: Line | None = None
    login_prompt: Pattern | None = None
    password_prompt: Pattern | None = None
    shell_prompt: Pattern | None = None


class AgentPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which agent runs there and where it keeps things.

    python: the interpreter; needed for kind `python`. store: models, datasets and agents under
    their hashes. spool: what was sampled and not yet collected; must survive a reboot.
    """

    kind: Literal["python", "shell"]
    store: FarPath
    spool: FarPath
    python: Line | None = None


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One channel, or one pattern of channels, that can be read on the product.

    kind: a collector kind of `collectors/table.py`, or `node` (a file that the shell agent reads
    in its loop), or `command` (asked before and after a run, never while sampling).
    channel: its name, `*` for what the device names, dots included. path: file or glob pattern;
    None for sources without one. argv: of a `command`. pattern: a regular expression for sources
    that say more than a number: group `value` is the number, group `name` what `*` stands for
    where one answer holds several.
    unit: of reading times scale. scale `detect`: found on the device, as for gauges in mA.
    sign: `+` a positive reading is power taken by the device, `-` the opposite, `detect` found on
    the device; None for what has no direction, and needed for evidence of power.
    tier: B on-board rail or counter, C fuel gauge or model, "" no evidence of power. A and A- are
    external meters, which stand in no profile's device (design law 5).
    refresh_hz: how often the source itself is new, only where a document says so.
    """

    kind: Word
    channel: Annotated[str, Meta(pattern=r"^[a-z0-9_*-]+(\.[a-z0-9_*-]+)+\Z", max_length=100)]
    unit: Unit
    scale: Positive | Literal["detect"]
    tier: Literal["A", "A-", "B", "C", ""]
    document: Line
    path: FarPath | None = None
    argv: Argv | None = None
    pattern: Pattern | None = None
    sign: Literal["+", "-", "detect"] | None = None
    refresh_hz: Positive | None = None
    needs_root: bool = False
    note: Line | None = None


class Control(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A setting that is held during a run and put back after it.

    id: one of CONTROLS in `host/plan/profile_faults.py`, with which one of several after a dot.
    read: prints the state. pattern: a regular expression with one group that takes the value from
    what `read` prints; all of it, stripped, without one. set, restore: `{value}` stands for the
    value to set, or for the one that was read. unset: restores what was not set at all, where
    that can be. verify: as `read`, after setting; None: `read`. value: what is set while
    measuring, in the words of `read`. words: what `read` says -> what `set` and `restore` take,
    where the two differ. persists: outlives a reboot. cuts: values that cut a network link.
    Argument lists; no shell is between.
    """

    id: ControlId
    read: Argv
    set: Argv
    restore: Argv
    value: Annotated[str, Meta(max_length=100)]
    persists: bool
    needs_root: bool
    document: Line
    unset: Argv | None = None
    verify: Argv | None = None
    pattern: Pattern | None = None
    words: dict[str, str] = {}
    cuts: tuple[str, ...] = ()
    note: Line | None = None


class Gates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What should hold before an attempt on this product; what is left out is no gate.

    Named as the gates of a plan are. timeout_s: how long to wait for all of them.
    max_temperature_c: hottest sensor. max_busy_ratio, steady_for_s: others use no more CPU than
    this, for so long. min_battery_level_ratio, max_battery_level_ratio: of full. forbid_charging:
    void while it is fed from outside. max_thermal_status: Android's, 0 none to 6 shutdown.
    cooldown_above_start_k: how much warmer than before the first attempt a later one may begin.
    """

    timeout_s: Seconds | None = None
    max_temperature_c: Celsius | None = None
    max_busy_ratio: Ratio | None = None
    steady_for_s: Seconds | None = None
    min_battery_level_ratio: Ratio | None = None
    max_battery_level_ratio: Ratio | None = None
    max_battery_temperature_c: Celsius | None = None
    forbid_charging: bool | None = None
    max_thermal_status: Annotated[int, Meta(ge=0, le=6)] | None = None
    cooldown_above_start_k: Annotated[float, Meta(ge=0, le=100)] | None = None
    forbid_throttle: bool | None = None


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The largest possible value, and the document that says so."""

    value: Positive
    document: Line


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The range in which the maker lets it run; min None: not stated."""

    max: Celsius
    document: Line
    min: Celsius | None = None


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the product cannot exceed: a result beyond it is void, however it came about.

    memory_bandwidth_bytes_per_s: bytes of weights read a token times the rate stay below it. Of a
    family the fastest member's, so that no true result is refused. temperature_c: of the hottest
    sensor. peak_ops_per_s: additions and multiplications in the narrowest type that it computes
    in, with sparsity where the maker counts it; a token of a prompt takes two for each weight.
    """

    memory_bandwidth_bytes_per_s: Limit | None = None
    peak_ops_per_s: Limit | None = None
    max_power_w: Limit | None = None
    temperature_c: Span | None = None


def limits_of(profile: Mapping[str, Any]) -> Limits:
    """The limits of a profile as a run folder keeps it; none where they cannot be understood."""
    try:
        return msgspec.convert(profile.get("limits") or {}, Limits)
    except msgspec.ValidationError:
        return Limits()


class Status(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """tried: what was really run and on what; `untried` where nothing was."""

    tried: Line


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of `device_profiles/`.

    runners: names of files in `device_profiles/runners/`, the first choice first.
    """

    profile: int
    product: Product
    match: Match
    transport: Link
    agent: AgentPlace
    status: Status
    source: tuple[Source, ...] = ()
    control: tuple[Control, ...] = ()
    gates: Gates = Gates()
    limits: Limits = Limits()
    runners: tuple[Word, ...] = ()
