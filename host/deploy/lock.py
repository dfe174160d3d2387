"""One writer at a time in a store: a folder that `mkdir` makes or refuses, with the owner in it.

A process on the device holds it and ends when the link does, so a cut cable frees the store. A
lock that is left over (its process gone, or the device booted since) is taken over and told. So is
one of a connection of this machine that is gone, where the device has not noticed.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from host.deploy.chunks import close
from host.deploy.layout import Site
from host.deploy.lock_owner import gone, mark, owner, words
from host.deploy.shell import argv, ask, one_sentence, plain
from host.errors import CommandFailedError, StoreError, TransportError, UnreachableError
from host.transport.base import STALL_S

POLL_S = 0.5
# On a console nothing can be held open: there the lock ends by itself after so long.
LEASE_S = 3600

# Field 22 of /proc/PID/stat is the start of a process in clock ticks since boot (proc(5)): with
# the boot id it names one process for ever. The name in field 2 may hold spaces; field 3 is Z or X
# for one that has ended and that its parent has not asked for.
_SHARED = """
boot() { cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo -; }
start() {
  s=$(cat "/proc/$1/stat" 2>/dev/null) || { echo gone; return; }
  set -- ${s##*)}
  case "$1" in Z|X) echo gone ;; *) echo "${20}" ;; esac
}
"""
# Says `held`, `busy`, or why it cannot. Waits for a line or the end of its input, then frees it.
HOLD = (
    _SHARED
    + """
if ! said=$(mkdir "$1" 2>&1); then
  if [ -d "$1" ]; then echo busy; else echo "cannot" $said; fi
  exit
fi
pid=$$
if [ -n "$3" ]; then sleep "$3" </dev/null >/dev/null 2>&1 & pid=$!; fi
trap 'rm -rf "$1"; exit' HUP TERM INT
line="$(boot) $pid $(start $pid) $2"
if ! said=$({ echo "$line" > "$1/owner.new" && mv "$1/owner.new" "$1/owner"; } 2>&1); then
  rm -rf "$1"; [ -n "$3" ] && kill "$pid"
  echo "cannot" $said; exit
fi
echo held
[ -n "$3" ] && exit
read -r line
rm -rf "$1"
"""
)
# Frees a lease that is still ours.
_FREE = """
read -r boot pid start text < "$1/owner" || exit 0
[ "$text" = "$2" ] || exit 0
kill "$pid" 2>/dev/null
rm -rf "$1"
"""
# Says `busy TEXT`, or takes a lock that is left over away and says `broken TEXT`. Of several
# that try at once only one makes `breaking`; it looks again, since the lock may be a new one.
_BREAK = (
    _SHARED
    + """
old() { [ -n "$(find "$1" -prune -mmin +1 2>/dev/null)" ]; }
left_over() {
  text=
  if ! read -r b pid s text < "$1/owner"; then old "$1"; return; fi
  [ "$b" != "$(boot)" ] && return 0
  [ "$b" != - ] && [ "$s" != "$(start "$pid")" ]
} 2>/dev/null
i=$(stat -c %i "$1" 2>/dev/null)
same() { [ "$i" = "$(stat -c %i "$1" 2>/dev/null)" ]; }
if left_over "$1" && mkdir "$1/breaking" 2>/dev/null; then
  if same "$1" && { [ ! -f "$1/owner" ] || left_over "$1"; } && mv "$1" "$1.$2"; then
    rm -rf "$1.$2"; echo "broken $text"; exit
  fi
  rmdir "$1/breaking"
fi
old "$1/breaking" && rmdir "$1/breaking" 2>/dev/null
echo "busy $text"
"""
)
# Ends the process that holds a lock, as the end of its link would have; a look then finds it left
# over. Where no start of a process can be read it could be another one's number: nothing is ended.
_END = (
    _SHARED
    + """
read -r b p s text < "$1/owner" || exit 0
[ "${text##* }" = "$2" ] && [ "$b" = "$(boot)" ] && [ "$s" != gone ] || exit 0
for signal in TERM KILL; do
  [ "$(start "$p")" = "$s" ] || exit 0
  kill -"$signal" "$p" 2>/dev/null
  sleep 1
done
"""
)


@contextmanager
def held(site: Site) -> Iterator[None]:
    """Hold the store's lock. Raises StoreError when another writer keeps it for too long."""
    with one_sentence(site.transport.device, site.store.root, "the store cannot be made"):
        ask(site.transport, 'mkdir -p "$1"', site.store.root)
    with owner() as text, _taken(site, text):
        yield


def _taken(site: Site, text: str) -> contextlib.ExitStack:
    """The lock, once it is ours. Raises StoreError."""
    deadline = time.monotonic() + site.store.wait_s
    ended = ""
    while (hold := _try(site, text)) is None:
        holder = _break(site)
        if holder is None:
            continue
        if gone(holder) and holder != ended:
            ended = holder
            ask(site.transport, _END, site.store.lock, mark(holder))
            continue
        if time.monotonic() >= deadline:
            who = words(holder) or "unknown"
            raise StoreError(
                site.transport.device,
                str(site.store.root),
                f"another writer uses the store: {who}",
            )
        threading.Event().wait(POLL_S)
    return hold


def _try(site: Site, text: str) -> contextlib.ExitStack | None:
    """What frees the lock again; None when it is busy. Raises StoreError when it cannot be."""
    stack = contextlib.ExitStack()
    if site.store.one_channel:
        command = argv(HOLD, site.store.lock, text, LEASE_S)
        said = site.transport.call(command, timeout_s=STALL_S).stdout
        stack.callback(_free, site, text)
    else:
        stream = site.transport.open(argv(HOLD, site.store.lock, text, ""))
        stack.callback(close, stream)
        try:
            said = stream.receive_line(timeout_s=STALL_S)
        except TimeoutError as err:
            stack.close()
            raise UnreachableError(site.transport.device, "does not answer") from err
    answer = plain(said.decode(errors="replace"))
    if answer == "held":
        return stack
    stack.close()
    if answer == "busy":
        return None
    why = answer.removeprefix("cannot").strip() or "the device ended the command"
    raise StoreError(
        site.transport.device, str(site.store.root), f"the store cannot be written ({why})"
    )


def _free(site: Site, text: str) -> None:
    with contextlib.suppress(TransportError, CommandFailedError):
        ask(site.transport, _FREE, site.store.lock, text)


def _break(site: Site) -> str | None:
    """None when a left-over lock was taken away, else what it says of who holds it."""
    said = plain(ask(site.transport, _BREAK, site.store.lock, secrets.token_hex(4)))
    state, _, holder = said.partition(" ")
    if state != "broken":
        return holder
    who = words(holder) or "an unknown writer"
    site.watch.tell(f"{site.transport.device}: took over a lock that {who} left")
    return None
