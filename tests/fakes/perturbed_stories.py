"""Stories of runs that took an on/off result from the store, rightly and wrongly."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from host.handover.perturbation import subject_of
from host.handover.plan import ResolvedPlan
from host.schema.canonical import quoted, sha256_of
from tests.fakes.bad_stories import Spoil
from tests.fakes.story import Story

AGENT = "a" * 64
LOOKED_UP = "2026-02-01T12:00:00.000Z"


def found_in_store(story: Story) -> dict[str, Any]:
    """Put a fitting result into the story; gives it to be changed."""
    plan = story.files["plan.json"]
    plan["software"] = [{"name": "agent", "role": "agent", "version": "1", "sha256": AGENT}]
    engine = next(iter(story.attempts.values())).stated["engine"]
    resolved = msgspec.convert(plan, ResolvedPlan)
    subject = quoted(subject_of(resolved, story.files["device-before.json"], engine))
    measured: dict[str, Any] = {
        "perturbation": 1,
        "run": "0" * 32,
        "payload_sha256": "b" * 64,
        "performed": "2026-01-31T12:00:00.000Z",
        "agent_sha256": AGENT,
        "key": sha256_of(subject),
        "subject": subject,
        "pairs": 10,
        "dropped": [],
        "ratios": [],
    }
    story.files["perturbation.json"] = {
        "key": measured["key"],
        "looked_up": LOOKED_UP,
        "entry": {"record_id": "urn:sha256:" + "c" * 64, "measured": measured},
        "reason": "",
    }
    return measured


def used(story: Story) -> None:
    found_in_store(story)


def a_month_old(story: Story) -> None:
    """As old as it may be, to the second."""
    when = datetime.datetime.fromisoformat(LOOKED_UP) - datetime.timedelta(days=30)
    found_in_store(story)["performed"] = when.isoformat().replace("+00:00", "Z")


def not_found(story: Story) -> None:
    found_in_store(story)
    story.files["perturbation.json"] |= {"entry": None, "reason": "not-found: nothing stored"}


def _with(**changes: object) -> Spoil:
    def spoil(story: Story) -> None:
        found_in_store(story).update(changes)

    return spoil


def _other_device(story: Story) -> None:
    found_in_store(story)
    before = story.files["device-before.json"]
    story.files["device-before.json"] = {**before, "cpu": {"model": "another"}}


def _forged_subject(story: Story) -> None:
    """The result of another device under the key of this one."""
    measured = found_in_store(story)
    measured["subject"] = {**measured["subject"], "device": {"cpu": "another"}}


FIT: dict[str, Spoil] = {
    "on/off result used": used,
    "on/off result a month old": a_month_old,
    "no on/off result found": not_found,
}
UNFIT: tuple[Spoil, ...] = (
    _other_device,
    _forged_subject,
    _with(agent_sha256="d" * 64),
    _with(performed="2025-12-01T12:00:00.000Z"),
    _with(performed="2026-02-01T12:00:01.000Z"),
    _with(performed="yesterday"),
)
