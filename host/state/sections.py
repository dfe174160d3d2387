"""Many questions in one call: a sh script whose answers stand between marks.

The mark is drawn anew for each call, so that no answer can forge the end of its own section. Every
answer is bounded in bytes and, where the device has `timeout`, in time. Runs under mksh with
toybox and under BusyBox ash: reads of files are builtins of the shell, nothing forks for them.

A command says its own status, from a shell inside `timeout`: toybox 0.8.9's `timeout` was seen to
end with 127 more often than not, whatever its command ended with. That shell ends its command when
it is told to end, for BusyBox's `timeout` does not: the command would hold our pipe for ever.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from host.state.missing import DENIED, Missing, shown, text_of

# Each answer is cut off here; the longest known, `dumpsys power`, is some 50 kB.
MAX_ANSWER_BYTES = 1 << 18
# What one command on the device may take. dumpsys has a deadline of 10 s of its own.
COMMAND_S = 10
NOT_RUNNABLE, NOT_FOUND = 126, 127  # POSIX sh 2.8.2

_PRELUDE = """\
M={mark}
export M
e() {{ echo; echo "$M end $1"; }}
C='trap "kill -9 \\$p; exit" TERM; "$@" & p=$!; wait $p; s=$?; echo; echo "$M end $s"'
if command -v timeout >/dev/null 2>&1
then t() {{ timeout {command_s} sh -c "$C" sh "$@"; }}
else t() {{ "$@"; e $?; }}
fi
show() {{
[ -e "$2" ] || return 0
v=
if {{ read -r v <"$2"; }} 2>/dev/null || [ -n "$v" ]
then echo "$1=$v"
else echo "$1=$M-denied"
fi
}}
folders() {{
[ -d "$1" ] || {{ echo "!absent"; return 0; }}
[ -r "$1" ] || {{ echo "!denied"; return 0; }}
for d in "$1"/$2
do for k in $3
do show "${{d##*/}}/$k" "$d/$k"
done
done
}}
"""
_SECTION = """\
echo; echo "$M begin {name}"
{{ {body}
}} 2>&1 | head -c {limit}
"""


@dataclass(frozen=True, slots=True)
class Section:
    """One question: sh text of `t ARGV` (within its deadline) or `folders`; they end it too."""

    name: str
    body: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a section came to; status None: it was cut off before its end."""

    status: int | None
    said: bytes
    mark: str = ""

    def missing(self) -> Missing | None:
        """Why it is no answer, None when it is one."""
        said = shown(text_of(self.said).strip())
        if self.status is None:
            return Missing(
                "no-answer", f"no end within {COMMAND_S} s and {MAX_ANSWER_BYTES} bytes"
            )
        if self.status == NOT_FOUND:
            return Missing("not-there", said)
        if self.status == NOT_RUNNABLE:
            return Missing("not-readable", said)
        if self.status != 0:
            return Missing("no-answer", f"ended with {self.status}: {said}")
        return None


def asks(argv: Sequence[str]) -> str:
    """A command with the deadline of one, as the body of a section."""
    return f"t {shlex.join(argv)}"


def reads(folder: str, pattern: str, names: Sequence[str]) -> str:
    """First lines of files in folders that match a pattern, as the body of a section."""
    words = (folder, pattern, " ".join(names))
    return f"folders {shlex.join(words)}; e 0"


def script(sections: Sequence[Section], mark: str, *, command_s: int = COMMAND_S) -> str:
    """The whole script. mark: a word that nobody can foresee. command_s: for each command."""
    parts = [_PRELUDE.format(mark=mark, command_s=command_s)]
    parts += [_SECTION.format(name=s.name, body=s.body, limit=MAX_ANSWER_BYTES) for s in sections]
    return "".join(parts)


def answers_of(output: bytes, mark: str) -> dict[str, Answer]:
    """Answers by name, from what the script said. Never raises; the first of a name counts."""
    found: dict[str, Answer] = {}
    name = ""
    said = b""
    for piece in output.replace(b"\r\n", b"\n").split(f"\n{mark} ".encode())[1:]:
        head, _, rest = piece.partition(b"\n")
        begin = re.fullmatch(rb"begin ([a-z0-9_]{1,40})", head)
        end = re.fullmatch(rb"end ([0-9]{1,3})", head)
        if begin:
            if name:
                found.setdefault(name, Answer(None, said, mark))
            name, said = begin[1].decode(), rest
        elif end and name:
            found.setdefault(name, Answer(int(end[1]), said, mark))
            name = ""
    if name:
        found.setdefault(name, Answer(None, said, mark))
    return found


def answer(answers: Mapping[str, Answer], name: str) -> bytes | Missing:
    """What was said in a section, or why there is nothing."""
    if name not in answers:
        return Missing("not-asked")
    return answers[name].missing() or answers[name].said


def folders_of(answers: Mapping[str, Answer], name: str) -> dict[str, dict[str, str]] | Missing:
    """A section of `reads`: folder to file to first line."""
    said = answer(answers, name)
    if isinstance(said, Missing):
        return said
    denied = f"{answers[name].mark}-denied"
    found: dict[str, dict[str, str]] = {}
    for line in text_of(said).split("\n"):
        if line == "!denied":
            return Missing("not-readable", "the folder cannot be read")
        if line == "!absent":
            return Missing("not-there", "no such folder")
        path, equals, value = line.partition("=")
        folder, slash, file = path.partition("/")
        if equals and slash and folder and "*" not in folder:
            found.setdefault(folder, {})[file] = DENIED if value == denied else value.strip()
    return found
