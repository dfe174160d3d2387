"""What GTC imports and nothing here calls is put off, and is there for whoever calls it."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: other tests may have imported all of scipy into this one.
SCRIPT = """
import sys
from host.evaluate.gtc import GTC, reporting
assert "scipy.optimize._optimize" not in sys.modules, "imported with GTC"
assert GTC.ureal(1, 2).u == 2
assert "scipy.optimize._optimize" not in sys.modules, "imported by an uncertain number"
print(reporting.k2_to_dof(2.6, 95))
assert "scipy.optimize._optimize" in sys.modules
from scipy.optimize import ridder
import scipy
print(ridder is scipy.optimize.ridder)
"""


def test_gtc_does_without_scipy_optimize_until_something_of_it_is_asked_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    dof, same = done.stdout.split()
    assert round(float(dof), 9) == 34.357884244  # as GTC documents it
    assert same == "True"
