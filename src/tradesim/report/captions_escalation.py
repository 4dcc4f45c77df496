"""The words under the escalation chart, and what became of all runs in a few sentences."""

from __future__ import annotations

from tradesim.report import diplomacy, labels, text
from tradesim.report.reading import Reading


def paths(reading: Reading) -> str:
    """How many runs took which path, as counts of runs of this model and no more."""
    found = diplomacy.paths(reading)
    runs = len(reading.seeds)
    told = "; ".join(f"{path} in {len(seeds)}" for path, seeds in found.items())
    counted = f"Of {labels.count(runs, 'run')}: {told}."
    words = [counted]
    if any(path == diplomacy.BEFORE for path in found):
        words.append(text.BEFORE_DEADLINE)
    fate = _fates(reading)
    words += [fate] if fate else []
    return " ".join([*words, text.NO_PROBABILITY if runs > 1 else text.ONE_PATH])


def _fates(reading: Reading) -> str:
    """What became of the deals of all runs."""
    actions = [d.action for seed in reading.seeds for d in diplomacy.deeds(reading, seed)]
    signed = actions.count("accept")
    if not signed:
        return ""
    counts = (("renew", "renewed"), ("breach", "broken"), ("deal_expires", "run out"))
    told = [f"{actions.count(action)} {word}" for action, word in counts if action in actions]
    if not told:
        return "All deals hold to the end of the run."
    return f"Deals signed: {signed}, of which {labels.joined(told)} before the end of the run."


def _one_of(count: int) -> str:
    return "the only run with this path" if count == 1 else f"the first of {count} with this path"


def escalation(reading: Reading, path: str, seed: int, whole: bool) -> str:
    """Which run is shown and how it is chosen, how to read the chart, what it comes to."""
    seeds = diplomacy.paths(reading)[path]
    chosen = f"Seed {seed}, {_one_of(len(seeds))}." if len(reading.seeds) > 1 else f"Seed {seed}."
    tops = []
    for code in diplomacy.governments(reading):
        top = max((rung for _, rung in diplomacy.steps(reading, seed, code)), default=0)
        tops.append(f"{labels.economy(code)} {top}")
    deals = len(diplomacy.deals(reading, seed))
    reached = f"Highest rungs: {labels.joined(tops)}; {labels.count(deals, 'deal')}."
    how = text.ESCALATION_WHOLE if whole else text.ESCALATION
    return f"{chosen} {reached} {how} {text.MOVED_MOST}"
