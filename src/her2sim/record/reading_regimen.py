"""Regimen items: the drugs of an arm, in protocol words or spelled out as mappings."""

from __future__ import annotations

from dataclasses import replace

from her2sim.record import grammar
from her2sim.record.fields import Fields
from her2sim.record.grammar import dose as dose_words
from her2sim.record.grammar import schedule as schedule_words
from her2sim.record.grammar import until as until_words
from her2sim.record.types import Dose, RegimenItem, Schedule, Until

KEYS = (
    "drug", "dose", "route", "schedule", "until", "loading", "cap", "escalate_to", "reduce", "start", "start_day",
    "share", "unparsed", "note", "text",
)  # fmt: skip
ROUTES = ("", "iv", "po", "sc", "im", "id", "it", "ip", "intranodal", "intratumoral", "radiation")
MAX_START_DAY = 40 * 366.0


def read_item(item: Fields, default_until: str, defaults_taken: list[str]) -> RegimenItem:
    """One drug of an arm.

    Main arguments:
        item: the mapping under ``regimen``.
        default_until: stopping rule of the setting, used (and noted) where the item gives none.
        defaults_taken: gets the keys for which a default was used.

    Raises:
        InputError: an unknown key, no drug, words outside the grammar, or parts that contradict each other.
    """
    item.only(KEYS)
    drug = item.text("drug").strip()
    if not drug:
        raise item.error(
            "a regimen item names no drug", "drug", "Expected for example {drug: trastuzumab, dose: 6 mg/kg}."
        )
    dose, escalate_to = _dose(item)
    schedule, repeats = _schedule(item)
    dose, schedule = _same_per_day(item, dose, schedule)
    start_day = _start(item)
    until = _until(item, start_day)
    if until is None:
        until = repeats or grammar.parse_until(default_until)
        if repeats is None:
            defaults_taken.append(_key(item, "until"))
    elif repeats is not None and (until.kind, until.value) not in (
        (repeats.kind, repeats.value),
        ("progression", None),
    ):
        raise item.error(
            f"schedule {item.text('schedule')!r} and until {item.text('until')!r} do not agree",
            "until",
            "Give one of them.",
        )
    else:
        until = repeats or until
    share = item.number("share", 0.0, 1.0)
    if share == 0.0:
        raise item.error("a share of 0 gives nobody this drug", "share", "Leave the drug out.")
    unparsed = item.mapping("unparsed")
    return RegimenItem(
        drug=drug,
        dose=dose,
        schedule=schedule,
        until=until,
        route=item.choice("route", ROUTES),
        loading=_amount(item, "loading"),
        escalate_to=_amount(item, "escalate_to") or escalate_to,
        start_day=start_day,
        share=1.0 if share is None else share,
        unparsed={key: unparsed.text(key) for key in unparsed.values} if unparsed else {},
        note=item.text("note"),
        reductions=_reductions(item),
        text=item.text("text"),
    )


def _key(item: Fields, key: str) -> str:
    """The path of a key as text, for ``defaults_taken``."""
    return item.where(key).rpartition(": ")[2]


def _dose(item: Fields) -> tuple[Dose | None, Dose | None]:
    """The dose and the dose it may be raised to."""
    escalate_to = None
    if isinstance(item.values.get("dose"), dict):
        dose = _amount(item, "dose")
    else:
        words = item.words("dose", grammar.parse_dose)
        dose, escalate_to = (words.dose, words.escalate_to) if words else (None, None)
    if dose is None:
        return None, None
    cap = _amount(item, "cap")
    if cap is not None:
        if cap.unit != "mg":
            raise item.error(f"the cap must be in mg, not {cap.unit}", "cap", "Expected for example cap: 150 mg.")
        dose = replace(dose, cap_mg=cap.amount)
    return dose, escalate_to


def _amount(item: Fields, key: str) -> Dose | None:
    """A single dose: words, or the mapping {amount, unit, per_day, cap_mg, text}."""
    if not isinstance(item.values.get(key), dict):
        return item.words(key, grammar.parse_amount)
    spelled = item.mapping(key)
    assert spelled is not None
    return _spelled_dose(spelled)


def _spelled_dose(spelled: Fields) -> Dose:
    spelled.only(("amount", "unit", "per_day", "cap_mg", "text"))
    amount = spelled.number("amount")
    if amount is None:
        raise spelled.error("a dose needs an amount", "amount", "Expected for example {amount: 5.4, unit: mg/kg}.")
    per_day = spelled.count("per_day", 1, 4) or 1
    dose = Dose(amount, spelled.text("unit"), per_day, spelled.number("cap_mg"), spelled.text("text"))
    return dose_words.checked(dose, spelled.where())


def _reductions(item: Fields) -> tuple[Dose, ...]:
    """Steps down for toxicity: a list of words or of mappings."""
    values = item.values.get("reduce")
    if isinstance(values, list) and values and isinstance(values[0], dict):
        return tuple(_spelled_dose(step) for step in item.mappings("reduce"))
    return tuple(
        grammar.parse_amount(words, item.where("reduce", index)) for index, words in enumerate(item.texts("reduce"))
    )


def _schedule(item: Fields) -> tuple[Schedule | None, Until | None]:
    """The schedule and the number of cycles that its words give."""
    if isinstance(item.values.get("schedule"), dict):
        spelled = item.mapping("schedule")
        assert spelled is not None
        spelled.only(("cycle_days", "days", "per_day", "text"))
        days = spelled.values.get("days", [1])
        if not isinstance(days, list) or not all(isinstance(day, int) for day in days):
            raise spelled.error("days must be a list of whole numbers", "days", "Expected for example [1, 8].")
        schedule = Schedule(
            spelled.number("cycle_days") or 0.0, tuple(days), spelled.count("per_day", 1, 4) or 1, spelled.text("text")
        )
        return schedule_words.checked(schedule, spelled.where()), None
    words = item.words("schedule", grammar.parse_schedule)
    return (words.schedule, words.until) if words else (None, None)


def _until(item: Fields, start_day: float) -> Until | None:
    if isinstance(item.values.get("until"), dict):
        spelled = item.mapping("until")
        assert spelled is not None
        spelled.only(("kind", "value", "text"))
        kind = spelled.choice("kind", ("progression", "cycles", "days", "surgery"))
        until = Until(kind, spelled.number("value"), spelled.text("text"))  # pyright: ignore[reportArgumentType]
        return until_words.checked(until, spelled.where())
    return item.words("until", lambda text, where: grammar.parse_until(text, where, start_day))


def _start(item: Fields) -> float:
    if item.has("start") and item.has("start_day"):
        raise item.error("start and start_day are both given", "start_day", "Give one of them.")
    return item.number("start_day", 0.0, MAX_START_DAY) or item.words("start", grammar.parse_start) or 0.0


def _same_per_day(item: Fields, dose: Dose | None, schedule: Schedule | None) -> tuple[Dose | None, Schedule | None]:
    """Dose and schedule with the same administrations per day: ``bid`` may stand with either."""
    if dose is None or schedule is None or dose.per_day == schedule.per_day:
        return dose, schedule
    if min(dose.per_day, schedule.per_day) > 1:
        raise item.error(
            f"dose says {dose.per_day} and schedule {schedule.per_day} administrations per day", "schedule", "Give one."
        )
    times = max(dose.per_day, schedule.per_day)
    return replace(dose, per_day=times), replace(schedule, per_day=times)
