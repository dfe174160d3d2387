"""What is fed to a plain graph: shapes from graph and settings, values from a seed or a file.

Seeded values are the raw 64-bit words of numpy's SFC64 (NEP 19 keeps them the same for good), one
word an element: floats are low + (high - low) * k / 2^24 with the upper 24 bits as k, whole
numbers low + word mod (high - low). Unless a setting says otherwise the range [low, high) is
[-1, 1) for floats, [0, 256) for 8 bits without a sign, [-128, 128) with one, and [0, 2) for all
others: an index, a mask and a truth value each take both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from agent.engines.base import EngineError
from agent.engines.settings import BAD_SETTING

SEED, FILE = "seed:", "file:"
SAMPLED = 32  # values of the outputs of a request: some 600 bytes of its last event, our choice
MAX_ELEMENTS = 1 << 28  # 1 GiB of float32 for one input: more is a dimension that was mistyped
# Element type as ONNX Runtime names it -> numpy's name. bfloat16 and strings have none.
DTYPES: Mapping[str, str] = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(int16)": "int16",
    "tensor(uint16)": "uint16",
    "tensor(int32)": "int32",
    "tensor(uint32)": "uint32",
    "tensor(int64)": "int64",
    "tensor(uint64)": "uint64",
    "tensor(bool)": "bool",
}
_RANGES: Mapping[str, tuple[float, float]] = {
    "float32": (-1, 1),
    "float64": (-1, 1),
    "float16": (-1, 1),
    "uint8": (0, 256),
    "int8": (-128, 128),
}
_OTHERS = (0, 2)


@dataclass(frozen=True, slots=True)
class Port:
    """One input of a graph with nothing left open. low, high: of seeded values, high outside."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    low: float
    high: float

    def fields(self) -> dict[str, Any]:
        """As the engine describes it; `seeded` is the range of values from a seed."""
        shown = {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}
        return {**shown, "seeded": [self.low, self.high]}


def ports_of(found: Sequence[Any], settings: Mapping[str, Any]) -> tuple[Port, ...]:
    """Every input as it will be fed. found: ONNX Runtime's NodeArgs (name, type, shape).

    Raises EngineError `bad-setting` for a dimension that nothing says, or that says something
    else than the graph; `bad-model` for elements that numpy does not have.
    """
    names = {arg.name for arg in found}
    for table in ("shapes", "ranges"):
        for name in settings[table]:
            if name not in names:
                known = ", ".join(sorted(names))
                raise EngineError(BAD_SETTING, f"{table}: {name} is no input; there are {known}")
    ports = tuple(_port(arg, settings) for arg in found)
    batch = settings["batch"]
    if batch > 1 and all(not port.shape or port.shape[0] != batch for port in ports):
        raise EngineError(BAD_SETTING, f"batch {batch}: no input has it as its first dimension")
    return ports


def _port(arg: Any, settings: Mapping[str, Any]) -> Port:  # noqa: ANN401
    dtype = DTYPES.get(arg.type)
    if dtype is None:
        raise EngineError("bad-model", f"input {arg.name} is of {arg.type}, which is not filled")
    shape = _shape(arg, settings)
    if prod(shape) > MAX_ELEMENTS:
        raise EngineError(BAD_SETTING, f"input {arg.name} {list(shape)} is too large")
    low, high = _range(arg.name, settings["ranges"].get(arg.name, _RANGES.get(dtype, _OTHERS)))
    return Port(arg.name, dtype, shape, low, high)


def _shape(arg: Any, settings: Mapping[str, Any]) -> tuple[int, ...]:  # noqa: ANN401
    stated = settings["shapes"].get(arg.name)
    if stated is None:
        return tuple(_size(arg.name, i, dim, settings) for i, dim in enumerate(arg.shape))
    if not isinstance(stated, list) or len(stated) != len(arg.shape):
        raise EngineError(BAD_SETTING, f"shapes.{arg.name}: the graph has {list(arg.shape)}")
    for given, dim in zip(stated, arg.shape, strict=True):
        if not _whole(given) or (isinstance(dim, int) and dim != given):
            said = f"shapes.{arg.name}: {stated} does not fit the graph's {list(arg.shape)}"
            raise EngineError(BAD_SETTING, said)
    return tuple(stated)


def _size(name: str, index: int, dim: object, settings: Mapping[str, Any]) -> int:
    if isinstance(dim, int) and dim >= 0:
        return dim
    size = settings["symbols"].get(dim) if isinstance(dim, str) else None
    if size is None and index == 0:
        size = settings["batch"]
    if size is None or not _whole(size):
        said = f"dimension {index} of input {name} ({dim}) is open: give symbols or shapes.{name}"
        raise EngineError(BAD_SETTING, said)
    return int(size)


