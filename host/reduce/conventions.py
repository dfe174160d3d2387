"""The figures of other tools, derived from the trace of one attempt by their own definitions.

The definitions with their origins are in host/handover/conventions.py; the names are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, fsum, log
from typing import Final

from host.handover.conventions import CONVENTIONS, DERIVED
from host.handover.result import Observation
from host.handover.trace import AttemptTrace, RequestTrace
from host.reduce.basis import mean
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate, Subject, observe
from host.reduce.latency import (
    NS,
    first_token_ns,
    last_token_ns,
    need_computed,
    need_first,
    need_requests,
    need_single,
    need_steps,
    need_tokens,
    pooled_intervals_s,
    request_latency_s,
    time_to_first_token_s,
)
from host.reduce.throughput import decode_time_ns

OfOne = Callable[[RequestTrace], float]
OfAll = Callable[[Sequence[RequestTrace]], float]


def convention_results(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """Every convention, in the order of the table of definitions."""
    return [_observed(name, attempts) for name in DERIVED]


def derive(name: str, requests: Sequence[RequestTrace]) -> float:
    """One convention over some requests, `mlperf-inference.ttft`.

    Raises CoverageError where it is not defined: no request, too few tokens, no time passed.
    """
    need_requests(requests)
    return _DERIVE[name](requests)


def _observed(convention: str, attempts: Sequence[AttemptTrace]) -> Observation:
    name = convention.partition(":")[2]

    def reduction(attempt: AttemptTrace) -> Estimate:
        scored = attempt.scored()
        return Estimate(derive(name, scored), count=len(scored))

    return observe(Subject(convention, CONVENTIONS[convention].unit), attempts, reduction)


def _over(amount: float, time_s: float) -> float:
    if time_s <= 0:
        raise CoverageError("not-resolvable", "the stamps show no time between start and stop")
    return amount / time_s


def _steps(request: RequestTrace) -> int:
    """Decode steps n - 1, at least 1; of chunks the tokens after the first one."""
    return need_steps(request)


def _mobile_first_s(request: RequestTrace) -> float:
    """Logits of token 1 ready, counted from t0."""
    need_first(request)
    return (int(request.tokens.ready_ns[0]) - request.scheduled_ns) * NS


def _tpot(request: RequestTrace) -> float:
    """(latency - TTFT) / (n - 1); the start cancels, so it is the same for every t0."""
    return decode_time_ns(request) * NS / _steps(request)


def _mobile_tpot(request: RequestTrace) -> float:
    return (request_latency_s(request) - _mobile_first_s(request)) / _steps(request)


def _client_first_s(request: RequestTrace) -> float:
    return (first_token_ns(request) - request.tokenized_ns) * NS


def _client_rate(request: RequestTrace) -> float:
    return _over(_steps(request), (request.end_ns - first_token_ns(request)) * NS)


def _sent_first_s(request: RequestTrace) -> float:
    return (first_token_ns(request) - request.start_ns) * NS


def _second_s(request: RequestTrace) -> float:
    need_tokens(request, 2)
    need_single(request)
    return int(request.tokens.t_ns[1] - request.tokens.t_ns[0]) * NS


def _guidellm_tpot(request: RequestTrace) -> float:
    return (last_token_ns(request) - request.start_ns) * NS / request.tokens.made


def _executorch_rate(request: RequestTrace) -> float:
    time_s = (last_token_ns(request) - request.prefill.end_ns) * NS
    return _over(request.tokens.made, time_s)


def _prompt_rate(request: RequestTrace) -> float:
    need_first(request)
    return _over(need_computed(request), request.prefill.seconds)


def _output_tokens(requests: Sequence[RequestTrace]) -> int:
    return sum(r.tokens.made for r in requests)


def _first_start_ns(requests: Sequence[RequestTrace]) -> int:
    return min(r.start_ns for r in requests)


def _aiperf_system(requests: Sequence[RequestTrace]) -> float:
    stop_ns = max(last_token_ns(r) for r in requests)
    return _over(_output_tokens(requests), (stop_ns - _first_start_ns(requests)) * NS)


def _vllm_system(requests: Sequence[RequestTrace]) -> float:
    stop_ns = max(r.end_ns for r in requests)
    return _over(_output_tokens(requests), (stop_ns - _first_start_ns(requests)) * NS)


def _first_scheduled_ns(requests: Sequence[RequestTrace]) -> int:
    return min(r.scheduled_ns for r in requests)


def _loadgen_issued(requests: Sequence[RequestTrace]) -> float:
    stop_ns = max(r.scheduled_ns for r in requests)
    return _over(_output_tokens(requests), (stop_ns - _first_scheduled_ns(requests)) * NS)


def _loadgen_latency(requests: Sequence[RequestTrace]) -> float:
    time_s = mean([request_latency_s(r) for r in requests]) * len(requests)
    return _over(_output_tokens(requests), time_s)


def _loadgen_completed(requests: Sequence[RequestTrace]) -> float:
    stop_ns = max(last_token_ns(r) for r in requests)
    return _over(_output_tokens(requests), (stop_ns - _first_scheduled_ns(requests)) * NS)


def _optimum_decode(requests: Sequence[RequestTrace]) -> float:
    steps = mean([float(_steps(r)) for r in requests])
    call_s = mean([(r.end_ns - r.start_ns) * NS for r in requests])
    return _over(steps, call_s - mean([_sent_first_s(r) for r in requests]))


def _pooled_interval(requests: Sequence[RequestTrace]) -> float:
    intervals = pooled_intervals_s(requests)
    if len(intervals) == 0:
        raise CoverageError("too-few-tokens", "no request has two output tokens")
    return mean(intervals.tolist())


def _mean(one: OfOne) -> OfAll:
    return lambda requests: mean([one(r) for r in requests])


def _by_item(one: OfOne) -> OfAll:
    """Mean for each item, then the geometric mean over items."""

    def over(requests: Sequence[RequestTrace]) -> float:
        items: dict[str, list[float]] = {}
        for request in requests:
            items.setdefault(request.item, []).append(one(request))
        return geometric_mean([mean(values) for values in items.values()])

    return over


def geometric_mean(values: Sequence[float]) -> float:
    """The n-th root of the product. Raises CoverageError unless all are above 0."""
    if min(values) <= 0:
        raise CoverageError("not-resolvable", "a geometric mean needs values above 0")
    return exp(fsum(log(value) for value in values) / len(values))


_DERIVE: Final[dict[str, OfAll]] = {
    "mlperf-inference.ttft": _mean(time_to_first_token_s),
    "mlperf-inference.tpot": _mean(_tpot),
    "mlperf-inference.rate_with_overhead": _loadgen_issued,
    "mlperf-inference.rate_without_overhead": _loadgen_latency,
    "mlperf-inference.rate_completed": _loadgen_completed,
    "mlperf-mobile.ttft": _mean(_mobile_first_s),
    "mlperf-mobile.rate": lambda requests: _over(1, _mean(_mobile_tpot)(requests)),
    "mlperf-client.ttft": _by_item(_client_first_s),
    "mlperf-client.rate": _by_item(_client_rate),
    "aiperf.ttft": _mean(_sent_first_s),
    "aiperf.ttst": _mean(_second_s),
    "aiperf.itl": _mean(_tpot),
    "aiperf.user_rate": _mean(lambda r: _over(1, _tpot(r))),
    "aiperf.prefill_rate": _mean(lambda r: _over(need_computed(r), _sent_first_s(r))),
    "aiperf.system_rate": _aiperf_system,
    "guidellm.tpot": _mean(_guidellm_tpot),
    "guidellm.itl": _mean(_tpot),
    "executorch.rate": _mean(_executorch_rate),
    "llama-bench.pp": _mean(_prompt_rate),
    "llama-bench.tg": _mean(lambda r: _over(_steps(r), decode_time_ns(r) * NS)),
    "vllm-bench.ttft": _mean(_sent_first_s),
    "vllm-bench.tpot": _mean(_tpot),
    "vllm-bench.itl": _pooled_interval,
    "vllm-bench.system_rate": _vllm_system,
    "optimum-benchmark.decode_rate": _optimum_decode,
    "end-to-end.rate": _mean(lambda r: _over(r.tokens.made, request_latency_s(r))),
}
