"""All rules by name."""

from __future__ import annotations

from her2sim.evidence.check import arms, counts, curves, earlier, intervals, ranges, significance, sources, versions
from her2sim.evidence.check.finding import Rule

RULES: tuple[Rule, ...] = (
    intervals.value_in_interval,
    intervals.ratio_in_the_middle,
    intervals.percentage_interval,
    significance.p_value_fits_interval,
    significance.interval_and_verdict,
    curves.rates_fall,
    curves.survival_above_progression,
    curves.medians_fit_rates,
    curves.ratios_fit_medians,
    curves.ratios_fit_rates,
    counts.count_fits_percentage,
    counts.percentage_of_whole_patients,
    counts.arms_make_the_trial,
    counts.evaluated_within_arm,
    ranges.percentage_up_to_100,
    ranges.unit_fits_endpoint,
    ranges.plausible_size,
    ranges.part_below_whole,
    arms.arms_exist,
    arms.two_arms,
    versions.data_cuts_in_order,
    versions.data_cut_is_a_date,
    versions.sources_agree,
    versions.said_once,
    versions.one_name,
    sources.figure_has_source,
    sources.read_has_address,
    sources.withheld_is_empty,
    earlier.lines_named,
    earlier.drugs_named,
)
