"""Every SBML construct on a model of its own, small enough that its course is known in closed form."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import libsbml
import numpy as np
import pytest

from her2sim.engine import OK
from her2sim.engine.hybrid import HybridModel
from her2sim.exchange import read_sbml
from her2sim.model.system import Assignment

NAMESPACE = {
    (1, 2): "http://www.sbml.org/sbml/level1",
    (2, 4): "http://www.sbml.org/sbml/level2/version4",
    (3, 1): "http://www.sbml.org/sbml/level3/version1/core",
    (3, 2): "http://www.sbml.org/sbml/level3/version2/core",
}


def mathml(formula: str) -> str:
    tree = libsbml.parseL3Formula(formula)
    assert tree is not None, libsbml.getLastParseL3Error()
    return libsbml.writeMathMLToString(tree).split("\n", 1)[1]


def sbml(body: str, level: tuple[int, int] = (3, 2), model: str = 'id="m"') -> str:
    """An SBML text; ``[[formula]]`` in the body becomes MathML."""
    filled = re.sub(r"\[\[(.*?)\]\]", lambda found: mathml(found[1]), body)
    head = f'<sbml xmlns="{NAMESPACE[level]}" level="{level[0]}" version="{level[1]}">'
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}<model {model}>{filled}</model></sbml>'


def parameters(text: str) -> str:
    """``k=2`` a constant, ``x~1`` a variable, ``y~`` a variable without value."""
    made = [re.fullmatch(r"(\w+)([=~])(.*)", word) for word in text.split()]
    items = [
        f'<parameter id="{m[1]}" constant="{"true" if m[2] == "=" else "false"}"'
        + (f' value="{m[3]}"/>' if m[3] else "/>")
        for m in made
        if m
    ]
    return f"<listOfParameters>{''.join(items)}</listOfParameters>"


def compartment(size: str = "1", constant: bool = True, dimensions: str = "3") -> str:
    flag = str(constant).lower()
    return (
        f'<listOfCompartments><compartment id="c" size="{size}" spatialDimensions="{dimensions}" constant="{flag}"/>'
        "</listOfCompartments>"
    )


def species(text: str, boundary: str = "", amounts: str = "") -> str:
    """``S=2`` starts at concentration 2, ``S@2`` at amount 2; ids in ``amounts`` are amounts in formulas."""
    items: list[str] = []
    for word in text.split():
        name, start = re.split("[=@]", word)
        kind = "initialAmount" if "@" in word else "initialConcentration"
        items.append(
            f'<species id="{name}" compartment="c" {kind}="{start}" constant="false" '
            f'boundaryCondition="{str(name in boundary.split()).lower()}" '
            f'hasOnlySubstanceUnits="{str(name in amounts.split()).lower()}"/>'
        )
    return f"<listOfSpecies>{''.join(items)}</listOfSpecies>"


def rules(*listed: str) -> str:
    """``x := f`` assigns, ``x' = f`` gives a rate, ``0 = f`` is algebraic."""
    made: list[str] = []
    for rule in listed:
        target, formula = re.split(r":=|=", rule, maxsplit=1)
        name = target.strip()
        if name == "0":
            made.append(f"<algebraicRule>[[{formula}]]</algebraicRule>")
        elif name.endswith("'"):
            made.append(f'<rateRule variable="{name[:-1]}">[[{formula}]]</rateRule>')
        else:
            made.append(f'<assignmentRule variable="{name}">[[{formula}]]</assignmentRule>')
    return f"<listOfRules>{''.join(made)}</listOfRules>"


def reaction(reactants: str, products: str, rate: str, local: str = "") -> str:
    """Species as ``2 S`` with their stoichiometry; a number may carry an id: ``n:2 S``."""

    def side(text: str, tag: str) -> str:
        if not text:
            return ""
        refs: list[str] = []
        for part in text.split("+"):
            count, name = part.split()
            word, _, value = count.rpartition(":")
            given = f'id="{word}" constant="false"' if word else 'constant="true"'
            value = f' stoichiometry="{value}"' if value else ""
            refs.append(f'<speciesReference species="{name}" {given}{value}/>')
        return f"<{tag}>{''.join(refs)}</{tag}>"

    inner = "".join(f'<localParameter id="{w.split("=")[0]}" value="{w.split("=")[1]}"/>' for w in local.split())
    inner = f"<listOfLocalParameters>{inner}</listOfLocalParameters>" if inner else ""
    return (
        f'<listOfReactions><reaction id="r" reversible="false">{side(reactants, "listOfReactants")}'
        f"{side(products, 'listOfProducts')}<kineticLaw>[[{rate}]]{inner}</kineticLaw></reaction></listOfReactions>"
    )


