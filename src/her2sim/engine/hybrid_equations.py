"""A system with events, delays and resting states, compiled to scalar functions.

States whose rate is identically zero are not integrated: events change them, nothing else. A delayed value
``delay(x, tau)`` becomes one more number that is looked up in the past before a formula is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from her2sim.engine.clock import RELATIONS, kinks_in_time, zeros_in_time
from her2sim.engine.equations import Equations, equations_of
from her2sim.engine.hybrid_formulas import Function, scalar_function
from her2sim.model.expression import ZERO, Expr, call, expanded, sub, substitute, sym, symbols, walk
from her2sim.model.system import OdeSystem


@dataclass(frozen=True)
class EventFunctions:
    """One event, compiled.

    Main arguments:
        name: of the event.
        targets: states that it assigns, as slots: index in y, or n_y + index of a resting state.
        values: formulas of the assigned values.
        scaled: positions in ``targets`` whose value is multiplied by a factor at execution.
        factors: formulas of these factors.
        delay, priority: formulas, or None.
    """

    name: str
    targets: tuple[int, ...]
    values: Function
    scaled: tuple[int, ...]
    factors: Function
    delay: Function | None
    priority: Function | None
    persistent: bool
    initial_value: bool
    from_trigger_time: bool


@dataclass(frozen=True)
class HybridEquations:
    """What the hybrid simulator evaluates. All functions take ``(t, y, p)``; p is parameters, resting states, delayed
    values, in this order.

    Main arguments:
        equations: the model without its events, as the engine's other back ends see it.
        moving, resting: positions, among the model's states, of integrated and of resting states.
        slots: state number -> its slot: index in y, or n_y + index among the resting states.
        initial: of all states.
        rates: of the moving states.
        outputs: of what is reported.
        triggers: 0 or 1 per event.
        events: in the order of ``triggers``.
        relations: signs to watch: a change of any of them may be a trigger or a kink.
        gaps: difference of the sides of each relation that has no clock root, those of triggers first.
        trigger_clock, rate_clock: times at which a relation, minimum, floor, … of a trigger or rate changes by time
            alone, as functions of now and p.
        backward: the functions that use delayed values.
        delayed: (delayed formula, delay) per delayed value.
        constant_delays: delays that use parameters only and that rates or triggers feel.
    """

    equations: Equations
    moving: tuple[int, ...]
    resting: tuple[int, ...]
    slots: tuple[int, ...]
    initial: Function
    rates: Function
    outputs: Function
    triggers: Function
    events: tuple[EventFunctions, ...]
    relations: Function
    gaps: Function
    n_trigger_relations: int
    has_gaps: bool
    n_trigger_gaps: int
    trigger_clock: Function
    rate_clock: Function
    backward: frozenset[Function]
    delayed: tuple[tuple[Function, Function], ...]
    constant_delays: Function


def hybrid_equations(
    system: OdeSystem,
    varying: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    infused: frozenset[str] = frozenset(),
) -> HybridEquations:
    """Compile a system for scalar simulation.

    Main arguments, Raises: as `her2sim.engine.equations.equations_of`.

    Other arguments:
        infused: states that infusions enter; they move even where the model itself lets them rest.
    """
    plain = _without_past_in_initials(replace(system, events=()))
    equations = equations_of(plain, varying, outputs)
    fixed = {p.name: p for p in system.parameters if p.name not in equations.varying}
    inline = substitution(system, {name: call("add", p.value) for name, p in fixed.items()})
    triggers = [inline(e.trigger) for e in system.events]
    groups: list[list[Expr]] = [list(equations.rates), list(equations.outputs), triggers]
    for event in system.events:
        groups.append([inline(formula) for _, formula in event.assignments])
        groups.append([inline(formula) for _, formula in event.scales])
        groups.append([inline(formula) for formula in (event.delay, event.priority) if formula is not None])
    past = _Past()
    groups = [past.replaced(group) for group in groups]
    rates, results, triggers = groups[:3]
    moved = {name for event in system.events for name, _ in event.assignments}
    states = equations.states
    moving = tuple(i for i, rate in enumerate(rates) if rate is not ZERO or states[i] in infused)
    resting = tuple(i for i in range(len(states)) if i not in set(moving))
    slot = {states[i]: k for k, i in enumerate((*moving, *resting))}
    tail = [*equations.varying, *(states[i] for i in resting), *past.names]
    names = {states[i]: f"y[{k}]" for k, i in enumerate(moving)} | {name: f"p[{k}]" for k, name in enumerate(tail)}

    backward: set[Function] = set()

    def compiled(roots: Iterable[Expr]) -> Function:
        listed = tuple(roots)
        function = scalar_function(listed, names)
        if symbols(listed) & set(past.names):
            backward.add(function)
        return function

    events: list[EventFunctions] = []
    for number, event in enumerate(system.events):
        values, factors, rest = groups[3 + 3 * number : 6 + 3 * number]
        positions = [name for name, _ in event.assignments]
        events.append(
            EventFunctions(
                event.name,
                tuple(slot[name] for name in positions),
                compiled(values),
                tuple(positions.index(name) for name, _ in event.scales),
                compiled(factors),
                compiled(rest[:1]) if event.delay is not None else None,
                compiled(rest[-1:]) if event.priority is not None else None,
                event.persistent,
                event.initial_value,
                event.use_values_from_trigger_time,
            )
        )
    steady = set(equations.varying) | {states[i] for i in resting}
    of_triggers = _relations(triggers)
    of_rates = [node for node in _relations(rates) if node not in of_triggers]
    watched = [*of_triggers, *of_rates]
    roots = [zeros_in_time(sub(*node.args), steady) for node in watched]
    n_triggers = len(of_triggers)
    of_trigger_clock = [at for root in roots[:n_triggers] for at in root or ()] + kinks_in_time(triggers, steady)
    of_rate_clock = [at for root in roots[n_triggers:] for at in root or ()] + kinks_in_time(rates, steady)
    hidden = [node for node, root in zip(watched, roots, strict=True) if root is None]
    unmoved = set(equations.varying) | ({states[i] for i in resting} - moved)
    felt = past.used_in([*rates, *triggers])
    delays = [tau for _, tau in felt]
    return HybridEquations(
        equations=equations,
        moving=moving,
        resting=resting,
        slots=tuple(slot[name] for name in states),
        initial=compiled(equations.initial),
        rates=compiled(rates[i] for i in moving),
        outputs=compiled(results),
        triggers=compiled(call("ne", trigger, 0.0) for trigger in triggers),
        events=tuple(events),
        relations=compiled(map(_sign, watched)),
        gaps=compiled(sub(*node.args) for node in hidden),
        n_trigger_relations=n_triggers,
        has_gaps=bool(hidden),
        n_trigger_gaps=sum(node in of_triggers for node in hidden),
        trigger_clock=compiled(of_trigger_clock),
        rate_clock=compiled(of_rate_clock),
        delayed=tuple((compiled([x]), compiled([tau])) for x, tau in past.pairs),
        constant_delays=compiled(tau for tau in delays if _steady(tau, unmoved)),
        backward=frozenset(backward),
    )


def substitution(system: OdeSystem, fixed: dict[str, Expr]) -> Callable[[Expr], Expr]:
    """A function that writes a formula in states, varying parameters and time only."""
    done = expanded([(item.name, item.expr) for item in system.assignments], fixed)
    return lambda formula: substitute([formula], done)[0]


class _Past:
    """Collects delayed values and puts symbols in their place."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Expr, Expr]] = []
        self.names: list[str] = []
        self._known: dict[int, Expr] = {}

    def replaced(self, roots: list[Expr]) -> list[Expr]:
        done: dict[int, Expr] = {}
        for node in walk(roots):
            args = [done[id(a)] for a in node.args]
            if node.op == "delay":
                done[id(node)] = self._symbol(args[0], args[1])
            else:
                done[id(node)] = call(node.op, *args) if args else node
        return [done[id(root)] for root in roots]

    def used_in(self, roots: Iterable[Expr]) -> list[tuple[Expr, Expr]]:
        """The pairs that formulas use, directly or through other delayed values."""
        used, left = set[str](), symbols(roots) & set(self.names)
        while left:
            used |= left
            pairs = [self.pairs[self.names.index(name)] for name in left]
            left = (symbols(part for pair in pairs for part in pair) & set(self.names)) - used
        return [pair for name, pair in zip(self.names, self.pairs, strict=True) if name in used]

    def _symbol(self, x: Expr, tau: Expr) -> Expr:
        if (x, tau) not in self.pairs:
            self.pairs.append((x, tau))
            self.names.append(f"delayed value {len(self.pairs)}")  # with spaces, so that no id clashes
        return sym(self.names[self.pairs.index((x, tau))])


