"""Proof notes: what `stat` said of a file when its hash was proven on the device.

A file whose size, inode, mode, mtime and ctime are those of its note is the file that was hashed;
ctime cannot be set back by a program. Everything else is hashed again.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from host.deploy.layout import Site
from host.deploy.shell import ask, one_sentence

# Where `stat` gives whole seconds, two changes within one cannot be told apart; FAT keeps every
# second one only. A note is trusted when the hash began so long after the last change.
COARSE_S = 2
# Arguments of one call; the least that POSIX promises for all together is 4,096 bytes
# (_POSIX_ARG_MAX), real devices give 128 KiB and more.
_FILES_PER_CALL = 40
# `sync` of all of a phone's storage may follow a push of gigabytes.
SYNC_S = 300.0
_VERSION = "proof-1"

_STAMP = r"\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.(\d{1,9}))? [+-]\d{4}"
_STAT = re.compile(
    rf"(\d{{1,19}}) (\d{{1,20}}) ([0-9a-f]{{1,8}}) (\d{{1,12}}) (\d{{1,12}}) {_STAMP} {_STAMP}"
)
_SIZE = re.compile(r"[0-9]{1,19}")
_NOW = re.compile(r"now (\d{1,12})")

# Same words in coreutils, toybox and BusyBox: size, inode, mode, then mtime and ctime as seconds
# and as text, which has nanoseconds where the device keeps them.
_STAT_WORDS = "TZ=UTC0 stat {follow}-c '%s %i %f %Y %Z %y %z'"
_LOOK = """
[ -n "$1" ] && touch -c "$1" 2>/dev/null
shift
echo "now $(date +%s)"
while [ $# -gt 1 ]; do
  if [ -e "$1" ] || [ -h "$1" ]; then
    echo "is $({stat} "$1" 2>/dev/null || wc -c < "$1")"
  else
    echo none
  fi
  note=
  [ -f "$2" ] && note=$(head -c 512 "$2" | head -n 1)
  echo "note $note"
  shift 2
done
"""
_WRITE = 'echo "$2" > "$1.new" && mv -f "$1.new" "$1" && { sync "$1" 2>/dev/null || sync; }'


@dataclass(frozen=True, slots=True)
class Stat:
    """What `stat` says of a file there; text: all of it, compared as it is."""

    text: str
    size_bytes: int
    inode: str
    mode: int
    changed_s: int
    coarse: bool

    @property
    def regular(self) -> bool:
        """A file and no link, folder or pipe."""
        return stat.S_ISREG(self.mode)

    def same_but_ctime(self, other: Stat) -> bool:
        """Whether only a rename or a new link may lie between the two."""
        return self._without_ctime() == other._without_ctime()

    def _without_ctime(self) -> tuple[int, str, int, str]:
        words = self.text.split()
        return self.size_bytes, self.inode, self.mode, " ".join((words[3], *words[5:8]))


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a file and its note. there: something of that name is there.

    stat: None where the device does not say it in our words. now_s: its clock before the look.
    """

    there: bool
    stat: Stat | None
    size_bytes: int | None
    note: str
    now_s: int

    def proves(self, sha256: str) -> bool:
        """The note is about this hash and the file has not changed since."""
        return (
            self.stat is not None
            and self.stat.regular
            and self.note == note_text(sha256, self.stat)
        )

    @property
    def settled(self) -> bool:
        """A change from now on would show in `stat`."""
        found = self.stat
        if found is None:
            return False
        return not found.coarse or self.now_s - found.changed_s >= COARSE_S


def note_text(sha256: str, found: Stat) -> str:
    """A proof note: its version, the hash, and what `stat` said."""
    return f"{_VERSION} {sha256} {found.text}"


def look(
    site: Site,
    files: Sequence[tuple[PurePosixPath, PurePosixPath | None]],
    *,
    used: PurePosixPath | None = None,
    follow: bool = False,
) -> list[Seen]:
    """Look at files and their notes, in one call for most. follow: through a link at the end.

    used: touched when it is there, so that `devices gc` knows that the object is in use.
    """
    script = _LOOK.format(stat=_STAT_WORDS.format(follow="-L " if follow else ""))
    found: list[Seen] = []
    for some in _batches(files):
        flat = [path or "" for pair in some for path in pair]
        said = ask(site.transport, script, used or "", *flat).splitlines()
        found += _parse(said, len(some))
    return found


def write_note(site: Site, note: PurePosixPath, sha256: str, found: Stat) -> None:
    """Raises StoreError when the store takes no note."""
    with one_sentence(site.transport.device, note, "the proof note cannot be written"):
        ask(site.transport, _WRITE, note, note_text(sha256, found), timeout_s=SYNC_S)


def parse_stat(text: str) -> Stat | None:
    """None for anything that is not exactly in our words."""
    found = _STAT.fullmatch(text)
    if found is None:
        return None
    size, inode, mode, mtime, ctime, *fractions = found.groups()
    return Stat(
        text=text,
        size_bytes=int(size),
        inode=inode,
        mode=int(mode, 16),
        changed_s=max(int(mtime), int(ctime)),
        coarse=not any((f or "").strip("0") for f in fractions),
    )


def _batches(
    files: Sequence[tuple[PurePosixPath, PurePosixPath | None]],
) -> list[Sequence[tuple[PurePosixPath, PurePosixPath | None]]]:
    starts = range(0, len(files), _FILES_PER_CALL)
    return [files[start : start + _FILES_PER_CALL] for start in starts]


def _parse(said: list[str], count: int) -> list[Seen]:
    """Lines that are missing or odd stand for a file that must be hashed."""
    now = _NOW.fullmatch(said[0]) if said else None
    now_s = int(now.group(1)) if now else 0
    lines = [*said[1:], *[""] * (2 * count)]
    seen = []
    for number in range(count):
        state, note = lines[2 * number], lines[2 * number + 1]
        words = state.removeprefix("is ").strip()
        known = parse_stat(words) if state.startswith("is ") else None
        size = known.size_bytes if known else int(words) if _SIZE.fullmatch(words) else None
        seen.append(Seen(state != "none", known, size, note.removeprefix("note "), now_s))
    return seen
