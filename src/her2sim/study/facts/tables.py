"""Facts as text for the terminal and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from her2sim.study.facts.checking import Checked, FactResult, asked, name_of, number
from her2sim.study.facts.fact import FactBase, role_of
from her2sim.study.facts.knock_outs import Removed

MARKS = {"falls": "**F**", "part": "f", "moves": "m", "none": "·", "failed": "x", "absent": ""}


HOW = """The facts and their tolerances are data (`src/her2sim/data/facts`), written down before the model was asked.

Only figures of trials with role *fit* that were read at their source are compared by size; all others by sign and
order, and nothing in the model was changed because of them. Brackets after a simulated figure hold its Monte Carlo
interval (95 %, over resampled patients). *Sure* is the share of resamples in which all checks of the fact hold. Numbers
of the facts follow the project's list; those that concern other parts of the model are not here."""
KEY = """Each mechanism was removed in turn from every line of therapy (`--without`), in the same patients. **F**: the
essence of the fact (its first check) fails, beyond Monte Carlo error; f: another check of it that held does so; m: the
fact stands (or fails already), but the figure of its essence moves by more than a tenth (ten points for shares), beyond
Monte Carlo error; ·: nothing changes; x: the essence fails in the whole model already and does not move; empty: no
regimen of the fact contains the mechanism, or it was not asked (`--only-said`)."""


@dataclass(frozen=True)
class Made:
    """How a table was made: for its reader to make it again.

    Main arguments:
        command: the command line.
        date, patients, seed, model: when, how many patients per arm, which seed, fingerprint of the model.
        calibration: which calibration was in force, in words.
        without: mechanisms removed in all of it.
        knock_outs: patients per arm with whom mechanisms were removed in turn.
    """

    command: str
    date: str
    patients: int
    seed: int
    model: str
    calibration: str
    without: tuple[str, ...] = ()
    knock_outs: int = 0


def lines_of(results: Sequence[FactResult], base: FactBase) -> list[str]:
    """The results as lines of text: a fact, then its checks."""
    lines: list[str] = []
    for result in results:
        lines.append(f"{'holds' if result.holds else 'FAILS'}  {result.fact.id:>2}  {result.fact.title}")
        for each in result.checked:
            figure = each.check.figure
            mark = " " if each.holds else "!"
            lines.append(
                f"     {mark} {name_of(figure)}: {number(each.value, figure.quantity)} {_interval(each)}; "
                f"asked {asked(each.check)}; published {_published(each)} [{role_of(each.check, base.cohorts)}]"
            )
    held = sum(result.holds for result in results)
    lines.append(f"{held} of {len(results)} facts hold.")
    return lines


