"""Runs llama.cpp's quantizer in a process of its own: `llama_child.py SOURCE TARGET SCHEME`.

llama.cpp ends the process on a file it does not like, so it must not be ours. This file is run
as a script and imports nothing of the project. Exit codes: 0 done, 1 refused, 3 not installed.
"""

from __future__ import annotations

import ctypes
import sys

NOT_INSTALLED = 3


def main(source: str, target: str, scheme: str) -> int:
    """Quantize; what llama.cpp says goes to stderr."""
    try:
        import llama_cpp
    except ImportError as err:
        sys.stderr.write(f"{err}\n")
        return NOT_INSTALLED
    kinds = {
        "q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
        "q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
        "q4_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M,
    }
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype = kinds[scheme]
    # Otherwise "Q4_0" keeps its output matrix in Q6_K.
    settings.pure = scheme == "q4_0"
    done = llama_cpp.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(settings))
    return 1 if done else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
