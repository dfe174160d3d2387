"""The shape of the load in an attempt: table `[load]` of a plan.

A plan without it asks for `single`: one stream, a request when the one before has ended.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Shape = Literal["single", "streams", "chat", "cold", "sustained"]

# Of a device at the edge: beyond it threads of one client would be what is measured.
MAX_STREAMS = 64
# Fields of each shape: a plan states all of them, and none of another shape.
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "single": (),
    "streams": ("steps", "requests_per_stream"),
    "chat": ("turns", "prefix_cache"),
    "cold": (),
    "sustained": ("duration_s",),
}

Streams = Annotated[int, Meta(ge=1, le=MAX_STREAMS)]


class LoadPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How requests follow one another.

    streams: for each of `steps` so many streams at once, each with `requests_per_stream`
    requests one after the other; items are drawn from the seed. chat: `turns` of one talk, each
    with all before it in its prompt; `prefix_cache` says whether the engine may keep those.
    cold: every attempt loads a model whose files are out of the page cache. sustained: the scored
    requests over and over, one after the other, for `duration_s`.
    """

    shape: Shape
    steps: Annotated[tuple[Streams, ...], Meta(min_length=1, max_length=16)] | UnsetType = UNSET
    requests_per_stream: Annotated[int, Meta(ge=1, le=1_000)] | UnsetType = UNSET
    turns: Annotated[int, Meta(ge=2, le=1_000)] | UnsetType = UNSET
    prefix_cache: bool | UnsetType = UNSET
    duration_s: Annotated[float, Meta(ge=1, le=86_400)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Raises ValueError for a field that the shape lacks, or that is another shape's."""
        wanted = FIELDS[self.shape]
        for name in self.__struct_fields__[1:]:
            there = self.field(name) is not UNSET
            if there and name not in wanted:
                fits = [shape for shape, fields in FIELDS.items() if name in fields]
                raise ValueError(f"{name} is of shape {fits[0]}, this one is {self.shape}")
            if not there and name in wanted:
                raise ValueError(f"shape {self.shape} needs {name}")
        if self.steps is not UNSET and len(set(self.steps)) != len(self.steps):
            raise ValueError("steps has a number twice; `attempts` of [run] says how often")

    def field(self, name: str) -> Any:  # noqa: ANN401 - one of several types
        """A field by its name; UNSET where it is left out."""
        return getattr(self, name)


def shape_of(load: LoadPlan | UnsetType) -> Shape:
    """The shape that a plan asks for."""
    return "single" if load is UNSET else load.shape
