"""Network meta-analysis to the printed digits of netmeta's own paper.

Balduzzi S et al. J Stat Softw 2023;106(2), doi:10.18637/jss.v106.i02: example 1 (Stowe 2010, adjuvant treatments in
Parkinson's disease, off-time in hours, one three-arm trial; pages 18 to 25) and example 2 (Dogliotti 2014,
antithrombotics, five trials of three arms, one trial without events; Figure 9). Data as distributed with netmeta.
"""

from __future__ import annotations

import math

import pytest

from her2sim.analysis.meta.comparisons import Comparison, log_odds_ratios, mean_differences
from her2sim.analysis.meta.inconsistency import decomposition, splits
from her2sim.analysis.meta.league import league
from her2sim.analysis.meta.network import Network, network
from her2sim.analysis.meta.ranking import p_scores

STOWE = """\
DA(pr/B) Int | Dopamine Agonist -1.9 4.3 152 | Placebo -0.3 4.4 76
DA(B) Germany | Dopamine Agonist -3.4 2.78 20 | Placebo 0.3 3.66 20
DA(C)Spain | Dopamine Agonist -3.33 3.47 14 | Placebo -2.47 3.91 12
DA(C) UK | Dopamine Agonist -2 2.33 18 | Placebo -0.7 2.25 16
DA(C) USA | Dopamine Agonist -2.08 3.19 89 | Placebo -0.77 3.34 46
DA(pe) N America | Dopamine Agonist -1.8 4.8 189 | Placebo -0.2 4.8 187
DA(Pr) Aus/ger | Dopamine Agonist -2.3 2.7 23 | Placebo 0.4 3.5 37
DA(Pr) CLEOPATRA | Dopamine Agonist -2.8 2.83 200 | Placebo -0.9 5 100
DA(Pr) Denmark | Dopamine Agonist -1.2 2.9 29 | Placebo -0.9 5 29
DA(Pr) Europe | Dopamine Agonist -1.94 2.59 174 | Placebo -0.12 3.11 180
DA(Pr) US/CANADA | Dopamine Agonist -2.4 3.4 174 | Placebo -0.7 3.7 172
DA(Pr) EASE-PD | Dopamine Agonist -2.1 4.54 201 | Placebo -0.3 4.41 190
DA(Pr) France/Eng | Dopamine Agonist -1.74 2.36 23 | Placebo -2.22 3 23
DA(Pr) UK/Israel | Dopamine Agonist -1.33 2.35 42 | Placebo -0.75 2.81 22
DA(Pr) USA | Dopamine Agonist -1.53 4.28 90 | Placebo -1.22 3.7 53
COMTI(E) Colemen | COMTI -1.6 2.5 129 | Placebo -0.9 3.4 74
COMTI(E) ComQol | COMTI -1 1.9 174 | Placebo -0.9 2 96
COMTI(E) INT-OZ | COMTI -0.86 2.9 99 | Placebo -0.54 3.13 63
LARGO | COMTI -1.2 2.21 218 | Placebo -0.4 2.21 218 | MAOBI -1.18 2.23 222
COMTI(E) Nomecomt | COMTI -1.3 2.2 85 | Placebo -0.1 2.45 86
COMTI(E) Sth Korea | COMTI -1.5 2.55 98 | Placebo -1 2.29 99
COMTI(E) UK/Irish | COMTI -1.1 2.55 115 | Placebo -0.3 2.85 57
COMTI(T) China | COMTI -1.9 3.3 20 | Placebo 0.15 3.3 20
COMTI(T) Europe | COMTI -2.03 2.6 60 | Placebo -0.67 2.8 58
COMTI(T) TFSG1 | COMTI -1.61 1.77 40 | Placebo -0.04 1.75 42
COMTI(T) TFSG3 | COMTI -2 2.49 69 | Placebo -0.3 2.55 72
COMTI(T) TIPS I | COMTI -1.78 2.76 31 | Placebo -0.11 2.63 37
MAOBI(R) PRESTO | MAOBI -1.85 2.5 149 | Placebo -0.91 2.5 159
MAOBI(ZS) USA | MAOBI -2.2 2.43 94 | Placebo -0.6 2.49 46
"""
DOGLIOTTI = """\
AFASAK-I 1989 | VKAs 9/335 | Aspirin 16/336 | Placebo/Control 19/336
BAATAF 1990 | VKAs 3/212 | Placebo/Control 13/208
CAFA 1991 | VKAs 6/187 | Placebo/Control 9/191
SPAF-I 1991 | VKAs 8/210 | Aspirin 24/552 | Placebo/Control 42/568
SPINAF 1992 | VKAs 7/260 | Placebo/Control 23/265
EAFT 1993 | VKAs 20/225 | Aspirin 88/404 | Placebo/Control 90/378
SPAF-II 1994 | VKAs 39/555 | Aspirin 42/545
AFASAK-II 1998 | VKAs 10/170 | Aspirin 9/169
PATAF 1999 | VKAs 3/131 | Aspirin 22/319
LASAF 1999 | Aspirin 5/194 | Placebo/Control 3/91
ACTIVE (W) 2006 | VKAs 59/3371 | Aspirin+Clopidogtrel 100/3335
JAST 2006 | Aspirin 17/426 | Placebo/Control 18/445
ACTIVE (A) 2006 | Aspirin+Clopidogtrel 296/3772 | Aspirin 408/3782
Chinese/ATAFS 2006 | VKAs 9/335 | Aspirin 17/369
BAFTA 2007 | VKAs 21/488 | Aspirin 44/485
RE-LY 2009 | Dabigatran 110mg 171/6015 | Dabigatran 150mg 122/6076 | VKAs 185/6022
ROCKET 2011 | Rivaroxaban 188/7081 | VKAs 240/7090
ARISTOTLE 2011 | Apixaban 197/9120 | VKAs 248/9081
AVERROES 2011 | Apixaban 49/2808 | Aspirin 105/2791
WASPO, 2007 | VKAs 0/36 | Aspirin 0/39
"""


