"""Patients rebuilt from a Kaplan-Meier curve by inverting its equations (Guyot's algorithm).

Within each interval of the risk table a number of censored patients is sought, spread evenly, for which the events
that the curve's steps then imply leave as many patients at risk as are printed at its end. In the last interval it is
the published number of events that decides. Source: Guyot P, Ades AE, Ouwens MJNM, Welton NJ. BMC Med Res Methodol
2012;12:9, doi:10.1186/1471-2288-12-9. One difference: censored patients keep their evenly spread times, where the
published program moves them to the middle between two digitized points.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from her2sim.analysis.kaplan_meier import Bools, Floats
from her2sim.analysis.logrank import Ints
from her2sim.analysis.reconstruct.clicks import Clicks, clicks
from her2sim.evidence.importers.curve_csv import DigitizedCurve, RiskTable

_TRIES = 500


@dataclass(frozen=True)
class RebuiltPatients:
    """Patient-level data that would give the published curve.

    Main arguments:
        time: (n_patients,) to event or censoring, in the unit of the curve; sorted.
        event: (n_patients,) bool.
        unit: of time, "" if the curve did not say.
    """

    time: Floats
    event: Bools
    unit: str = ""


def rebuild(curve: DigitizedCurve, risk: RiskTable, events: int | None = None) -> RebuiltPatients:
    """Rebuild the patients of one arm, however badly they fit: ``her2sim.analysis.reconstruct.audit`` judges that.

    Main arguments:
        curve: digitized points.
        risk: printed numbers at risk; the first is the number of patients.

    Other arguments:
        events: published number of events in the whole arm; None where it is not known.

    Raises:
        InputError: curve and table count time in different units.

    >>> curve = DigitizedCurve(np.array([1.0, 2.0, 3.0]), np.array([0.75, 0.5, 0.25]))
    >>> rebuilt = rebuild(curve, RiskTable(np.array([0.0]), np.array([4])))
    >>> rebuilt.time.tolist(), rebuilt.event.tolist()
    ([1.0, 2.0, 3.0, 3.0], [True, True, True, False])
    """
    points = clicks(curve, risk)
    work = _Work(points)
    last = len(points.first) - 1
    for interval, (start, stop) in enumerate(pairwise(points.first.tolist())):
        work.fit_interval(interval, start, stop)
    work.fit_tail(last, events)
    return _patients(work, curve.unit)


class _Work:
    """Events and censored patients per point, filled interval by interval."""

    def __init__(self, points: Clicks) -> None:
        self.time, self.survival = points.time, points.survival
        self.first, self.at_risk = points.first, points.at_risk.copy()
        count = len(points.time)
        self.deaths: Ints = np.zeros(count, dtype=np.int64)
        self.censored: list[Floats] = []
        self.height = 1.0
        """Kaplan-Meier estimate after the last event of the finished intervals."""

    def fit_interval(self, interval: int, start: int, stop: int) -> None:
        """Find how many were censored between two printed times."""
        now, then = int(self.at_risk[interval]), int(self.at_risk[interval + 1])
        falls = self.survival[stop] / self.survival[start] if self.survival[start] > 0.0 else 0.0
        wanted = max(_round(now * falls - then), 0)
        tried: set[int] = set()
        best: tuple[int, int] | None = None
        for _ in range(_TRIES):
            left, _, _ = self._walk(start, stop, now, self._spread(wanted, start, stop))
            if best is None or abs(left - then) < best[0]:
                best = (abs(left - then), wanted)
            if left == then or wanted in tried:
                break
            tried.add(wanted)
            wanted = max(wanted + left - then, 0)
        censored = self._spread(best[1] if best else 0, start, stop)
        left, deaths, self.height = self._walk(start, stop, now, censored)
        self.deaths[start:stop] = deaths
        self.censored.append(censored)
        self.at_risk[interval + 1] = min(left, then)
        surplus = left - then
        if surplus > 0:  # more are left than printed, and no spread mends it: they leave at the printed time
            self.censored.append(np.full(surplus, self.time[stop]))

    def fit_tail(self, interval: int, events: int | None) -> None:
        """The last interval, whose end is not printed: by the events, else by the rate of censoring before."""
        start, stop = int(self.first[interval]), len(self.time)
        now = int(self.at_risk[interval])
        earlier = int(self.deaths[:start].sum())
        end = stop - 1
        span = self.time[start] - self.time[0]
        before = sum(len(group) for group in self.censored)
        wanted = _round(before * (self.time[end] - self.time[start]) / span) if span > 0.0 else 0
        wanted = min(wanted, now)
        _, deaths, _ = self._walk(start, stop, now, self._spread(wanted, start, end))
        if events is not None:
            wanted, deaths = self._by_events(start, stop, now, wanted, events - earlier)
        censored = self._spread(wanted, start, end)[: max(now - int(deaths.sum()), 0)]
        self.deaths[start:stop] = deaths
        self.censored.append(censored)

    def _by_events(self, start: int, stop: int, now: int, wanted: int, target: int) -> tuple[int, Ints]:
        """Censored patients and events of the tail, nearest to the events that are still to be found."""
        if target <= 0:
            return 0, np.zeros(stop - start, dtype=np.int64)
        best: tuple[int, int, Ints] | None = None
        tried: set[int] = set()
        for _ in range(_TRIES):
            _, deaths, _ = self._walk(start, stop, now, self._spread(wanted, start, stop - 1))
            surplus = int(deaths.sum()) - target
            if best is None or abs(surplus) < best[0]:
                best = (abs(surplus), wanted, deaths)
            if surplus == 0 or wanted in tried:
                break
            tried.add(wanted)
            wanted = min(max(wanted + surplus, 0), now)
        assert best is not None
        return best[1], best[2]

    def _spread(self, count: int, start: int, stop: int) -> Floats:
        """Times of ``count`` censored patients, evenly between two points."""
        steps = np.arange(1, count + 1) / (count + 1)
        return self.time[start] + steps * (self.time[stop] - self.time[start])

    def _walk(self, start: int, stop: int, now: int, censored: Floats) -> tuple[int, Ints, float]:
        """Patients left, events per point and height of the curve after the points ``start`` to ``stop - 1``."""
        edges = self.time[start:stop]
        place = np.searchsorted(edges, censored, side="right") - 1
        leaving = np.bincount(place, minlength=stop - start)
        deaths = np.zeros(stop - start, dtype=np.int64)
        height, left = self.height, now
        for at in range(stop - start):
            if left > 0 and height > 0.0:
                dead = min(max(_round(left * (1.0 - float(self.survival[start + at]) / height)), 0), left)
                if dead:
                    deaths[at] = dead
                    height *= 1.0 - dead / left
                    left -= dead
            left = max(left - int(leaving[at]), 0)
        return left, deaths, height


def _patients(work: _Work, unit: str) -> RebuiltPatients:
    """One row per patient; who neither had an event nor was censored before is censored at the end of the curve."""
    total = int(work.at_risk[0])
    died = np.repeat(work.time, work.deaths)[:total]
    left = np.sort(np.concatenate(work.censored))[: total - len(died)]
    rest = np.full(total - len(died) - len(left), work.time[-1])
    time = np.concatenate([died, left, rest])
    event = np.concatenate([np.ones(len(died), dtype=np.bool_), np.zeros(len(left) + len(rest), dtype=np.bool_)])
    order = np.lexsort((~event, time))
    return RebuiltPatients(time[order], event[order], unit)


def _round(value: float) -> int:
    return int(np.floor(value + 0.5))
