"""Solve the problem: linear programs whose steps are refined around the solution.

The surplus of buyers less the cost of making and moving goods is maximised (Samuelson 1952); the
dual of a node's balance is its price. Duties and wedges are shares of a price, which no program of
this kind holds: they enter as sums per kilogram at the last prices, and the program is solved again
until they agree (the diagonal method, Pang and Chan 1982). Where suppliers cost the same, the
trade nearest to that of the base year is taken, nearness in relative entropy: it is the limit of
logit shares as they sharpen (Cominetti and San Martin 1994).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tradesim.analysis.equilibrium.problem import Problem
from tradesim.analysis.equilibrium.program import Columns, Solution, solve_program
from tradesim.errors import ModelError
from tradesim.world.types import Floats, sum_by

#: Half-widths (in logs) of the fine steps, from the first program to the last.
WINDOWS = (0.7, 0.25, 0.1, 0.04, 0.016, 0.006, 0.0025)
#: Largest change of any price, as a share of its base, that counts as agreement.
AGREED = 5e-4
ROUNDS = 40
#: A node that trades less than this a year, in tonnes, has no price that matters.
TRIFLE_T = 1e-4

Say = Callable[[str], None]


def _silent(_: str) -> None:
    """Say nothing."""


def solve(problem: Problem, say: Say = _silent) -> Solution:
    """The equilibrium of ``problem``; ``say`` is told of every round.

    Raises :class:`ModelError` when a program has no solution or prices do not come to agree.
    """
    columns = Columns.of(problem)
    price_s, price_d = problem.price_supply0, problem.price_demand0
    ratio = np.ones(len(problem.arcs))
    change, damping = np.inf, 1.0
    for number in range(ROUNDS):
        window = WINDOWS[min(number, len(WINDOWS) - 1)]
        found = solve_program(problem, columns, price_s, price_d, ratio, window)
        before, change = change, largest_change(problem, found, price_s, price_d)
        say(f"round {number + 1}: prices change by up to {100.0 * change:.2g}% of base")
        if number >= len(WINDOWS) - 1 and change < AGREED:
            return found
        damping = max(0.3, 0.8 * damping) if change >= 0.9 * before else damping
        price_s = price_s + damping * (found.price_supply - price_s)
        price_d = price_d + damping * (found.price_demand - price_d)
        ratio = found.flow_t / np.maximum(problem.arcs.base_t, 1e-6)
    raise ModelError(
        f"prices still move by {100.0 * change:.2g}% of base after {ROUNDS} rounds",
        where="equilibrium",
        allowed=f"{100.0 * AGREED:.2g}% or less",
        remedy="the terms may leave a market without any supply; try weaker policies",
    )


def largest_change(
    problem: Problem, found: Solution, price_s: Floats, price_d: Floats
) -> float:
    """Largest change of a price over its base, at nodes that trade something."""
    sold = sum_by(problem.arcs.supply, found.flow_t, len(problem.supply)) > TRIFLE_T
    bought = sum_by(problem.arcs.demand, found.flow_t, len(problem.demand)) > TRIFLE_T
    gaps = np.concatenate((
        (np.abs(found.price_supply - price_s) / problem.price_supply0)[sold],
        (np.abs(found.price_demand - price_d) / problem.price_demand0)[bought],
    ))  # fmt: skip
    return float(gaps.max(initial=0.0))
