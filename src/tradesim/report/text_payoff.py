"""Sentences of the page of a matrix: the finding, the equilibria, who gains by leading."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tradesim.analysis.games import noise
from tradesim.analysis.games.gambit import Profile
from tradesim.analysis.games.matrix import Commitment, Side
from tradesim.analysis.games.noise import Contrast
from tradesim.analysis.games.outcome import Outcome, Weighting
from tradesim.report import labels
from tradesim.report.figures_payoff import billions

#: What the terms of utility are called on the page.
TERMS = {
    "utility_shortfall_usd": "shortfall", "utility_revenue_usd": "duties and fees",
    "utility_trade_usd": "trade and rents", "utility_outside_usd": "outside rare earths",
    "utility_audience_usd": "audience", "utility_leverage_usd": "leverage",
    "utility_cover_usd": "cover", "utility_future_usd": "future share",
}  # fmt: skip

CELLS = (
    "In every cell the packages of both sides are in force from their date of effect to the end of "
    "the run, and nothing else moves: no answer, no deal, no withdrawal. Payoffs are the utility "
    "of each government summed over the run, undiscounted, what comes before the date included. "
    "Their level means little; compare cells."
)
NO_NONE = (
    "Doing nothing was not among the options of {who}. An equilibrium here is the best of the "
    "packages, not a reason to use one; add the option <code>none</code> to ask that."
)
SEGMENTS = (
    "Where payoffs are tied there are whole segments of equilibria; their end points are listed."
)


def finding(outcome: Outcome) -> str:
    """The result in one line: equilibria in pure options, and how firm they are."""
    pure = [profile for profile in outcome.profiles if profile.pure]
    if not pure:
        return (
            "No pair of packages is a best response to each other; the only equilibria are mixed. "
            f"Of the resamples of {_seeds(outcome)} {_percent(outcome.survival.none)} "
            f"agree{_doubt(outcome)}."
        )
    told = "; ".join(pair(outcome, profile) for profile in pure[:3])
    more = f" and {len(pure) - 3} more" if len(pure) > 3 else ""
    kind = "One equilibrium" if len(pure) == 1 else f"{len(pure)} equilibria"
    return (
        f"{kind} in pure options: {told}{more}. The same set comes out of "
        f"{_percent(outcome.survival.same)} of the resamples of {_seeds(outcome)}{_doubt(outcome)}."
    )


def _doubt(outcome: Outcome) -> str:
    """How many differences that best responses rest on are within the noise."""
    noisy = sum(not contrast.clear for contrast in outcome.contrasts)
    if not noisy:
        return ""
    return f"; {noisy} of {len(outcome.contrasts)} differences to a best response are within noise"


def pair(outcome: Outcome, profile: Profile) -> str:
    """A pure equilibrium in words."""
    row, column = (labels.economy(outcome.players[side]) for side in ("row", "column"))
    i, j = profile.cell
    sample = outcome.sample
    return f"{row} {sample.row_options[i]}, {column} {sample.column_options[j]}"


def equilibrium(outcome: Outcome, profile: Profile) -> str:
    """One equilibrium with its payoffs and, if pure, how often it survives."""
    worth = f"payoffs {billions(profile.row_usd)} and {billions(profile.column_usd)} billion USD"
    if profile.pure:
        share = _percent(float(outcome.survival.cells[profile.cell]))
        return f"{pair(outcome, profile)}: {worth}; an equilibrium in {share} of the resamples"
    sample = outcome.sample
    row = mix(labels.economy(outcome.players["row"]), sample.row_options, profile.row)
    column = mix(labels.economy(outcome.players["column"]), sample.column_options, profile.column)
    return f"Mixed: {row}; {column}; expected {worth}"


def mix(player: str, options: Sequence[str], shares: Sequence[float]) -> str:
    """A mixed option in words: every option that is played, with its probability."""
    played = [f"{name} with {share:.2f}" for name, share in zip(options, shares, strict=True)
              if share > 0]  # fmt: skip
    return f"{player} plays {', '.join(played)}"


def commitment(outcome: Outcome, found: Commitment) -> str:
    """What happens when one side moves first and cannot go back."""
    leader = labels.economy(outcome.players[found.leader])
    text = (
        f"{leader} first: it commits to {found.option}, the answer is {found.answer}; "
        f"{billions(found.leader_usd)} for it, {billions(found.follower_usd)} for the other, "
        "billion USD"
    )
    if found.tied:
        text += (
            f". This hangs on a tie of the follower, broken for the leader; broken against it the "
            f"leader is sure of {billions(found.weak_usd)}"
        )
    own = [p.row_usd if found.leader == "row" else p.column_usd for p in outcome.profiles]
    gain = found.leader_usd - max(own)
    if gain > 5e6:
        text += f". That is {billions(gain)} more than in its best equilibrium of moving together"
    else:
        text += ". Leading gains it nothing over its best equilibrium of moving together"
    return text


def dominance(outcome: Outcome) -> list[str]:
    """Dominated options in words, one line an option and kind, on mean payoffs."""
    by: dict[tuple[Side, str, bool], list[str]] = {}
    for found in outcome.dominated:
        by.setdefault((found.side, found.option, found.strict), []).append(found.by)
    return [
        f"{labels.economy(outcome.players[side])}: {option} is worse than {', '.join(better)} "
        + ("in every cell" if strict else "in some cell and better in none")
        for (side, option, strict), better in by.items()
    ]


def clear_contrasts(found: Sequence[Contrast]) -> str:
    """How many differences the seeds tell from noise."""
    clear = sum(contrast.clear for contrast in found)
    if not found:
        return "There is nothing to choose between."
    if not math.isfinite(found[0].low_usd):
        return "One seed has no spread: nothing here can be told from noise. Run more seeds."
    return (
        f"Of {len(found)} differences to a best response {clear} are clear and "
        f"{len(found) - clear} are within the noise of {found[0].n} seeds: their "
        f"{noise.LEVEL:.0%} interval reaches zero. Differences are taken seed by seed, so what all "
        "cells of a seed share drops out. Each interval stands alone; of twenty differences that "
        "are nothing about one looks clear."
    )


def weighting(outcome: Outcome, found: Weighting) -> str:
    """Pure equilibria under another weight, in words."""
    sample = outcome.sample
    if found.same:
        return "the same"
    cells = [f"{sample.row_options[i]} | {sample.column_options[j]}" for i, j in found.cells]
    return "; ".join(cells) or "none in pure options"


def _percent(share: float) -> str:
    """A whole percentage; all and none are said only where it is all or none."""
    if 0.995 <= share < 1:
        return "more than 99%"
    if 0 < share < 0.005:
        return "less than 1%"
    return f"{100 * share:.0f}%"


def _seeds(outcome: Outcome) -> str:
    return labels.count(outcome.sample.seeds, "seed")
