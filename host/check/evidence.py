"""The evidence tier that a record has earned, T0 to T4, and what the next tier lacks.

A submitter who owns device, host and meter can forge everything but what a third party fixes, so
the tier says who would have had to take part in a forgery (`shared` reference reliability, 3.2):
T0 self-reported; T1 signed and checked; T2 with attempts, seeds and canaries issued by a server;
T3 with a witness or an independent meter; T4 reproduced by another laboratory within the stated
uncertainty. Each tier needs all that the ones before it need.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from host.handover.record import Record
from host.handover.signature import SignatureOutcome
from host.handover.text import Txt

MIN_SIGNERS = 2
CHECKING = ("checker", "approver")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a tier is earned by. sound: intact, redone and conforming all hold.

    signatures: of this record, and of those it replaced, which count for nothing here.
    """

    record: Record
    signatures: Sequence[SignatureOutcome]
    sound: bool

    @property
    def good(self) -> list[SignatureOutcome]:
        return [s for s in self.signatures if s.good and s.record_id == self.record.record_id]


@dataclass(frozen=True, slots=True)
class Evidence:
    """tier: `T0` to `T4`. lacking: what the next tier would need and is not there."""

    tier: str
    lacking: tuple[Txt, ...]


def evidence_of(facts: Facts) -> Evidence:
    """The highest tier of which nothing is lacking, nor of those before it."""
    earned = "T0"
    for tier, needs in _TIERS:
        lacking = tuple(text for holds, text in needs if not holds(facts))
        if lacking:
            return Evidence(earned, lacking)
        earned = tier
    return Evidence(earned, ())


def _sound(facts: Facts) -> bool:
    return facts.sound


def _issued(facts: Facts) -> bool:
    return facts.record.status.state in ("issued", "amended", "substituted")


def _several(facts: Facts) -> bool:
    """Two keys of two people, one of whom answers for checking."""
    return (
        len({s.key_id for s in facts.good}) >= MIN_SIGNERS
        and len({_same_for_all(s.person) for s in facts.good}) >= MIN_SIGNERS
        and any(s.role in CHECKING for s in facts.good)
    )


def _same_for_all(name: str) -> str:
    """A name without what makes one person look like two: accents, case, spaces as typed."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _never(_: Facts) -> bool:
    """No run folder of this version holds such facts, so no record can claim them."""
    return False


Need = tuple[Callable[[Facts], bool], Txt]
_TIERS: tuple[tuple[str, tuple[Need, ...]], ...] = (
    (
        "T1",
        (
            (
                _sound,
                Txt("完整、可重算、合规三项均成立", "all three verdicts hold"),
            ),
            (_issued, Txt("记录已签发", "the record is issued")),
            (
                _several,
                Txt(
                    "至少两人以各自的可信密钥签名，其中一人为核验或批准",
                    "good signatures by two people with trusted keys, one of them a checker or"
                    " approver",
                ),
            ),
        ),
    ),
    (
        "T2",
        (
            (
                _never,
                Txt(
                    "由服务器签发的测量次、提交后抽取的种子与探针题",
                    "attempts issued by a server, seeds drawn after the commit, and canaries",
                ),
            ),
        ),
    ),
)
