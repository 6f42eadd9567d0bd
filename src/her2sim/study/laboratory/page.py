"""The laboratory beside what laboratories have published.

Run as ``python -m her2sim.study.laboratory.page --out docs/reference/laboratory.md``. Published figures are data
(``data/laboratory/published.yaml``); predictions are computed anew (``predictions``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from her2sim.core.durable import write_text
from her2sim.core.paths import data_dir
from her2sim.study.site_of_action import Published, figure_tables, published_figures


def published_laboratory() -> tuple[Published, ...]:
    """The published figures, in the order of the file.

    >>> published_laboratory()[0].id
    'per_cm3'
    """
    return published_figures(data_dir("laboratory") / "published.yaml")


def laboratory_page(figures: Sequence[Published], predicted: Mapping[str, float]) -> str:
    """The reference page.

    Main arguments:
        figures: published figures; predicted: id -> prediction in the unit of the figure.
    """
    return "\n".join([INTRODUCTION, *figure_tables(figures, predicted), "", READING])


def main(words: Sequence[str] | None = None) -> None:
    """Compute the predictions and write the page to ``--out``; without it, print the page.

    Other arguments:
        words: of the command line, that of the process by default.
    """
    import argparse

    from her2sim.study.laboratory.predictions import predictions

    parser = argparse.ArgumentParser(description="Set the virtual laboratory beside published numbers.")
    parser.add_argument("--out", type=Path, default=None, help="file to write; default: print the page")
    parser.add_argument("--patients", type=int, default=200, help="virtual patients of each arm")
    given = parser.parse_args(words)
    page = laboratory_page(published_laboratory(), predictions(given.patients))
    if given.out is None:
        print(page, end="")
    else:
        write_text(given.out, page)


INTRODUCTION = """# The laboratory beside published numbers

Tumor DNA in plasma and HER2 in second biopsies, as `her2sim run --laboratory` and `her2sim patient` tell them, beside
what was published. Written by `python -m her2sim.study.laboratory.page --out docs/reference/laboratory.md`; the
published figures are `data/laboratory/published.yaml`. The patients are those of CLEOPATRA (first line), EMILIA
(second line) and ToGA (gastric), which the fit has seen; only their protocols are used here. A prediction agrees
within 15 %."""

READING = """## What is in it
* **Tumor DNA** (module `tumor_dna`, numbers `data/observation/tumor_dna.yaml`): for each death of a tumor cell 0.014
  % of its DNA reaches the blood, a twentieth of that from the brain, and half of it is gone in 30 minutes (Avanzini
  2020). Cells die of drugs and of spontaneous death as in the model of lesions, and others are replaced at once, so
  that an untreated tumor has 0.136 deaths per cell and day. The level is at balance: published half-lives run from 16
  minutes to 2.5 hours, and deaths change over days.
* **Plasma**: DNA of other tissues has a median of 5.2 ng/mL, with a spread between patients and from tube to tube.
  Patients differ also in how much their tumor sheds (factor e between them for one SD, assumed). A truncal mutation
  and PIK3CA are on one of two copies in every tumor cell; ERBB2 copies go with HER2 per cell of each clone, without
  drugs.
* **A tube of blood**: 4 mL of plasma, half of the molecules counted; how many carry the mutation is a Poisson and a
  binomial draw, with 1 misread molecule in 100,000. Tumor DNA is called found from two mutated molecules on, so that
  with 5,000 molecules a tumor fraction of 0.07 % is missed as often as it is found. Measured ERBB2 ratio and soluble
  HER2 have noise of 13 % and 8 %.
* **A biopsy**: three cores of 16 mm of the largest lesion outside the brain. Cells with little HER2 lie in patches of
  the patient's own size, so cores meet some 80 patches of 0.6 mm; staining follows the HER2 that drugs have left at
  the surface, gene copies do not. IHC by the rule of 10 % of the cells (ASCO/CAP 2018) with a reader whose edges
  differ by 0.18 of log10; ISH from the signals of 20 cells. HER2-positive: IHC 3+, or 2+ and a ratio of 2 or more.

## How to read it
* Nothing was fitted to these figures, and nothing here changes an outcome.
* **Tumor DNA in metastatic breast cancer comes out too low**: shedding was measured in lung cancer of stage I to III.
  Three times as much would call ERBB2 amplified in 44 % of the patients as published, and put 30 % of those of the
  second line above 10 % of plasma DNA; more tumor than the lesions of a trial hold would do the same. Ratios over time
  in one patient do not hang on it; the share of patients above a limit does.
* Loss of HER2 is the model's own: clones with little HER2 from the start, and switching under blockade. Samples and
  readers make part of it, as two biopsies of one tumor on one day show.
* Chemotherapy does not raise DNA of other tissues (Choudhury 2018), nor do infections or operations. There is no
  clonal hematopoiesis, and one mutation is followed, so an assay that follows many
  finds tumor DNA at lower fractions than is told here.
* The brain's twentieth is a guess with a direction; radiotherapy does not change it.
"""


if __name__ == "__main__":
    main()
