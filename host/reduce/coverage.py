"""How a reduction says that the trace does not hold what it needs."""

from __future__ import annotations


class CoverageError(ValueError):
    """No number can be given: a reason code of lower-case words and hyphens, and the detail."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"
