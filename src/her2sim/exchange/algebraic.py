"""Algebraic rules solved for their unknowns, where each is linear in one: then they are assignments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from her2sim.exchange.report import Unsupported
from her2sim.model.derivative import derivative
from her2sim.model.expression import ZERO, Expr, div, neg, substitute, symbols


def solve_algebraic(
    rules: Sequence[Expr], unknowns: Sequence[str], assigned: Mapping[str, Expr]
) -> list[tuple[str, Expr]]:
    """The unknowns as formulas of everything else.

    Main arguments:
        rules: expressions that must be zero at all times.
        unknowns: quantities that no other part of the model determines, the likeliest first.
        assigned: formulas of assigned variables, so that an unknown inside them is seen.

    Raises:
        Unsupported: a rule has no unknown, has several with equal right, or is not linear in it.

    >>> from her2sim.model.expression import sym, text
    >>> [(name, text(formula)) for name, formula in solve_algebraic([sym("a") + 2 * sym("b")], ["b"], {})]
    [('b', '(-0.5*a)')]
    """
    left = _expanded(rules, assigned)
    choice = _matched(left, unknowns)
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


def _matched(rules: Sequence[Expr], unknowns: Sequence[str]) -> list[str]:
    """One unknown per rule (augmenting paths), earlier unknowns preferred; refuses when the choice is not forced."""
    options = [[name for name in unknowns if name in symbols([rule])] for rule in rules]
    owner: dict[str, int] = {}

    def place(rule: int, seen: set[str]) -> bool:
        for name in options[rule]:
            if name not in seen:
                seen.add(name)
                if name not in owner or place(owner[name], seen):
                    owner[name] = rule
                    return True
        return False

    for number in range(len(rules)):
        if not place(number, set()):
            raise Unsupported("algebraic rule", "nothing is left in it that it could determine")
    touched = {name for names in options for name in names}
    if len(touched) > len(rules):
        raise Unsupported("algebraic rule", f"it could determine any of {', '.join(sorted(touched))}")
    by_rule = {rule: name for name, rule in owner.items()}
    return [by_rule[number] for number in range(len(rules))]


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
