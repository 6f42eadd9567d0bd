"""Expressions as libSBML syntax trees, with numbers and truth values kept apart as SBML Level 3 Version 1 demands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from her2sim.model.expression import Expr, walk

if TYPE_CHECKING:
    import libsbml

_PLAIN = {
    "add": "AST_PLUS", "mul": "AST_TIMES", "div": "AST_DIVIDE", "sub": "AST_MINUS", "neg": "AST_MINUS",
    "pow": "AST_FUNCTION_POWER", "exp": "AST_FUNCTION_EXP", "ln": "AST_FUNCTION_LN", "abs": "AST_FUNCTION_ABS",
    "floor": "AST_FUNCTION_FLOOR", "ceil": "AST_FUNCTION_CEILING", "factorial": "AST_FUNCTION_FACTORIAL",
    "sin": "AST_FUNCTION_SIN", "cos": "AST_FUNCTION_COS", "tan": "AST_FUNCTION_TAN",
    "asin": "AST_FUNCTION_ARCSIN", "acos": "AST_FUNCTION_ARCCOS", "atan": "AST_FUNCTION_ARCTAN",
    "sinh": "AST_FUNCTION_SINH", "cosh": "AST_FUNCTION_COSH", "tanh": "AST_FUNCTION_TANH",
    "asinh": "AST_FUNCTION_ARCSINH", "acosh": "AST_FUNCTION_ARCCOSH", "atanh": "AST_FUNCTION_ARCTANH",
}  # fmt: skip
_COMPARE = {
    "lt": "AST_RELATIONAL_LT", "le": "AST_RELATIONAL_LEQ", "gt": "AST_RELATIONAL_GT", "ge": "AST_RELATIONAL_GEQ",
    "eq": "AST_RELATIONAL_EQ", "ne": "AST_RELATIONAL_NEQ",
}  # fmt: skip
_LOGIC = {"and": "AST_LOGICAL_AND", "or": "AST_LOGICAL_OR", "xor": "AST_LOGICAL_XOR", "not": "AST_LOGICAL_NOT"}
_TRUTH = _COMPARE.keys() | _LOGIC.keys()


def syntax_tree(root: Expr, *, truth: bool = False) -> libsbml.ASTNode:
    """The expression as a libSBML syntax tree.

    Main arguments:
        root: any expression.

    Other arguments:
        truth: give a truth value (for a trigger) instead of a number.

    Raises:
        ValueError: the expression has an operation that SBML Level 3 Version 1 cannot say.

    >>> import libsbml
    >>> from her2sim.model.expression import sym
    >>> libsbml.formulaToL3String(syntax_tree(2 * sym("k") * sym("x")))
    '2 * k * x'
    """
    made: dict[int, Any] = {}
    for node in walk([root]):
        made[id(node)] = _tree(node, [(a, made[id(a)]) for a in node.args])
    return (_as_truth if truth else _as_number)(root, made[id(root)])


def _node(kind: str, *children: Any) -> Any:
    import libsbml

    node = libsbml.ASTNode(getattr(libsbml, kind))
    for child in children:
        node.addChild(child)  # libSBML takes the child over, so a shared tree must be copied before
    return node


def _number(value: float) -> Any:
    node = _node("AST_REAL")
    if value == int(value) if abs(value) < 1e9 else False:
        node = _node("AST_INTEGER")
        node.setValue(int(value))
    else:
        node.setValue(float(value))
    return node


def _as_number(expr: Expr, tree: Any) -> Any:
    copy = tree.deepCopy()
    if expr.op not in _TRUTH:
        return copy
    return _node("AST_FUNCTION_PIECEWISE", _number(1.0), copy, _number(0.0))


def _as_truth(expr: Expr, tree: Any) -> Any:
    copy = tree.deepCopy()
    return copy if expr.op in _TRUTH else _node("AST_RELATIONAL_NEQ", copy, _number(0.0))


def _tree(node: Expr, args: list[tuple[Expr, Any]]) -> Any:
    op = node.op
    if op == "const":
        return _number(node.value)
    if op == "time":
        tree = _node("AST_NAME_TIME")
        tree.setName("time")
        return tree
    if op == "sym":
        tree = _node("AST_NAME")
        tree.setName(node.name)
        return tree
    if op in _LOGIC:
        return _node(_LOGIC[op], *(_as_truth(*a) for a in args))
    if op in _COMPARE:
        return _node(_COMPARE[op], *(_as_number(*a) for a in args))
    if op == "select":
        condition, yes, no = args
        return _node("AST_FUNCTION_PIECEWISE", _as_number(*yes), _as_truth(*condition), _as_number(*no))
    numbers = [_as_number(*a) for a in args]
    if op == "mul" and args[0][0].op == "const" and args[0][0].value == -1.0:
        rest = numbers[1] if len(numbers) == 2 else _node("AST_TIMES", *numbers[1:])
        return _node("AST_MINUS", rest)
    if op in _PLAIN:
        return _node(_PLAIN[op], *numbers)
    if op == "sqrt":
        return _node("AST_FUNCTION_ROOT", _number(2.0), numbers[0])
    if op in ("min", "max"):
        best = numbers[0]
        for other in numbers[1:]:
            better = _node(_COMPARE["le" if op == "min" else "ge"], best.deepCopy(), other.deepCopy())
            best = _node("AST_FUNCTION_PIECEWISE", best, better, other)
        return best
    if op == "delay":
        tree = _node("AST_FUNCTION_DELAY", *numbers)
        tree.setName("delay")
        return tree
    raise ValueError(f"operation {op!r} cannot be written as SBML")
