"""What a government believes of a rival's resolve: two types, and Bayes' rule over public moves."""

from __future__ import annotations

from collections.abc import Iterable

#: Odds by which a public act speaks for a resolute rival rather than a yielding one (assumption).
SPEAKS_FOR = {"escalate": 2.0, "hold": 1.05, "relax": 0.4}
#: The same of what it does in talks.
TALKING = {"ask_talks": 0.5, "offer": 0.7, "unanswered": 1.5}


def belief(prior: float, moves: Iterable[str], talking: Iterable[str] = ()) -> float:
    """Probability 0-1 that the rival is resolute, from a prior 0-1 and its public acts.

    Two-type updating as in Kreps and Wilson 1982 (J. Econ. Theory 27:2), with fixed likelihood
    ratios in the place of equilibrium play.
    """
    odds = prior / max(1.0 - prior, 1e-9)
    for move in moves:
        odds *= SPEAKS_FOR.get(move, 1.0)
    for act in talking:
        odds *= TALKING.get(act, 1.0)
    return odds / (1.0 + odds)
