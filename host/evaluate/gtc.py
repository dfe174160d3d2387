"""GTC's uncertain numbers, after `distributions` has put off what GTC imports along."""

from __future__ import annotations

from importlib import import_module

import host.distributions  # noqa: F401 - first, see there

GTC = import_module("GTC")
reporting = import_module("GTC.reporting")
