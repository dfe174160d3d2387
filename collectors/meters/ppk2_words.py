"""Words of a PPK2's stream: four bytes a sample, kept in step by the six-bit counter.

Bits 0-13 ADC, 14-16 range, 18-23 counter, 24-31 logic inputs; little endian. Source:
NordicSemiconductor/pc-nrfconnect-ppk, src/device/serialDevice.ts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from collectors.meters.stream import IntArray

Words = npt.NDArray[np.uint32]
WORD_BYTES = 4
COUNTS = 64  # the counter has six bits
READING_BITS = 17  # ADC and range: what a current follows from
_WINDOW = 16  # words whose counters must follow each other to believe a place in the bytes
_PLACE_BYTES = (_WINDOW + 1) * WORD_BYTES


def adc(words: Words) -> IntArray:
    """What the ADC field stands for: four times the field, 0 to 65532."""
    return ((words & 0x3FFF) * 4).astype(np.int64)


def ranges(words: Words) -> IntArray:
    """The measuring range, 0 to 4; 5 to 7 are none."""
    return ((words >> 14) & 0x7).astype(np.int64)


def counters(words: Words) -> IntArray:
    """The six-bit counter, 0 to 63."""
    return ((words >> 18) & 0x3F).astype(np.int64)


def logic(words: Words) -> IntArray:
    """The eight logic inputs as bits: wire one for a pulse that both ends see."""
    return (words >> 24).astype(np.int64)


def steps(words: Words, last: int | None) -> IntArray:
    """How far each word's counter is from the one before it, 1 to 64.

    last: the counter before the first word; None: the first word has a step of 1. A loss of a
    multiple of 64 words cannot be told from none.
    """
    found = counters(words)
    before = np.concatenate(([found[0] - 1 if last is None else last], found[:-1]))
    return (found - before - 1) % COUNTS + 1


class WordStream:
    """Cuts bytes into words, and finds its place again after bytes were lost."""

    def __init__(self) -> None:
        self._kept = b""
        self._in_step = False
        self._last: int | None = None  # counter of the last word that was sure
        self.torn_bytes = 0  # thrown away since the start, for they fit nowhere

    def feed(self, data: bytes) -> Words:
        """The words that are sure with these bytes; up to 17 wait for what comes next."""
        self._kept += data
        found = [np.empty(0, np.uint32)]
        while self._in_step or len(self._kept) >= _PLACE_BYTES:
            if not self._in_step:
                self._find_place()
                continue
            words = np.frombuffer(self._kept, "<u4", len(self._kept) // WORD_BYTES)
            sure, self._in_step = _sure(words, self._last)
            self._last = int(counters(words[sure - 1 : sure])[0]) if sure else self._last
            found.append(words[:sure].astype(np.uint32))
            self._kept = self._kept[sure * WORD_BYTES :]
            if self._in_step:
                break
        return np.concatenate(found)

    def _find_place(self) -> None:
        for skip in range(WORD_BYTES):
            if _follow(counters(np.frombuffer(self._kept, "<u4", _WINDOW, skip))):
                self._in_step, self._last = True, None
                break
        else:
            skip = _WINDOW * WORD_BYTES
        self.torn_bytes += skip
        self._kept = self._kept[skip:]


def _sure(words: Words, last: int | None) -> tuple[int, bool]:
    """How many words are sure, and whether the place in the bytes still is.

    After a jump of the counter whole words are lost where the next ones follow each other; where
    they do not, bytes are, and the word before the jump may have a byte of another.
    """
    if not len(words):
        return 0, True
    for at in np.flatnonzero(steps(words, last) != 1):
        after = counters(words[at : at + _WINDOW])
        if len(after) < _WINDOW:
            return int(at), True
        if not _follow(after):
            return max(0, int(at) - 1), False
    return len(words), True


def _follow(found: IntArray) -> bool:
    return bool((np.diff(found) % COUNTS == 1).all())
