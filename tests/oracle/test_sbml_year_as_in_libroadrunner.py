"""The her2sim modules that take doses, written as SBML and simulated by libRoadRunner
(doi:10.1093/bioinformatics/btv363) over a year of docetaxel, pertuzumab and trastuzumab every 3 weeks: 1e-6.

The whole model is compared with AMICI in docs/reference/benchmarks-engine.md: libRoadRunner takes minutes to load it.
"""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.engine import DoseTable, compile_model
from her2sim.exchange import Dose, to_sbml
from her2sim.model.assembly import modules_of
from her2sim.model.drug_file import load_drug
from her2sim.model.module import assemble

roadrunner = pytest.importorskip("roadrunner")
AMOUNTS_mg = {"docetaxel": 135.0, "pertuzumab": 420.0, "trastuzumab": 420.0}
HOUR = 1.0 / 24.0
DOSED_PART = ("pk.docetaxel", "pk.pertuzumab", "pk.trastuzumab", "tumor_her2", "site_exposure", "receptor_binding")


def test_a_year_of_infusions_takes_the_same_course() -> None:
    modules = modules_of([load_drug(name) for name in AMOUNTS_mg], "breast", dict.fromkeys(AMOUNTS_mg, "iv"))
    system = assemble("dosed_part", [module for module in modules if module.name in DOSED_PART])
    doses = [
        Dose(21.0 * cycle, f"A1_{drug}_mg", amount, HOUR) for cycle in range(18) for drug, amount in AMOUNTS_mg.items()
    ]
    times = np.linspace(0.0, 365.0, 74)
    runner = roadrunner.RoadRunner(to_sbml(system, doses=doses))
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-11, 1e-14
    runner.integrator.maximum_num_steps = 1_000_000
    theirs = np.array(runner.simulate(times=list(times), selections=list(system.state_names)))
    table = DoseTable(
        np.zeros(len(doses), dtype=np.int64),
        np.array([dose.time for dose in doses]),
        np.array([system.state_names.index(dose.target) for dose in doses]),
        np.array([dose.amount for dose in doses]),
        np.array([dose.duration for dose in doses]),
    )
    ours = compile_model(system, varying=()).solve(np.zeros((1, 0)), times, doses=table, rtol=1e-10, atol=1e-13)
    assert theirs[-1].min() > 0.0
    np.testing.assert_allclose(ours.values[0], theirs, rtol=1e-6, atol=1e-9)
