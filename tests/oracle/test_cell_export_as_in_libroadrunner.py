"""The full cell model written as SBML and simulated by libRoadRunner (doi:10.1093/bioinformatics/btv363): 1e-6."""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.engine import compile_model
from her2sim.exchange import sbml_of_antimony, to_antimony, to_sbml
from her2sim.model.cell import cell_drug, reference_model

roadrunner = pytest.importorskip("roadrunner")
DOSES = {"C_trastuzumab_nM": 30.0, "C_lapatinib_nM": 20.0}
WATCHED = ["AKT", "ERK", "HER2", "HER2_IV", "HER2_HER2_0_IV", "HER3", "sHER2_nM", "trastuzumab_in"]


@pytest.mark.parametrize("form", ["SBML", "Antimony"])
def test_the_exported_cell_takes_the_same_course(form: str) -> None:
    system = reference_model([cell_drug("trastuzumab"), cell_drug("lapatinib")])
    text = to_sbml(system) if form == "SBML" else sbml_of_antimony(to_antimony(system))
    times = np.array([0.0, 0.01, 0.1, 1.0, 3.0])
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-11, 1e-9
    runner.integrator.maximum_num_steps = 200_000
    for name, dose in DOSES.items():
        runner[name] = dose
    runner["trastuzumab_nM"] = DOSES["C_trastuzumab_nM"]
    theirs = np.array(runner.simulate(times=list(times), selections=["time", *WATCHED]))[:, 1:]
    model = compile_model(system, varying=tuple(DOSES), outputs=WATCHED)
    ours = model.solve(np.array([list(DOSES.values())]), times, rtol=1e-10, atol=1e-9).values[0]
    np.testing.assert_allclose(ours[1:], theirs[1:], rtol=1e-6, atol=1e-7)
