"""Cross-validation inside the fit: each trial predicted by numbers that were fitted without it.

On the emulator, so it costs seconds. It is what a change of the model's structure is judged by, since unseen trials
must not be looked at for that.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from her2sim.study.fit import Fit
from her2sim.study.fit_posterior import find_mode

Floats = NDArray[np.float64]


def leave_one_trial_out(result: Fit, *, tell: Callable[[str], object] = lambda line: None) -> dict[str, Floats]:
    """Figures predicted by the mode of a fit without a trial, for each trial.

    Main arguments:
        result: a finished fit.

    Other arguments:
        tell: called with a line for each trial.

    Returns:
        Trial -> (n_targets,) figures of all targets, on the scale of the residual; those of the trial are blind.
    """
    found: dict[str, Floats] = {}
    for trial in sorted({target.trial for target in result.data.targets}):
        mode = find_mode(result.problem((trial,)), result.mode[None], seed=1, restarts=0)
        found[trial] = result.emulator(mode[None])[0]
        tell(f"{trial}: the mode without it is {float(np.linalg.norm(mode - result.mode)):.2f} prior SD away")
    return found
