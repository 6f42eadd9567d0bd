"""What cannot be simulated as meant, or could do harm, is refused with its place; nothing is left out in silence."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from her2sim.core.errors import InputError
from her2sim.exchange import ModelRefused, read_model, read_sbml, sbml_of_antimony, to_sbml
from her2sim.model.expression import ONE, sym
from her2sim.model.system import Assignment, OdeSystem, Parameter, State

HEAD = (
    '<?xml version="1.0"?>\n<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"{more}>\n'
)
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">{}</math>'
CI = "<ci> {} </ci>"


def model(body: str, more: str = "") -> str:
    return f'{HEAD.format(more=more)}<model id="m">\n{body}\n</model>\n</sbml>'


def parameter(name: str, value: str = "1", constant: bool = False) -> str:
    given = f'value="{value}"' if value else ""
    return f'<parameter id="{name}" {given} constant="{str(constant).lower()}"/>\n'


def parameters(*names: str) -> str:
    return f"<listOfParameters>{''.join(map(parameter, names))}</listOfParameters>"


def rule(kind: str, content: str, variable: str = "") -> str:
    target = f' variable="{variable}"' if variable else ""
    return f"<{kind}{target}>{MATH.format(content)}</{kind}>\n"


def apply(operation: str, *args: str) -> str:
    return f"<apply>{operation}{''.join(args)}</apply>"


def listed(*rules: str) -> str:
    return f"<listOfRules>{''.join(rules)}</listOfRules>"


SQUARE = apply("<times/>", CI.format("x"), CI.format("x"))
DOCTYPE = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><sbml>&e;</sbml>'


def refusal(text: str) -> ModelRefused:
    with pytest.raises(ModelRefused) as caught:
        read_sbml(text, where="file.xml")
    return caught.value


def test_fast_reaction_is_refused_with_its_line() -> None:
    text = model(
        '<listOfCompartments><compartment id="c" size="1" constant="true"/></listOfCompartments>\n'
        '<listOfSpecies><species id="S" compartment="c" initialAmount="1" hasOnlySubstanceUnits="false" '
        'boundaryCondition="false" constant="false"/></listOfSpecies>\n'
        '<listOfReactions>\n<reaction id="quick" reversible="false" fast="true"><listOfReactants>'
        '<speciesReference species="S" stoichiometry="1" constant="true"/></listOfReactants><kineticLaw>'
        f"{MATH.format(CI.format('S'))}</kineticLaw></reaction></listOfReactions>"
    )
    error = refusal(text)
    finding = error.report.refused[0]
    assert (finding.construct, finding.place, finding.line) == ("fast reaction", "quick", 7)
    assert "file.xml, line 7" in str(error)
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("rules", "names", "why"),
    [
        (rule("algebraicRule", apply("<minus/>", SQUARE, "<cn>2</cn>")), "x", "not linear"),
        (rule("algebraicRule", apply("<plus/>", CI.format("x"), CI.format("y"))), "x y", "any of x, y"),
        (
            rule("algebraicRule", CI.format("x")) + rule("rateRule", "<cn>1</cn>", "x"),
            "x",
            "nothing is left",
        ),
    ],
)  # fmt: skip
def test_algebraic_rules_that_are_not_solved_are_refused(rules: str, names: str, why: str) -> None:
    text = model(parameters(*names.split()) + f"<listOfRules>{rules}</listOfRules>")
    with pytest.raises(InputError) as caught:
        read_sbml(text)
    assert why in str(caught.value) or "overdetermined" in str(caught.value)


def test_a_quantity_without_value_that_is_used_is_refused() -> None:
    text = model(
        f"<listOfParameters>{parameter('k', '', constant=True)}{parameter('x')}</listOfParameters>"
        f"<listOfRules>{rule('rateRule', CI.format('k'), 'x')}</listOfRules>"
    )
    finding = refusal(text).report.refused[0]
    assert (finding.construct, finding.place) == ("value", "k")


def test_a_delay_that_is_not_constant_is_refused_in_a_rate() -> None:
    delay = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/delay"> delay </csymbol>'
    late = apply(delay, CI.format("x"), CI.format("x"))
    text = model(parameters("x") + f"<listOfRules>{rule('rateRule', late, 'x')}</listOfRules>")
    assert refusal(text).report.refused[0].construct == "delay"


@pytest.mark.parametrize(
    "inside", ["{}", "<apply><plus/>{}</apply>", "<apply>{}</apply>", "<apply><plus/>{}<ci>x</ci></apply>"]
)
def test_a_rate_of_nothing_does_not_reach_libsbml_which_it_would_crash(inside: str) -> None:
    symbol = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/rateOf"> rateOf </csymbol>'
    with pytest.raises(InputError, match="csymbol rateOf"):
        read_sbml(model(parameters("x") + listed(rule("rateRule", inside.format(symbol), "x"))))


@pytest.mark.parametrize("inside", ["<math> a </math>", "<cn> 1 </cn>", "", "<ci> a </ci><ci> b </ci>"])
def test_an_argument_that_is_no_single_name_does_not_reach_libsbml_which_it_would_crash(inside: str) -> None:
    function = MATH.format(f"<lambda><bvar>{inside}</bvar><ci> a </ci></lambda>")
    text = model(f'<listOfFunctionDefinitions><functionDefinition id="f">{function}</functionDefinition>'
                 "</listOfFunctionDefinitions>")  # fmt: skip
    with pytest.raises(InputError, match="argument of a function"):
        read_sbml(text)


@pytest.mark.parametrize("element", ["apply", "lambda", "piecewise", "ci"])
def test_a_formula_outside_of_math_does_not_reach_libsbml_which_it_would_crash(element: str) -> None:
    law = f'<{element} xmlns="http://www.w3.org/1998/Math/MathML"><cn>1</cn></{element}>'
    text = of_species(
        rest='<listOfReactions><reaction id="r" reversible="false" fast="false"><listOfReactants><speciesReference '
        f'species="S" stoichiometry="1" constant="true"/></listOfReactants><kineticLaw>{law}</kineticLaw></reaction>'
        "</listOfReactions>"
    )
    with pytest.raises(InputError, match="outside of math"):
        read_sbml(text)
    inside_notes = f'<annotation><a xmlns="http://a.org">{law}</a></annotation>' + parameters("x")
    assert read_sbml(model(inside_notes)).system.parameter_names == ("x",)


SPECIES = (
    '<species id="S" compartment="{}" initialAmount="1" hasOnlySubstanceUnits="true" boundaryCondition="false" '
    'constant="false"{}/>'
)
COMPARTMENT = '<listOfCompartments><compartment id="c" size="1" constant="true"/></listOfCompartments>'


def of_species(compartment: str = "c", more: str = "", rest: str = "") -> str:
    return model(f"{COMPARTMENT}<listOfSpecies>{SPECIES.format(compartment, more)}</listOfSpecies>{rest}")


DANGLING = {
    "compartment": of_species(compartment=""),
    "variable": model(
        parameters("x") + listed(rule("rateRule", CI.format("x")).replace("<rateRule", '<rateRule variable=""'))
    ),
    "species": of_species(
        rest='<listOfReactions><reaction id="r" reversible="false" fast="false"><listOfReactants><speciesReference '
        f'species="" stoichiometry="1" constant="true"/></listOfReactants><kineticLaw>{MATH.format("<cn>1</cn>")}'
        "</kineticLaw></reaction></listOfReactions>"
    ),
    "conversion factor": of_species(more=' conversionFactor=""'),
}  # fmt: skip


@pytest.mark.parametrize("what", [*DANGLING])
def test_an_empty_reference_is_refused_though_libsbml_passes_over_it(what: str) -> None:
    with pytest.raises(InputError):
        read_sbml(DANGLING[what])


def test_packages_that_change_the_mathematics_are_refused() -> None:
    fbc = ' xmlns:fbc="http://www.sbml.org/sbml/level3/version1/fbc/version2" fbc:required="false"'
    text = model("", more=fbc).replace('<model id="m">', '<model id="m" fbc:strict="true">')
    assert refusal(text).report.refused[0].place == "fbc"


def test_an_unknown_required_package_is_refused() -> None:
    more = ' xmlns:odd="http://www.sbml.org/sbml/level3/version1/odd/version1" odd:required="true"'
    with pytest.raises(InputError, match="odd"):
        read_sbml(model("", more=more))


def test_other_files_are_never_read() -> None:
    comp = ' xmlns:comp="http://www.sbml.org/sbml/level3/version1/comp/version1" comp:required="true"'
    text = model(
        '<listOfParameters><parameter id="p" value="1" constant="true"/></listOfParameters>', more=comp
    ).replace(
        "</model>",
        '</model><comp:listOfExternalModelDefinitions><comp:externalModelDefinition comp:id="e" '
        'comp:source="file:///etc/passwd"/></comp:listOfExternalModelDefinitions>',
    )
    assert refusal(text).report.refused[0].construct == "external model definition"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not well-formed"),
        ("no xml at all", "not well-formed"),
        (model(parameters("x"))[:-30], "not well-formed"),
        ("<html><body/></html>", "not valid SBML"),
        (DOCTYPE, "document type"),
        (model("<notes>" + "<p>" * 400 + "</p>" * 400 + "</notes>"), "nested"),
        (model(parameters("x") + listed(rule("rateRule", CI.format("missing"), "x"))), "missing"),
        (model(parameters("x", "x")), "x"),
    ],
)  # fmt: skip
def test_broken_or_harmful_files_are_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        read_sbml(text, where="file.xml")
    assert "file.xml" in str(caught.value)


def test_a_truncated_file_is_refused_with_the_line_where_it_ends() -> None:
    text = model(parameters("x"))
    with pytest.raises(InputError, match="line 4"):
        read_sbml(text[: text.index("<listOfParameters>") + 20], where="file.xml")


def call(number: int, arg: str) -> str:
    return apply(f"<ci>f{number}</ci>", arg)


def test_functions_that_multiply_without_end_are_refused_soon() -> None:
    """f1(x) = x + x + 1, f2(x) = f1(f1(x) + ...) …: a few lines that would fill any memory."""
    bodies = [apply("<plus/>", "<ci>a</ci>", "<ci>a</ci>")]
    for i in range(39):
        bodies.append(call(i, call(i, apply("<times/>", "<ci>a</ci>", "<cn>1.1</cn>"))))
    lambdas = [MATH.format(f"<lambda><bvar><ci>a</ci></bvar>{body}</lambda>") for body in bodies]
    made = "".join(f'<functionDefinition id="f{i}">{math}</functionDefinition>' for i, math in enumerate(lambdas))
    text = model(
        f"<listOfFunctionDefinitions>{made}</listOfFunctionDefinitions>{parameters('x')}"
        + listed(rule("rateRule", call(39, CI.format("x")), "x"))
    )
    began = time.monotonic()
    with pytest.raises(InputError):
        read_sbml(text)
    assert time.monotonic() - began < 20


def test_assigned_sums_that_double_without_end_are_refused() -> None:
    names = [f"x{i}" for i in range(40)]
    double = "".join(
        rule("assignmentRule", apply("<plus/>", CI.format(a), CI.format(a)), b) for a, b in pairwise(names)
    )
    text = model(parameters(*names) + f"<listOfRules>{rule('rateRule', CI.format('x39'), 'x0')}{double}</listOfRules>")
    assert refusal(text).report.refused[0].construct == "formula"


def test_a_function_that_calls_itself_is_refused() -> None:
    body = "<lambda><bvar><ci>a</ci></bvar>" + apply("<ci>f</ci>", "<ci>a</ci>") + "</lambda>"
    text = model(
        f'<listOfFunctionDefinitions><functionDefinition id="f">{MATH.format(body)}</functionDefinition>'
        f"</listOfFunctionDefinitions>{parameters('x')}" + listed(rule("rateRule", call(0, "<ci>x</ci>"), "x"))
    )
    assert refusal(text.replace("f0", "f")).report.refused[0].why == "f calls itself"


@pytest.mark.parametrize("shape", ["sum", "parentheses"])
def test_long_formulas_are_read_or_refused_without_delay(shape: str) -> None:
    n = 1500
    formula = "+".join(["x"] * n) if shape == "sum" else "(" * n + "x" + ")" * n
    imported = read_sbml(sbml_of_antimony(f"model m()\n x' = {formula}; x = 1;\nend"))
    assert len(imported.system.states[0].rate.args) == (n if shape == "sum" else 0)
    with pytest.raises(InputError, match="letters"):
        sbml_of_antimony(f"model m()\n x' = {'+'.join(['x'] * 20_000)}; x = 1;\nend")


def test_inconsistent_units_warn_and_are_refused_where_units_are_strict() -> None:
    text = sbml_of_antimony(
        "model m()\n  unit len = metre;\n  x = 1; x has len; y = 2; y has second; z := x + y; z has len;\nend"
    )
    warned = [f for f in read_sbml(text).report.of("warning") if f.construct == "unit"]
    assert warned and "x + y" in warned[0].why
    with pytest.raises(ModelRefused, match="x \\+ y"):
        read_sbml(text, strict_units=True)


def test_antimony_errors_name_the_line() -> None:
    with pytest.raises(InputError, match="line 2"):
        sbml_of_antimony("model m()\n  x ::= = 3;\nend", where="bad.ant")


def test_a_file_that_is_no_text_is_refused(tmp_path) -> None:
    path = tmp_path / "model.xml"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="cannot be read"):
        read_model(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_model(tmp_path / "none.xml")


def test_exponents_without_a_number_in_the_file_are_read_and_only_their_units_left_unchecked() -> None:
    """libSBML's check of units crashes from an exponent that an initial assignment sets, however it gets there."""
    through = (Assignment("z", sym("x") + 1.0, "dimensionless"), Assignment("y", sym("k") ** sym("z"), "dimensionless"))
    system = OdeSystem(
        "m", (State("x", 2.0 * sym("k"), -sym("y"), "dimensionless"),), (Parameter("k", 0.3, "dimensionless"),), through
    )
    assert "exponents use x" in read_sbml(to_sbml(system)).report.text()
    plain = OdeSystem("m", (State("x", ONE, -sym("y"), "dimensionless"),), system.parameters, through)
    assert "units are not checked" not in read_sbml(to_sbml(plain)).report.text()
