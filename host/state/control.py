"""Controls: settings of a device that a run may change, as data.

A control is three argument lists: read, set, restore. `{value}` in the last two stands for the
value, or for the word that makes it (`words`). Nothing here runs anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from host.errors import ControlError
from host.state.description import Description
from host.state.missing import Missing, shown, text_of

VALUE = "{value}"
# What may stand for a value. It becomes an argument on the device, and a word of a restore script.
_VALUE = re.compile(r"[A-Za-z0-9_.,:/+=][A-Za-z0-9_.,:/+=-]{0,199}")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
UNSET = "null"


@dataclass(frozen=True, slots=True)
class Control:
    """One setting.

    pattern: where the value stands in what `read` says, one group; empty: the whole answer.
    words: value as it is read to the word that sets it; where it is given no other value is
    taken, and two values with one word count as equal. restore: `set` when empty. unset: how to
    restore a value that was not set at all (`settings` says `null`), () where that cannot be.
    persists: whether it outlives a reboot. cuts: values that cut a network link.
    source: the document it is from; `untried` until seen on the real thing.
    """

    id: str
    read: tuple[str, ...]
    set: tuple[str, ...]
    persists: bool
    source: str
    restore: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    pattern: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    needs_root: bool = False
    cuts: tuple[str, ...] = ()


def check(control: Control) -> str:
    """What is wrong with a control as data, "" when nothing is."""
    if not _ID.fullmatch(control.id):
        return f"{shown(control.id)} is no id of a control"
    if not control.read or not control.set:
        return f"{control.id} has no way to be read or set"
    if not any(VALUE in word for word in control.set):
        return f"{control.id}: {VALUE} does not stand in its set"
    try:
        groups = re.compile(control.pattern).groups if control.pattern else 1
    except re.error as err:
        return f"{control.id}: its pattern is none ({err})"
    return "" if groups == 1 else f"{control.id}: its pattern has {groups} groups, 1 is needed"


def value_in(control: Control, said: bytes) -> str | Missing:
    """The value in what `read` says. Never raises; the first match counts."""
    text = text_of(said)
    if control.pattern:
        match = re.search(control.pattern, text)
        if match is None:
            return Missing("not-stated", f"{control.id} is not shown by {control.read[0]}")
        text = match[1] or ""
    text = text.strip()
    if not _VALUE.fullmatch(text):
        return Missing("not-understood", shown(text))
    return text


def word_of(control: Control, value: str) -> str | Missing:
    """The word that sets a value."""
    if not _VALUE.fullmatch(value):
        return Missing("not-understood", shown(value))
    if control.words and value not in control.words:
        known = ", ".join(control.words)
        return Missing("out-of-range", f"{control.id} {shown(value)}, known are {known}")
    return control.words.get(value, value)


def same(control: Control, one: str, other: str) -> bool:
    """Whether two values are one for the device."""
    return one == other or (
        bool(control.words) and control.words.get(one, one) == control.words.get(other, other)
    )


def set_argv(control: Control, value: str, description: Description) -> tuple[str, ...] | Missing:
    """The command that sets a value."""
    word = word_of(control, value)
    if isinstance(word, Missing):
        return word
    return _as_root(control, _filled(control.set, word), description)


def restore_argv(
    control: Control, old: str, description: Description
) -> tuple[str, ...] | Missing:
    """The command that puts a value back."""
    if old == UNSET and UNSET not in control.words:
        if not control.unset:
            return Missing("not-there", f"{control.id} is not set, and cannot be unset again")
        return _as_root(control, control.unset, description)
    word = word_of(control, old)
    if isinstance(word, Missing):
        return word
    return _as_root(control, _filled(control.restore or control.set, word), description)


def refused(control: Control, value: str, description: Description) -> str:
    """Why a control is not to be set to a value over this link, "" when it may be."""
    if wrong := check(control):
        return wrong
    if value in control.cuts and description.link == "network":
        return f"{control.id} {value} would cut the network link that we reach the device by"
    argv = set_argv(control, value, description)
    return str(argv) if isinstance(argv, Missing) else ""


def read_argv(control: Control, description: Description) -> tuple[str, ...]:
    """The command that reads the value; as root where the control needs it and root is there."""
    return (*(description.root or () if control.needs_root else ()), *control.read)


def _filled(argv: tuple[str, ...], word: str) -> tuple[str, ...]:
    return tuple(part.replace(VALUE, word) for part in argv)


def _as_root(
    control: Control, argv: tuple[str, ...], description: Description
) -> tuple[str, ...] | Missing:
    if not control.needs_root:
        return argv
    if description.root is None:
        return Missing("not-readable", f"{control.id} needs root, which is not to be had")
    return (*description.root, *argv)


def find(controls: Mapping[str, Control], name: str, device: str) -> Control:
    """A control by its id. Raises ControlError naming those that there are."""
    if name not in controls:
        raise ControlError(device, f"no control {shown(name)}; known are {', '.join(controls)}")
    return controls[name]
