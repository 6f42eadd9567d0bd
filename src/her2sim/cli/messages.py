"""All texts of the command line in one place, in plain words."""

from __future__ import annotations

from her2sim.core.progress import Progress, spoken

ABOUT = """Virtual clinical trials for HER2-positive cancer: a trial record goes in, simulated results come out.

First steps: `her2sim trials` lists the evidence; `her2sim run DESTINY-Breast03` simulates a trial of it.

Research use only; not medical advice."""
EXIT_CODES = "Exit codes: 0 done; 1 the simulation could not be completed (what finished is kept); 2 wrong input."
NOT_ADVICE = "Research use only; not medical advice."

VERSION = "Print the version and stop."
DEBUG = "Show the full traceback of an error. May stand anywhere in the command."

RUN = """Simulate a trial and write its run folder.

The same command run again goes on where it was stopped, or does nothing when all is done."""
RUN_RECORD = "A trial record: a YAML file, or the id of a built-in trial (see `her2sim trials`)."
RUN_PATIENTS = "Patients per arm; if not given, the trial's own numbers."
RUN_REPLICATES = "How many times the trial is simulated, for predictive intervals."
RUN_SEED = "Seed of the random numbers: the same seed gives the same files."
RUN_WORKERS = "Processes that work at once. Changes the speed, never a result."
RUN_OUT = "Run folder; if not given, runs/<id>-<patients>-s<seed>, with the mechanisms removed."
RUN_CHUNK = "Patients per unit of work; what is lost when a run is stopped. Never changes a result."
RUN_LABORATORY = (
    "Also write laboratory.parquet: tumor DNA and soluble HER2 at each visit, biopsies at both ends of therapy."
)
WITHOUT = "Mechanisms to remove, separated by commas, for example adcc,bystander (see `her2sim model --mechanisms`)."
RUN_QUIET = "Print nothing but errors."

COMPARE = """Simulated beside published: values, intervals, inside or outside.

With one argument, the published record of the same id is taken from the built-in evidence base."""
COMPARE_ALL = "Also figures that are not the main one of their endpoint: other assessors, earlier data cuts."
COMPARE_FIRST = "A run folder, a trial record (YAML), or the id of a built-in trial."
COMPARE_SECOND = "What to compare with: likewise a run folder, a record or an id."

ALREADY_DONE = "This run was finished before; nothing was done again."
INTERRUPTED = "Stopped. What was finished is kept; the same command goes on from there."


def error(text: str) -> str:
    """An error as it is printed."""
    return f"Error: {text}"


def unexpected(problem: Exception) -> str:
    """An error that nobody foresaw."""
    return error(
        f"something unforeseen went wrong ({type(problem).__name__}: {problem}). This is a fault of her2sim, not "
        "yours. Run the same command with --debug for the details, and report them."
    )


def usage(text: str, command: str) -> str:
    """A command line that cannot be understood."""
    text = text.removesuffix(".")
    return error(f"{command}: {text}{'' if text.endswith('?') else '.'} See `{command} --help`.")


def starting(record: str) -> str:
    """Said before anything is known of the run."""
    return f"Simulating {record}"


def progress_line(progress: Progress) -> str:
    """One line of progress for a log.

    >>> progress_line(Progress("simulating", 100, 400, 20.0, 61.0))
    'simulating: 100 of 400 patients, about 65 s left'
    """
    line = f"{progress.stage}: {progress.done} of {progress.total} patients"
    if progress.resumed and progress.done == progress.resumed:
        line += f" ({progress.resumed} of them done earlier)"
    return line + (f", {time_left(progress.left_s)}" if progress.done < progress.total else "")


def time_left(seconds: float | None) -> str:
    """The time left in words, honest about not knowing."""
    if seconds is None:
        return "time left unknown until the first patients are done"
    return f"about {spoken(seconds)} left" if seconds > 0 else "nearly done"


def finished(folder: str, report: str) -> str:
    """Where the results are."""
    return f"Run folder: {folder}\nReport:     {report}"


def note(sentence: str) -> str:
    """What a reader must know before trusting the figures."""
    return f"Note: {sentence}"


def removed(sentence: str) -> str:
    """A mechanism that the simulation went without."""
    return f"Without {sentence}" if not sentence.startswith(("No ", "The ")) else note(sentence)


def failures(failed: int, simulated: int) -> str:
    """How many patients could not be simulated."""
    patients = "1 patient" if failed == 1 else f"{failed} patients"
    return f"{patients} of {simulated} could not be simulated; the report says who and why."