def page(results: Sequence[FactResult], base: FactBase, made: Made, removed: Sequence[Removed] = ()) -> str:
    """The page of the documentation, in Markdown.

    Other arguments:
        removed: facts against knock-outs; without them that part is left out.
    """
    held = sum(result.holds for result in results)
    text = [
        "# Stylised facts",
        "",
        f"What every model of HER2-positive cancer must show. **{held} of {len(results)} facts hold**; those that fail "
        "are shown with the reason and are not mended by special cases.",
        "",
        f"Made by `{made.command}` on {made.date}, {made.patients} patients per arm, seed {made.seed}, model "
        f"`{made.model[:12]}`, {made.calibration}"
        + (f", without {', '.join(made.without)}" if made.without else "")
        + ". "
        + HOW,
        "",
        "| | fact | holds | sure | what fails |",
        "|---|---|---|---|---|",
    ]
    for result in results:
        fails = "; ".join(result.reasons())
        if fails and result.fact.if_it_fails:
            fails += f". *{result.fact.if_it_fails}*"
        text.append(
            f"| {result.fact.id} | {result.fact.title} | {'yes' if result.holds else '**no**'} | "
            f"{result.certainty:.0%} | {fails} |"
        )
    text += [
        "",
        "## Every check",
        "",
        "| | figure | published | simulated | asked | role | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in results:
        for each in result.checked:
            text.append(_row(result.fact.id, each, base))
    text += ["", *_cohort_words(results, base)]
    if removed:
        text += ["", *_knock_out_words(results, removed, made.knock_outs)]
    text += ["", "## Sources", ""]
    keys = dict.fromkeys(each.check.source for result in results for each in result.checked)
    text += [f"* {base.sources[key]['citation']}: <{base.sources[key]['address']}>" for key in keys]
    return "\n".join(text) + "\n"


def _row(fact: int, each: Checked, base: FactBase) -> str:
    figure = each.check.figure
    limit = asked(each.check)
    if each.than == each.than and not isinstance(each.check.than, float):
        limit += f" ({number(each.than, figure.quantity)})"
    cells = [
        str(fact),
        name_of(figure),
        _published(each),
        f"{number(each.value, figure.quantity)} {_interval(each)}",
        limit,
        role_of(each.check, base.cohorts),
        "yes" if each.holds else "**no**",
    ]
    return f"| {' | '.join(cells)} |"


def _published(each: Checked) -> str:
    check = each.check
    text = check.published_as or number(check.published, check.figure.quantity)
    if check.ci95 is not None:
        text += f" ({check.ci95[0]:g} to {check.ci95[1]:g})"
    text += "" if check.read else " (recalled)"
    return text + (f"; {check.note}" if check.note else "")


def _interval(each: Checked) -> str:
    if each.low == each.high:
        return ""
    low, high = ("NR" if bound == float("inf") else f"{bound:.3g}" for bound in (each.low, each.high))
    return f"({low} to {high})"


def _cohort_words(results: Sequence[FactResult], base: FactBase) -> list[str]:
    names = dict.fromkeys(name for result in results for name in result.fact.cohorts())
    special = [base.cohorts[name] for name in names if base.cohorts[name].what]
    if not special:
        return []
    return ["Cohorts that are not simply a trial:", ""] + [f"* {c.name.replace('_', ' ')}: {c.what}" for c in special]


def _knock_out_words(results: Sequence[FactResult], removed: Sequence[Removed], patients: int) -> list[str]:
    facts = [result.fact for result in results]
    table: dict[str, dict[int, Removed]] = {}
    for each in removed:
        table.setdefault(each.mechanism, {})[each.fact] = each
    lines = [
        "## Facts against knock-outs",
        "",
        KEY + f" Here with {patients} patients per arm.",
        "",
        "| mechanism | " + " | ".join(str(fact.id) for fact in facts) + " | verdict |",
        "|---" * (len(facts) + 2) + "|",
    ]
    for mechanism, row in table.items():
        marks = [MARKS[row[fact.id].effect] if fact.id in row else "" for fact in facts]
        lines.append(f"| {mechanism} | {' | '.join(marks)} | {verdict(row)} |")
    lines += [
        "",
        "| | fact | said to come from | falls without | essence, whole model | essence without the mechanism |",
        "|---|---|---|---|---|---|",
    ]
    for result in results:
        fact = result.fact
        rows = {name: table[name][fact.id] for name in table if fact.id in table[name]}
        falls = [name for name, row in rows.items() if row.effect == "falls"]
        said = [
            f"{name} {number(rows[name].without, fact.checks[0].figure.quantity)}"
            for name in fact.mechanisms
            if name in rows
        ]
        here = next((row.whole for row in rows.values()), result.checked[0].value)
        whole = number(here, fact.checks[0].figure.quantity)
        agreed = ", ".join(f"**{name}**" if name in fact.mechanisms else name for name in falls) or "none"
        lines.append(
            f"| {fact.id} | {fact.title} | {', '.join(fact.mechanisms)} | {agreed} | {whole} | {'; '.join(said)} |"
        )
    lines += ["", "In bold: mechanisms that were said to produce the fact before the model was asked."]
    return lines


def verdict(row: Mapping[int, Removed]) -> str:
    """Whether a mechanism earns its place: facts that fall without it, else figures that move, else unsupported."""
    if all(each.effect == "absent" for each in row.values()):
        return "in no regimen of these facts"
    falls = sorted(number for number, each in row.items() if each.effect in ("falls", "part"))
    if falls:
        return f"supported: {', '.join(map(str, falls))}"
    moves = sorted(number for number, each in row.items() if each.effect == "moves")
    if moves:
        return f"no fact falls; moves {', '.join(map(str, moves))}"
    return "**unsupported**: no fact falls or moves"
