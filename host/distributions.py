"""Distributions by scipy.special, without what it and GTC (`evaluate/gtc.py`) import along.

To see whether an array is numpy's, scipy.special asks numpy for all of its parts, also for those
that numpy imports on use: a Fortran compiler's front end, the tools of its tests. GTC imports
scipy.optimize for one function that nothing here calls, `k2_to_dof`. All this takes longer to
import than the rest of a command. So it is put off by the standard library's own means: whoever
uses some of it gets it, and where somebody imported it before, it stays.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec

# What nothing here uses, of what numpy and scipy import on use by themselves: a module that is put
# off must not be asked for the first time by two threads at once (importlib of Python 3.11).
PUT_OFF = (
    "numpy.ctypeslib",
    "numpy.f2py",
    "numpy.ma",
    "numpy.polynomial",
    "numpy.testing",
    "scipy.optimize",
)


def _put_off(name: str) -> None:
    """Have a module imported when something of it is used first."""
    package, _, last = name.rpartition(".")
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return  # it is there already, or this version has none
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    # As an import does; who asks the package for it would import it in full otherwise.
    setattr(import_module(package), last, module)


for _name in PUT_OFF:
    _put_off(_name)

special = import_module("scipy.special")
