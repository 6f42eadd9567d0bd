"""Results of arms from a CSV table to records: one row per figure of an arm, or per comparison of two arms."""

from __future__ import annotations

from typing import Any

from her2sim.core.errors import InputError, did_you_mean
from her2sim.evidence.importers.imported import Imported, ImportReport, Remark
from her2sim.evidence.importers.kept_back import STATUS, kept_back, results_left_out
from her2sim.evidence.importers.source_text import SourceText
from her2sim.evidence.importers.table_rows import Row, table_rows
from her2sim.record.endpoints import endpoint_names, is_endpoint
from her2sim.record.reading import record_from_mapping
from her2sim.record.types import TrialRecord

FORMAT = "arms"
TRIAL = ("trial", "disease", "setting", "nct", "phase", "status", "population")
ARM = ("arm", "n", "regimen")
FIGURE = ("endpoint", "value", "unit", "ci_low", "ci_high", "assessor", "confirmed", "n_evaluated", "data_cut", "note")
CONTRAST = ("reference", "hr", "odds_ratio", "difference", "p_value")
SOURCE = ("citation", "url", "read")
COLUMNS = (*TRIAL, *ARM, *FIGURE, *CONTRAST, *SOURCE)
NEEDED = ("trial", "disease", "setting", "arm")
_RATIOS = ("hr", "odds_ratio")


def import_arms(source: SourceText) -> Imported:
    r"""Records from a table of results.

    A row with ``reference`` compares two arms (``hr``, ``odds_ratio``, ``difference``, ``p_value``); a row without is
    a figure of its arm (``value``, ``unit``), or only names the arm if ``endpoint`` is empty. ``regimen`` lists drugs
    with ``+`` between them. ``NR`` in ``value``, ``ci_low`` or ``ci_high`` is a figure that was not reached.

    Raises:
        InputError: a wrong table, a cell that is impossible or contradicts an earlier row, an unknown endpoint: with
            file, line and column. Nothing is returned then.

    >>> text = "trial,disease,setting,arm,n,regimen,endpoint,value,unit\n"
    >>> text += "X,breast,metastatic-1L,A,90,docetaxel,ORR,55,percent"
    >>> import_arms(SourceText("t.csv", text)).records[0].arms[0].results[0].value
    55.0
    """
    rows = table_rows(source, COLUMNS, NEEDED)
    trials: dict[str, dict[str, Any]] = {}
    for row in rows:
        for column in NEEDED:
            if not row.text(column):
                raise row.error(column, f"{column} is missing")
        _trial(trials, row)
    records: list[TrialRecord] = []
    unread: list[Remark] = []
    for name, values in trials.items():
        first = values.pop("_line")
        unread += _keep_back(values, f"line {first}")
        for contrast in values["contrasts"]:
            _check_reference(contrast, values, source.name)
        try:
            records.append(record_from_mapping(values, f"{source.name}:{first}"))
        except InputError as error:
            raise InputError(
                f"trial {name!r}: {error.what}", where=error.where, why=error.why, hint=error.hint
            ) from None
    figures = sum(len(arm.results) for record in records for arm in record.arms)
    comparisons = sum(len(record.contrasts) for record in records)
    read = f"{len(rows)} rows: {len(records)} trials, {figures} figures of arms, {comparisons} comparisons"
    return Imported(ImportReport(FORMAT, source.name, (read,), unmapped=tuple(unread)), tuple(records))


def _keep_back(values: dict[str, Any], place: str) -> list[Remark]:
    """Take out the results of a trial whose results are withheld, and of other trials those that it is cited for."""
    cited = {key: kept_back("", source["citation"]) for key, source in values["sources"].items()}
    trial = kept_back(values.get("nct", ""), values["id"])
    found: list[Remark] = []
    for name in [trial] if trial else sorted(set(cited.values()) - {""}):
        dropped = 0
        for rows in (values["contrasts"], *(arm["results"] for arm in values["arms"])):
            kept = [row for row in rows if not trial and cited.get(row.get("source", "")) != name]
            dropped += len(rows) - len(kept)
            rows[:] = kept
        if trial:
            values["status"] = STATUS
        found.append(results_left_out(name, place, f"{dropped} results of {values['id']}"))
    return found


def _trial(trials: dict[str, dict[str, Any]], row: Row) -> None:
    name = row.text("trial")
    fresh = {"id": name, "arms": [], "contrasts": [], "sources": {}, "_line": row.line}
    values = trials.setdefault(name, fresh)
    for column in TRIAL[1:]:
        _same(row, column, values, column)
    arm: dict[str, Any] | None = next((item for item in values["arms"] if item["name"] == row.text("arm")), None)
    if arm is None:
        arm = {"name": row.text("arm"), "regimen": [], "results": []}
        values["arms"].append(arm)
    n = row.count("n", 1)
    if n is not None:
        if arm.get("n", n) != n:
            raise row.error("n", f"arm {arm['name']!r} had n {arm['n']} in an earlier row")
        arm["n"] = n
    drugs = [{"drug": drug.strip().lower()} for drug in row.text("regimen").split("+") if drug.strip()]
    if drugs:
        if arm["regimen"] not in ([], drugs):
            raise row.error("regimen", f"arm {arm['name']!r} had another regimen in an earlier row")
        arm["regimen"] = drugs
    endpoint = row.text("endpoint")
    if not endpoint:
        return
    if not is_endpoint(endpoint):
        raise row.error("endpoint", f"unknown endpoint {endpoint[:40]!r}", did_you_mean(endpoint, endpoint_names()[0]))
    key = _source(values["sources"], row)
    common: dict[str, Any] = {
        "endpoint": endpoint, "assessor": row.text("assessor"), "data_cut": row.text("data_cut"),
        "note": row.text("note"), "source": key, "read": _flag(row, "read") or False,
    }  # fmt: skip
    if row.text("reference"):
        values["contrasts"].append(_given({**common, **_contrast(row), "_line": row.line}))
    else:
        arm["results"].append(_given({**common, **_figure(row, arm.get("n"))}))


