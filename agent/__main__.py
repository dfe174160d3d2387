"""Starts the agent in one of its roles: the session, or one of its children."""

from __future__ import annotations

import sys
from importlib import import_module

ROLES = {
    "": ("agent.session", "main"),
    "engine": ("agent.engine_process", "main"),
    "sampler": ("agent.sampler", "main"),
    "busy": ("agent.busy", "main"),
    "detach": ("agent.keeper", "detach"),
    "keep": ("agent.keeper", "keep"),
    "attach": ("agent.attach", "main"),
    "duty": ("agent.staircase", "main"),
    "compile": ("agent.compiling", "main"),
}
# Roles that a user or host may start wrongly by hand -> how many arguments they take.
ARGUMENTS = {"detach": 2, "keep": 2, "attach": 2}


def main() -> int:
    """The role is the first argument; none is the session."""
    role = sys.argv[1] if len(sys.argv) > 1 else ""
    if role not in ROLES:
        sys.stderr.write(f"no role {role!r}; known: {', '.join(filter(None, ROLES))}\n")
        return 2
    if len(sys.argv) - 2 < ARGUMENTS.get(role, -1):
        sys.stderr.write(f"{role} takes {ARGUMENTS[role]} arguments\n")
        return 2
    module, function = ROLES[role]
    status: int = getattr(import_module(module), function)()
    return status


if __name__ == "__main__":
    sys.exit(main())
