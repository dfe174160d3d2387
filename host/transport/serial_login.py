"""From whatever a console shows to a shell that runs our server.

A console may stand at `login:`, at a password, at a prompt that somebody left, inside a command,
or at the server of a host that went away. Prompts of getty and login are known by their last word;
a shell by the sum that it works out.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from dataclasses import dataclass
from importlib.resources import files

from host.errors import AccessRefusedError, FarFileError, UnreachableError
from host.transport.serial_frames import BASE64, OCTAL, Speech, plain, shown
from host.transport.serial_port import Port, deadline, left

LOGIN_PROMPT = re.compile(rb"(?:^|[\s@])[Ll](?:ogin|OGIN) *: *\Z")
PASSWORD_PROMPT = re.compile(rb"[Pp]ass(?:word|code|phrase)[^\n:]{0,60}: *\Z")
SHELL_PROMPT = re.compile(rb"[$#>%] *\Z")
SERVER = re.compile(rb"=N [0-9a-f]{8}\n")
# What may wake a shell, from the mildest: Enter, interrupt, quit.
WAKES = (b"\n", b"\x03\n", b"\x1c\n")
LOOK_S = 0.7  # a prompt comes within this, as a rule; the next thing is tried after it
SETTLE_S = 0.3
# What an earlier connection typed may spoil the first answer; more might lock the account.
ANSWERS = 2
NEVER = re.compile(rb"(?!)")
SEEN_BYTES = 1 << 16
PIECE_BYTES = 900  # of the server at once; far below what a tty holds
TRIES = 6
TOOLS = ("base64", "od", "cksum", "md5sum", "stty", "setsid", "mkfifo", "dd")


@dataclass(frozen=True, slots=True)
class Access:
    """Who logs in. password: never shown, and sent only to a password prompt."""

    user: str | None
    password: str | None


@dataclass(frozen=True, slots=True)
class Unit:
    """What stands at the far end once the server runs. naps: whether sleep takes fractions."""

    speech: Speech
    naps: bool
    logged_in: bool


class Login:
    """One attempt to get a server running at the far end of a port, within a deadline."""

    def __init__(self, port: Port, access: Access, *, timeout_s: float) -> None:
        self._port, self._access = port, access
        self._until = deadline(timeout_s)
        self._tag = secrets.token_hex(4)
        self._seen = b""
        self._ever = b""
        self._logged_in = self._named = False
        self._answers = 0

    def run(self, folder: str) -> Unit:
        """folder: where the server may make its own. Raises as a Transport does."""
        self._shell()
        try:
            return self._serve(folder)
        except BaseException:
            self._leave()
            raise

    def _serve(self, folder: str) -> Unit:
        tools = self._tools()
        code = BASE64 if "base64" in tools else OCTAL
        speech = Speech(self._tag, code, "cksum" if "cksum" in tools else "md5sum")
        self._check(tools)
        self._start(speech, f"{folder}/inferometer.{self._tag}")
        return Unit(speech, "nap" in tools, self._logged_in)

    def _leave(self) -> None:
        """Leave no open shell where we found a login."""
        with contextlib.suppress(UnreachableError):
            exits = b"exit\n" if self._logged_in else b""
            self._port.write(b"\x03\nQ\n" + b'stty "$G"\n' + exits, timeout_s=1)

    def _check(self, tools: set[str]) -> None:
        lacking = {"dd"} - tools
        if not tools & {"cksum", "md5sum"}:
            lacking.add("cksum or md5sum")
        if not tools & {"base64", "od"}:
            lacking.add("base64 or od")
        if lacking:
            said = f"the unit lacks {', '.join(sorted(lacking))}"
            raise FarFileError(self._port.device, "its PATH", said)

    def _shell(self) -> None:
        """Find a shell, through the login where one asks."""
        mark = f"{self._tag}42{self._tag}".encode()
        asked = re.compile(
            b"|".join((mark, LOGIN_PROMPT.pattern, PASSWORD_PROMPT.pattern, SERVER.pattern))
        )
        any_prompt = re.compile(asked.pattern + b"|" + SHELL_PROMPT.pattern)
        wakes, probed = [*WAKES], False
        self._write(wakes.pop(0))
        while left(self._until):
            self._look(asked if probed else any_prompt)
            text = plain(self._seen)
            if mark in text:
                return
            if self._reply(text):
                probed = False
            elif probed:
                self._write(wakes.pop(0) if wakes else WAKES[0])
                probed = False
            else:
                self._write(f"echo {self._tag}$((6*7)){self._tag}\n".encode())
                probed = True
        self._nobody()

    def _reply(self, text: bytes) -> bool:
        """Answer what is asked; whether something was."""
        if SERVER.search(text):
            self._write(b"Q\n")
        elif LOGIN_PROMPT.search(text):
            self._name()
        elif PASSWORD_PROMPT.search(text):
            self._secret()
        else:
            return False
        return True

    def _name(self) -> None:
        if self._answers >= ANSWERS:
            said = f"the unit refuses user {self._access.user!r} or the password"
            raise AccessRefusedError(self._port.device, said)
        if self._access.user is None:
            raise AccessRefusedError(self._port.device, "asks for a login; no user is given")
        if self._settled():
            self._named = True
            self._write(f"{self._access.user}\n".encode())

    def _secret(self) -> None:
        if not self._named:  # somebody else's attempt: let it fail
            self._write(b"\n")
            return
        if self._access.password is None:
            said = f"asks for the password of {self._access.user!r}; none is given"
            raise AccessRefusedError(self._port.device, said)
        self._named, self._logged_in = False, True
        self._answers += 1
        self._write(f"{self._access.password}\n".encode())

    def _tools(self) -> set[str]:
        script = (
            "G=$(stty -g 2>/dev/null); stty -echo 2>/dev/null; f=; "
            f"for t in {' '.join(TOOLS)}; do command -v $t >/dev/null 2>&1 && f=$f,$t; done; "
            f"sleep 0.01 2>/dev/null && f=$f,nap; echo {self._tag}:$((6*7))$f:{self._tag}"
        )
        found = self._exchange(script, rf"{self._tag}:42((?:,\w+)*):{self._tag}")
        return set(found.split(",")) - {""}

    def _start(self, speech: Speech, folder: str) -> None:
        tag = self._tag
        made = f"mkdir -m 700 {folder} 2>/dev/null; [ -O {folder} ] && echo {tag}$((6*7)):"
        self._exchange(f"{made}ok || echo {tag}$((6*7)):no", rf"{tag}42:(ok)", rf"{tag}42:no")
        names = []
        for number, piece in enumerate(server_pieces()):
            names.append(f"{folder}/a.{number}")
            self._send_piece(speech, names[-1], piece)
        whole = f"cat {' '.join(names)} >{folder}/s"
        words = f"serve {folder} {tag} {speech.code.name} {speech.sum_name}"
        go = f'{whole}\nexec sh {folder}/s {words} "$1"\n'
        self._send_piece(speech, f"{folder}/go", go.encode())
        for _ in range(TRIES):  # to a server that runs already this is a line that it refuses
            self._write(f'sh {folder}/go "$G"\n'.encode())
            if self._look(re.compile(rf"=N {tag}".encode()), look_s=5):
                return
        said = f"our server does not start there (it says: {self._shown()})"
        raise UnreachableError(self._port.device, said)

    def _send_piece(self, speech: Speech, name: str, piece: bytes) -> None:
        """Write a text file there, again until its checksum is right."""
        said = f"set -- $({speech.sum_name} <{name}); echo {self._tag}:$((6*7)):$1:{self._tag}"
        text = f"cat >{name} <<'~~~'\n{piece.decode('ascii')}~~~\n{said}"
        for _ in range(TRIES):
            if self._exchange(text, rf"{self._tag}:42:(\w+):{self._tag}") == speech.sum(piece):
                return
        raise UnreachableError(self._port.device, "the line garbles what is sent")

    def _exchange(self, text: str, wanted: str, refused: str | None = None) -> str:
        """Send lines that may be sent twice; the first group of what is wanted.

        A byte that fell on the line may have been a quote: then the shell takes all that follows
        for its text, until Ctrl-C ends the command that it still waits for.
        """
        either = re.compile((wanted if refused is None else f"{wanted}|{refused}").encode())
        for number in range(TRIES):
            self._write(b"\x03\n" * (number > 0) + f"{text}\n".encode())
            if self._look(either, look_s=5 + len(text) / self._port.bytes_per_s):
                found = re.search(wanted.encode(), plain(self._seen))
                if found is None:
                    folder = text.split()[3]
                    raise FarFileError(self._port.device, folder, "cannot be made there")
                return found[1].decode("ascii")
            if not left(self._until):
                break
        raise UnreachableError(
            self._port.device, f"its shell does not answer (last line: {self._shown()})"
        )

    def _write(self, data: bytes) -> None:
        self._seen = b""
        self._port.write(data, timeout_s=max(1.0, left(self._until)))

    def _look(self, wanted: re.Pattern[bytes], *, look_s: float = LOOK_S) -> bool:
        """Read until it is seen; whether it was."""
        until = deadline(min(look_s, left(self._until)))
        while not wanted.search(plain(self._seen)):
            if not left(until):
                return False
            more = self._port.read(timeout_s=min(0.1, left(until)))
            self._seen = (self._seen + more)[-SEEN_BYTES:]
            self._ever = (self._ever + more)[-SEEN_BYTES:]
        return True

    def _settled(self) -> bool:
        """Whether nothing more comes behind the prompt: what was typed before us has passed."""
        before = plain(self._seen)
        self._look(NEVER, look_s=SETTLE_S)
        return plain(self._seen) == before

    def _shown(self) -> str:
        return repr(shown(self._seen or self._ever, self._access.password or ""))

    def _nobody(self) -> None:
        if not self._ever:
            said = "nothing answers (switched off, another rate, TX and RX swapped?)"
        elif not plain(self._ever).strip():
            said = "answers nothing readable (another rate?)"
        else:
            said = f"shows no shell (last line: {self._shown()})"
        raise UnreachableError(self._port.device, said)


def server_pieces() -> list[bytes]:
    """The server, without comments, in pieces of whole lines."""
    text = files("host.transport").joinpath("serial_server.sh").read_bytes()
    pieces, piece = [], b""
    for line in text.splitlines(keepends=True):
        if line.startswith(b"#"):
            continue
        if len(piece) + len(line) > PIECE_BYTES:
            pieces.append(piece)
            piece = b""
        piece += line
    return [*pieces, piece]
