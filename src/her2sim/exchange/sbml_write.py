"""A model as SBML Level 3.

States become parameters with rate rules, assigned variables parameters with assignment rules: their names, units and
formulas stay as they are, and every SBML simulator reads them. Species would need compartments and substance units that
a tumor volume or an albumin level does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from her2sim.core.errors import InputError
from her2sim.exchange.compact import NOTE, Compact, add_function, annotate_formula, compact_form
from her2sim.exchange.mathml_write import syntax_tree
from her2sim.exchange.units_write import add_unit
from her2sim.model.expression import TIME, Expr, call, sym
from her2sim.model.system import Assignment, Event, OdeSystem, Parameter, State

if TYPE_CHECKING:
    import libsbml

IDENTIFIERS = "https://identifiers.org/"


@dataclass(frozen=True)
class Dose:
    """A dose to be written as an SBML event (an infusion as two events).

    Main arguments:
        time: start, in the model's time unit.
        target: name of the state that receives it.
        amount: amount, in the unit of that state.
        duration: 0 for a bolus; else the amount enters at a constant rate over this time.
    """

    time: float
    target: str
    amount: float
    duration: float = 0.0


def to_sbml(system: OdeSystem, *, doses: Sequence[Dose] = (), version: int = 1, compact: bool | None = None) -> str:
    """The model as SBML text.

    Main arguments:
        system: any model.

    Other arguments:
        doses: written as events; without them the protocol stays out of the model file.
        version: 1 or 2, of SBML Level 3. Version 1 is read by more tools.
        compact: whether what depends on parameters alone is written as numbers, with the formula in an annotation, and
            what uses assigned variables more than once as functions (see ``her2sim.exchange.compact``). None: where
            simulators that write assigned variables out in one another would not get through otherwise.

    Raises:
        InputError: a name is no SBML id, a formula cannot be written, or libSBML finds an error in the result.

    >>> from her2sim.model.expression import ONE
    >>> decay = OdeSystem("decay", (State("x", ONE, -sym("k") * sym("x")),), (Parameter("k", 0.5, "1/day"),))
    >>> "<rateRule" in to_sbml(decay)
    True
    """
    import libsbml

    document = libsbml.SBMLDocument(3, version)
    model = document.createModel()
    model.setId(_checked_id(system.name if libsbml.SyntaxChecker.isValidSBMLSId(system.name) else "model"))
    model.setName(system.name)
    time_unit = add_unit(model, system.time_unit)
    if time_unit:
        model.setTimeUnits(time_unit)
    form = compact_form(system, compact)
    if form is not None and form.values:
        model.setNotes(f'<p xmlns="http://www.w3.org/1999/xhtml">{NOTE}</p>')
    for definition in _with_doses(system, doses):
        _add_quantity(model, definition, system, form)
    for event in (*system.events, *_dose_events(doses)):
        _add_event(model, event)
    document.checkInternalConsistency()
    errors = [document.getError(i) for i in range(document.getNumErrors())]
    bad = [e for e in errors if e.getSeverity() >= libsbml.LIBSBML_SEV_ERROR]
    if bad:
        raise InputError(f"the model cannot be written as SBML: {bad[0].getMessage().strip()}", where=system.name)
    return str(libsbml.writeSBMLToString(document))


def _with_doses(system: OdeSystem, doses: Sequence[Dose]) -> list[State | Parameter | Assignment]:
    """The definitions in order; states that get infusions get the infusion rate as a further term."""
    names = set(system.state_names)
    for dose in doses:
        if dose.target not in names:
            raise InputError(f"dose target {dose.target} is not a state of {system.name}")
    infused = {d.target for d in doses if d.duration > 0}
    states = [
        State(s.name, s.initial, s.rate + sym(_input_name(s.name)), s.unit, s.description) if s.name in infused else s
        for s in system.states
    ]
    inputs = [
        State(_input_name(s.name), call("mul", 0.0), call("mul", 0.0), f"{s.unit}/{system.time_unit}", "infusion")
        for s in system.states
        if s.name in infused
    ]
    return [*system.parameters, *inputs, *states, *system.assignments]


def _input_name(state: str) -> str:
    return f"infusion_of_{state}"


def _dose_events(doses: Sequence[Dose]) -> list[Event]:
    events: list[Event] = []

    def at(name: str, time: float, target: str, change: float) -> None:
        assignment = (target, sym(target) + change)
        events.append(Event(name, call("ge", TIME, time), (assignment,), initial_value=False))

    for number, dose in enumerate(doses, 1):
        if dose.duration > 0:
            rate, name = dose.amount / dose.duration, _input_name(dose.target)
            at(f"dose_{number}_start", dose.time, name, rate)
            at(f"dose_{number}_end", dose.time + dose.duration, name, -rate)
        else:
            at(f"dose_{number}", dose.time, dose.target, dose.amount)
    return events


def _checked_id(name: str) -> str:
    import libsbml

    if not libsbml.SyntaxChecker.isValidSBMLSId(name):
        raise InputError(
            f"{name!r} is not a valid SBML id", hint="Ids are letters, digits and _, not starting with a digit."
        )
    return name


def _math(root: Expr, where: str, *, truth: bool = False) -> Any:
    try:
        return syntax_tree(root, truth=truth)
    except ValueError as error:
        raise InputError(str(error), where=where) from error


def _add_quantity(
    model: libsbml.Model, item: State | Parameter | Assignment, system: OdeSystem, form: Compact | None
) -> None:
    made = model.createParameter()
    made.setId(_checked_id(item.name))
    values = {} if form is None else form.values
    made.setConstant(isinstance(item, Parameter) or item.name in values)
    unit = add_unit(model, item.unit)
    if unit:
        made.setUnits(unit)
    if item.description:
        made.setName(item.description)
    _annotate(made, item, system)
    if isinstance(item, Parameter):
        made.setValue(item.value)
        return
    if isinstance(item, Assignment) and item.name in values:
        made.setValue(values[item.name])
        annotate_formula(made, _math(item.expr, item.name))
        return
    if isinstance(item, Assignment):
        rule, formula = model.createAssignmentRule(), item.expr
    else:
        rule, formula = model.createRateRule(), item.rate
        if item.initial.op == "const":
            made.setValue(item.initial.value)
        else:
            initial = model.createInitialAssignment()
            initial.setSymbol(item.name)
            initial.setMath(_math(item.initial, item.name))
    rule.setVariable(item.name)
    tree = _math(formula, item.name)
    rule.setMath(
        tree if form is None or not form.shares(formula) else add_function(model, item.name, formula, tree, form)
    )


def _annotate(made: Any, item: State | Parameter | Assignment, system: OdeSystem) -> None:
    import libsbml

    for identifier in system.annotations.get(item.name, ()):
        if not made.isSetMetaId():
            made.setMetaId(f"meta_{item.name}")
        term = libsbml.CVTerm(libsbml.BIOLOGICAL_QUALIFIER)
        term.setBiologicalQualifierType(libsbml.BQB_IS)
        term.addResource(identifier if "://" in identifier else IDENTIFIERS + identifier)
        made.addCVTerm(term)
    if isinstance(item, Parameter) and item.source:
        words = item.source.replace("&", "&amp;").replace("<", "&lt;")
        made.setNotes(f'<p xmlns="http://www.w3.org/1999/xhtml">{words}</p>')


def _add_event(model: libsbml.Model, event: Event) -> None:
    made = model.createEvent()
    made.setId(_checked_id(event.name))
    made.setUseValuesFromTriggerTime(event.use_values_from_trigger_time)
    trigger = made.createTrigger()
    trigger.setPersistent(event.persistent)
    trigger.setInitialValue(event.initial_value)
    trigger.setMath(_math(event.trigger, event.name, truth=True))
    if event.delay is not None:
        made.createDelay().setMath(_math(event.delay, event.name))
    if event.priority is not None:
        made.createPriority().setMath(_math(event.priority, event.name))
    for target, formula in event.assignments:
        assignment = made.createEventAssignment()
        assignment.setVariable(target)
        assignment.setMath(_math(formula, event.name))