def event(name: str, trigger: str, *changes: str, delay: str = "", priority: str = "", flags: str = "") -> str:
    """``flags``: ``late`` (values of execution time), ``t0`` (initially false), ``weak`` (not persistent)."""
    made = "".join(
        f'<eventAssignment variable="{c.split(":=")[0].strip()}">[[{c.split(":=")[1]}]]</eventAssignment>'
        for c in changes
    )
    late, t0, weak = (str(word not in flags).lower() for word in ("late", "t0", "weak"))
    return (
        f'<event id="{name}" useValuesFromTriggerTime="{late}"><trigger initialValue="{t0}" persistent="{weak}">'
        f"[[{trigger}]]</trigger>"
        + (f"<delay>[[{delay}]]</delay>" if delay else "")
        + (f"<priority>[[{priority}]]</priority>" if priority else "")
        + f"<listOfEventAssignments>{made}</listOfEventAssignments></event>"
    )


def events(*listed: str) -> str:
    return f"<listOfEvents>{''.join(listed)}</listOfEvents>"


def initial(*listed: str) -> str:
    made = "".join(
        f'<initialAssignment symbol="{x.split(":=")[0].strip()}">[[{x.split(":=")[1]}]]</initialAssignment>'
        for x in listed
    )
    return f"<listOfInitialAssignments>{made}</listOfInitialAssignments>"


Course = Callable[[float], float]


@dataclass(frozen=True)
class Example:
    text: str
    expected: dict[str, Course]
    amounts: dict[str, Course] = field(default_factory=dict)
    times: tuple[float, ...] = (0.0, 0.3, 1.0, 1.7, 2.5, 4.0)


def step(at: float, before: float, after: float) -> Course:
    return lambda t: after if t >= at else before


