"""Additive component network meta-analysis to the printed digits of netmeta's own paper.

Balduzzi S et al. J Stat Softw 2023;106(2), doi:10.18637/jss.v106.i02, example 3 (Baker 2009, exacerbations of chronic
obstructive pulmonary disease, trials of up to four arms; pages 28 to 33). Data as distributed with netmeta.
"""

from __future__ import annotations

import math

from her2sim.analysis.meta.comparisons import Comparison, log_odds_ratios, treatments_of
from her2sim.analysis.meta.components import ComponentNetwork, component_network, split_names
from her2sim.analysis.meta.inconsistency import decomposition
from her2sim.analysis.meta.network import Effect, network
from her2sim.analysis.meta.ranking import p_scores

BAKER = """\
Llewellyn-Jones 1996 | Fluticasone 0/8 | Placebo 3/8
Boyd 1997 | Salmeterol 47/229 | Placebo 59/227
Paggiaro 1998 | Fluticasone 45/142 | Placebo 51/139
Mahler 1999 | Salmeterol 28/135 | Placebo 47/143
Casaburi 2000 | Tiotropium 45/279 | Placebo 41/191
Burge 2000 | Fluticasone 290/372 | Placebo 286/370
Littner 2000 | Tiotropium 0/33 | Placebo 1/35
vanNoord 2000 | Salmeterol 11/47 | Placebo 18/50
Rennard 2001 | Salmeterol 38/132 | Placebo 41/135
Casaburi 2002 | Tiotropium 198/550 | Placebo 156/371
Chapman 2002 | Salmeterol 52/201 | Placebo 68/207
Donohue 2002 | Tiotropium 77/209 | Salmeterol 82/213 | Placebo 92/201
Hattotuwa 2002 | Fluticasone 3/16 | Placebo 10/14
Mahler 2002 | Fluticasone 77/168 | Salmeterol 63/160 | Fluticasone+Salmeterol 68/165 | Placebo 79/181
Rossi 2002 | Formoterol 117/425 | Placebo 75/220
Brusasco 2003 | Tiotropium 129/402 | Salmeterol 142/405 | Placebo 156/400
Carverley-ERJ 2003 | Budesonide 167/257 | Formoterol 179/255 | Budesonide+Formoterol 140/254 | Placebo 154/256
Carverley-L 2003 | Fluticasone 221/374 | Salmeterol 216/372 | Fluticasone+Salmeterol 218/358 | Placebo 235/361
Celli 2003 | Salmeterol 95/554 | Placebo 59/270
Hanania 2003 | Fluticasone 79/183 | Salmeterol 65/177 | Fluticasone+Salmeterol 71/178 | Placebo 73/185
Szafranski 2004 | Budesonide 26/198 | Formoterol 38/201 | Budesonide+Formoterol 35/208 | Placebo 53/205
Odonnel 2004 | Tiotropium 7/96 | Placebo 11/91
Briggs 2005 | Tiotropium 30/328 | Salmeterol 36/325
Campbell 2005 | Formoterol 35/215 | Placebo 34/217
Niewoehner 2005 | Tiotropium 255/914 | Placebo 296/915
vanNoord 2005 | Tiotropium 4/70 | Formoterol 14/69
Barnes 2006 | Fluticasone+Salmeterol 11/67 | Placebo 24/73
Beeh 2006 | Tiotropium 180/1236 | Placebo 80/403
Dusser 2006 | Tiotropium 249/500 | Placebo 307/510
Odonnel 2006 | Fluticasone+Salmeterol 2/62 | Salmeterol 1/59 | Placebo 6/64
Stokley 2006 | Salmeterol 146/316 | Placebo 163/318
Verkindre 2006 | Tiotropium 0/43 | Placebo 2/44
Baumgartner 2007 | Salmeterol 20/144 | Placebo 24/143
Freeman 2007 | Tiotropium 19/200 | Placebo 35/195
Carverley 2007 | Fluticasone 928/1534 | Salmeterol 932/1521 | Fluticasone+Salmeterol 879/1533 | Placebo 969/1524
Kardos 2007 | Fluticasone+Salmeterol 210/507 | Salmeterol 241/487
Powrie 2007 | Tiotropium 30/69 | Placebo 47/73
Wedzicha 2008 | Fluticasone+Salmeterol 408/658 | Tiotropium 392/665
DalNegro 2003 | Fluticasone+Salmeterol 6/6 | Salmeterol 6/6 | Placebo 6/6
"""


