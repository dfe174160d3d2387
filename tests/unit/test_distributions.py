"""What numpy, scipy and GTC import along is put off, and is there for whoever asks for it."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: other tests may have imported all of scipy into this one.
SCRIPT = """
import sys
from host.distributions import PUT_OFF, special
from host.evaluate.gtc import GTC, reporting
assert GTC.ureal(1, 2).u == 2
assert special.ndtri(0.5) == 0
heavy = ("scipy.optimize._optimize", "numpy.f2py.crackfortran", "numpy.testing._private.utils")
assert not [name for name in heavy if name in sys.modules], "imported along"
print(reporting.k2_to_dof(2.6, 95))
from scipy.optimize import ridder
import numpy, scipy
print(ridder is scipy.optimize.ridder, numpy.ma.masked_equal([1, 2], 2).sum())
for name in PUT_OFF:
    package, _, last = name.rpartition(".")
    assert dir(getattr(sys.modules[package], last)), name
"""


def test_scipy_and_gtc_do_without_the_rest_until_something_of_it_is_asked_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    dof, same, rest = done.stdout.split()
    assert round(float(dof), 9) == 34.357884244  # as GTC documents it
    assert (same, rest) == ("True", "1")
