"""Writing a module: numbers come from the data files by name, never from code.

A ``Draft`` collects what a module takes, gives and contains, and hands out symbols to write formulas with. Asking it
for a number that no data file holds is an error, so a constant cannot slip into an equation unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.quantity import Quantity
from her2sim.model.drug import Action, Drug
from her2sim.model.expression import Expr, Operand, as_expr, sym
from her2sim.model.module import Module, Port
from her2sim.model.parameters import ParameterSet, fitted_values, load_parameters
from her2sim.model.system import Assignment, Parameter, State


class Draft:
    """A module being written.

    Main arguments:
        name: name of the module, for example ``lesion.T1``.

    Other arguments:
        numbers: where parameters are looked up; the package's parameter files by default.
    """

    def __init__(self, name: str, numbers: ParameterSet | None = None) -> None:
        self.name = name
        self._numbers = numbers or load_parameters()
        self._takes: dict[str, Port] = {}
        self._gives: list[Port] = []
        self._states: list[State] = []
        self._parameters: dict[str, Parameter] = {}
        self._assignments: list[Assignment] = []
        self._knock_outs: dict[str, dict[str, float]] = {}

    def number(self, name: str) -> Expr:
        """A parameter of the data files, as a symbol.

        Raises:
            InputError: no parameter file names it.
        """
        quantity = self._numbers.quantities.get(name)
        if quantity is None:
            raise InputError(
                f"module {self.name} needs parameter {name!r}, which no parameter file names",
                where="data/parameters",
                hint=did_you_mean(name, self._numbers.quantities),
            )
        return self._register(name, quantity)

    def of_drug(self, drug: Drug, action: Action, key: str) -> Expr:
        """A number of a drug's action, as the symbol ``<drug>_<key>``.

        Raises:
            InputError: the drug file does not give it.
        """
        quantity = action.values.get(key)
        if quantity is None:
            raise InputError(
                f"action {action.kind} of {drug.id} lacks {key}",
                where=f"data/drugs/{drug.id}.yaml",
                hint=f"It has {', '.join(sorted(action.values))}.",
            )
        name = drug_number_name(drug.id, key)
        fitted = fitted_values().get(name)
        if fitted is not None:
            quantity = replace(quantity, value=fitted, calibrated=True)
        return self._register(name, quantity)

    def _register(self, name: str, quantity: Quantity) -> Expr:
        self._parameters[name] = Parameter(name, quantity.value, quantity.unit, quantity.description, quantity.source)
        return sym(name)

    def take(self, name: str, unit: str, description: str = "") -> Expr:
        """A quantity that another module gives."""
        self._takes[name] = Port(name, unit, description)
        return sym(name)

    def assign(self, name: str, expr: Operand, unit: str, description: str = "", *, give: bool = False) -> Expr:
        """A variable that always has the value of ``expr``; with ``give``, other modules may take it."""
        self._assignments.append(Assignment(name, as_expr(expr), unit, description))
        if give:
            self._gives.append(Port(name, unit, description))
        return sym(name)

    def state(
        self, name: str, initial: Operand, rate: Operand, unit: str, description: str = "", *, give: bool = False
    ) -> Expr:
        """A quantity that changes by ``rate``; with ``give``, other modules may take it."""
        self._states.append(State(name, as_expr(initial), as_expr(rate), unit, description))
        if give:
            self._gives.append(Port(name, unit, description))
        return sym(name)

    def knock_out(self, mechanism: str, values: Mapping[str, float]) -> None:
        """Say which parameters of this module take which values when ``mechanism`` is removed."""
        self._knock_outs.setdefault(mechanism, {}).update(values)

    def module(self, dose_targets: Sequence[str] = ()) -> Module:
        """The finished module."""
        for mechanism, values in self._knock_outs.items():
            homeless = set(values) - set(self._parameters)
            if homeless:
                raise ValueError(f"{self.name}: knock-out {mechanism} names {sorted(homeless)}, not its parameters")
        return Module(
            name=self.name,
            takes=tuple(self._takes.values()),
            gives=tuple(self._gives),
            states=tuple(self._states),
            parameters=tuple(self._parameters.values()),
            assignments=tuple(self._assignments),
            dose_targets=tuple(dose_targets),
            knock_outs=self._knock_outs,
        )


def drug_number_name(drug_id: str, key: str) -> str:
    """Name in the model of a number of a drug's action.

    >>> drug_number_name("trastuzumab", "kd_nM")
    'trastuzumab_kd_nM'
    """
    return f"{drug_id}_{key}"


def actions_of(drugs: Sequence[Drug], kind: str) -> list[tuple[Drug, Action]]:
    """All actions of one kind in a regimen, with their drugs, in the order of the drugs."""
    return [(drug, action) for drug in drugs for action in drug.actions if action.kind == kind]
