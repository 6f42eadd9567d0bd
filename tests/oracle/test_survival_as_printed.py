"""Kaplan-Meier, log-rank and Cox against printed results of R's survival package and of textbooks.

R: saved outputs of the package's own tests, https://github.com/therneau/survival, tests/doaml.Rout.save (data ``aml``,
Miller 1981), tests/ovarian.Rout.save (data ``ovarian``, Edmunson 1979) and its example of ``survdiff``.
Leukemia: Freireich EJ et al. Blood 1963;21:699, as in Kleinbaum DG, Klein M. Survival Analysis, chapters 2 and 3
(weeks in remission on 6-MP and on placebo). Numbers are compared to the digits printed.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from her2sim.analysis.cox import cox
from her2sim.analysis.estimate import Estimate
from her2sim.analysis.hazard_ratio import hazard_ratio
from her2sim.analysis.kaplan_meier import (
    SurvivalCurve,
    kaplan_meier,
    restricted_mean,
    risk_table,
    survival_at,
    survival_quantile,
)
from her2sim.analysis.logrank import logrank


def censored(words: str) -> tuple[np.ndarray, np.ndarray]:
    """Times and events from text such as ``"9 13 13+"``; ``+`` marks censoring."""
    parts = words.split()
    return (
        np.array([float(part.rstrip("+")) for part in parts]),
        np.array([not part.endswith("+") for part in parts]),
    )


def two(first: str, second: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, events and group (0, 1) of two samples."""
    (t0, e0), (t1, e1) = censored(first), censored(second)
    return np.concatenate([t0, t1]), np.concatenate([e0, e1]), np.repeat([0, 1], [len(t0), len(t1)])


MAINTAINED = "9 13 13+ 18 23 28+ 31 34 45+ 48 161+"
NONMAINTAINED = "5 5 8 8 12 16+ 23 27 30 33 43 45"
AML = two(MAINTAINED, NONMAINTAINED)
SIX_MP = "6 6 6 7 10 13 16 22 23 6+ 9+ 10+ 11+ 17+ 19+ 20+ 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"
LEUKEMIA = two(SIX_MP, PLACEBO)
# futime, fustat, age, resid.ds, rx, ecog.ps
OVARIAN = np.fromstring(
    """
    59 1 72.3315 2 1 1    115 1 74.4932 2 1 1    156 1 66.4658 2 1 2    421 0 53.3644 2 2 1    431 1 50.3397 2 1 1
    448 0 56.4301 1 1 2   464 1 56.9370 2 2 2    475 1 59.8548 2 2 2    477 0 64.1753 2 1 1    563 1 55.1781 1 2 2
    638 1 56.7562 1 1 2   744 0 50.1096 1 2 1    769 0 59.6301 2 2 2    770 0 57.0521 2 2 1    803 0 39.2712 1 1 1
    855 0 43.1233 1 1 2   1040 0 38.8932 2 1 2   1106 0 44.6000 1 1 1   1129 0 53.9068 1 2 1   1206 0 44.2055 2 2 1
    1227 0 59.5890 1 2 2  268 1 74.5041 2 1 2    329 1 43.1370 2 1 1    353 1 63.2192 1 2 2    365 1 64.4247 2 2 1
    377 0 58.3096 1 2 1
    """,
    sep=" ",
).reshape(26, 6)
TIME, EVENT = OVARIAN[:, 0], OVARIAN[:, 1].astype(bool)
AGE, RESIDUAL, TREATMENT, ECOG = 2, 3, 4, 5


def at_events(curve: SurvivalCurve) -> list[tuple[float, ...]]:
    """Rows (time, n.risk, n.event, survival, std.err, lower, upper) as R's summary prints them."""
    keep = curve.events > 0
    columns = (curve.time, curve.at_risk, curve.events, curve.survival, curve.std_error, curve.low, curve.high)
    return list(zip(*(column[keep].tolist() for column in columns), strict=True))


def matches(found: list[tuple[float, ...]], printed: str) -> None:
    rows = [line.split() for line in printed.strip().splitlines()]
    assert len(found) == len(rows)
    for numbers, words in zip(found, rows, strict=True):
        for number, word in zip(numbers, words, strict=True):
            if word in ("NA", "NaN"):
                assert math.isnan(number)
            else:
                digits = len(word.split(".")[1]) if "." in word else 0
                assert abs(number - float(word)) <= 0.5000001 * 10**-digits, (numbers, words)


