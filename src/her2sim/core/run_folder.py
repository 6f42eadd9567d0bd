"""The run folder: one place per run, that belongs to one record, one seed and one model, and can be taken up again.

``manifest.json`` is written when work starts (``state: running``) and when it ends (``state: finished``). A folder is
refused if it holds another run or foreign files, so that results of two runs can never mix. Nothing is written by the
check, only by opening.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, cast

from her2sim.core.durable import TEMPORARY, disk_error, write_text
from her2sim.core.errors import InputError

MANIFEST = "manifest.json"
FORMAT = 1
State = Literal["new", "running", "finished"]


@dataclass(frozen=True)
class RunSettings:
    """What makes a run this run: two runs with equal settings give equal files.

    Main arguments:
        record_id: the trial's id.
        record_sha256: hash of the record's text, see ``text_hash``.
        patients: patients per arm asked for, or None for the trial's own numbers.
        replicates: how many times the trial is simulated.
        seed: seed of the random streams.
        version: version of her2sim.
        model_sha256: hash of the compiled model and its parameters.

    Other arguments:
        without: mechanisms removed from the model, separated by commas; empty for the whole model.
        laboratory: whether blood and biopsies are looked at.
    """

    record_id: str
    record_sha256: str
    patients: int | None
    replicates: int
    seed: int
    version: str
    model_sha256: str
    without: str = ""
    laboratory: bool = False


WORDS = {
    "record_id": "the trial",
    "record_sha256": "the content of the record",
    "patients": "--patients",
    "replicates": "--replicates",
    "seed": "--seed",
    "version": "the version of her2sim",
    "model_sha256": "the model or its parameters",
    "without": "--without",
    "laboratory": "--laboratory",
}
LATER = {"without": "", "laboratory": False}
"""What older manifests mean where they do not name a setting."""


@dataclass(frozen=True)
class RunFolder:
    """An opened run folder. ``state`` is what was found when it was opened."""

    path: Path
    settings: RunSettings
    state: State

    @property
    def chunks(self) -> Path:
        """Where the work in progress is kept."""
        return self.path / "chunks"

    @property
    def figures(self) -> Path:
        """Where the figures are kept."""
        return self.path / "figures"

    def manifest(self) -> dict[str, Any]:
        """The manifest as it stands on the disk."""
        return read_manifest(self.path)

    def finish(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Mark the run as finished and keep ``facts`` (versions, failures, seconds, …) in the manifest."""
        return _write_manifest(self.path, self.settings, "finished", facts)


def text_hash(text: str) -> str:
    r"""SHA-256 of a text, whatever its line ends.

    >>> text_hash("a\r\nb") == text_hash("a\nb")
    True
    """
    return sha256("\n".join(text.splitlines()).encode()).hexdigest()


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of the run folder ``path``.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    file = path / MANIFEST
    try:
        content: object = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"no {MANIFEST} here, so this is not a run folder.", where=str(path)) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"this manifest cannot be read: {error}.", where=str(file)) from None
    except OSError as error:
        raise InputError(f"this manifest cannot be read: {error.strerror}.", where=str(file)) from None
    if not isinstance(content, dict):
        raise InputError("this manifest is not a JSON object.", where=str(file))
    return cast(dict[str, Any], content)


def check_run_folder(path: Path, settings: RunSettings) -> State:
    """Say whether a run with these settings would start, go on, or find its work done here. Writes nothing.

    Raises:
        InputError: the folder holds another run or foreign files, or cannot be used.
    """
    existing = _nearest_existing(path)
    if not existing.is_dir():
        raise InputError("this is a file, and a run needs a folder.", where=str(existing), hint="Choose another --out.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise disk_error(PermissionError(errno.EACCES, ""), path)
    if existing != path or not _content(path):
        return "new"
    if not (path / MANIFEST).exists():
        shown = ", ".join(_content(path)[:3])
        raise InputError(
            f"this folder is not empty and holds no run of her2sim (it holds {shown}).",
            where=str(path),
            hint="Choose a new or empty folder with --out.",
        )
    manifest = read_manifest(path)
    _refuse_other_run(path, manifest.get("settings"), settings)
    return "finished" if manifest.get("state") == "finished" else "running"


@contextmanager
def open_run_folder(path: Path, settings: RunSettings) -> Generator[RunFolder]:
    """Open the run folder, making it if it is new, and hold it against a second run until the block ends.

    Raises:
        InputError: as ``check_run_folder``; or another process is working here.
    """
    state = check_run_folder(path, settings)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, path) from error
    with _held(path):
        folder = RunFolder(path, settings, state)
        if state == "new":
            _write_manifest(path, settings, "running", {})
        yield folder


def _write_manifest(path: Path, settings: RunSettings, state: State, facts: Mapping[str, Any]) -> dict[str, Any]:
    whole = {"format": FORMAT, "state": state, "settings": asdict(settings), **facts}
    write_text(path / MANIFEST, json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    return whole


def _refuse_other_run(path: Path, found: object, wanted: RunSettings) -> None:
    there = cast(Mapping[str, Any], found) if isinstance(found, Mapping) else {}
    differences = [
        f"{WORDS[f.name]} ({_shown(f.name, there.get(f.name))} there, {_shown(f.name, getattr(wanted, f.name))} now)"
        for f in fields(RunSettings)
        if there.get(f.name, LATER.get(f.name)) != getattr(wanted, f.name)
    ]
    if differences:
        raise InputError(
            f"this folder holds another run; it differs in {' and '.join(differences)}.",
            where=str(path),
            hint="Choose another folder with --out, or delete this one if you do not need it.",
        )


def _shown(name: str, value: object) -> str:
    if name.endswith("sha256"):
        return str(value)[:8]
    if name == "without":
        return str(value or "nothing")
    if name == "laboratory":
        return "asked for" if value else "not asked for"
    return "the trial's own number" if value is None else str(value)


def _content(path: Path) -> list[str]:
    return sorted(item.name for item in path.iterdir() if not item.name.startswith(TEMPORARY))


def _nearest_existing(path: Path) -> Path:
    for place in (path, *path.absolute().parents):
        if place.exists():
            return place
    return path


@contextmanager
def _held(path: Path) -> Generator[None]:
    """Hold the folder's lock, which the operating system gives back whatever way this process ends."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock; there two runs in one folder are the user's own care
        yield
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                "another her2sim is working in this folder.",
                where=str(path),
                hint="Wait for it to end, or choose another folder with --out.",
            ) from None
        except OSError as error:  # a file system without locks (some network disks)
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL):
                raise
        yield
    finally:
        os.close(descriptor)
