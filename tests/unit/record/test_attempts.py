import hashlib
from dataclasses import replace

from host.handover.answered import Answered
from host.handover.trace import AttemptTrace
from host.record.attempts import attempts_of, output_bytes_of, outputs_differ
from tests.fakes.traces import Shape, attempt, requests, run_of

A = Shape("a", output_tokens=3, first_token=5)
B = Shape("b", output_tokens=2, first_token=70)
WARM = Shape("w", output_tokens=4, warmup=True)


def test_output_bytes_are_one_line_a_request_sorted_by_item() -> None:
    assert output_bytes_of(requests([B, A])) == b"a\t5 6 7\nb\t70 71\n"


def test_the_order_drawn_for_an_attempt_does_not_change_its_hash() -> None:
    one, other = attempt(requests([WARM, A, B])), attempt(requests([B, A]), number=2)
    fields = attempts_of(run_of(one, other), 2).attempts
    assert fields[0].output_sha256 == fields[1].output_sha256
    expected = hashlib.sha256(b"a\t5 6 7\nb\t70 71\n").hexdigest()
    assert fields[0].output_sha256 == expected


def test_requests_of_one_item_stay_in_their_order() -> None:
    later = replace(A, first_token=1)
    assert output_bytes_of(requests([A, later])) == b"a\t5 6 7\na\t1 2 3\n"


def test_every_attempt_is_listed_and_counted_by_status() -> None:
    made = [
        replace(attempt(requests([WARM, A]), number=n), status=status, reason=reason)
        for n, status, reason in ((1, "valid", ""), (2, "void", "hot"), (3, "incomplete", "cut"))
    ]
    found = attempts_of(run_of(*made), 4)
    assert (found.planned, found.valid, found.void, found.incomplete) == (4, 1, 1, 1)
    assert [(a.number, a.status, a.reason) for a in found.attempts] == [
        (1, "valid", ""),
        (2, "void", "hot"),
        (3, "incomplete", "cut"),
    ]
    assert {(a.requests, a.output_tokens) for a in found.attempts} == {(1, 3)}


def test_equal_outputs_do_not_differ_whatever_their_order() -> None:
    assert outputs_differ([attempt(requests([A, B])), attempt(requests([B, A]))]) == ()


def test_items_whose_tokens_differ_are_named() -> None:
    changed = attempt(requests([A, replace(B, first_token=71)]))
    assert outputs_differ([attempt(requests([A, B])), changed]) == ("b",)
    shorter = attempt(requests([replace(A, output_tokens=2)]))
    assert outputs_differ([attempt(requests([A])), shorter]) == ("a",)


def test_warm_ups_are_not_compared() -> None:
    changed = attempt(requests([replace(WARM, first_token=1)]))
    assert outputs_differ([attempt(requests([WARM])), changed]) == ()


def test_answers_of_a_native_runner_are_compared_by_their_bytes() -> None:
    def saying(*texts: bytes) -> AttemptTrace:
        answers = [Answered(n, "a", warmup=n == 0, text=t) for n, t in enumerate(texts)]
        return replace(attempt(requests([A])), answers=tuple(answers))

    assert outputs_differ([saying(b"warm", b"x"), saying(b"cold", b"x")]) == ()
    assert outputs_differ([saying(b"", b"x"), saying(b"", b"y")]) == ("a",)
