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
from dataclasses import replace

import numpy as np

from tradesim.analysis.equilibrium.problem import Problem
from tradesim.analysis.equilibrium.program import Columns, Solution, solve_program
from tradesim.errors import ModelError
from tradesim.world.types import Floats

#: Half-width (in logs) of the fine steps: of the first program, of the last, and how it shrinks.
WIDEST, NARROWEST, SHRINK = 0.5, 0.001, 0.2
#: Largest relative change of any price that counts as agreement.
AGREED = 5e-4
#: Half-width of the fine steps with which agreement counts.
FINE_ENOUGH = 0.005
ROUNDS = 40
#: Suppliers of one good are alike to a hundredth of the price (see docs/benchmark.md); the
#: textbook's perfect likeness is the limit of large values.
SHARPNESS = 100.0
SHARPNESS_RANGE = (1.0, 5000.0)
#: A node that trades less than this a year, in tonnes, has no price that matters.
TRIFLE_T = 1e-4

Say = Callable[[str], None]


def _silent(_: str) -> None:
    """Say nothing."""


def solve(problem: Problem, sharpness: float = SHARPNESS, say: Say = _silent) -> Solution:
    """The equilibrium of ``problem``; ``say`` is told of every round.

    ``sharpness`` is the elasticity of a supplier's share to its cost; its inverse is how far, in
    logs, suppliers that differ by a factor e from their base-year trade differ in cost.

    Raises :class:`ModelError` when a program has no solution or prices do not come to agree.
    """
    columns, tie = Columns.of(problem), 1.0 / sharpness
    price_s, price_d = problem.price_supply0, problem.price_demand0
    ratio = np.ones(len(problem.arcs))
    change, window, damping = np.inf, WIDEST, 1.0
    for number in range(ROUNDS):
        found = solve_program(problem, columns, price_s, price_d, ratio, window, tie)
        before, change = change, largest_change(problem, found, price_s, price_d)
        say(f"round {number + 1}: prices change by up to {100.0 * change:.2g}%")
        if window <= FINE_ENOUGH and change < AGREED:
            return replace(found, rounds=number + 1)
        damping = max(0.3, 0.8 * damping) if change >= 0.9 * before else damping
        price_s = price_s + damping * (found.price_supply - price_s)
        price_d = price_d + damping * (found.price_demand - price_d)
        ratio = found.flow_t / np.maximum(problem.arcs.base_t, 1e-6)
        # a price that leaves the fine steps would land on a coarse one
        window = min(WIDEST, max(NARROWEST, SHRINK * window, 0.5 * change))
    raise ModelError(
        f"prices still move by {100.0 * change:.2g}% after {ROUNDS} rounds",
        where="equilibrium",
        allowed=f"{100.0 * AGREED:.2g}% or less",
        remedy="the terms may leave a market without any supply; try weaker policies",
    )


def largest_change(problem: Problem, found: Solution, price_s: Floats, price_d: Floats) -> float:
    """Largest relative change of a price that the next program depends on.

    Those are the prices of final and public buyers, up to the price at which they stop, and those
    of origins whose goods pay a share of the price at the border, as far as it changes what they
    cost on arrival. Between scarce inputs in fixed proportions the split of a rent is open, and
    nothing depends on it.
    """
    p, gaps = problem, []
    for node, most in ((p.final.node, p.final.choke), (p.purchases.node, p.purchases.ceiling)):
        base = p.price_demand0[node]
        now, before = (np.minimum(v[node] / base, most) for v in (found.price_demand, price_d))
        gaps.append(np.abs(now - before) / np.maximum(before, 1.0))
    taxed = (p.factor != 1.0) & (found.flow_t > TRIFLE_T)
    origin = p.arcs.supply[taxed]
    tax = np.abs(found.price_supply - price_s)[origin] * (p.factor[taxed] - 1.0)
    gaps.append(tax / np.maximum(found.price_supply, p.price_supply0)[origin])
    return float(np.concatenate(gaps).max(initial=0.0))