class TestKaplanMeierAsInR:
    def test_aml_maintained(self) -> None:
        matches(
            at_events(kaplan_meier(*censored(MAINTAINED), confidence="log")),
            """
             9     11       1    0.909  0.0867       0.7541        1.000
            13     10       1    0.818  0.1163       0.6192        1.000
            18      8       1    0.716  0.1397       0.4884        1.000
            23      7       1    0.614  0.1526       0.3769        0.999
            31      5       1    0.491  0.1642       0.2549        0.946
            34      4       1    0.368  0.1627       0.1549        0.875
            48      2       1    0.184  0.1535       0.0359        0.944
            """,
        )

    def test_aml_nonmaintained_down_to_zero(self) -> None:
        matches(
            at_events(kaplan_meier(*censored(NONMAINTAINED), confidence="log")),
            """
             5     12       2   0.8333  0.1076       0.6470        1.000
             8     10       2   0.6667  0.1361       0.4468        0.995
            12      8       1   0.5833  0.1423       0.3616        0.941
            23      6       1   0.4861  0.1481       0.2675        0.883
            27      5       1   0.3889  0.1470       0.1854        0.816
            30      4       1   0.2917  0.1387       0.1148        0.741
            33      3       1   0.1944  0.1219       0.0569        0.664
            43      2       1   0.0972  0.0919       0.0153        0.620
            45      1       1   0.0000     NaN           NA           NA
            """,
        )

    def test_ovarian_one_curve(self) -> None:
        matches(
            at_events(kaplan_meier(TIME, EVENT, confidence="log")),
            """
             59     26       1    0.962  0.0377        0.890        1.000
            115     25       1    0.923  0.0523        0.826        1.000
            156     24       1    0.885  0.0627        0.770        1.000
            268     23       1    0.846  0.0708        0.718        0.997
            329     22       1    0.808  0.0773        0.670        0.974
            353     21       1    0.769  0.0826        0.623        0.949
            365     20       1    0.731  0.0870        0.579        0.923
            431     17       1    0.688  0.0919        0.529        0.894
            464     15       1    0.642  0.0965        0.478        0.862
            475     14       1    0.596  0.0999        0.429        0.828
            563     12       1    0.546  0.1032        0.377        0.791
            638     11       1    0.497  0.1051        0.328        0.752
            """,
        )

    def test_medians_of_aml_with_their_limits(self) -> None:
        maintained = survival_quantile(kaplan_meier(*censored(MAINTAINED), confidence="log"))
        nonmaintained = survival_quantile(kaplan_meier(*censored(NONMAINTAINED), confidence="log"))
        assert maintained == Estimate(31.0, 18.0, None)
        assert nonmaintained == Estimate(23.0, 8.0, None)

    def test_median_not_reached_has_no_value_but_a_reason(self) -> None:
        found = survival_quantile(kaplan_meier(*censored("5 9+ 9+ 9+")))
        assert (found.value, found.reason) == (None, "not reached")

    def test_limits_are_one_before_the_first_event(self) -> None:
        curve = kaplan_meier(*censored("3+ 5 9 10+"))
        assert (curve.low[0], curve.high[0]) == (1.0, 1.0)


class TestKaplanMeierAsInKleinbaumKlein:
    def test_six_mp(self) -> None:
        curve = kaplan_meier(*censored(SIX_MP))
        rows = [(row[0], row[1], row[2], row[3]) for row in at_events(curve)]
        matches(
            rows,
            """
             6 21 3 .8571
             7 17 1 .8067
            10 15 1 .7529
            13 12 1 .6902
            16 11 1 .6275
            22  7 1 .5378
            23  6 1 .4482
            """,
        )

    def test_medians(self) -> None:
        assert survival_quantile(kaplan_meier(*censored(SIX_MP))).value == 23.0
        assert survival_quantile(kaplan_meier(*censored(PLACEBO))).value == 8.0

    def test_log_log_limits_solve_their_own_equation(self) -> None:
        # at week 10, S = 0.7529, se = 0.0963: S ** exp(+-1.96 se / (S log S)), worked by hand
        found = survival_at(kaplan_meier(*censored(SIX_MP)), 10.0)
        assert found.value is not None
        theta = math.exp(1.959964 * 0.0963 / (0.7529 * math.log(0.7529)))
        assert found.high == pytest.approx(0.7529**theta, abs=2e-4)
        assert found.low == pytest.approx(0.7529 ** (1 / theta), abs=2e-4)

    def test_risk_table_counts_are_whole_and_add_up(self) -> None:
        table = risk_table(kaplan_meier(*censored(SIX_MP)), [0.0, 10.0, 20.0, 30.0, 40.0])
        assert table["at_risk"].tolist() == [21, 15, 8, 4, 0]
        assert table["events"].tolist() == [0, 5, 7, 9, 9]
        assert table["censored"].tolist() == [0, 3, 7, 8, 12]
        assert all(str(kind) == "int64" for kind in table.dtypes[1:])


