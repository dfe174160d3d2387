"""The token of the largest logit, over the library's own rows of logits."""

from __future__ import annotations

import ctypes
import math
from importlib import import_module
from typing import Any

from agent.engines.base import EngineError

# Rows that are looked at in place: one for each output of a batch, and again where the library
# has moved them. Beyond it they are looked up anew.
_MOST_VIEWS = 1024


class Choice:
    """Greedy, the lowest id on a tie. A row is a view of the library's memory, made once."""

    def __init__(self, calls: Any, vocab: Any, n_vocab: int) -> None:  # noqa: ANN401 - ctypes
        self._calls, self._vocab, self._n_vocab = calls, vocab, n_vocab
        self._views: dict[int, Any] = {}

    def best(self, pointer: Any, *, allow_end: bool) -> int:  # noqa: ANN401 - ctypes
        """The token of the row at `pointer`. Raises EngineError for logits that are no numbers.

        allow_end False: an end of text is struck out, and the next best is taken.
        """
        address = ctypes.addressof(pointer.contents)
        view = self._views.get(address)
        if view is None:
            view = self._view(address)
        token = int(view.argmax())
        if view[token] != view[token]:  # argmax gives the first NaN if there is one
            raise EngineError("logits-not-finite", f"logit of token {token} is not a number")
        while not allow_end and self._calls.llama_vocab_is_eog(self._vocab, token):
            if view[token] == -math.inf:  # nothing is left to choose from
                raise EngineError("logits-not-finite", "there is no token but ends of text")
            view[token] = -math.inf
            token = int(view.argmax())
        return token

    def ends(self, token: int) -> bool:
        """Whether it ends a text."""
        return bool(self._calls.llama_vocab_is_eog(self._vocab, token))

    def _view(self, address: int) -> Any:  # noqa: ANN401 - a numpy array
        if len(self._views) >= _MOST_VIEWS:
            self._views.clear()
        area = (ctypes.c_float * self._n_vocab).from_address(address)
        self._views[address] = import_module("numpy").frombuffer(area, dtype="float32")
        return self._views[address]