def parkinson() -> Network:
    found: list[Comparison] = []
    for line in STOWE.splitlines():
        study, *arms = line.split(" | ")
        cells = [arm.rsplit(" ", 3) for arm in arms]
        found += mean_differences(study, {name: (float(y), float(sd), int(n)) for name, y, sd, n in cells})
    return network(found)


def stroke() -> list[Comparison]:
    found: list[Comparison] = []
    for line in DOGLIOTTI.splitlines():
        study, *arms = line.split(" | ")
        cells = [arm.rsplit(" ", 1) for arm in arms]
        counts = {name: count.split("/") for name, count in cells}
        found += log_odds_ratios(study, {name: (int(events), int(n)) for name, (events, n) in counts.items()})
    return found


def test_effects_of_example_1() -> None:
    printed = {
        "COMTI": (-0.95, -1.27, -0.63, -5.79),
        "Dopamine Agonist": (-1.49, -1.86, -1.12, -7.88),
        "MAOBI": (-1.03, -1.56, -0.50, -3.81),
    }
    for each in parkinson().random.against("Placebo"):
        assert each.z is not None
        assert tuple(round(x, 2) for x in (each.value, each.low, each.high, each.z)) == printed[each.treatment]


def test_size_and_heterogeneity_of_example_1() -> None:
    found = parkinson()
    shape = found.geometry
    assert (len(shape.studies), len(found.comparisons), len(shape.treatments), len(shape.designs)) == (29, 31, 4, 4)
    assert (round(found.tau2, 4), round(math.sqrt(found.tau2), 4), round(found.i2, 3)) == (0.1518, 0.3896, 0.439)
    assert (round(found.q, 2), found.df) == (48.15, 27)


