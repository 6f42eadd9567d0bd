"""How large formulas become when function definitions are put in, before anything puts them in.

A few lines of definitions that call each other twice stand for more terms than any memory holds, and libSBML's own
checks would try; so their size is counted first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from her2sim.exchange.report import Unsupported

MOST_PARTS = 10_000_000


def operands(tree: Any) -> list[Any]:
    """The children of a node; of a long sum or product all terms, which libSBML holds as a chain of pairs."""
    import libsbml

    kind = tree.getType()
    tail: list[Any] = []
    while kind in (libsbml.AST_PLUS, libsbml.AST_TIMES) and tree.getNumChildren() == 2:
        first = tree.getChild(0)
        if first.getType() != kind:
            break
        tail.append(tree.getChild(1))
        tree = first
    return [tree.getChild(i) for i in range(tree.getNumChildren())] + tail[::-1]


class Expansion:
    """Upper bounds on the size of formulas with all function calls written out.

    Main arguments:
        functions: id -> (argument names, body); the body may be None.
    """

    def __init__(self, functions: Mapping[str, tuple[tuple[str, ...], Any]]) -> None:
        import libsbml

        self._functions = functions
        self._call = libsbml.AST_FUNCTION
        self.longest = 0
        """Operands of the longest sum or product met so far."""
        self._known: dict[str, int] = {}
        self._open: set[str] = set()

    def check(self) -> None:
        """Look at all function definitions.

        Raises:
            Unsupported: one calls itself, or is too large.
        """
        for name in self._functions:
            self._of_function(name)

    def size(self, tree: Any) -> int:
        """Number of parts of a formula with all calls written out, at most.

        Raises:
            Unsupported: it is too large.
        """
        parts = operands(tree)
        self.longest = max(self.longest, len(parts))
        inner = sum(map(self.size, parts))
        size = 1 + inner
        if tree.getType() == self._call:
            size = self._of_function(tree.getName()) * (1 + inner)
        if size > MOST_PARTS:
            raise Unsupported("formula", f"with function calls written out it has more than {MOST_PARTS} parts")
        return size

    def _of_function(self, name: str) -> int:
        if name in self._open:
            raise Unsupported("function definition", f"{name} calls itself")
        if name not in self._known:
            body = self._functions[name][1] if name in self._functions else None
            self._open.add(name)
            self._known[name] = 1 if body is None else self.size(body)
            self._open.discard(name)
        return self._known[name]
