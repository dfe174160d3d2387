"""GTC, without the import of scipy.optimize that comes with it.

GTC imports it for one function, `k2_to_dof`, which nothing here calls, and it takes longer to
import than all the rest of GTC and scipy together. So it is put off, by the standard library's
own means: whoever uses it gets it, and whoever imported it before has it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import ModuleType

import scipy

OPTIMIZE = "scipy.optimize"


def _put_off(package: ModuleType, name: str) -> None:
    """Have the module `name` of a package imported when something of it is used first."""
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return  # it is there already, or is not installed: then GTC says so
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    # As an import would do; otherwise `from scipy import optimize` asks for it again, and has it.
    setattr(package, name.rpartition(".")[2], module)


_put_off(scipy, OPTIMIZE)

GTC = import_module("GTC")
reporting = import_module("GTC.reporting")
