"""Names of endpoints: those of the contract, patterns such as ``PFS_rate_12mo``, and those of the evidence base."""

from __future__ import annotations

import re
from functools import lru_cache

from her2sim.core.paths import data_dir
from her2sim.record.yaml_reading import load_yaml_file

Names = frozenset[str]


@lru_cache(maxsize=1)
def endpoint_names() -> tuple[Names, tuple[re.Pattern[str], ...]]:
    """All single names, and the patterns of families of names, of ``data/evidence/endpoints.yaml``."""
    table = load_yaml_file(data_dir("evidence") / "endpoints.yaml").value
    names = frozenset(str(name) for group in table["names"].values() for name in group)
    return names, tuple(re.compile(row["pattern"]) for row in table["patterns"])


def is_endpoint(name: str) -> bool:
    """Whether a record may use this endpoint name.

    >>> is_endpoint("PFS_rate_12mo"), is_endpoint("PSF_median")
    (True, False)
    """
    names, patterns = endpoint_names()
    return name in names or any(pattern.fullmatch(name) for pattern in patterns)