EXAMPLES = {
    "reaction in a compartment that is not of unit size": Example(
        sbml(compartment("2") + species("S@3 P=0") + reaction("1 S", "2 P", "k * c * S", "k=0.5")),
        {"S": lambda t: 1.5 * math.exp(-0.5 * t), "P": lambda t: 3 * (1 - math.exp(-0.5 * t))},
        {"S": lambda t: 3 * math.exp(-0.5 * t)},
    ),
    "species that are amounts in formulas": Example(
        sbml(compartment("4") + species("S=2 P@0", amounts="S P") + reaction("1 S", "1 P", "0.1 * S")),
        {"S": lambda t: 8 * math.exp(-0.1 * t)},
    ),
    "boundary species keep their value in reactions": Example(
        sbml(compartment() + species("S=2 P=0", boundary="S") + reaction("1 S", "1 P", "0.3 * S")),
        {"S": lambda t: 2.0, "P": lambda t: 0.6 * t},
    ),
    "concentration falls as the compartment grows": Example(
        sbml(compartment("1", constant=False) + species("S=6") + rules("c' = 0.5")),
        {"S": lambda t: 6 / (1 + 0.5 * t), "c": lambda t: 1 + 0.5 * t},
        {"S": lambda t: 6.0},
    ),
    "reaction in a compartment with an assigned size": Example(
        sbml(compartment("1", constant=False) + species("S@0") + rules("c := 1 + time") + reaction("", "1 S", "3")),
        {"S": lambda t: 3 * t / (1 + t)},
    ),
    "rate rule of a concentration in a growing compartment": Example(
        sbml(compartment("1", constant=False) + species("S=1") + rules("c := exp(time)", "S' = 0.2")),
        {"S": lambda t: 1 + 0.2 * t},
        {"S": lambda t: (1 + 0.2 * t) * math.exp(t)},
    ),
    "species in a point without size": Example(
        sbml(compartment("1", dimensions="0") + species("S@5", amounts="S") + reaction("1 S", "", "0.2 * S")),
        {"S": lambda t: 5 * math.exp(-0.2 * t)},
    ),
    "conversion factor from extent to substance": Example(
        sbml(
            compartment() + species("S=0") + parameters("f=10") + reaction("", "1 S", "0.7"),
            model='id="m" conversionFactor="f"',
        ),
        {"S": lambda t: 7 * t},
    ),
    "stoichiometry that an assignment rule moves": Example(
        sbml(compartment() + species("S=0") + rules("n := 2 * time") + reaction("", "n: S", "1")),
        {"S": lambda t: t * t, "n": lambda t: 2 * t},
    ),
    "stoichiometry that an event changes": Example(
        sbml(
            compartment() + species("S=0") + reaction("", "n:1 S", "1") + events(event("e", "time >= 1", "n := 3")),
        ),
        {"S": lambda t: t if t < 1 else 1 + 3 * (t - 1)},
    ),
    "initial assignments see each other": Example(
        sbml(parameters("a=2 b=0 x~0") + initial("b := 3 * a", "x := b + 1") + rules("x' = 0")),
        {"x": lambda t: 7.0, "b": lambda t: 6.0},
    ),
    "assignment rules in any order": Example(
        sbml(parameters("x~1 y~ z~") + rules("z := y + 1", "y := 2 * x", "x' = 1")),
        {"z": lambda t: 2 * (1 + t) + 1},
    ),
    "algebraic rule linear in its unknown": Example(
        sbml(parameters("x~1 y~ k=4") + rules("0 = x + 2 * y - k", "x' = 1")),
        {"y": lambda t: (4 - (1 + t)) / 2},
    ),
    "two algebraic rules with two unknowns": Example(
        sbml(parameters("x~1 y~ z~") + rules("0 = y + z - x", "0 = y - z - 1", "x' = 1")),
        {"y": lambda t: (2 + t) / 2, "z": lambda t: t / 2},
    ),
    "function definition within a function definition": Example(
        sbml(
            "<listOfFunctionDefinitions>"
            '<functionDefinition id="f">[[lambda(a, a^2)]]</functionDefinition>'
            '<functionDefinition id="g">[[lambda(a, b, f(a) + b)]]</functionDefinition></listOfFunctionDefinitions>'
            + parameters("x~0 b=9")
            + rules("x := g(time, 1)")
        ),
        {"x": lambda t: t * t + 1},
    ),
    "piecewise with three pieces, and a kink that is met": Example(
        sbml(parameters("x~0") + rules("x' = piecewise(1, time < 1, 2, time < 2, 0)")),
        {"x": lambda t: min(t, 1) + 2 * min(max(t - 1, 0), 1)},
    ),
    "local parameter hides a global one": Example(
        sbml(compartment() + species("S=1") + parameters("k=100") + reaction("1 S", "", "k * S", "k=0.4")),
        {"S": lambda t: math.exp(-0.4 * t), "k": lambda t: 100.0},
    ),
    "rateOf": Example(
        sbml(parameters("x~1 y~") + rules("x' = -0.5 * x", "y := rateOf(x)")),
        {"y": lambda t: -0.5 * math.exp(-0.5 * t)},
    ),
    "delay in a rate: x' = -x(t - 1) by steps": Example(
        sbml(parameters("x~1") + rules("x' = -delay(x, 1)")),
        {"x": lambda t: 1 - t if t <= 1 else 1 - t + (t - 1) ** 2 / 2},
        times=(0.0, 0.5, 1.0, 1.5, 2.0),
    ),
    "rem, quotient, implies, min, max, factorial, avogadro": Example(
        sbml(
            parameters("a~ b~ d~ e~ f~")
            + rules(
                "a := rem(-7, 4)", "b := quotient(7, 2)", "d := piecewise(1, implies(true, false), 2)",
                "e := max(1, 5, 3) - min(4, 2)", "f := factorial(4) + avogadro / 6.02214179e23",
            )
        ),
        {
            "a": lambda t: -3.0, "b": lambda t: 3.0, "d": lambda t: 2.0, "e": lambda t: 3.0, "f": lambda t: 25.0,
        },
    ),
    "event sees the moment exactly": Example(
        sbml(parameters("x~0 seen~0") + rules("x' = 2") + events(event("e", "x > 3", "seen := time"))),
        {"seen": lambda t: 1.5 if t > 1.5 else 0.0},
    ),
    "pulse much shorter than a step": Example(
        sbml(
            parameters("x~0 n~0")
            + rules("x' = 0.001")
            + events(event("e", "(time > 2.2) && (time < 2.200001)", "n := n + 1"))
        ),
        {"n": step(2.2000001, 0, 1)},
    ),
    "a wave that tops a threshold for a moment only": Example(
        sbml(
            parameters("x~1 y~0 n~0 w~0")
            + rules("x' = y", "y' = -x")
            + events(event("e", "x < -0.9999999", "n := n + 1"), event("f", "sin(time) > 0.9999999", "w := w + 1"))
        ),
        {"n": step(math.pi, 0, 1), "w": step(math.pi / 2, 0, 1)},
        times=(0.0, 1.5, 1.6, 3.1, 3.2, 5.0),
    ),
    "delayed event with values of the trigger": Example(
        sbml(parameters("x~0 y~0") + rules("x' = 1") + events(event("e", "x >= 1", "y := x", delay="1.5"))),
        {"y": step(2.5, 0, 1)},
    ),
    "delayed event with values of the execution": Example(
        sbml(
            parameters("x~0 y~0")
            + rules("x' = 1")
            + events(event("e", "x >= 1", "y := x", delay="1.5", flags="late"))
        ),
        {"y": step(2.5, 0, 2.5)},
    ),
    "event without persistence is dropped": Example(
        sbml(
            parameters("y~0 z~0")
            + events(
                event("e", "(time >= 1) && (time < 1.2)", "y := 1", delay="1", flags="weak"),
                event("f", "(time >= 1) && (time < 1.2)", "z := 1", delay="1"),
            )
        ),
        {"y": lambda t: 0.0, "z": step(2, 0, 1)},
    ),
    "event at the start where the trigger is initially false": Example(
        sbml(
            parameters("y~0 z~0")
            + events(event("e", "time >= 0", "y := 1", flags="t0"), event("f", "time >= 0", "z := 1"))
        ),
        {"y": lambda t: 1.0, "z": lambda t: 0.0},
    ),
    "priorities, and values taken before any of the events": Example(
        sbml(
            parameters("x~1 y~0")
            + events(
                event("low", "time >= 1", "x := x * 10", priority="1", flags="late"),
                event("high", "time >= 1", "x := x + 2", priority="5", flags="late"),
                event("copy", "time >= 1", "y := x", priority="0"),
            )
        ),
        {"x": step(1, 1, 30), "y": step(1, 0, 1)},
    ),
    "cascade at one moment": Example(
        sbml(
            parameters("a~0 b~0 d~0")
            + events(
                event("e", "time >= 1", "a := 1"), event("f", "a > 0.5", "b := 1"), event("g", "b > 0.5", "d := a + b")
            )
        ),
        {"d": step(1, 0, 2)},
    ),
    "repeated resets: a saw": Example(
        sbml(parameters("x~0") + rules("x' = 1") + events(event("e", "x >= 0.8", "x := 0"))),
        {"x": lambda t: t % 0.8},
    ),
    "an event keeps amounts when it changes a volume": Example(
        sbml(compartment("1", constant=False) + species("S=6") + events(event("e", "time >= 1", "c := 3"))),
        {"S": step(1, 6, 2)},
        {"S": lambda t: 6.0},
    ),
    "Level 2: formula for a stoichiometry": Example(
        sbml(
            '<listOfCompartments><compartment id="c" size="1"/></listOfCompartments>'
            '<listOfSpecies><species id="S" compartment="c" initialAmount="0"/></listOfSpecies>'
            '<listOfParameters><parameter id="n" value="3"/></listOfParameters>'
            '<listOfReactions><reaction id="r"><listOfProducts><speciesReference species="S"><stoichiometryMath>'
            "[[2 * n]]</stoichiometryMath></speciesReference></listOfProducts><kineticLaw>[[0.5 * c]]</kineticLaw>"
            "</reaction></listOfReactions>",
            level=(2, 4),
        ),
        {"S": lambda t: 3 * t},
    ),
    "Level 1: text formulas, and stoichiometry as a fraction": Example(
        sbml(
            '<listOfCompartments><compartment name="c" volume="2"/></listOfCompartments>'
            '<listOfSpecies><species name="S" compartment="c" initialAmount="4"/></listOfSpecies>'
            '<listOfReactions><reaction name="r" reversible="false"><listOfReactants><speciesReference species="S" '
            'stoichiometry="1" denominator="2"/></listOfReactants><kineticLaw formula="k * c * S"><listOfParameters>'
            '<parameter name="k" value="0.6"/></listOfParameters></kineticLaw></reaction></listOfReactions>',
            level=(1, 2),
            model='name="m"',
        ),
        {"S": lambda t: 2 * math.exp(-0.3 * t)},
    ),
    "a reaction's identifier is its rate": Example(
        sbml(compartment() + species("S=2") + parameters("v~") + rules("v := 2 * r") + reaction("1 S", "", "0.5 * S")),
        {"v": lambda t: 2 * math.exp(-0.5 * t)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_course_is_the_closed_form(name: str) -> None:
    example = EXAMPLES[name]
    imported = read_sbml(example.text)
    expected = example.expected | {f"amount of {s}": course for s, course in example.amounts.items()}
    extra = tuple(Assignment(f"amount of {s}", imported.amounts[s]) for s in example.amounts)
    system = replace(imported.system, assignments=(*imported.system.assignments, *extra))
    solution = HybridModel(system, (), tuple(expected)).solve(
        np.zeros((1, 0)), np.array(example.times), rtol=1e-10, atol=1e-12
    )
    assert solution.status[0] == OK
    for column, (variable, course) in enumerate(expected.items()):
        wanted = [course(t) for t in example.times]
        assert solution.values[0, :, column] == pytest.approx(wanted, rel=1e-7, abs=1e-8), variable