def test_decomposition_of_q_of_example_1() -> None:
    found = decomposition(parkinson())
    tests = (found.total, found.within, found.between, found.interaction)
    assert [(round(x.q, 2), x.df, round(x.p_value or 0.0, 4)) for x in tests] == [
        (48.15, 27, 0.0074),
        (46.91, 25, 0.0050),
        (1.24, 2, 0.5376),
        (0.45, 2, 0.7968),
    ]
    assert (round(found.tau2_within, 4), round(math.sqrt(found.tau2_within), 4)) == (0.2067, 0.4547)
    assert {x.name: (round(x.q, 2), x.df, round(x.p_value or 0.0, 4)) for x in found.designs} == {
        "COMTI:Placebo": (23.65, 10, 0.0086),
        "Dopamine Agonist:Placebo": (21.70, 14, 0.0850),
        "MAOBI:Placebo": (1.56, 1, 0.2114),
    }
    assert {x.name: (round(x.q, 2), x.df, x.p_value and round(x.p_value, 4)) for x in found.detached} == {
        "COMTI:Placebo": (1.21, 1, 0.2709),
        "MAOBI:Placebo": (0.02, 1, 0.8793),
        "COMTI:MAOBI:Placebo": (0.00, 0, None),
    }


def test_direct_and_indirect_evidence_of_example_1() -> None:
    printed = {
        ("COMTI", "Dopamine Agonist"): (0, 0.0, 0.55, None, 0.55, None, None),
        ("COMTI", "MAOBI"): (1, 0.44, 0.09, -0.02, 0.17, -0.19, 0.7450),
        ("COMTI", "Placebo"): (12, 0.98, -0.95, -0.93, -1.65, 0.72, 0.5071),
        ("Dopamine Agonist", "MAOBI"): (0, 0.0, -0.46, None, -0.46, None, None),
        ("Dopamine Agonist", "Placebo"): (15, 1.0, -1.49, -1.49, None, None, None),
        ("MAOBI", "Placebo"): (3, 0.90, -1.03, -1.03, -1.08, 0.05, 0.9544),
    }
    for each in splits(parkinson()):
        values = [None if x is None else round(x.value, 2) for x in (each.direct, each.indirect, each.difference)]
        p_value = None if each.difference is None else round(each.difference.p_value or 0.0, 4)
        row = (each.studies, round(each.direct_share, 2), round(each.network.value, 2), *values, p_value)
        assert row == printed[each.treatment, each.reference]


def test_p_scores_and_league_table_of_example_1() -> None:
    found = parkinson()
    scores = {name: round(score, 4) for name, score in p_scores(found.random).items()}
    assert scores == {"Dopamine Agonist": 0.9677, "MAOBI": 0.5664, "COMTI": 0.4659, "Placebo": 0.0}
    assert list(scores) == ["Dopamine Agonist", "MAOBI", "COMTI", "Placebo"]
    assert league(found, ratio=False, intervals=False).cells == (
        ("Dopamine Agonist", ".", ".", "-1.49"),
        ("-0.46", "MAOBI", "0.02", "-1.03"),
        ("-0.55", "-0.09", "COMTI", "-0.93"),
        ("-1.49", "-1.03", "-0.95", "Placebo"),
    )


@pytest.mark.parametrize(
    ("treatment", "printed"),
    [
        ("Apixaban", (0.33, 0.25, 0.44)),
        ("Aspirin", (0.78, 0.63, 0.96)),
        ("Aspirin+Clopidogtrel", (0.58, 0.45, 0.74)),
        ("Dabigatran 110mg", (0.38, 0.28, 0.52)),
        ("Dabigatran 150mg", (0.27, 0.19, 0.37)),
        ("Rivaroxaban", (0.32, 0.24, 0.44)),
        ("VKAs", (0.41, 0.32, 0.52)),
    ],
)
def test_common_odds_ratios_of_example_2(treatment: str, printed: tuple[float, float, float]) -> None:
    each = network(stroke()).fixed.of(treatment, "Placebo/Control")
    assert tuple(round(math.exp(x), 2) for x in (each.value, each.low, each.high)) == printed


def test_comparisons_of_example_2_are_those_printed_and_the_trial_without_events_is_left_out() -> None:
    found = stroke()
    first = [(round(x.effect, 7), round(x.std_error, 7)) for x in found[:5]]
    assert first == [
        (-0.5939405, 0.4240325),
        (-0.7752100, 0.4122678),
        (-0.1812695, 0.3484410),
        (-1.5356718, 0.6482047),
        (-0.3999555, 0.5373985),
    ]
    assert "WASPO, 2007" not in {x.study for x in found}
