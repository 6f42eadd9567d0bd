"""Meta-analysis of the evidence base and the benchmarks, as tables, text, JSON, CSV and figures."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from her2sim.analysis.benchmarks.arm_figures import outcome_rule
from her2sim.analysis.benchmarks.by_setting import SettingError, errors_by_setting, judged_ratios
from her2sim.analysis.benchmarks.forecast import Forecast, forecast_arms, forecast_ratio
from her2sim.analysis.benchmarks.leave_one_out import Judged, ScoreRow, benchmark_arms, benchmark_ratios
from her2sim.analysis.benchmarks.targets import TargetPrediction
from her2sim.analysis.meta.components import ComponentNetwork, component_network
from her2sim.analysis.meta.inconsistency import decomposition, splits
from her2sim.analysis.meta.league import effect_text, league
from her2sim.analysis.meta.network import Effect, Model, Network, networks
from her2sim.analysis.meta.network_geometry import geometry
from her2sim.analysis.meta.ranking import p_scores
from her2sim.analysis.meta.treatments import abbreviations, choices, short_name
from her2sim.analysis.meta.trial_effects import TrialEffects, trial_effects
from her2sim.core.errors import InputError, did_you_mean
from her2sim.evidence.base import all_records, load_record

ARM_OUTCOMES = ("ORR", "PFS median", "OS median", "pCR")
RATIO_OUTCOMES = (
    ("PFS", "breast", "metastatic"),
    ("OS", "breast", "metastatic"),
    ("PFS", "gastric", "metastatic"),
    ("DFS", "breast", ""),
)


@dataclass(frozen=True)
class NetworkRow:
    """One treatment against the reference of its part of the network; effects as ratios in words."""

    part: int
    treatment: str
    reference: str
    effect: str
    direct: str
    indirect: str
    disagreement: float | None
    p_score: float


@dataclass(frozen=True)
class Analysis:
    """The network of an outcome in the evidence base.

    Main arguments:
        effects: what went in.
        networks: one analysis for each part, larger first.
        additive: the additive component model over all parts.
        model: whose effects are shown.
        references: treatment that the others of each part are compared with.
    """

    effects: TrialEffects
    networks: tuple[Network, ...]
    additive: ComponentNetwork
    model: Model
    references: tuple[str, ...]

    @property
    def outcome(self) -> str:
        """PFS, OS, …"""
        return self.effects.outcome[0]

    @property
    def measure(self) -> str:
        """What the effects are: hazard ratio or odds ratio."""
        return self.effects.outcome[1].measure

    @property
    def small_is_good(self) -> bool:
        """Whether smaller effects are better."""
        return self.effects.outcome[1].small_is_good

    def rows(self) -> tuple[NetworkRow, ...]:
        """All treatments, best first within each part."""
        found: list[NetworkRow] = []
        for number, (part, reference) in enumerate(zip(self.networks, self.references, strict=True), start=1):
            effects = part.effects(self.model)
            evidence = {frozenset((each.treatment, each.reference)): each for each in splits(part, model=self.model)}
            for name, score in p_scores(effects, small_is_good=self.small_is_good).items():
                if name == reference:
                    found.append(NetworkRow(number, name, reference, "reference", "", "", None, score))
                    continue
                split = evidence[frozenset((name, reference))]
                turn = split.treatment != name
                found.append(
                    NetworkRow(
                        number,
                        name,
                        reference,
                        effect_text(effects.of(name, reference)),
                        _ratio(split.direct, turn),
                        _ratio(split.indirect, turn),
                        None if split.difference is None else split.difference.p_value,
                        score,
                    )
                )
        return tuple(found)

    def component_rows(self) -> tuple[tuple[str, str], ...]:
        """Each component and its ratio when added; empty where trials do not tell it."""
        model = self.additive.model(self.model)
        return tuple(
            (name, "" if each is None else effect_text(each))
            for name, each in zip(model.names, model.components(), strict=True)
        )

    def summaries(self) -> tuple[str, ...]:
        """One line on each part: size, heterogeneity, inconsistency."""
        return tuple(_summary(part) for part in self.networks)

    def mapping(self) -> dict[str, Any]:
        """Everything as plain data, ready for JSON; effects on the log scale."""
        return {
            "outcome": self.outcome,
            "measure": self.measure,
            "model": self.model,
            "comparisons": [asdict(each) for each in self.effects.comparisons],
            "recalled": list(self.effects.recalled),
            "left_out": dict(self.effects.left_out),
            "parts": [
                {
                    "treatments": list(part.geometry.treatments),
                    "reference": reference,
                    "tau2": part.tau2,
                    "i2": part.i2,
                    "q": part.q,
                    "df": part.df,
                    "p_value": part.p_value,
                    "effects": [asdict(each) for each in part.effects(self.model).against(reference)],
                    "p_scores": p_scores(part.effects(self.model), small_is_good=self.small_is_good),
                }
                for part, reference in zip(self.networks, self.references, strict=True)
            ],
            "additive": {
                "tau2": self.additive.tau2,
                "components": [None if x is None else asdict(x) for x in self.additive.model(self.model).components()],
                "q": asdict(self.additive.additive),
                "difference": asdict(self.additive.difference),
            },
        }

    def contrasts_csv(self) -> str:
        """What went in, one comparison per row, in the columns that netmeta reads."""
        rows = [
            {"studlab": x.study, "treat1": x.treatment, "treat2": x.reference, "TE": x.effect, "seTE": x.std_error,
             "derived": x.derived}
            for x in self.effects.comparisons
        ]  # fmt: skip
        return table_csv(rows)

    def league_csv(self) -> str:
        """League table of each part, parts divided by an empty line."""
        return "\n".join(
            league(part, model=self.model, small_is_good=self.small_is_good).csv() for part in self.networks
        )

    def save_figures(self, folder: Path) -> tuple[Path, ...]:
        """Write the network and a forest of each larger part into a folder, as SVG and PNG.

        Main arguments:
            folder: made if need be.
        """
        from her2sim.plots.effects_forest import EffectRow, effects_figure
        from her2sim.plots.network import network_figure
        from her2sim.plots.saving import save_figure

        shape = geometry(self.effects.comparisons)
        labels = {name: short_name(name) for name in shape.treatments}
        figure = network_figure(
            shape,
            title=f"{self.outcome}: trials with {'an' if self.measure[0] == 'o' else 'a'} {self.measure}",
            labels=labels,
            legend=abbreviations(shape.treatments),
        )
        paths = [*save_figure(figure, folder, "network")]
        for number, (part, reference) in enumerate(zip(self.networks, self.references, strict=True), start=1):
            effects = part.effects(self.model)
            ordered = [name for name in p_scores(effects, small_is_good=self.small_is_good) if name != reference]
            if len(ordered) < 2:
                continue
            found = [effects.of(name, reference) for name in ordered]
            rows = [
                EffectRow(labels[x.treatment], math.exp(x.value), math.exp(x.low), math.exp(x.high), effect_text(x))
                for x in found
            ]
            forest = effects_figure(
                rows,
                title=f"{self.outcome}, against {labels[reference]}",
                subtitle=f"network meta-analysis, {self.model} effects, 95% intervals",
                axis=self.measure,
            )
            paths += save_figure(forest, folder, f"forest-{number}")
        return tuple(paths)


def analyze(
    endpoint: str = "PFS",
    *,
    disease: str = "breast",
    setting: str = "metastatic",
    reference: str = "",
    model: Model = "random",
    visible: Collection[str] | None = None,
) -> Analysis:
    """Network meta-analysis of an outcome in the evidence base.

    Main arguments:
        endpoint: ``PFS``, ``OS``, ``DFS`` (hazard ratios), ``ORR``, ``pCR`` (odds ratios).
        disease, setting: which trials; a setting or its beginning (``metastatic``, ``1L``); empty for all.

    Other arguments:
        reference: treatment, or its short name, that others are compared with; the most studied if not given.
        model: ``random`` or ``fixed`` effects.
        visible: ids of the trials that may be used; all but the withheld ones if not given.

    Raises:
        InputError: an unknown outcome or reference, or no trial fits.

    >>> found = analyze("OS", setting="1L")
    >>> found.networks[0].effects().of("pertuzumab+taxane+trastuzumab", "taxane+trastuzumab").value < 0
    True
    """
    if model not in ("random", "fixed"):
        raise InputError(f"unknown model {model!r}.", hint="Choose random or fixed.")
    table = {name.lower(): name for name in choices().ratios}
    if endpoint.lower() not in table:
        raise InputError(f"unknown outcome {endpoint!r}.", hint=did_you_mean(endpoint, choices().ratios))
    effects = trial_effects(all_records(), table[endpoint.lower()], disease=disease, setting=setting, visible=visible)
    if not effects.comparisons:
        raise InputError(
            f"no trial of the evidence base compares treatments by {endpoint} for {disease or 'any disease'}, "
            f"{setting or 'any setting'}.",
            hint="`her2sim trials` lists what there is; try another --setting.",
        )
    parts = networks(effects.comparisons)
    names = geometry(effects.comparisons).treatments
    asked = _named(reference, names) if reference else ""
    references = tuple(asked if asked in part.geometry.treatments else most_studied(part) for part in parts)
    additive = component_network(effects.comparisons, effects.compositions)
    return Analysis(effects, parts, additive, model, references)


def most_studied(part: Network) -> str:
    """The treatment of a network with the most trials; among equals the one of the fewest parts, then by name."""
    counts = {
        name: sum(name in treatments for treatments in part.geometry.studies.values())
        for name in part.geometry.treatments
    }
    return min(counts, key=lambda name: (-counts[name], name.count("+"), name))


@dataclass(frozen=True)
class Benchmarks:
    """Errors of all benchmarks on trials they have not seen, single predictions of arms, and errors by setting."""

    rows: tuple[ScoreRow, ...]
    judged: tuple[Judged, ...]
    settings: tuple[SettingError, ...]

    def markdown(self) -> str:
        """The tables for the documentation: over all settings, then by disease and setting."""
        head = "| outcome | benchmark | predicted | trials | median error | rms | bias | in 90% interval |"
        lines = [head, "|---|---|---:|---:|---:|---:|---:|---:|"]
        lines += ["| " + " | ".join(score_cells(row)) + " |" for row in self.rows]
        lines += [
            "",
            "| outcome | disease, setting | benchmark | predicted | median error |",
            "|---|---|---|---:|---:|",
        ]
        lines += ["| " + " | ".join(setting_cells(row)) + " |" for row in self.settings]
        return "\n".join(lines) + "\n"


def benchmarks(*, visible: Collection[str] | None = None, correlation: float | None = None) -> Benchmarks:
    """Judge all benchmarks with one trial left out at a time.

    Other arguments:
        visible: ids of the trials that may be used; all but the withheld ones if not given.
        correlation: of independent drug action; that of ``data/meta/treatments.yaml`` if not given.
    """
    records = all_records()
    rows: list[ScoreRow] = []
    judged: list[Judged] = []
    for outcome in ARM_OUTCOMES:
        scores, single = benchmark_arms(records, outcome, visible=visible, correlation=correlation)
        rows += scores
        judged += single
    ratios: list[Judged] = []
    for outcome, disease, setting in RATIO_OUTCOMES:
        scores, trials = benchmark_ratios(records, outcome, disease=disease, setting=setting, visible=visible)
        rows += scores
        ratios += judged_ratios(outcome, trials)
    places = {record.id: (record.disease, record.setting) for record in records}
    return Benchmarks(tuple(rows), tuple(judged), errors_by_setting([*judged, *ratios], places))


def forecasts(trial: str, *, visible: Collection[str] | None = None) -> tuple[Forecast, ...]:
    """What the benchmarks say of a trial from the others, as if its results were not known.

    Main arguments:
        trial: id of a built-in trial, or a YAML file.

    Other arguments:
        visible: ids of the trials that may be used; all but the withheld ones if not given.

    Raises:
        InputError: no such trial.

    >>> {row.outcome for row in forecasts("NeoSphere")}
    {'pCR'}
    """
    record, records = load_record(trial), all_records()
    rows: list[Forecast] = []
    for outcome in ARM_OUTCOMES:
        if record.setting.startswith(choices().arm_figures[outcome].settings):
            rows += forecast_arms(records, record, outcome, visible=visible)
    if record.setting.startswith("metastatic"):
        for outcome in ("PFS", "OS"):
            for one, other in combinations([arm.name for arm in record.arms], 2):
                found = forecast_ratio(records, record, outcome, one, other, visible=visible)
                rows += [] if found is None else [found]
    return tuple(rows)


def forecast_cells(row: Forecast) -> tuple[str, ...]:
    """A forecast in words."""
    ratio = bool(row.reference)
    unit, digits = ("", 2) if ratio else ("%", 0) if outcome_rule(row.outcome).unit == "percent" else (" months", 1)
    interval = "" if row.low is None or row.high is None else f"{row.low:.{digits}f}-{row.high:.{digits}f}"
    arm = f"{row.arm} against {row.reference}" if ratio else row.arm
    outcome = f"{row.outcome} hazard ratio" if ratio else row.outcome
    return arm, outcome, row.method, f"{row.value:.{digits}f}{unit}", interval, row.basis


def score_cells(row: ScoreRow) -> tuple[str, ...]:
    """A row of the table of benchmarks in words."""
    unit = " points" if row.unit == "percent" else "-fold"
    return (
        row.outcome,
        row.method,
        f"{row.figures} of {row.of}",
        str(row.trials),
        f"{row.median_error:.1f}{unit}" if row.unit == "percent" else f"{row.median_error:.2f}{unit}",
        f"{row.root_mean_square:.2f}",
        f"{row.bias:+.2f}",
        "" if row.coverage is None else f"{row.coverage:.0%}",
    )


def setting_cells(row: SettingError) -> tuple[str, ...]:
    """A row of the table of benchmarks by setting in words."""
    error = f"{row.median_error:.1f} points" if row.unit == "percent" else f"{row.median_error:.2f}-fold"
    return row.outcome, f"{row.disease}, {row.setting}", row.method, f"{row.figures} of {row.of}", error


def as_json(value: Any) -> str:
    """Plain data as JSON; numbers that are not finite become null."""
    return json.dumps(_plain(value), ensure_ascii=False, indent=1, allow_nan=False)


def table_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as comma-separated values; the keys of the first are the header."""
    target = io.StringIO()
    if rows:
        writer = csv.DictWriter(target, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return target.getvalue()


def rows_as_mappings(
    rows: Sequence[NetworkRow | ScoreRow | SettingError | Judged | Forecast | TargetPrediction],
) -> list[dict[str, Any]]:
    """Rows as plain mappings."""
    return [asdict(row) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _ratio(effect: Effect | None, turned: bool) -> str:
    if effect is None:
        return ""
    if not turned:
        return effect_text(effect)
    low, value, high = -effect.high, -effect.value, -effect.low
    return f"{math.exp(value):.2f} ({math.exp(low):.2f}-{math.exp(high):.2f})"


def _summary(part: Network) -> str:
    studies = len(part.geometry.studies)
    words = f"{studies} {'trial' if studies == 1 else 'trials'}, {len(part.geometry.treatments)} treatments"
    if part.df == 0:
        return f"{words}; every comparison rests on one trial, so heterogeneity cannot be told"
    found = decomposition(part)
    text = f"{words}; tau {math.sqrt(part.tau2):.2f}, I2 {part.i2:.0%}, Q {part.q:.1f} on {part.df} df"
    within, between = found.within, found.between
    text += f" (within designs {within.q:.1f} on {within.df}, between {between.q:.1f} on {between.df}"
    return text + (f", p {between.p_value:.3f})" if between.p_value is not None else ")")


def _named(reference: str, names: Sequence[str]) -> str:
    for name in names:
        if reference.lower() in (name.lower(), short_name(name).lower()):
            return name
    known = [*names, *(short_name(name) for name in names)]
    raise InputError(f"{reference!r} is not a treatment of this network.", hint=did_you_mean(reference, known))