def _without_past_in_initials(system: OdeSystem) -> OdeSystem:
    """Before the start everything has its initial value, so there a delayed value is the value itself."""
    assigned = {a.name: a.expr for a in system.assignments if any(n.op == "delay" for n in walk([a.expr]))}
    roots = [s.initial for s in system.states]
    if not assigned and not any(node.op == "delay" for node in walk(roots)):
        return system
    inline = substitution(system, {})
    done: dict[int, Expr] = {}
    full = [inline(root) for root in roots]
    for node in walk(full):
        args = [done[id(a)] for a in node.args]
        done[id(node)] = args[0] if node.op == "delay" else call(node.op, *args) if args else node
    states = [replace(s, initial=done[id(root)]) for s, root in zip(system.states, full, strict=True)]
    return replace(system, states=tuple(states))


def _relations(roots: Iterable[Expr]) -> list[Expr]:
    return [node for node in walk(roots) if node.op in RELATIONS]


def _sign(relation: Expr) -> Expr:
    """A formula that changes wherever the relation can change: itself, or the order of its sides where it is an
    equality, which is true for a moment only."""
    if relation.op not in ("eq", "ne"):
        return relation
    left, right = relation.args
    return call("sub", call("gt", left, right), call("lt", left, right))


def _steady(root: Expr, names: set[str]) -> bool:
    return symbols([root]) <= names and not any(node.op == "time" for node in walk([root]))
