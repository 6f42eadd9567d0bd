"""A layered drawing of a graph: which box stands in which row, in which order, and where lines pass between boxes.

The method of Sugiyama, Tagawa and Toda (IEEE Trans Syst Man Cybern 1981;11:109, doi:10.1109/TSMC.1981.4308636): rows by
longest path, places kept free where a line crosses a row, order by the mean of the neighbors, positions pulled toward
them without overlap. Lines of one giver share their free places, so that they run as one bundle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

ROUNDS = 12
LANE = 0.16


@dataclass(frozen=True)
class Flow:
    """A line: what it passes from top to bottom, and its x there. A ``back`` flow runs upward."""

    giver: str
    taker: str
    through: tuple[str, ...]
    xs: tuple[float, ...]
    back: bool


@dataclass(frozen=True)
class Layout:
    """Names by row and order, x of their middles, total width, and the lines."""

    layers: tuple[tuple[str, ...], ...]
    x: dict[str, float]
    width: float
    flows: tuple[Flow, ...]

    def layer_of(self, name: str) -> int:
        """The row of a name."""
        return next(i for i, layer in enumerate(self.layers) if name in layer)


def layered(names: Sequence[str], flows: Sequence[tuple[str, str]], *, width: float, gap: float) -> Layout:
    """Place boxes and lines.

    Main arguments:
        names: boxes, in an order in which most flows go forward.
        flows: (giver, taker); a flow to an earlier box is a feedback.
        width: of a box; ``gap``: least distance of two boxes.

    >>> layout = layered(["a", "b", "c"], [("a", "b"), ("a", "c"), ("b", "c")], width=1.0, gap=0.2)
    >>> [[name for name in layer if name in "abc"] for layer in layout.layers]
    [['a'], ['b'], ['c']]
    """
    place = {name: i for i, name in enumerate(names)}
    down = sorted({(a, b) if place[a] < place[b] else (b, a) for a, b in flows if a != b})
    row = {name: 0 for name in names}
    for name in names:
        row[name] = max((row[a] + 1 for a, b in down if b == name), default=0)
    given = set(flows)
    drawn = [(a, b, back) for a, b in down for back in (False, True) if ((b, a) if back else (a, b)) in given]
    chains = {(a, b, back): _chain(a, b, row, back) for a, b, back in drawn}
    rows: list[list[str]] = [[] for _ in range(max(row.values()) + 1)]
    for name in names:
        rows[row[name]].append(name)
    for chain in chains.values():
        for step, name in enumerate(chain[1:-1], start=1):
            line = rows[row[chain[0]] + step]
            if name not in line:
                line.append(name)
    links = sorted({pair for chain in chains.values() for pair in pairwise(chain)})
    rows = _ordered(rows, links)
    sizes = {name: width if name in place else LANE for line in rows for name in line}
    x = _positions(rows, links, sizes, gap)
    left = min(x[name] - sizes[name] / 2 for name in x)
    x = {name: at - left for name, at in x.items()}
    total = max(x[name] + sizes[name] / 2 for name in x)
    ports = _ports(drawn, chains, x, width)
    found = tuple(
        Flow(b if back else a, a if back else b, chains[a, b, back], ports[a, b, back], back) for a, b, back in drawn
    )
    return Layout(tuple(map(tuple, rows)), x, total, found)


def _chain(a: str, b: str, row: dict[str, int], back: bool) -> tuple[str, ...]:
    return (a, *(f"{a} {'<' if back else '>'} row {i}" for i in range(row[a] + 1, row[b])), b)


def _ordered(rows: list[list[str]], links: list[tuple[str, str]]) -> list[list[str]]:
    """The order in each row that crosses least lines, among those that the sweeps visit."""
    best, fewest = rows, _crossings(rows, links)
    for turn in range(ROUNDS):
        sweep = range(1, len(rows)) if turn % 2 == 0 else range(len(rows) - 2, -1, -1)
        rows = [list(line) for line in rows]
        for index in sweep:
            other = rows[index - 1] if turn % 2 == 0 else rows[index + 1]
            at = {name: i for i, name in enumerate(other)}
            pairs = [(b, a) if turn % 2 == 0 else (a, b) for a, b in links]
            means: dict[str, float] = {}
            for i, name in enumerate(rows[index]):
                near = [at[o] for me, o in pairs if me == name and o in at]
                means[name] = sum(near) / len(near) if near else i * max(len(other) - 1, 1) / max(len(rows[index]), 1)
            rows[index] = sorted(rows[index], key=lambda name: means[name])
        count = _crossings(rows, links)
        if count < fewest:
            best, fewest = rows, count
    return best


def _crossings(rows: list[list[str]], links: list[tuple[str, str]]) -> int:
    total = 0
    for upper, lower in pairwise(rows):
        top, bottom = {n: i for i, n in enumerate(upper)}, {n: i for i, n in enumerate(lower)}
        ends = sorted((top[a], bottom[b]) for a, b in links if a in top and b in bottom)
        total += sum(a < c and b > d for i, (a, b) in enumerate(ends) for c, d in ends[i + 1 :])
    return total


def _positions(
    rows: list[list[str]], links: list[tuple[str, str]], sizes: dict[str, float], gap: float
) -> dict[str, float]:
    x: dict[str, float] = {}
    for line in rows:
        total = sum(sizes[name] for name in line) + gap * (len(line) - 1)
        at = -total / 2
        for name in line:
            x[name] = at + sizes[name] / 2
            at += sizes[name] + gap
    neighbors: dict[str, list[str]] = {}
    for a, b in links:
        neighbors.setdefault(a, []).append(b)
        neighbors.setdefault(b, []).append(a)
    for _ in range(8 * ROUNDS):
        for line in rows:
            wanted = [sum(x[o] for o in neighbors.get(n, [n])) / len(neighbors.get(n, [n])) for n in line]
            x |= dict(zip(line, _apart(wanted, [sizes[n] for n in line], gap), strict=True))
    return x


def _apart(wanted: list[float], sizes: list[float], gap: float) -> list[float]:
    """Positions nearest to the wanted ones (least squares) that keep the order and do not overlap."""
    offsets = [0.0]
    for a, b in pairwise(sizes):
        offsets.append(offsets[-1] + (a + b) / 2 + gap)
    blocks: list[tuple[float, int]] = []  # mean, count: pooling of adjacent violators
    for want, offset in zip(wanted, offsets, strict=True):
        blocks.append((want - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (m1, n1), (m2, n2) = blocks[-2], blocks[-1]
            blocks[-2:] = [((m1 * n1 + m2 * n2) / (n1 + n2), n1 + n2)]
    flat = [mean for mean, count in blocks for _ in range(count)]
    return [base + offset for base, offset in zip(flat, offsets, strict=True)]


def _ports(
    drawn: list[tuple[str, str, bool]],
    chains: dict[tuple[str, str, bool], tuple[str, ...]],
    x: dict[str, float],
    width: float,
) -> dict[tuple[str, str, bool], tuple[float, ...]]:
    """Where each line leaves and meets its boxes: spread over the box, in the order of where the lines go."""
    room = 0.78 * width
    found: dict[tuple[str, str, bool], list[float]] = {
        (a, b, back): [x[name] for name in chains[a, b, back]] for a, b, back in drawn
    }
    for end, nearby in ((0, 1), (-1, -2)):
        by_box: dict[str, list[tuple[float, str, tuple[str, str, bool]]]] = {}
        for key in drawn:
            chain = chains[key]
            by_box.setdefault(chain[end], []).append((x[chain[nearby]], chain[nearby], key))
        for box, lines in by_box.items():
            slots: list[tuple[object, ...]] = sorted({(at, name, key[2]) for at, name, key in lines})
            for at, name, key in lines:
                index = slots.index((at, name, key[2]))
                shift = 0.0 if len(slots) == 1 else room * (index / (len(slots) - 1) - 0.5)
                shift *= min(1.0, (len(slots) - 1) / 4 + 0.2)
                found[key][end] = x[box] + shift
    return {key: tuple(xs) for key, xs in found.items()}
