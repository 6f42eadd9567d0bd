"""A validation written into the documentation: its report, the credibility page, the README and every run's report."""

from __future__ import annotations

from pathlib import Path

from her2sim.core.durable import write_text
from her2sim.core.errors import InputError
from her2sim.report.document import Picture, as_markdown
from her2sim.study.credibility import credibility_document
from her2sim.study.validate import Validation
from her2sim.study.validation.history import add_to_history, entry_of
from her2sim.study.validation.outcome import write_outcome
from her2sim.study.validation.plain_words import plain_words, short_words
from her2sim.study.validation.report import validation_document

IMAGE = "../images/validation.svg"
BEGIN, END = "<!-- validation: made by her2sim validate --docs -->", "<!-- end of validation -->"


def publish(found: Validation, docs: Path) -> list[Path]:
    """Write ``validation.md`` and ``credibility.md`` into the folder of reference pages, and tell README and runs.

    Main arguments:
        found: a validation of every trial in scope with the whole model.
        docs: ``docs/reference`` of a checkout.

    Raises:
        InputError: the validation is of some trials or of a model without some mechanism, or the folder is not there.
    """
    if found.facts["without"] or not found.facts["all_trials"]:
        raise InputError("only a validation of all trials with the whole model can be published.", where="--docs")
    if not docs.is_dir():
        raise InputError("there is no such folder.", where=str(docs))
    written = [docs / "validation.md", docs / "credibility.md"]
    document = validation_document(found, IMAGE)
    write_text(written[0], as_markdown(document))
    for block in document.blocks:
        if isinstance(block, Picture):
            (docs / block.file).parent.mkdir(parents=True, exist_ok=True)
            write_text(docs / block.file, block.svg)
            written.append(docs / block.file)
    write_text(written[1], as_markdown(credibility_document(found)))
    frozen = str(found.facts["frozen"])
    if frozen:
        written.append(add_to_history(entry_of(found)))
        written.append(write_outcome(frozen, str(found.facts["frozen_date"]), short_words(found)))
    readme = docs.parent.parent / "README.md"
    if readme.exists() and BEGIN in (text := readme.read_text(encoding="utf-8")):
        before, _, rest = text.partition(BEGIN)
        after = rest.partition(END)[2]
        points = "\n".join(f"* {sentence}" for sentence in plain_words(found))
        write_text(readme, f"{before}{BEGIN}\n{points}\n{END}{after}")
        written.append(readme)
    return written
