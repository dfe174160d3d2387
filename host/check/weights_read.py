"""How many tokens came of one reading of the weights, and whether prompts were computed whole.

These only compute; the rules that judge by them are in `rules_limits.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from host.handover.trace import AlignedRun, RequestTrace

# Tokens beyond its own that a step may have given where nobody says how many: so many llama-server
# drafts at the most unless it is told otherwise (tools/server/README.md, --draft-max).
MOST_DRAFTED = 16
# Tokens of a prompt that were not computed again, by the names of vLLM and of llama-server.
KEPT = ("cached_tokens", "cache_n")


def prompts_kept(settings: Mapping[str, object], run: AlignedRun) -> bool:
    """Whether a server was asked to keep what it computed of prompts, or says that it did."""
    if settings.get("cache_prompt") is True:
        return True
    stated = (r.reply.stated for a in run.valid() for r in a.scored() if r.reply is not None)
    return any(said[name] > 0 for said in stated for name in KEPT if name in said)


def tokens_a_reading(run: AlignedRun) -> float:
    """Most tokens that one reading of the weights gave, in any request; 1 or more."""
    return max([1.0, *(_step_of(r) for a in run.valid() for r in a.scored())])


def _step_of(request: RequestTrace) -> float:
    """Tokens after the first over the steps that made them, where drafts may have been checked.

    A server that states drafts tells; one that states rates as llama-server does, and no drafts,
    made none; of any other it is not known. A runner shows which logits a token came of.
    """
    made, most = request.tokens.made - 1, 1.0 + MOST_DRAFTED
    if request.reply is None:
        steps = len(np.unique(request.tokens.ready_ns[1:]))
        return min(most, made / steps) if steps else 1.0
    said = request.reply.stated
    if "draft_n" not in said:
        return 1.0 if "predicted_per_second" in said else most
    accepted = said.get("draft_n_accepted", 0.0)
    return made / (made - accepted) if 0 <= accepted < made else most
