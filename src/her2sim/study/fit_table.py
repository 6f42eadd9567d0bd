"""The table of the first fit: showcase trials simulated at their own size, beside what was published, good or bad.

``python -m her2sim.study.fit_table [--patients N] [--workers W]`` runs the trials (into ``runs/showcase``) and prints
the table in Markdown; it is kept in ``docs/reference/first-fit.md``.
"""

from __future__ import annotations

from pathlib import Path

from her2sim.analysis.comparison import Compared
from her2sim.evidence.roles import role_of
from her2sim.study.compare import compare
from her2sim.study.run import run

TRIALS = ("CLEOPATRA", "EMILIA", "DESTINY-Breast03", "ToGA", "HER2CLIMB")
SHOWN = ("ORR", "PFS_median", "OS_median", "PFS hazard ratio", "OS hazard ratio")
UNITS = {"percent": " %", "months": " mo", "ratio": ""}


def table_of(folders: dict[str, Path]) -> str:
    """The Markdown table of finished runs, one row per published primary figure.

    Main arguments:
        folders: trial id -> its run folder.
    """
    head = (
        "| trial (role) | arm or contrast | figure | published | simulated (95 % interval) | difference |",
        "|---|---|---|---|---|---|",
    )
    rows: list[str] = []
    for trial, folder in folders.items():
        for row in compare(folder).rows:
            if row.primary and row.endpoint in SHOWN:
                rows.append(_row(f"{trial} ({role_of(trial)})", row))
    return "\n".join((*head, *rows)) + "\n"


def _row(trial: str, row: Compared) -> str:
    unit = UNITS.get(row.unit, f" {row.unit}")
    mark = "" if row.read else " (recalled)"
    published = _number(row.published, unit) + _interval(row.published_ci95) + mark
    simulated = _number(row.simulated, unit) + _interval(row.simulated_ci95)
    return f"| {trial} | {row.arm} | {row.endpoint} | {published} | {simulated} | {_difference(row)} |"


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return "not reached" if value == float("inf") else f"{value:.2f}" if not unit else f"{value:.1f}{unit}"


def _interval(interval: tuple[float | None, float | None] | None) -> str:
    if interval is None:
        return ""
    low, high = ("NR" if bound is None or bound == float("inf") else f"{bound:.3g}" for bound in interval)
    return f" ({low} to {high})"


def _difference(row: Compared) -> str:
    if row.ratio is not None:
        return f"{100.0 * (row.ratio - 1.0):+.0f} %"
    return "–" if row.difference is None else f"{row.difference:+.1f} points"


def main() -> None:
    """Run the showcase trials and print the table."""
    import argparse

    parser = argparse.ArgumentParser(description="Simulate the showcase trials and print the table of the fit.")
    parser.add_argument("--patients", type=int, default=None, help="per arm; default: the trial's own")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/showcase"))
    given = parser.parse_args()
    folders: dict[str, Path] = {}
    for trial in TRIALS:
        done = run(trial, patients=given.patients, workers=given.workers, out=given.out / trial)
        folders[trial] = done.folder
    print(table_of(folders))


if __name__ == "__main__":
    main()
