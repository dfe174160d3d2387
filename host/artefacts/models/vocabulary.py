"""The byte-level BPE vocabulary that all reference models share.

Ids: control tokens, the 256 bytes, the learned merges of `data/merges.txt`, then strings that
are useful in Chinese, English, numbers and code until the vocabulary is full. A smaller
vocabulary is the beginning of a larger one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise, product, takewhile

PAD, BEGIN, END = 0, 1, 2
CONTROL = ("<|pad|>", "<|begin|>", "<|end|>")

# Beginnings, middles and ends of English syllables; they also hold most pinyin syllables.
_ONSETS = (
    "b c d f g h j k l m n p r s t v w y z bl br ch cl cr dr fl fr gl gr ph pl pr qu sc sh sk "
    "sl sm sn sp spr st str sw th tr tw wh"
)
_NUCLEI = "a e i o u ai ea ee ie oa oo ou ow ue"
_CODAS = (
    "n r l t d s ng nt st m ck nd p c th ll ss rt k g b x ve nce rd rn rk rm ld lt mp ft ct sh"
)


Merge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """tokens: by id, in the byte-level alphabet. merges: by rank, pairs of tokens."""

    tokens: tuple[str, ...]
    merges: tuple[Merge, ...]


def byte_alphabet() -> tuple[str, ...]:
    """One printable character for each byte, as byte-level BPE writes them (GPT-2).

    Printable Latin-1 characters stand for themselves, the others follow from U+0100 on.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return tuple(chr(byte) if byte in printable else chr(next(others)) for byte in range(0x100))


def quiet_tokens(size: int) -> tuple[int, ...]:
    """Ids that are no text on their own: control tokens, control bytes, pieces of a character."""
    values = {character: byte for byte, character in enumerate(byte_alphabet())}
    texts = [
        bytes(values[one] for one in token) for token in vocabulary(size).tokens[len(CONTROL) :]
    ]
    quiet = [at for at, text in enumerate(texts, start=len(CONTROL)) if not _is_text(text)]
    return (*range(len(CONTROL)), *quiet)


def _is_text(token: bytes) -> bool:
    try:
        shown = token.decode().translate({ord("\t"): " ", ord("\n"): " "})
    except UnicodeDecodeError:
        return False
    return shown.isprintable()


@cache
def vocabulary(size: int) -> Vocabulary:
    """The vocabulary of exactly `size` tokens.

    Encoding the text of a token gives that one token. Runtimes that look a whole word up before
    they merge (onnxruntime-genai does) so give the same ids as those that only merge.
    """
    alphabet = byte_alphabet()
    tokens = dict.fromkeys((*CONTROL, *alphabet))
    ranks: dict[Merge, int] = {}

    def add(left: str, right: str) -> None:
        if len(tokens) < size:
            tokens[left + right] = None
            ranks[left, right] = len(ranks)

    for merge in learned_merges():
        add(*merge)
    for text in takewhile(lambda _: len(tokens) < size, _useful()):
        symbols = encode([alphabet[byte] for byte in text.encode()], ranks)
        while len(symbols) > 1 and symbols[0] + symbols[1] not in tokens:
            add(*symbols[:2])
            symbols = encode(symbols, ranks)
    return Vocabulary(tuple(tokens), tuple(ranks))


def encode(symbols: Sequence[str], ranks: Mapping[Merge, int]) -> list[str]:
    """Join neighbours, always the pair of the lowest rank and of those the leftmost."""
    joined = list(symbols)
    while True:
        ranked = [(ranks[pair], at) for at, pair in enumerate(pairwise(joined)) if pair in ranks]
        if not ranked:
            return joined
        _, at = min(ranked)
        joined[at : at + 2] = [joined[at] + joined[at + 1]]


def learned_merges() -> tuple[Merge, ...]:
    """The merges of `data/merges.txt`, by rank."""
    lines = (files(__package__) / "data" / "merges.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(" ") for line in lines)
    return tuple((left, right) for left, right in pairs)


def _useful() -> Iterator[str]:
    yield from (" " * 16, "\n" + " " * 15, "\t" * 8, "\n" * 4)
    yield from (f"{number:02}" for number in range(100))
    common = [*_gb2312(range(0xB0, 0xD8))]  # level 1, ordered by pinyin
    for start in range(8):  # every eighth, so that a small vocabulary takes from the whole list
        yield from common[start::8]
    yield from (f"{number:03}" for number in range(1000))
    yield from _gb2312(range(0xD8, 0xF8))  # level 2
    for nucleus, coda, onset in product(_NUCLEI.split(), ("", *_CODAS.split()), _ONSETS.split()):
        syllable = onset + nucleus + coda
        yield from (syllable, " " + syllable)


def _gb2312(rows: range) -> Iterator[str]:
    """Characters of GB/T 2312-1980 by row and cell; empty cells are left out."""
    for row, cell in product(rows, range(0xA1, 0xFF)):
        character = bytes((row, cell)).decode("gb2312", errors="ignore")
        if character:
            yield character
