"""What is wrong with a profile beyond what its types say. Pure; a sentence each, key first."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence

from collectors.reading import Unit
from collectors.table import COLLECTORS
from host.handover.profile import Control, Profile, Source
from host.plan.facts import KNOWN
from host.plan.runner import runner_names

# Kinds of the shell agent, beside those of collectors/table.py.
SHELL_KINDS = ("node", "command")
# Settings that the project knows by name; after a dot, which one of several of a kind.
CONTROLS = (
    "airplane",
    "brightness",
    "brightness_mode",
    "charging",
    "clocks",
    "doze",
    "fan",
    "fixed_performance",
    "governor",
    "power_mode",
    "screen",
    "stay_on",
    "turbo",
)
_OUTSIDE = ("A", "A-")
_BRACED = re.compile(r"\{([^{}]*)\}")
# Units in which a source gives evidence of power.
_EVIDENCE = frozenset(
    {
        Unit.WATT,
        Unit.MILLIWATT,
        Unit.MICROWATT,
        Unit.JOULE,
        Unit.MILLIJOULE,
        Unit.MICROJOULE,
        Unit.VOLT,
        Unit.MILLIVOLT,
        Unit.MICROVOLT,
        Unit.AMPERE,
        Unit.MILLIAMPERE,
        Unit.MICROAMPERE,
        Unit.MICROAMPEREHOUR,
        Unit.MICROWATTHOUR,
    }
)


def faults(profile: Profile) -> tuple[str, ...]:
    """All of them, in the order of the file."""
    return tuple(
        said
        for part in (_product, _match, _transport, _agent, _sources, _controls, _ranges, _runners)
        for said in part(profile)
    )


def _product(profile: Profile) -> Iterator[str]:
    for language in ("zh", "en"):
        text = getattr(profile.product.description, language)
        if not text.strip() or "\n" in text:
            yield f"product.description.{language}: write one line"


def _match(profile: Profile) -> Iterator[str]:
    match = profile.match
    if not match.all and not match.any:
        yield "match: needs a rule in all or any, else it would fit every device"
    for group in ("all", "any", "none"):
        for number, rule in enumerate(getattr(match, group), 1):
            if rule.fact not in KNOWN:
                yield (
                    f"match.{group} {number}, fact: {rule.fact} is nothing that a device is asked"
                    f" for; {_meant(rule.fact, KNOWN)}"
                )


def _transport(profile: Profile) -> Iterator[str]:
    link = profile.transport
    serial = "serial" in link.kinds
    if serial and link.baud is None:
        yield "transport.baud: state it, a serial line has no default that is safe"
    if not serial and link.baud is not None:
        yield "transport.baud: is of a serial line, and kinds does not hold serial"
    for key in ("login_prompt", "password_prompt", "shell_prompt"):
        value = getattr(link, key)
        if value is not None and not serial:
            yield f"transport.{key}: is of a serial line, and kinds does not hold serial"
        elif value is not None:
            yield from _regex(f"transport.{key}", value, groups=None)


def _agent(profile: Profile) -> Iterator[str]:
    agent = profile.agent
    if agent.kind == "python" and agent.python is None:
        yield "agent.python: name the interpreter, or choose kind shell"
    if agent.kind == "shell" and agent.python is not None:
        yield "agent.python: the shell agent has no use for it; leave it out"
    for key in ("store", "spool"):
        if ".." in getattr(agent, key).split("/"):
            yield f"agent.{key}: write it without .."


def _sources(profile: Profile) -> Iterator[str]:
    seen: set[str] = set()
    for number, source in enumerate(profile.source, 1):
        where = f"source {number} ({source.channel})"
        if source.channel in seen:
            yield f"{where}, channel: stands there twice"
        seen.add(source.channel)
        yield from (f"{where}, {said}" for said in _source(source))


def _source(source: Source) -> Iterator[str]:
    known = (*COLLECTORS, *SHELL_KINDS)
    if source.kind not in known:
        yield f"kind: {source.kind} is no kind of source; {_meant(source.kind, known)}"
    elif source.kind in COLLECTORS and not _prefixed(source):
        yield f"channel: those of kind {source.kind} begin with another word (collectors/README)"
    if (source.kind == "command") != (source.argv is not None):
        yield "argv: goes with kind command, and only with it"
    if source.kind == "node" and source.path is None:
        yield "path: name the file that the shell agent reads"
    if source.path is not None and ".." in source.path.split("/"):
        yield "path: write it without .."
    if source.pattern is not None:
        yield from _named("pattern", source.pattern, several="*" in source.channel)
    yield from _evidence(source)


def _evidence(source: Source) -> Iterator[str]:
    if source.tier in _OUTSIDE:
        yield f"tier: {source.tier} is of external meters, a source on the device is B or C"
    if source.tier and source.unit not in _EVIDENCE:
        yield f"tier: {source.unit.value} is no evidence of power; write an empty tier"
    if source.tier and source.sign is None:
        yield "sign: evidence of power needs +, - or detect"


def _prefixed(source: Source) -> bool:
    word = source.channel.partition(".")[0]
    return (
        source.kind == word
        or source.kind.startswith(f"{word}_")
        or (source.kind, word) == ("cpufreq", "cpuinfo")
    )


def _controls(profile: Profile) -> Iterator[str]:
    seen: set[str] = set()
    for number, control in enumerate(profile.control, 1):
        where = f"control {number} ({control.id})"
        if control.id in seen:
            yield f"{where}, id: stands there twice"
        seen.add(control.id)
        yield from (f"{where}, {said}" for said in _control(control))


def _control(control: Control) -> Iterator[str]:
    kind = control.id.partition(".")[0]
    if kind not in CONTROLS:
        yield f"id: {kind} is no setting that is known; {_meant(kind, CONTROLS)}"
    if control.words and control.value not in control.words:
        yield f"value: {control.value} is none of words; write it as read says it"
    for key in ("set", "restore"):
        words = _words(getattr(control, key))
        if "value" not in words:
            yield f"{key}: put {{value}} where the value goes"
        yield from (f"{key}: knows {{value}}, not {{{w}}}" for w in words if w != "value")
    for key in ("read", "verify", "unset"):
        if "value" in _words(getattr(control, key) or ()):
            yield f"{key}: takes no {{value}}"
    if control.pattern is not None:
        yield from _regex("pattern", control.pattern, groups=1)


def _ranges(profile: Profile) -> Iterator[str]:
    gates, span = profile.gates, profile.limits.temperature_c
    low, high = gates.min_battery_level_ratio, gates.max_battery_level_ratio
    if low is not None and high is not None and low >= high:
        yield "gates.min_battery_level_ratio: must be below max_battery_level_ratio"
    if (gates.steady_for_s is None) != (gates.max_busy_ratio is None):
        yield "gates.steady_for_s: goes together with max_busy_ratio"
    if span is not None and span.min is not None and span.min >= span.max:
        yield "limits.temperature_c.min: must be below max"


def _runners(profile: Profile) -> Iterator[str]:
    known = runner_names()
    for name in profile.runners:
        if name not in known:
            yield f"runners: {name} is unknown; {_meant(name, known)}"


def _words(argv: Sequence[str]) -> list[str]:
    return [word for argument in argv for word in _BRACED.findall(argument)]


def _regex(key: str, pattern: str, *, groups: int | None) -> Iterator[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as err:
        yield f"{key}: is no regular expression ({err})"
        return
    if groups is not None and compiled.groups != groups:
        yield f"{key}: needs one group in brackets, has {compiled.groups}"


def _named(key: str, pattern: str, *, several: bool) -> Iterator[str]:
    """One group `value`; with `name` where one answer holds several channels."""
    wrong = list(_regex(key, pattern, groups=None))
    yield from wrong
    wanted = {"value", "name"} if several else {"value"}
    if not wrong and set(re.compile(pattern).groupindex) != wanted:
        groups = " and ".join(f"(?P<{name}>...)" for name in sorted(wanted))
        yield f"{key}: needs the groups {groups}, and no others"


def _meant(word: str, known: Iterable[str]) -> str:
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=2)
    return f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(words)}"
