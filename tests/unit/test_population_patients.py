"""The table of patients and the door through which users bring their own."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.population.patients import Patients, concat


def table(n: int = 5) -> Patients:
    return Patients(np.arange(10, 10 + n), {"weight_kg": np.linspace(50, 90, n), "female": np.ones(n)})


def test_a_table_survives_the_way_to_pandas_and_back() -> None:
    back = Patients.from_frame(table().to_frame())
    assert back.ids.tolist() == table().ids.tolist()
    assert {n: v.tolist() for n, v in back.columns.items()} == {n: v.tolist() for n, v in table().columns.items()}


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=6, max_size=6))
def test_parts_of_a_table_put_together_are_the_table(mask: list[bool]) -> None:
    whole, chosen = table(6), np.array(mask)
    parts = concat([whole.take(chosen), whole.take(~chosen)])
    order = np.argsort(parts.ids)
    assert parts.ids[order].tolist() == whole.ids.tolist()
    assert parts["weight_kg"][order].tolist() == whole["weight_kg"].tolist()


def test_columns_cannot_be_changed_in_place_but_the_callers_arrays_can() -> None:
    weights = np.array([60.0, 70.0])
    patients = Patients(np.arange(2), {"weight_kg": weights})
    with pytest.raises(ValueError, match="read-only"):
        patients["weight_kg"][0] = 1.0
    with pytest.raises(TypeError):
        patients.columns["height_cm"] = weights  # pyright: ignore[reportIndexIssue]
    weights[0] = 61.0  # the caller's array stays the caller's


def test_a_table_can_be_sent_to_a_worker() -> None:
    back = pickle.loads(pickle.dumps(table()))
    assert back["weight_kg"].tolist() == table()["weight_kg"].tolist()


def test_tables_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="columns differ"):
        concat([table(), table().with_columns({"age_years": np.ones(5)})])
    with pytest.raises(ValueError, match="repeat"):
        concat([table(), table()])
    with pytest.raises(ValueError, match="weight_kg"):
        Patients(np.arange(2), {"weight_kg": np.ones(3)})


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"weight": [60.0]}, ["column weight", "weight_kg"]),
        ({"albumin_g_per_dL": [4.0]}, ["albumin_g_per_dL", "albumin_g_per_L"]),
        ({"albumin_g_per_L": [40.0, 4.0]}, ["row 2", "albumin_g_per_L", "from 10 to 60 g/L", "4.0"]),
        ({"weight_kg": [60.0, np.nan]}, ["row 2", "weight_kg", "nan"]),
        ({"weight_kg": ["60", "heavy"]}, ["row 2", "weight_kg", "'heavy'"]),
        ({"female": [1, 0, 0.5]}, ["row 3", "female", "whole number"]),
        ({"patient": [1, 2, 1], "female": [1, 1, 1]}, ["row 3", "patient 1", "row 1"]),
        ({"patient": [1, -2], "female": [1, 1]}, ["row 2", "column patient"]),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(frame: dict[str, list[object]], words: list[str]) -> None:
    with pytest.raises(InputError) as error:
        Patients.from_frame(pd.DataFrame(frame), origin="mine.csv")
    assert "mine.csv" in str(error.value)
    for word in words:
        assert word in str(error.value), f"{word!r} is not in {error.value}"


def test_traits_of_the_model_may_stand_in_a_users_table() -> None:
    frame = pd.DataFrame({"growth_patient": [1.5]})
    with pytest.raises(InputError, match="growth_patient"):
        Patients.from_frame(frame)
    assert Patients.from_frame(frame, traits=["growth_patient"])["growth_patient"].tolist() == [1.5]
