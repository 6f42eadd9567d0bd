"""Bring your own evidence: foreign files in, records out to other tools, patients rebuilt from curves.

Everything is read and checked before the first byte is written, and each file is written whole or not at all.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from her2sim.core.durable import replacing, write_text
from her2sim.core.errors import InputError, did_you_mean
from her2sim.evidence.base import all_records, load_record
from her2sim.evidence.exporters.bibtex import citations_bibtex, sources_bibtex
from her2sim.evidence.exporters.netmeta import netmeta_csv
from her2sim.evidence.exporters.tidy_files import tidy_arrow, tidy_csv
from her2sim.evidence.importers.clinicaltrials import Choices
from her2sim.evidence.importers.curve_csv import read_curve, read_risk_table
from her2sim.evidence.importers.imported import AdverseEvent, Citation, Imported
from her2sim.evidence.importers.importing import FORMATS, import_file
from her2sim.record.types import TrialRecord
from her2sim.record.writing import record_yaml

if TYPE_CHECKING:
    from her2sim.analysis.reconstruct.reconstruction import Reconstruction

IMPORT_FORMATS = FORMATS
EXPORT_FORMATS = (
    "yaml", "arms-csv", "contrasts-csv", "arms-parquet", "contrasts-parquet", "netmeta", "bibtex",
)  # fmt: skip


@dataclass(frozen=True)
class CurveFiles:
    """Where the published figures of one arm stand, see ``rebuild_patients``."""

    curve: Path
    risk: Path
    events: int | None = None
    median: float | None = None
    name: str = "arm"


def bring(
    path: Path,
    form: str = "",
    *,
    setting: str = "",
    disease: str = "",
    arms: Sequence[str] = (),
    skip_impossible: bool = False,
) -> Imported:
    """Import a foreign file.

    Main arguments:
        path: the file.

    Other arguments:
        form: one of ``IMPORT_FORMATS``; "" to recognize it.
        setting, disease: of the record, where the file does not say.
        arms: ``GROUP TITLE=ARM LABEL`` for groups of a registry's results that are not called like their arm.
        skip_impossible: list impossible numbers of a registry entry instead of refusing it.

    Raises:
        InputError: what is wrong, with line or path.
    """
    pairs: dict[str, str] = {}
    for item in arms:
        title, equals, label = item.rpartition("=")
        if not equals or not title.strip() or not label.strip():
            raise InputError(f"--arm {item!r} names no group and arm", hint="Write --arm 'GROUP TITLE=ARM LABEL'.")
        pairs[title.strip()] = label.strip()
    return import_file(path, form, Choices(setting, disease, pairs, skip_impossible))


def imported_text(imported: Imported) -> str:
    """What was imported, as text to store: one record as YAML, or citations as BibTeX.

    Raises:
        InputError: several records, which need a folder: see ``write_imported``.
    """
    if len(imported.records) > 1:
        raise InputError(
            f"{len(imported.records)} records do not fit one file",
            where=imported.report.file,
            hint="Give a folder with --out.",
        )
    return record_yaml(imported.records[0]) if imported.records else citations_bibtex(imported.citations)


def write_imported(imported: Imported, out: Path, adverse_events: Path | None = None) -> list[Path]:
    """Write records as YAML (a file, or one file per record in a folder) or citations as BibTeX.

    Main arguments:
        imported: what was read.
        out: a file that does not exist yet, or a folder (made if it has no ending).

    Other arguments:
        adverse_events: CSV file for the table of adverse events.

    Raises:
        InputError: a file is there already; nothing is written then.
    """
    if len(imported.records) > 1:
        texts = {out / f"{_file_name(record.id)}.yaml": record_yaml(record) for record in imported.records}
        if len(texts) < len(imported.records):
            raise InputError("two studies have the same name", where=imported.report.file, hint="Import them singly.")
    else:
        texts = {out: imported_text(imported)}
    if adverse_events is not None:
        texts[adverse_events] = adverse_events_csv(imported.adverse_events)
    _write_all(texts)
    return list(texts)


def attach_citations(record: TrialRecord, citations: Sequence[Citation]) -> TrialRecord:
    """The record with citations among its sources; one that is there already (same key or address) is not added twice.

    They are marked as not read: a citation says where a figure may be found, not that somebody has looked.

    >>> record = attach_citations(load_record("EMILIA"), [Citation("NEW", "A trial", year="2012")])
    >>> record.sources["NEW"]["read"]
    False
    """
    sources = dict(record.sources)
    addresses = {str(source.get("url", "")) for source in sources.values()} - {""}
    for item in citations:
        address = item.address()
        if item.key in sources or address in addresses:
            continue
        sources[item.key] = {"citation": item.text(), "read": False, **({"url": address} if address else {})}
    return replace(record, sources=sources)


def attached(imported: Imported, name: str) -> Imported:
    """The citations of a file on a record, which takes their place.

    Main arguments:
        imported: citations.
        name: id or YAML file of the record.

    Raises:
        InputError: the file held no citations, or there is no such record.
    """
    if not imported.citations:
        raise InputError("this file holds no citations to attach", where=imported.report.file)
    return replace(imported, records=(attach_citations(load_record(name), imported.citations),), citations=())


def adverse_events_csv(events: Sequence[AdverseEvent]) -> str:
    """The table of adverse events of a registry as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [column.name for column in fields(AdverseEvent)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: "" if value is None else value for key, value in asdict(event).items()} for event in events)
    return out.getvalue()