def comparisons() -> list[Comparison]:
    found: list[Comparison] = []
    for line in BAKER.splitlines():
        study, *arms = line.split(" | ")
        counts = {arm.rsplit(" ", 1)[0]: arm.rsplit(" ", 1)[1].split("/") for arm in arms}
        found += log_odds_ratios(study, {name: (int(events), int(n)) for name, (events, n) in counts.items()})
    return found


def additive() -> ComponentNetwork:
    found = comparisons()
    return component_network(found, split_names(treatments_of(found), inactive="Placebo"))


def printed(each: Effect | None) -> tuple[float, ...]:
    assert each is not None and each.z is not None and each.p_value is not None
    ratios = [round(math.exp(x), 2) for x in (each.value, each.low, each.high)]
    return (*ratios, round(each.z, 2), round(each.p_value, 4))


def test_standard_network() -> None:
    found = network(comparisons())
    shape = found.geometry
    assert (len(shape.studies), len(found.comparisons), len(shape.treatments), len(shape.designs)) == (38, 74, 8, 13)
    assert {each.treatment: printed(each) for each in found.random.against("Placebo")} == {
        "Budesonide": (0.80, 0.59, 1.10, -1.37, 0.1702),
        "Budesonide+Formoterol": (0.67, 0.49, 0.90, -2.63, 0.0086),
        "Fluticasone": (0.86, 0.75, 0.99, -2.05, 0.0406),
        "Fluticasone+Salmeterol": (0.75, 0.66, 0.86, -4.17, 0.0),
        "Formoterol": (1.00, 0.80, 1.25, -0.00, 1.0000),
        "Salmeterol": (0.80, 0.72, 0.89, -4.06, 0.0),
        "Tiotropium": (0.69, 0.61, 0.77, -6.39, 0.0),
    }
    assert (round(found.tau2, 4), round(math.sqrt(found.tau2), 4), round(found.i2, 3)) == (0.0111, 0.1055, 0.244)
    parts = decomposition(found)
    tests = (parts.total, parts.within, parts.between)
    assert [(round(x.q, 2), x.df, round(x.p_value or 0.0, 4)) for x in tests] == [
        (60.86, 46, 0.0700),
        (43.20, 34, 0.1340),
        (17.66, 12, 0.1264),
    ]


def test_components() -> None:
    found = additive().random
    assert {name: printed(each) for name, each in zip(found.names, found.components(), strict=True)} == {
        "Budesonide": (0.73, 0.58, 0.92, -2.64, 0.0084),
        "Fluticasone": (0.90, 0.81, 1.00, -2.06, 0.0397),
        "Formoterol": (0.94, 0.78, 1.14, -0.62, 0.5356),
        "Salmeterol": (0.82, 0.75, 0.90, -4.28, 0.0),
        "Tiotropium": (0.69, 0.61, 0.77, -6.45, 0.0),
    }


def test_combinations_of_the_additive_model() -> None:
    effects = additive().combinations_random
    assert printed(effects.of("Budesonide+Formoterol", "Placebo")) == (0.69, 0.52, 0.92, -2.51, 0.0121)
    assert printed(effects.of("Fluticasone+Salmeterol", "Placebo")) == (0.74, 0.65, 0.84, -4.58, 0.0)


def test_heterogeneity_of_the_additive_model() -> None:
    found = additive()
    assert (round(found.tau2, 4), round(math.sqrt(found.tau2), 4), round(found.i2, 3)) == (0.0101, 0.1003, 0.235)
    assert (round(found.additive.q, 2), found.additive.df, round(found.additive.p_value or 0.0, 4)) == (
        62.74,
        48,
        0.0750,
    )
    difference = found.difference
    assert (round(difference.q, 2), difference.df, round(difference.p_value or 0.0, 4)) == (1.88, 2, 0.3908)


def test_p_scores() -> None:
    assert {name: round(x, 4) for name, x in p_scores(additive().combinations_random).items()} == {
        "Tiotropium": 0.8588,
        "Budesonide+Formoterol": 0.8161,
        "Fluticasone+Salmeterol": 0.7038,
        "Budesonide": 0.6909,
        "Salmeterol": 0.4460,
        "Fluticasone": 0.2649,
        "Formoterol": 0.1770,
        "Placebo": 0.0426,
    }
    assert {name: round(x, 4) for name, x in p_scores(network(comparisons()).random).items()} == {
        "Tiotropium": 0.8719,
        "Budesonide+Formoterol": 0.8539,
        "Fluticasone+Salmeterol": 0.6856,
        "Budesonide": 0.5199,
        "Salmeterol": 0.5162,
        "Fluticasone": 0.3523,
        "Formoterol": 0.1132,
        "Placebo": 0.0871,
    }
