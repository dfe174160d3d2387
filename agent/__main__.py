"""Starts the agent in one of its roles: the session, or one of its children."""

from __future__ import annotations

import sys
from importlib import import_module

ROLES = {
    "": "agent.session",
    "engine": "agent.engine_process",
    "sampler": "agent.sampler",
}


def main() -> int:
    """The role is the first argument; none is the session."""
    role = sys.argv[1] if len(sys.argv) > 1 else ""
    if role not in ROLES:
        sys.stderr.write(f"no role {role!r}; known: {', '.join(filter(None, ROLES))}\n")
        return 2
    status: int = import_module(ROLES[role]).main()
    return status


if __name__ == "__main__":
    sys.exit(main())
