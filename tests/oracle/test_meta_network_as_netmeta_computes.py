"""The diabetes network of Senn 2013 to ten digits of netmeta's own run.

Data: Senn S et al. Stat Methods Med Res 2013;22:169, doi:10.1177/0962280211432220, contrasts as given with netmeta
(HbA1c, one three-arm trial). Numbers: ``decomp.design`` of netmeta run in R, as recorded in
https://github.com/mahmood726-cyber/ubcma (nma/verify/decomp_reference.csv, total, within and between designs).
"""

from __future__ import annotations

import pytest

from her2sim.analysis.meta.comparisons import Comparison
from her2sim.analysis.meta.inconsistency import decomposition
from her2sim.analysis.meta.network import network

SENN = """\
DeFronzo1995 metf plac -1.9 0.1414
Lewin2007 metf plac -0.82 0.0992
Willms1999 metf acar -0.2 0.3579
Davidson2007 rosi plac -1.34 0.1435
Wolffenbuttel1999 rosi plac -1.1 0.1141
Kipnes2001 piog plac -1.3 0.1268
Kerenyi2004 rosi plac -0.77 0.1078
Hanefeld2004 piog metf 0.16 0.0849
Derosa2004 piog rosi 0.1 0.1831
Baksi2004 rosi plac -1.3 0.1014
Rosenstock2008 rosi plac -1.09 0.2263
Zhu2003 rosi plac -1.5 0.1624
Yang2003 rosi metf -0.14 0.2239
Vongthavaravat2002 rosi sulf -1.2 0.1436
Oyama2008 acar sulf -0.4 0.1549
Costa1997 acar plac -0.8 0.1432
Hermansen2007 sita plac -0.57 0.1291
Garber2008 vild plac -0.7 0.1273
Alex1998 metf sulf -0.37 0.1184
Johnston1994 migl plac -0.74 0.1839
Johnston1998a migl plac -1.41 0.2235
Kim2007 rosi metf 0 0.2339
Johnston1998b migl plac -0.68 0.2828
Gonzalez-Ortiz2004 metf plac -0.4 0.4356
Stucci1996 benf plac -0.23 0.3467
Moulin2006 benf plac -1.01 0.1366
Willms1999 metf plac -1.2 0.3758
Willms1999 acar plac -1 0.4669
"""


def diabetes() -> list[Comparison]:
    rows = [line.rsplit(" ", 4) for line in SENN.splitlines()]
    return [Comparison(study, one, other, float(effect), float(error)) for study, one, other, effect, error in rows]


def test_q_of_senn_2013() -> None:
    found = decomposition(network(diabetes()))
    assert (found.total.df, found.within.df, found.between.df) == (18, 11, 7)
    assert found.total.q == pytest.approx(96.9855530052601, rel=1e-12)
    assert found.within.q == pytest.approx(74.4552817355127, rel=1e-12)
    assert found.between.q == pytest.approx(22.5302712697474, rel=1e-12)