def _range(name: str, found: object) -> tuple[float, float]:
    if not isinstance(found, list | tuple) or len(found) != len(_OTHERS):
        raise EngineError(BAD_SETTING, f"ranges.{name}: not [low, high]")
    for bound in found:
        if isinstance(bound, bool) or not isinstance(bound, int | float) or not isfinite(bound):
            raise EngineError(BAD_SETTING, f"ranges.{name}: {bound!r} is no number")
    low, high = found
    if not low < high or abs(low) > 1 << 53 or high > 1 << 53:
        raise EngineError(BAD_SETTING, f"ranges.{name}: {low:g} is not below {high:g}")
    return low, high


def _whole(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and found >= 1


def feeds_of(numpy: Any, ports: Sequence[Port], source: str) -> dict[str, Any]:  # noqa: ANN401
    """Arrays by input. source: `seed:N`, or `file:PATH` of an .npz or .npy file.

    Raises EngineError `bad-input` for a file that does not hold what the graph takes.
    """
    if source.startswith(SEED) and source.removeprefix(SEED).isdecimal():
        return {port.name: _seeded(numpy, port, source) for port in ports}
    if source.startswith(FILE):
        return _from_file(numpy, ports, Path(source.removeprefix(FILE)))
    raise EngineError("bad-input", f"{source[:80]!r} is neither a seed nor a file of inputs")


def inputs_sha256(feeds: Mapping[str, Any]) -> str:
    """SHA-256 over the inputs in order of their names: name, type, shape, bytes."""
    digest = hashlib.sha256()
    for name in sorted(feeds):
        value = feeds[name]
        digest.update(f"{name}\t{value.dtype}\t{list(value.shape)}\n".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()


def outputs_sha256(outputs: Sequence[Any]) -> str:
    """SHA-256 over the bytes of all outputs, in the order of the graph, each after its shape.

    Texts, lists and maps have no bytes of their own, only places in memory: their words are taken.
    """
    digest = hashlib.sha256()
    for value in outputs:
        digest.update(f"{value.dtype}\t{list(value.shape)}\n".encode())
        plain = value.dtype != object
        digest.update(value.tobytes() if plain else repr(value.tolist()).encode())
    return digest.hexdigest()


def outputs_sample(outputs: Sequence[Any]) -> list[float | None]:
    """Values of outputs, evenly spaced in each from its first to its last; at most SAMPLED in all.

    Another processor rounds otherwise, which changes the hash of outputs and these by little;
    other weights change them by much. None: not finite. Nothing of outputs that are no numbers.
    """
    numbers = [v.reshape(-1) for v in outputs if v.dtype.kind in "fiub" and v.size][:SAMPLED]
    found: list[float | None] = []
    for values in numbers:
        count = min(values.size, SAMPLED // len(numbers))
        for place in range(count):
            value = float(values[place * (values.size - 1) // max(count - 1, 1)])
            found.append(value if isfinite(value) else None)
    return found


def _seeded(numpy: Any, port: Port, source: str) -> Any:  # noqa: ANN401
    key = hashlib.sha256(f"inferometer inputs/{source}/{port.name}".encode()).digest()
    words = numpy.random.SFC64(int.from_bytes(key, "big")).random_raw(prod(port.shape))
    words = numpy.asarray(words, dtype="uint64")
    if port.dtype.startswith("float"):
        share = (words >> numpy.uint64(40)).astype("float64") * 2.0**-24
        made = port.low + (port.high - port.low) * share
    else:
        low, high = int(port.low), int(port.high)
        made = (words % numpy.uint64(max(1, high - low))).astype("int64") + low
    return made.astype(port.dtype).reshape(port.shape)


def _from_file(numpy: Any, ports: Sequence[Port], path: Path) -> dict[str, Any]:  # noqa: ANN401
    try:
        with path.open("rb") as file:
            found = numpy.load(file, allow_pickle=False)
            named = hasattr(found, "files")
            arrays = {name: found[name] for name in found.files} if named else found
    except (OSError, ValueError, EOFError, KeyError, BadZipFile) as err:
        raise EngineError("bad-input", f"{path.name} cannot be read: {err}") from err
    if not isinstance(arrays, dict):
        if len(ports) != 1:
            said = f"{path.name} holds one array, the graph has {len(ports)} inputs: use an .npz"
            raise EngineError("bad-input", said)
        arrays = {ports[0].name: arrays}
    return {port.name: _fitting(arrays, port, path) for port in ports}


def _fitting(arrays: Mapping[str, Any], port: Port, path: Path) -> Any:  # noqa: ANN401
    value = arrays.get(port.name)
    if value is None:
        raise EngineError("bad-input", f"{path.name} has no array {port.name}")
    if str(value.dtype) != port.dtype or tuple(value.shape) != port.shape:
        has, wants = f"{value.dtype} {list(value.shape)}", f"{port.dtype} {list(port.shape)}"
        raise EngineError(
            "bad-input", f"{path.name}: {port.name} is {has}, the graph takes {wants}"
        )
    return value
