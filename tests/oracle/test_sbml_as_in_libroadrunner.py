"""Models written by her2sim, simulated by libRoadRunner (Somogyi et al. 2015, doi:10.1093/bioinformatics/btv363), and
models read by her2sim, simulated by both: the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.engine import DoseTable, compile_model
from her2sim.engine.hybrid import HybridModel
from her2sim.exchange import Dose, read_sbml, sbml_of_antimony, to_sbml
from her2sim.model.assembly import assemble_model
from her2sim.model.drug_file import load_drug
from her2sim.model.expression import call, const, hill, select, sym
from her2sim.model.system import Assignment, OdeSystem, Parameter, State

roadrunner = pytest.importorskip("roadrunner")

TUMOR = OdeSystem(
    "tumor",
    (
        State("A1_mg", sym("start_mg"), -sym("CL") * sym("C") - sym("Q") * (sym("C") - sym("A2_mg") / sym("V2")), "mg"),
        State("A2_mg", const(0.0), sym("Q") * (sym("C") - sym("A2_mg") / sym("V2")), "mg"),
        State("V_mL", const(4.0), sym("growth") - sym("kill") * sym("V_mL"), "mL"),
    ),
    (
        Parameter("CL", 0.25, "L/day"), Parameter("Q", 0.4, "L/day"), Parameter("V1", 3.0, "L"),
        Parameter("V2", 2.2, "L"), Parameter("start_mg", 0.0, "mg"), Parameter("g", 0.02, "1/day"),
    ),
    (
        Assignment("C", sym("A1_mg") / sym("V1"), "mg/L"),
        Assignment("kill", 0.05 * hill(sym("C"), 8.0, 1.7), "1/day"),
        Assignment(
            "growth", select(call("lt", sym("V_mL"), 3.9), sym("g") * sym("V_mL"), call("min", 0.07, sym("g") * 3.9))
        ),
    ),
)  # fmt: skip
READ = {
    "reactions, volumes, functions and piecewise": """
        function mm(s, v, k) v*s/(k + s) end
        model m()
          compartment c = 2.5; species S in c, P in c, E in c; substanceOnly species Q in c;
          S = 10; P = 0; E = 0.4; Q = 3; kcat = 1.3; km = 4; kd = 0.07;
          J1: S -> 2 P; c*mm(S, kcat*E, km); J2: P -> ; c*kd*P*piecewise(1, time > 5, 0.2);
          J3: Q -> S; 0.1*Q; x := S + P; y' = sin(time)*x; y = 1;
        end""",
    "events with delays and priorities": """
        model m()
          compartment c = 1; species S in c; S = 5; k = 0.3; J: S -> ; k*S; n = 0; total = 0;
          E1: at S < 3: S = S + 2, n = n + 1;
          E2: at 1.3 after time > 2, priority = 2: k = 0.5;
          E3: at n >= 2: total = total + S;
        end""",
}


@pytest.mark.parametrize("doses", [[], [Dose(0.0, "A1_mg", 480.0), Dose(21.0, "A1_mg", 360.0, 0.0625)]])
def test_exported_model_gives_the_same_course(doses: list[Dose]) -> None:
    text = to_sbml(TUMOR, doses=doses)
    names = ["A1_mg", "A2_mg", "V_mL", "C"]
    times = np.linspace(0.0, 63.0, 31)
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-10, 1e-12
    expected = np.array(runner.simulate(times=list(times), selections=names))
    found = HybridModel(read_sbml(text).system, (), tuple(names)).solve(np.zeros((1, 0)), times, rtol=1e-10, atol=1e-12)
    assert found.values[0] == pytest.approx(expected, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", READ)
def test_read_model_gives_the_same_course(name: str) -> None:
    text = sbml_of_antimony(READ[name])
    imported = read_sbml(text)
    names = sorted(set(imported.system.state_names))
    times = np.linspace(0.0, 12.0, 25)
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-10, 1e-12
    concentrations = set(imported.concentrations) - {"Q"}
    selections = [f"[{n}]" if n in concentrations else n for n in names]
    expected = np.array(runner.simulate(times=list(times), selections=selections))
    found = HybridModel(imported.system, (), tuple(names)).solve(np.zeros((1, 0)), times, rtol=1e-10, atol=1e-12)
    assert found.values[0] == pytest.approx(expected, rel=1e-5, abs=1e-7)


HOUR = 1.0 / 24.0
REGIMENS = {
    "trastuzumab, pertuzumab, docetaxel": {"trastuzumab": 420.0, "pertuzumab": 420.0, "docetaxel": 130.0},
    "trastuzumab deruxtecan": {"trastuzumab_deruxtecan": 380.0},
}


@pytest.mark.parametrize("amounts_mg", REGIMENS.values(), ids=REGIMENS)
def test_the_whole_model_takes_the_same_course_over_a_year_of_doses_outside(amounts_mg: dict[str, float]) -> None:
    """A her2sim model with its doses as events: what leaves is what we simulate, in every state."""
    system = assemble_model([load_drug(name) for name in amounts_mg], "breast", dict.fromkeys(amounts_mg, "iv"))
    doses = [
        Dose(21.0 * cycle, f"A1_{drug}_mg", amount, HOUR) for cycle in range(18) for drug, amount in amounts_mg.items()
    ]
    times = np.linspace(0.0, 365.0, 74)
    runner = roadrunner.RoadRunner(to_sbml(system, doses=doses))
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-10, 1e-13
    runner.integrator.maximum_num_steps = 1_000_000
    theirs = np.array(runner.simulate(times=list(times), selections=list(system.state_names)))
    table = DoseTable(
        np.zeros(len(doses), dtype=np.int64),
        np.array([dose.time for dose in doses]),
        np.array([system.state_names.index(dose.target) for dose in doses]),
        np.array([dose.amount for dose in doses]),
        np.array([dose.duration for dose in doses]),
    )
    ours = compile_model(system, varying=()).solve(np.zeros((1, 0)), times, doses=table, rtol=1e-10, atol=1e-14)
    size = np.abs(theirs) + 1e-4 * np.abs(theirs).max(axis=0)
    assert size.min() > 0.0
    assert np.max(np.abs(ours.values[0] - theirs) / size) < 1e-6
