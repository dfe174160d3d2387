"""Which programs a device has for SHA-256 and for one piece of a file."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from host.deploy.layout import BLOCK_BYTES, Site
from host.deploy.shell import ask
from host.errors import StoreError

# Tried in this order; the first one that gives the right answer is taken. OpenSSL uses the
# processor's instructions, which Debian's coreutils do not: 1,100 and 240 MB/s of a processor's
# time where both were tried.
_HASHERS = (
    "openssl dgst -sha256 -r",
    "sha256sum",
    "toybox sha256sum",
    "busybox sha256sum",
    "shasum -a 256",
)
_PYTHON_HASHER = (
    "import hashlib,sys\n"
    "h=hashlib.sha256()\n"
    "for b in iter(lambda:sys.stdin.buffer.read(1<<20),b''): h.update(b)\n"
    "print(h.hexdigest())"
)
# SHA-256 of "abc": the example of one block that NIST gives with FIPS 180.
_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

_FIND = """
n=0
right=$1
shift
for h in "$@"; do
  set -- $(echo abc | head -c 3 | eval "$h" 2>/dev/null)
  echo "$n ${1:--}"
  [ "$1" = "$right" ] && break
  n=$((n+1))
done
echo "dd $(echo abc | dd bs=1 count=1 2>/dev/null | wc -c)"
"""


@dataclass(frozen=True, slots=True)
class Tools:
    """Words of a shell script. hasher: SHA-256 of stdin. piece: bytes of file `$1`.

    piece works on the variables skip and count (blocks), first and bytes (first counts from 1).
    can_write_piece: `dd` is there, so that a piece can be put into a file.
    """

    hasher: str
    piece: str
    can_write_piece: bool


def find_tools(site: Site) -> Tools:
    """Try them with a known answer. Raises StoreError when there is none for SHA-256."""
    python = site.store.python
    hashers = list(_HASHERS)
    if python:
        hashers.append(f"{shlex.quote(python)} -I -c {shlex.quote(_PYTHON_HASHER)}")
    said = [line.split() for line in ask(site.transport, _FIND, _ABC, *hashers).splitlines()]
    right = [n for n in range(len(hashers)) if [str(n), _ABC] in said]
    if not right:
        raise StoreError(
            site.transport.device,
            str(site.store.root),
            "the device has no program for SHA-256 (sha256sum, shasum, Python), "
            "so nothing can be proven there",
        )
    has_dd = ["dd", "1"] in said
    dd = f'dd if="$1" bs={BLOCK_BYTES} skip=$skip count=$count 2>/dev/null'
    tail = 'tail -c "+$first" "$1" | head -c "$bytes"'
    return Tools(hashers[right[0]], dd if has_dd else tail, has_dd)
