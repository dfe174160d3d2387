"""Requests over a serial console, each answered once, however bad the line is.

Stop and wait: a request has a number and a checksum, the next goes out after its answer has come.
One that is not answered rightly is sent again under the same number, and the far end does not do
it twice but gives its last answer again. So repeating never runs a command a second time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from host.errors import TransportError, UnreachableError
from host.transport.serial_frames import MAX_REQUEST_BYTES, Speech, plain, shown
from host.transport.serial_login import LOGIN_PROMPT, PASSWORD_PROMPT
from host.transport.serial_port import Port, deadline, left

MAX_REPEATS = 20
FEW_REPEATS = 4  # for what can be asked for in smaller pieces instead
GOOD_ANSWERS = 8  # after so many in a row, pieces grow again
MIN_SCALE = 1 / 16
# A request without an answer is sent again after some times what the unit takes as a rule, and
# later each time, for it may be busy.
PATIENCE_S, MIN_PATIENCE_S, PATIENCE_RATIO = 8.0, 1.0, 6.0
SILENCE_S = 1.0  # beyond what an answer takes on the line: its end is lost
BLOCK_S = 0.4  # how long one piece of data is on the line: what a single error costs
MAX_BLOCK_BYTES = 1 << 15
PROMPT_BYTES = 200  # enough of the end to know a prompt by
LOGGED_OUT = "shows a login prompt: it was restarted or logged out"
SLACK_BYTES = 1 << 12  # kernel messages around an answer


class RefusedError(TransportError):
    """The far end could not do what was asked: (device, what it says)."""


class UnansweredError(UnreachableError):
    """No right answer came in time, from a line that is there: (device, detail)."""


class Turns:
    """A lock that goes round: who polls all the time does not keep out who seldom asks."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._waiting: deque[object] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        me = object()
        with self._condition:
            self._waiting.append(me)
            self._condition.wait_for(lambda: self._waiting[0] is me)
        try:
            yield
        finally:
            with self._condition:
                self._waiting.popleft()
                self._condition.notify_all()


class Link:
    """The request channel to a server that `serial_login` started.

    repeats: requests that were sent again because no right answer came.
    """

    def __init__(self, port: Port, speech: Speech) -> None:
        self.port, self.speech = port, speech
        self.repeats = 0
        self._scale, self._good = 1.0, 0
        self._usual_s = MIN_PATIENCE_S
        self._count = 0
        self._turns = Turns()

    @property
    def device(self) -> str:
        return self.port.device

    @property
    def smallest(self) -> bool:
        """Whether pieces are as small as they become."""
        return self._scale <= MIN_SCALE

    @property
    def block_bytes(self) -> int:
        """Data of one answer, a power of two: BLOCK_S on the line, less on a bad one."""
        most = self.port.bytes_per_s * BLOCK_S / self.speech.code.text_per_byte * self._scale
        return int(max(128, min(MAX_BLOCK_BYTES, 1 << (max(1, int(most)).bit_length() - 1))))

    @property
    def payload_bytes(self) -> int:
        """Data of one request: what a tty holds, or BLOCK_S on the line, less on a bad one."""
        room = (MAX_REQUEST_BYTES - 160) / self.speech.code.text_per_byte
        most = self.port.bytes_per_s * BLOCK_S / self.speech.code.text_per_byte
        return int(max(96, min(room, most) * self._scale) // 3 * 3)

    def ask(
        self, *words: str, timeout_s: float, wait_s: float = 0.0, repeats: int = MAX_REPEATS
    ) -> bytes:
        """What the far end answers to a request.

        timeout_s: until when a right answer must have come. wait_s: how long the far end may
        take to do it. Raises RefusedError with what it says, UnansweredError without an answer.
        """
        with self._turns.turn():
            until = deadline(timeout_s)
            self._count += 1
            number = f"{self.speech.tag}.{self._count:08d}"
            line = self.speech.request(number, words)
            seen = b""
            for tried in range(repeats):
                self._judge(good=tried == 0)
                # The empty line ends what the noise may have left of an earlier one.
                self.port.write(b"\n" * (tried > 0) + line, timeout_s=max(1.0, left(until)))
                began = deadline(0)
                patience_s = self._patience_s(tried)
                seen = self._collect(number, len(line), patience_s + wait_s, until)
                said = self.speech.answer(seen, number)
                if said is not None:
                    if not wait_s:
                        self._usual_s = max(0.9 * self._usual_s, deadline(0) - began)
                    return self._result(said)
                if _asked(seen):
                    raise UnreachableError(self.device, LOGGED_OUT)
                if not left(until):
                    break
            raise UnansweredError(self.device, _silence(seen))

    def _patience_s(self, tried: int) -> float:
        usual_s = max(MIN_PATIENCE_S, PATIENCE_RATIO * self._usual_s)
        return min(PATIENCE_S, usual_s * (1 << tried))

    def _judge(self, *, good: bool) -> None:
        """Make pieces smaller on a line that spoils them, and larger again after a while."""
        self.repeats += not good
        self._good = self._good + 1 if good else 0
        if not good:
            self._scale = max(MIN_SCALE, self._scale / 2)
        elif self._good % GOOD_ANSWERS == 0:
            self._scale = min(1.0, self._scale * 2)

    def _collect(self, number: str, sent: int, patience_s: float, until: float) -> bytes:
        """What comes until the answer ends, the far end says `what?`, or patience does."""
        begin, end, stop = (
            f"=B {number}".encode(),
            f"=E {number}".encode(),
            f"=N {self.speech.tag}".encode(),
        )
        reply_bytes = self.block_bytes * self.speech.code.text_per_byte * 1.2 + SLACK_BYTES
        on_line_s = (sent + reply_bytes) / self.port.bytes_per_s
        patience = deadline(min(left(until), on_line_s + patience_s))
        most = int(reply_bytes * 4)
        seen, begun = bytearray(), False
        while left(patience):
            more = self.port.read(timeout_s=left(patience))
            seen = (seen + more)[-most:]
            if not begun and begin in seen:
                begun, patience = True, min(patience, deadline(on_line_s + SILENCE_S))
            if not more or end in seen or stop in seen or _asked(seen[-PROMPT_BYTES:]):
                break
        return bytes(seen)

    def _result(self, said: bytes) -> bytes:
        verdict, _, rest = said.partition(b"\n")
        if verdict == b"ok":
            return rest
        lines = [line for line in plain(rest).decode("ascii", "replace").split("\n") if line]
        raise RefusedError(self.device, (lines or ["it does not say why"])[0][:200])

    def leave(self) -> None:
        """End the server there; its shell comes back. Asks for no answer."""
        with self._turns.turn():
            self.port.write(b"\nQ\n", timeout_s=1)


def _asked(seen: bytes | bytearray) -> bool:
    """Whether our server is gone: what it says itself ends in no prompt."""
    text = plain(bytes(seen))
    return bool(LOGIN_PROMPT.search(text) or PASSWORD_PROMPT.search(text))


def _silence(seen: bytes) -> str:
    if not seen:
        return "nothing comes over the line any more"
    return f"no right answer came over the line (last line: {shown(seen)!r})"