class TestLogRank:
    def test_aml_as_in_R(self) -> None:
        found = logrank(*AML)
        assert found.observed.tolist() == [7, 11]
        np.testing.assert_allclose(found.expected, [10.69, 7.31], atol=0.005)
        assert (round(found.chi2 or 0, 1), round(found.p_value or 0, 4)) == (3.4, 0.0653)

    def test_leukemia_as_in_KleinbaumKlein(self) -> None:
        found = logrank(*LEUKEMIA)
        assert round(found.chi2 or 0, 2) == 16.79
        np.testing.assert_allclose(found.expected, [19.25, 10.75], atol=0.005)

    def test_ovarian_as_in_R(self) -> None:
        found = logrank(TIME, EVENT, OVARIAN[:, TREATMENT].astype(int))
        np.testing.assert_allclose(found.expected, [5.23, 6.77], atol=0.005)
        assert (round(found.chi2 or 0, 1), round(found.p_value or 0, 1)) == (1.1, 0.3)

    def test_a_group_never_at_risk_changes_nothing_as_in_R(self) -> None:
        # tests/difftest.R: seven dummies censored before the first event
        time = np.concatenate([AML[0], [1, 2, 2, 3, 3, 3, 4]])
        event = np.concatenate([AML[1], np.zeros(7, dtype=bool)])
        found = logrank(time, event, np.concatenate([AML[2], np.full(7, 2)]))
        assert found.chi2 == pytest.approx(logrank(*AML).chi2)
        assert found.degrees == 1

    def test_it_equals_the_score_test_of_cox_where_no_times_are_tied(self) -> None:
        # slope and information of the partial likelihood at 0, by hand
        treated = OVARIAN[:, TREATMENT] == 2
        slope = information = 0.0
        for when, arm in zip(TIME[EVENT], treated[EVENT], strict=True):
            share = treated[when <= TIME].mean()
            slope, information = slope + arm - share, information + share * (1 - share)
        found = logrank(TIME, EVENT, OVARIAN[:, TREATMENT].astype(int))
        assert found.chi2 == pytest.approx(slope**2 / information, rel=1e-12)

    def test_strata_sum_observed_less_expected(self) -> None:
        group, strata = OVARIAN[:, TREATMENT].astype(int), OVARIAN[:, RESIDUAL].astype(int)
        parts = [logrank(TIME[strata == k], EVENT[strata == k], group[strata == k]) for k in (1, 2)]
        whole = logrank(TIME, EVENT, group, strata)
        np.testing.assert_allclose(whole.expected, parts[0].expected + parts[1].expected)


