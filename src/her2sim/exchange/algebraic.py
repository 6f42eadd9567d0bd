"""Algebraic rules solved for their unknowns, where each is linear in one: then they are assignments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from her2sim.exchange.report import Unsupported
from her2sim.model.derivative import derivative
from her2sim.model.expression import ZERO, Expr, div, neg, substitute, symbols


def solve_algebraic(
    rules: Sequence[Expr], unknowns: Sequence[str], assigned: Mapping[str, Expr], avoided: Collection[str] = ()
) -> list[tuple[str, Expr]]:
    """The unknowns as formulas of everything else.

    Main arguments:
        rules: expressions that must be zero at all times.
        unknowns: quantities that no other part of the model determines.
        assigned: formulas of assigned variables, so that an unknown inside them is seen.

    Other arguments:
        avoided: unknowns that events change; they count as given where the rules determine enough others.

    Raises:
        Unsupported: a rule has no unknown, has several with equal right, or is not linear in it.

    >>> from her2sim.model.expression import sym, text
    >>> [(name, text(formula)) for name, formula in solve_algebraic([sym("a") + 2 * sym("b")], ["b"], {})]
    [('b', '((-a)/2.0)')]
    """
    left = _expanded(rules, assigned)
    choice = _matched(left, unknowns, avoided)
    solved: list[tuple[str, Expr]] = []
    for number, name in enumerate(choice):
        formula = substitute([left[number]], dict(solved))[0]
        solution = _solved_for(name, formula)
        solved = [(other, substitute([f], {name: solution})[0]) for other, f in solved]
        solved.append((name, solution))
    return solved


def _expanded(rules: Sequence[Expr], assigned: Mapping[str, Expr]) -> list[Expr]:
    listed = list(rules)
    for _ in range(len(assigned)):
        if not symbols(listed) & assigned.keys():
            break
        listed = substitute(listed, dict(assigned))
    return listed


def _matched(rules: Sequence[Expr], unknowns: Sequence[str], avoided: Collection[str]) -> list[str]:
    """One unknown per rule; refused where the choice is not forced."""
    names = [symbols([rule]) for rule in rules]
    for pool in ([u for u in unknowns if u not in avoided], unknowns):
        options = [[name for name in pool if name in used] for used in names]
        choice = _pairs(options)
        if choice is None:
            continue
        touched = {name for listed in options for name in listed}
        if len(touched) > len(rules):
            raise Unsupported("algebraic rule", f"it could determine any of {', '.join(sorted(touched))}")
        return choice
    raise Unsupported("algebraic rule", "nothing is left in it that it could determine")


def _pairs(options: Sequence[Sequence[str]]) -> list[str] | None:
    """A different name for each rule out of its options (augmenting paths), or None."""
    owner: dict[str, int] = {}

    def place(rule: int, seen: set[str]) -> bool:
        for name in options[rule]:
            if name not in seen:
                seen.add(name)
                if name not in owner or place(owner[name], seen):
                    owner[name] = rule
                    return True
        return False

    if not all(place(number, set()) for number in range(len(options))):
        return None
    by_rule = {rule: name for name, rule in owner.items()}
    return [by_rule[number] for number in range(len(options))]


def _solved_for(name: str, formula: Expr) -> Expr:
    try:
        slope = derivative(formula, name)
    except ValueError as error:
        raise Unsupported("algebraic rule", f"it cannot be solved for {name}: {error}") from error
    if slope is ZERO:
        raise Unsupported("algebraic rule", f"it does not determine {name}")
    if name in symbols([slope]):
        raise Unsupported("algebraic rule", f"it is not linear in {name}")
    return div(neg(substitute([formula], {name: ZERO})[0]), slope)
