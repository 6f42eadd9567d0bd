"""The example of docs/reference/endpoints.md does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from her2sim.endpoints.censoring import reasons

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "endpoints.md").read_text(encoding="utf-8")


def test_the_example_gives_what_its_comments_say() -> None:
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)
    shown = re.findall(r"^labels\((.*?)\)\s+# (\[.*)$", found[1], re.MULTILINE)
    assert len(shown) == 2
    for expression, printed in shown:
        assert repr(eval(f"labels({expression}).tolist()", names)) == printed


def test_every_reason_of_the_data_file_is_explained_on_the_page() -> None:
    assert not [code for code in reasons() if f"`{code}`" not in PAGE]
