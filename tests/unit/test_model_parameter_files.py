"""Every number has a home that says what it is, in a unit that can be read, between bounds that hold it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pint import UnitRegistry

from her2sim.core.errors import InputError
from her2sim.core.quantity import Quantity
from her2sim.model.lesions import CLONES
from her2sim.model.parameters import load_parameters, read_parameter_folder

ALL = load_parameters().quantities
REGISTRY = UnitRegistry()
UNIT_OF_SUFFIX = {
    "_per_day": "1/day",
    "_um_per_day": "um/day",
    "_um2_per_day": "um**2/day",
    "_L_per_day": "L/day",
    "_ng_per_mL": "ng/mL",
    "_nM": "nM",
    "_mL": "mL",
    "_days": "day",
    "_mm": "mm",
}
"""The longest suffix of a name that is listed here tells the unit."""


@pytest.mark.parametrize("quantity", ALL.values(), ids=ALL)
def test_a_number_has_a_readable_unit_a_description_and_holds_its_bounds(quantity: Quantity) -> None:
    REGISTRY.parse_units(quantity.unit)
    assert quantity.description
    assert quantity.low <= quantity.value <= quantity.high
    assert quantity.spread_distribution in ("none", "lognormal", "logitnormal", "exponential")
    assert (quantity.spread > 0.0) is (quantity.spread_distribution != "none")
    if quantity.spread_distribution == "logitnormal":
        assert 0.0 < quantity.value < 1.0
    if quantity.uncertainty or quantity.spread_distribution == "lognormal":
        assert quantity.value > 0.0


def test_what_was_read_names_where() -> None:
    assert [q.name for q in ALL.values() if q.read and q.source == "assumed"] == []


@pytest.mark.parametrize(
    "row",
    [
        "her2_ratio",
        "kinase_mutation",
        "independent_drive",
        "addiction",
        "fitness",
        "cytotoxic_factor",
        *(f"payload_factor_{payload}" for payload in ("DM1", "DXd", "MMAE", "duocarmycin", "rezetecan")),
    ],
)
def test_the_table_of_clones_has_no_hole(row: str) -> None:
    assert [clone for clone in CLONES if f"{row}_{clone}" not in ALL] == []


def test_a_name_with_a_unit_in_it_has_that_unit() -> None:
    for name, quantity in ALL.items():
        ends = [suffix for suffix in UNIT_OF_SUFFIX if name.endswith(suffix)]
        if ends:
            unit = UNIT_OF_SUFFIX[max(ends, key=len)]
            assert REGISTRY.parse_units(quantity.unit) == REGISTRY.parse_units(unit), name


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ("sources: {}\nparameters: {a: {value: 1, unit: day, read: false, source: assumed}}", "two files"),
        ('sources: {x: {citation: "other words"}}\nparameters: {}', "different words"),
    ],
)
def test_files_that_contradict_each_other_are_refused(tmp_path: Path, second: str, told: str) -> None:
    first = 'sources: {x: {citation: "words"}}\nparameters: {a: {value: 2, unit: day, read: false, source: x}}'
    (tmp_path / "1.yaml").write_text(first)
    assert read_parameter_folder(tmp_path)["a"].value == 2.0
    (tmp_path / "2.yaml").write_text(second)
    with pytest.raises(InputError, match=told):
        read_parameter_folder(tmp_path)
