"""Short views of what collectors give."""

from __future__ import annotations

from collectors.protocol import Collector, Opened
from collectors.reading import Channel, Reading


def collector_of(opened: Opened) -> Collector:
    """The collector; fails with the reasons when there is none."""
    assert opened.collector is not None, opened.absent
    return opened.collector


def read_values(collector: Collector) -> dict[str, int | float | str]:
    """Values by channel name; the reason where there is none."""
    return {
        one.channel: one.value if isinstance(one, Reading) else one.reason
        for one in collector.read()
    }


def channels_of(collector: Collector) -> dict[str, Channel]:
    """Channels by name."""
    return {channel.name: channel for channel in collector.describe()}