def _figure(row: Row, n: int | None) -> dict[str, Any]:
    for column in CONTRAST:
        if row.text(column):
            raise row.error(column, f"{column} needs a reference", "Name the arm it is compared with, under reference.")
    reached = row.text("value").upper() != "NR"
    unit = row.text("unit")
    if not unit:
        raise row.error("unit", "the unit is missing", "Write for example months or percent.")
    low, high = (0.0, 100.0) if unit in ("percent", "%") else (-1e9, 1e9)
    if unit in ("days", "weeks", "months", "years"):
        low = 0.0
    value = row.number("value", low, high) if reached else None
    if reached and value is None:
        raise row.error("value", "the value is missing", "NR marks a figure that was not reached.")
    evaluated = row.count("n_evaluated")
    if evaluated is not None and n is not None and evaluated > n:
        raise row.error("n_evaluated", f"{evaluated} evaluated of {n} patients")
    return {
        "value": value if reached else "NR", "unit": "percent" if unit == "%" else unit, "ci95": _interval(row, value),
        "confirmed": _flag(row, "confirmed"), "n_evaluated": evaluated,
    }  # fmt: skip


def _contrast(row: Row) -> dict[str, Any]:
    given = [column for column in (*_RATIOS, "difference") if row.text(column)]
    if len(given) > 1:
        raise row.error(given[1], f"a row holds one of {', '.join(given)}", "Write the other in a row of its own.")
    if not given and not row.text("p_value"):
        raise row.error("hr", "a comparison needs hr, odds_ratio, difference or p_value")
    if row.text("value"):
        raise row.error("value", "a comparison has no value", "Write the values of the arms in rows of their own.")
    value = None
    made: dict[str, Any] = {"arm": row.text("arm"), "reference": row.text("reference")}
    if given:
        value = row.number(given[0], 1e-6, 1e6) if given[0] in _RATIOS else row.number(given[0])
        made[given[0]] = value
    return made | {"p_value": row.number("p_value", 0.0, 1.0), "ci95": _interval(row, value)}


def _interval(row: Row, value: float | None) -> list[Any] | None:
    cells = [row.text("ci_low"), row.text("ci_high")]
    if not any(cells):
        return None
    if not all(cells):
        raise row.error("ci_low", "one bound of the interval is missing", "NR marks a bound that was not reached.")
    low, high = (
        None if cell.upper() == "NR" else row.number(column)
        for cell, column in zip(cells, ("ci_low", "ci_high"), strict=True)
    )
    if low is not None and high is not None and low > high:
        raise row.error("ci_low", f"the lower bound {low:g} is above the upper {high:g}")
    if value is not None and ((low is not None and low > value) or (high is not None and high < value)):
        raise row.error("ci_low", f"{value:g} lies outside its interval")
    return ["NR" if bound is None else bound for bound in (low, high)]


def _flag(row: Row, column: str) -> bool | None:
    words = {"": None, "true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    text = row.text(column).lower()
    if text not in words:
        raise row.error(column, f"{text[:20]!r} is neither true nor false")
    return words[text]


def _source(sources: dict[str, dict[str, Any]], row: Row) -> str:
    citation, url = row.text("citation"), row.text("url")
    if not citation and not url:
        return ""
    for key, source in sources.items():
        if (source["citation"], source.get("url", "")) == (citation, url):
            return key
    key = f"S{len(sources) + 1}"
    sources[key] = {"citation": citation, **({"url": url} if url else {}), "read": False}
    return key


def _same(row: Row, column: str, values: dict[str, Any], key: str) -> None:
    text = row.text(column)
    if text and values.setdefault(key, text) != text:
        raise row.error(column, f"trial {row.text('trial')!r} had {values[key]!r} in an earlier row")


def _check_reference(contrast: dict[str, Any], values: dict[str, Any], file: str) -> None:
    line = contrast.pop("_line")
    names = [arm["name"] for arm in values["arms"]]
    if contrast["reference"] not in names or contrast["reference"] == contrast["arm"]:
        raise InputError(
            f"{contrast['reference']!r} is not another arm of {values['id']!r}",
            where=f"{file}:{line}: reference",
            hint=f"Its arms are {', '.join(names)}.",
        )


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None and value != ""}
