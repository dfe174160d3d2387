"""How the merges in `data/merges.txt` were learned from `data/corpus.txt`.

Byte pair encoding after Sennrich, Haddow and Birch (2016), on bytes. The file is shipped, so
that the models do not change with this code; a test learns its beginning again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

# A token of more bytes than this would make the output bytes per token uneven.
MAX_TOKEN_BYTES = 16
# A pair seen once is an accident of the corpus.
MIN_COUNT = 2

Pair = tuple[str, str]


def pieces(text: str) -> Counter[str]:
    """The pieces that a merge may not cross, in the byte-level alphabet, with their counts."""
    from tokenizers.pre_tokenizers import ByteLevel

    splitter = ByteLevel(add_prefix_space=False, use_regex=True)
    return Counter(piece for piece, _ in splitter.pre_tokenize_str(text))


def learn(counted: Mapping[str, int], limit: int) -> list[Pair]:
    """At most `limit` merges: each time the most frequent pair, on a tie the smallest one.

    Symbols are characters of the byte-level alphabet, one for each byte, so that the length of
    a symbol is its length in bytes.
    """
    words = [(list(piece), count) for piece, count in sorted(counted.items())]
    merges: list[Pair] = []
    while len(merges) < limit:
        best = _best_pair(words)
        if best is None:
            break
        merges.append(best)
        words = [(_merged(symbols, best), count) for symbols, count in words]
    return merges


def _best_pair(words: list[tuple[list[str], int]]) -> Pair | None:
    seen: Counter[Pair] = Counter()
    for symbols, count in words:
        for pair in pairwise(symbols):
            seen[pair] += count
    allowed = [
        (-count, pair)
        for pair, count in seen.items()
        if count >= MIN_COUNT and len(pair[0]) + len(pair[1]) <= MAX_TOKEN_BYTES
    ]
    return min(allowed)[1] if allowed else None


def _merged(symbols: list[str], pair: Pair) -> list[str]:
    """`symbols` with every `pair` joined, from the left."""
    if pair[0] not in symbols:
        return symbols
    joined: list[str] = []
    at = 0
    while at < len(symbols):
        if symbols[at : at + 2] == [*pair]:
            joined.append(pair[0] + pair[1])
            at += 2
        else:
            joined.append(symbols[at])
            at += 1
    return joined
