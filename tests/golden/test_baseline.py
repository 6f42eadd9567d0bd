"""Baseline numbers stay where they are until somebody renews them on purpose."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import yaml

HERE = Path(__file__).parent


def test_no_number_of_the_baseline_has_moved() -> None:
    spec = importlib.util.spec_from_file_location("her2sim_golden_baseline", HERE / "baseline.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.moved(yaml.safe_load((HERE / "baseline.yaml").read_text()), module.numbers())
    assert not found, (
        f"{len(found)} numbers have moved. If that is meant, run `python tests/golden/baseline.py --renew` and say why "
        "in the changelog:\n" + "\n".join(found[:30])
    )