def export(names: Sequence[str], form: str, *, endpoint: str = "", measure: str = "hr") -> str | bytes:
    """Records in the format of another tool.

    Main arguments:
        names: ids of built-in records or YAML files; none for the whole base.
        form: one of ``EXPORT_FORMATS``; Parquet comes as bytes, everything else as text.

    Other arguments:
        endpoint, measure: for ``netmeta``, for example ``PFS`` and ``hr``.

    Raises:
        InputError: an unknown format or record, no endpoint for netmeta, or several records as YAML.

    >>> export(["EMILIA"], "netmeta", endpoint="PFS").splitlines()[0]
    'studlab,treat1,treat2,TE,seTE,sm,endpoint,source'
    """
    if form not in EXPORT_FORMATS:
        raise InputError(f"unknown format {form!r}", hint=did_you_mean(form, EXPORT_FORMATS))
    if form == "yaml" and len(names) != 1:
        raise InputError("YAML holds one record", hint="Name one.")
    if form == "netmeta" and not endpoint:
        raise InputError("netmeta compares one endpoint", hint="Give it with --endpoint, for example PFS.")
    records = [load_record(name) for name in names] if names else list(all_records())
    if form.endswith("parquet"):
        return _parquet(records, form)
    text: Mapping[str, Callable[[], str]] = {
        "yaml": lambda: record_yaml(records[0]),
        "arms-csv": lambda: tidy_csv(records, "arms"),
        "contrasts-csv": lambda: tidy_csv(records, "contrasts"),
        "netmeta": lambda: netmeta_csv(records, endpoint, measure).text,
        "bibtex": lambda: sources_bibtex(records),
    }
    return text[form]()


def write_export(content: str | bytes, out: Path) -> None:
    """Write an export to a file that does not exist yet. Raises ``InputError`` if it does."""
    _write_all({out: content})


def rebuild_patients(
    arm: CurveFiles, reference: CurveFiles | None = None, *, hazard_ratio: float | None = None
) -> Reconstruction:
    """Rebuild the patients behind published curves (Guyot 2012) and audit them.

    Main arguments:
        arm: files of the arm.

    Other arguments:
        reference: files of the arm that it was compared with.
        hazard_ratio: published ratio of both.

    Raises:
        InputError: what is wrong with the files. A bad fit is not raised here but by ``.audit.refuse_bad``.
    """
    from her2sim.analysis.reconstruct.reconstruction import PublishedArm, reconstruct

    def published(files: CurveFiles) -> PublishedArm:
        curve, risk = read_curve(files.curve), read_risk_table(files.risk)
        return PublishedArm(curve, risk, files.events, files.median, files.name)

    second = None if reference is None else published(reference)
    return reconstruct(published(arm), second, hazard_ratio=hazard_ratio)


def write_patients(made: Reconstruction, out: Path) -> None:
    """Write rebuilt patients as CSV, if their audit accepts them.

    Raises:
        InputError: the audit refuses them, with every reason; or the file is there already.
    """
    made.audit.refuse_bad(str(out))
    _write_all({out: made.frame().to_csv(index=False, lineterminator="\n", float_format="%.6g")})


def _parquet(records: Sequence[TrialRecord], form: str) -> bytes:
    import pyarrow.parquet as parquet

    out = io.BytesIO()
    parquet.write_table(tidy_arrow(records, "arms" if form.startswith("arms") else "contrasts"), out)
    return out.getvalue()


def _write_all(files: Mapping[Path, str | bytes]) -> None:
    """Write all files, after making sure that none is there: nothing of anybody's is overwritten."""
    for path in files:
        if path.exists():
            raise InputError("this file is there already", where=str(path), hint="Choose another name with --out.")
    for path, content in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"this folder cannot be made: {error.strerror}", where=str(path.parent)) from None
        if isinstance(content, str):
            write_text(path, content)
        else:
            with replacing(path) as temporary:
                temporary.write_bytes(content)


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-") or "study"
