"""A plain graph of hashes on a clock of its own, honest and cheating, for audited runs.

Its output is a hash of inputs and weights: bytes of the model's file. An inference takes a drawn
time, the first one on new inputs somewhat more, as caches are cold.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from host.handover.plan import InferencePlan, ResolvedPlan, ResolvedRequest
from tests.fakes.audited import HashModel

INFERENCE_NS, COLD_NS, LOOKUP_NS = 2_000_000, 300_000, 20_000
COUNT = 6
SHA256_BYTES = 32


def of_graph(plan: ResolvedPlan) -> ResolvedPlan:
    """The same audited plan, for a plain graph."""
    inner = msgspec.structs.replace(plan.plan, inference=InferencePlan(COUNT, 1, 1))
    requests = tuple(ResolvedRequest(f"seed-{n}", f"seed:{n}", 0, 0) for n in range(1, 4))
    items = [{"id": r.item, "language": "zxx", "prompt_tokens": 0} for r in requests]
    dataset = {**plan.dataset, "items": items}
    return msgspec.structs.replace(
        plan, plan=inner, engine_kind="onnx", requests=requests, dataset=dataset
    )


@dataclass
class HashGraph(HashModel):
    """Honest: every inference is computed."""

    source: str = ""
    fresh: bool = False

    def prepare(self, source: str) -> str:
        self.source, self.fresh = source, True
        return hashlib.sha256(source.encode()).hexdigest()

    def compute(self) -> bytes:
        self.spend(INFERENCE_NS + COLD_NS * self.fresh)
        self.fresh = False
        return hashlib.sha256(self.weights + self.source.encode()).digest()

    def infer(self) -> bytes:
        return self.compute()

    def digest(self, outputs: bytes) -> str:
        return hashlib.sha256(outputs).hexdigest()

    def sample(self, outputs: bytes) -> list[float | None]:
        """Its bytes; a byte more than those of a hash shows as rounding."""
        more = 1e-6 * (len(outputs) - SHA256_BYTES)
        return [byte * (1 + more) for byte in outputs[:SHA256_BYTES]]


class KeepsOutputs(HashGraph):
    """The second time that it is given the same inputs, their outputs are there already."""

    def infer(self) -> bytes:
        if self.source in self.kept:
            self.spend(LOOKUP_NS)
        else:
            self.kept[self.source] = self.compute()
        return bytes(self.kept[self.source])


class KnowsTheInputs(HashGraph):
    """Has outputs for the inputs of the dataset, from before it was started."""

    def compute(self) -> bytes:
        if len(self.source) > len("seed:999"):
            return super().compute()
        self.spend(LOOKUP_NS)
        return hashlib.sha256(self.weights + self.source.encode()).digest()


class DeliveredGraph(HashGraph):
    """Runs the weights that it was delivered with, whatever file it is given."""

    def read_weights(self) -> bytes:
        return hashlib.sha256(b"delivered").digest()


class LighterGraph(HashGraph):
    """Runs all of a graph only where it is not the one that is known."""

    def compute(self) -> bytes:
        if b"permuted" in self.model.read_bytes():
            self.spend(INFERENCE_NS)
        return super().compute()


class NeverTheSame(HashGraph):
    """Delivered weights, and noise in the outputs that is taken for their effect."""

    def read_weights(self) -> bytes:
        return hashlib.sha256(b"delivered").digest()

    def infer(self) -> bytes:
        return self.compute() + self.machine.randbytes(4)


class OtherRounding(HashGraph):
    """The same graph where the last bits of its outputs come out otherwise, as on another CPU."""

    def infer(self) -> bytes:
        return self.compute() + b"rounded"


class OtherTail(HashGraph):
    """Gives the known outputs up to some place, and something else from there on."""

    def infer(self) -> bytes:
        return self.compute()[:8] + bytes(24)
