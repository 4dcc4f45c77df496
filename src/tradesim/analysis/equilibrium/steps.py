"""Steps that turn smooth demand, and the preference between equal suppliers, into linear pieces."""

from __future__ import annotations

import numpy as np

from tradesim.analysis.equilibrium.problem import Demand, Problem
from tradesim.market.plan import demand_response
from tradesim.world.types import Floats, Ints

#: Flow over base flow at which the preference changes, coarse; finer ones follow the solution.
TIE_STEPS = np.array([0.02, 0.1, 0.3, 0.6, 0.85, 1.0, 1.2, 1.6, 3.0, 10.0])
FINE_TIES = 6
#: Cheapest price over base that demand is drawn for.
CHEAPEST = 0.02
#: Steps of demand: coarse ones over all prices, fine ones on either side of the last price.
COARSE, FINE = 24, 12


def flow_steps(problem: Problem, ratio: Floats, window: float) -> tuple[Ints, Floats, Floats]:
    """Steps of every arc: which arc, tonnes a year, log of flow over base; caps cut them short.

    ``ratio`` [arcs] is the last flow over base flow, around which the steps are fine.
    """
    base = np.maximum(problem.arcs.base_t, 1e-6)
    near = np.clip(ratio, TIE_STEPS[0], TIE_STEPS[-1])[:, None]
    fine = near * np.exp(np.linspace(-window, window, FINE_TIES))[None, :]
    steps = np.broadcast_to(TIE_STEPS, (len(base), len(TIE_STEPS)))
    edges = np.sort(np.concatenate((steps, fine), axis=1), axis=1)
    log = np.log(np.column_stack((0.5 * edges[:, 0], np.sqrt(edges[:, 1:] * edges[:, :-1]),
                                  2.0 * edges[:, -1])))  # fmt: skip
    tonnes = np.minimum(edges * base[:, None], problem.cap_t[:, None])
    width = np.diff(tonnes, prepend=0.0, axis=1)
    width = np.column_stack((width, problem.cap_t - tonnes[:, -1]))
    keep = width > 1e-9
    arc, step = np.nonzero(keep)
    return arc, width[keep], log[arc, step]


def demand_steps(
    problem: Problem, price_d: Floats, window: float
) -> tuple[Ints, Ints, Floats, Floats]:
    """Steps of final and public demand: node, owner, what a kg is worth, tonnes a year."""
    node, owner, worth, width = [], [], [], []
    final, public = problem.final, problem.purchases
    for i, (at, ratio, tonnes) in enumerate(_curves(final, problem, price_d, window)):
        node.append(np.full(len(tonnes), at))
        owner.append(np.full(len(tonnes), i))
        worth.append(ratio * problem.price_demand0[at])
        width.append(tonnes)
    for j in range(len(public.node)):
        at = int(public.node[j])
        base = problem.price_demand0[at]
        now = float(np.clip(price_d[at] / base, CHEAPEST, public.ceiling[j]))
        edges = _edges(public.ceiling[j], now, window)
        bought = np.minimum(public.t[j], public.usd[j] / (1000.0 * edges * base))
        node.append(np.full(len(edges), at))
        owner.append(np.full(len(edges), len(final.node) + j))
        worth.append(edges * base)
        width.append(np.diff(bought, prepend=0.0))
    return (
        np.concatenate(node).astype(np.int64), np.concatenate(owner).astype(np.int64),
        np.concatenate(worth), np.concatenate(width),
    )  # fmt: skip


def _curves(
    final: Demand, problem: Problem, price_d: Floats, window: float
) -> list[tuple[int, Floats, Floats]]:
    """For each final demand its node, the price ratios of its steps and their tonnes."""
    now = np.clip(price_d[final.node] / problem.price_demand0[final.node], CHEAPEST, final.choke)
    found = []
    for i, at in enumerate(final.node.tolist()):
        edges = _edges(final.choke[i], float(now[i]), window)
        choke = np.full(len(edges), final.choke[i])
        bought = final.base_t[i] * demand_response(edges, final.elasticity[i], choke)
        middle = np.sqrt(edges[1:] * edges[:-1])
        found.append((at, middle, np.diff(bought)))
    return found


def _edges(choke: float, now: float, window: float) -> Floats:
    """Falling price ratios: coarse from the choke price down, fine around ``now``."""
    coarse = np.geomspace(choke, CHEAPEST, COARSE)
    fine = now * np.exp(np.linspace(window, -window, 2 * FINE))
    both = np.unique(np.concatenate((coarse, fine[(fine < choke) & (fine > CHEAPEST)])))
    return both[::-1]
