"""From the tables of patients and scans to what the waterfall and the spider show."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def best_changes(patients: pd.DataFrame, scans: pd.DataFrame, arm: str, assessor: str) -> pd.DataFrame:
    """Best change of target lesions of each patient of an arm, in the first replicate.

    Columns ``patient``, ``bor`` and ``best_change_pct``: the smallest change at any scan after the baseline scan
    (visit 0), NaN for patients without one.
    """
    mine = patients[(patients["arm"] == arm) & (patients["replicate"] == 0) & (patients["status"] == "done")]
    read = _scans_of(scans, arm, assessor)
    best = read[read["visit"] > 0].groupby("patient")["change_pct"].min()
    frame = mine[["patient", f"bor_{assessor}"]].rename(columns={f"bor_{assessor}": "bor"})
    return frame.assign(best_change_pct=frame["patient"].map(best)).reset_index(drop=True)


def change_tracks(patients: pd.DataFrame, scans: pd.DataFrame, arm: str, assessor: str) -> pd.DataFrame:
    """Change of target lesions at each scan, in the first replicate: ``patient``, ``day``, ``change_pct``, ``bor``.

    Patients with a single scan have no track.
    """
    read = _scans_of(scans, arm, assessor)
    read = read[read.groupby("patient")["change_pct"].transform("count") > 1]
    bor = best_changes(patients, scans, arm, assessor).set_index("patient")["bor"]
    tracks = read[["patient", "day", "change_pct"]].assign(bor=read["patient"].map(bor))
    return tracks.reset_index(drop=True)


def _scans_of(scans: pd.DataFrame, arm: str, assessor: str) -> pd.DataFrame:
    return scans[(scans["arm"] == arm) & (scans["assessor"] == assessor) & (scans["replicate"] == 0)]
