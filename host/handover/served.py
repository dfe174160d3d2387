"""An engine that is a server: what plan, record and reduction call it."""

from __future__ import annotations

from typing import Final

# The engine of a plan whose prompts go to a server with OpenAI's streaming interface.
SERVED: Final = "openai_http"
