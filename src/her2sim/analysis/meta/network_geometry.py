"""The network as a graph: its treatments, designs, direct comparisons, and whether it hangs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from her2sim.analysis.meta.comparisons import Comparison, by_study, treatments_of


@dataclass(frozen=True)
class Geometry:
    """What is compared with what.

    Main arguments:
        treatments: sorted by name.
        studies: study to its treatments, sorted by name.
        designs: each set of treatments that was compared within studies, to the studies that did.
        direct: pair of treatments (sorted) to the number of studies that compared them.
        subnetworks: treatments of each part that hangs together, larger parts first.
    """

    treatments: tuple[str, ...]
    studies: dict[str, tuple[str, ...]]
    designs: dict[tuple[str, ...], tuple[str, ...]]
    direct: dict[tuple[str, str], int]
    subnetworks: tuple[tuple[str, ...], ...]

    @property
    def connected(self) -> bool:
        """Whether every treatment can be compared with every other."""
        return len(self.subnetworks) <= 1


def geometry(comparisons: Sequence[Comparison]) -> Geometry:
    """The geometry of a set of comparisons.

    >>> found = geometry([Comparison("1", "A", "B", 0.0, 1.0), Comparison("2", "C", "D", 0.0, 1.0)])
    >>> found.connected, found.subnetworks
    (False, (('A', 'B'), ('C', 'D')))
    """
    studies = {study: treatments_of(items) for study, items in by_study(comparisons).items()}
    designs: dict[tuple[str, ...], list[str]] = {}
    for study, names in studies.items():
        designs.setdefault(names, []).append(study)
    pairs = {(each.study, _pair(each)) for each in comparisons}
    return Geometry(
        treatments=treatments_of(comparisons),
        studies=studies,
        designs={names: tuple(found) for names, found in sorted(designs.items())},
        direct=dict(sorted(Counter(pair for _, pair in pairs).items())),
        subnetworks=subnetworks(studies.values()),
    )


def subnetworks(groups: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Parts that hang together, larger first, then by name; each group of treatments is connected.

    >>> subnetworks([("A", "B"), ("C", "D"), ("B", "E")])
    (('A', 'B', 'E'), ('C', 'D'))
    """
    parts: list[set[str]] = []
    for group in groups:
        joined = set(group)
        apart: list[set[str]] = []
        for part in parts:
            if part & joined:
                joined |= part
            else:
                apart.append(part)
        parts = [*apart, joined]
    return tuple(sorted((tuple(sorted(part)) for part in parts), key=lambda part: (-len(part), part)))


def within(comparisons: Sequence[Comparison], part: Sequence[str]) -> tuple[Comparison, ...]:
    """The comparisons among the treatments of one part."""
    inside = set(part)
    return tuple(each for each in comparisons if each.treatment in inside and each.reference in inside)


def _pair(comparison: Comparison) -> tuple[str, str]:
    first, second = sorted((comparison.treatment, comparison.reference))
    return first, second
