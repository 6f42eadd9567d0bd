"""The fit that is kept in ``fits/`` is the one that was frozen: its page and cross-validation are of this model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from her2sim.model.frozen import load_frozen
from her2sim.study import fit_runs
from her2sim.study.fit import load
from her2sim.study.fit_runs import Evaluations

KEPT = Path(__file__).parents[2] / "fits" / "fourth"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KEPT, tmp_path / "fit"))


def test_its_mode_and_draws_are_the_frozen_ones(folder: Path) -> None:
    found, frozen = load(folder), load_frozen()
    assert frozen is not None
    values = {n.number: n.from_score(float(z)) for n, z in zip(found.free, found.mode, strict=True)}
    assert values == pytest.approx(dict(frozen.values), rel=1e-9)
    drawn = np.array([[n.score(draw[n.number]) for n in found.free] for draw in frozen.draws])
    nearest = np.abs(drawn[:, None] - found.posterior.points[None]).max(axis=2).min(axis=1)
    assert nearest.max() < 1e-4, "every frozen draw is one of its posterior"
    fitted = {(row["trial"], row["arm"], row["figure"]): row["residual"] for row in frozen.figures}
    for target, value in zip(found.data.targets, found.fitted, strict=True):
        residual = (value - target.value) / target.error
        assert fitted[target.trial, target.arm, target.name] == pytest.approx(residual, abs=0.006)


def test_its_evaluations_say_what_the_emulator_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("nothing is to be simulated")

    monkeypatch.setattr(fit_runs, "evaluate_trial", refuse)
    found = load(folder)
    names = [number.number for number in found.free]
    runs = Evaluations(folder, names, [record.id for record in found.data.records], accept=True)
    figures = runs.at(found.mode[None], patients=450, seed=12)[0]
    assert figures == pytest.approx(found.fitted), "kept, not simulated again"
    known = np.isfinite(found.emulator.error)
    assert found.emulator(found.mode[None])[0][known] == pytest.approx(figures[known], abs=1e-9)