class TestCoxAsInR:
    @pytest.mark.parametrize(
        ("columns", "coefficients", "errors"),
        [
            ([AGE], "0.162", "0.0497"),
            ([RESIDUAL], "1.21", "0.672"),
            ([TREATMENT], "-0.596", "0.587"),
            ([ECOG], "0.398", "0.586"),
            ([RESIDUAL, TREATMENT, ECOG], "1.347 -0.749 0.453", "0.680 0.595 0.590"),
            ([AGE, TREATMENT, ECOG], "0.147 -0.815 0.103", "0.0463 0.6342 0.6064"),
            ([AGE, RESIDUAL, ECOG], "0.142 0.663 0.166", "0.052 0.750 0.615"),
            ([AGE, RESIDUAL, TREATMENT], "0.129 0.696 -0.849", "0.0473 0.7585 0.6392"),
        ],
    )
    def test_ovarian(self, columns: list[int], coefficients: str, errors: str) -> None:
        fit = cox(TIME, EVENT, OVARIAN[:, columns])
        assert fit is not None
        matches([tuple(fit.coefficient), tuple(fit.std_error)], f"{coefficients}\n{errors}")
        assert (fit.n, fit.events) == (26, 12)

    def test_ovarian_with_strata(self) -> None:
        fit = cox(TIME, EVENT, OVARIAN[:, [AGE, ECOG]], strata=OVARIAN[:, TREATMENT].astype(int))
        assert fit is not None
        np.testing.assert_allclose(fit.coefficient, [0.13853, -0.09670], atol=6e-6)
        np.testing.assert_allclose(fit.std_error, [0.04801, 0.62994], atol=6e-6)

    @pytest.mark.parametrize(("ties", "coefficient"), [("efron", 0.916), ("breslow", 0.904)])
    def test_aml_with_many_ties(self, ties: str, coefficient: float) -> None:
        time, event, group = AML
        found = hazard_ratio(time, event, group == 1, ties=ties)
        assert found.value is not None
        assert round(math.log(found.value), 3) == coefficient

    @pytest.mark.parametrize(("ties", "coefficient"), [("efron", 1.572), ("breslow", 1.509)])
    def test_leukemia_as_in_KleinbaumKlein(self, ties: str, coefficient: float) -> None:
        time, event, group = LEUKEMIA
        found = hazard_ratio(time, event, group == 1, ties=ties)
        assert found.value is not None
        assert round(math.log(found.value), 3) == coefficient

    def test_interval_of_the_hazard_ratio_as_in_KleinbaumKlein(self) -> None:
        time, event, group = LEUKEMIA
        found = hazard_ratio(time, event, group == 1, ties="breslow")
        assert [round(bound or 0, 3) for bound in (found.value, found.low, found.high)] == [4.523, 2.027, 10.094]

    @pytest.mark.parametrize("ties", ["efron", "breslow"])
    def test_the_direct_solution_equals_statsmodels(self, ties: str) -> None:
        for time, event, treated in (
            (AML[0], AML[1], AML[2] == 1),
            (LEUKEMIA[0], LEUKEMIA[1], LEUKEMIA[2] == 1),
            (TIME, EVENT, OVARIAN[:, TREATMENT] == 2),
        ):
            found = hazard_ratio(time, event, treated, ties=ties)
            fit = cox(time, event, treated[:, None].astype(float), ties=ties)
            assert fit is not None
            assert found.value is not None and found.low is not None
            assert math.log(found.value) == pytest.approx(fit.coefficient[0], abs=1e-9)
            width = math.log(found.value / found.low) / 1.959963984540054
            assert width == pytest.approx(fit.std_error[0], rel=1e-8)

    def test_strata_of_the_direct_solution_equal_statsmodels(self) -> None:
        strata = OVARIAN[:, RESIDUAL].astype(int)
        treated = OVARIAN[:, TREATMENT] == 2
        found = hazard_ratio(TIME, EVENT, treated, strata=strata)
        fit = cox(TIME, EVENT, treated[:, None].astype(float), strata=strata)
        assert fit is not None and found.value is not None
        assert math.log(found.value) == pytest.approx(fit.coefficient[0], abs=1e-8)


def test_restricted_mean_is_the_area_under_the_steps() -> None:
    # 6-MP to week 23: 6 + .8571 + 3(.8067) + 3(.7529) + 3(.6902) + 6(.6275) + .5378, steps of the table above
    area = 6 + 0.8571 + 3 * 0.8067 + 3 * 0.7529 + 3 * 0.6902 + 6 * 0.6275 + 0.5378
    found = restricted_mean(kaplan_meier(*censored(SIX_MP)), 23.0)
    assert found.value == pytest.approx(area, abs=1e-3)


def test_restricted_mean_without_censoring_has_the_error_of_a_mean() -> None:
    times = np.array([1.0, 4.0, 6.0, 9.0])
    found = restricted_mean(kaplan_meier(times, np.ones(4, dtype=bool)), 9.0)
    assert found.value == pytest.approx(times.mean())
    assert found.high is not None and found.value is not None
    assert (found.value - (found.low or 0)) / 1.959964 == pytest.approx(times.std() / math.sqrt(4), rel=1e-6)
