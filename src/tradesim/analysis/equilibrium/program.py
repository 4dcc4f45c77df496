"""One linear program: balances of every node, costs and steps of demand at given prices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, linprog
from scipy.sparse import coo_array, csr_array, hstack

from tradesim.analysis.equilibrium.problem import Problem
from tradesim.analysis.equilibrium.steps import demand_steps, flow_steps
from tradesim.errors import ModelError
from tradesim.world.types import Floats, Ints, sum_by


@dataclass(frozen=True)
class Solution:
    """Quantities in t a year, prices and rents in USD/kg."""

    activity_t: Floats  # [cells]
    flow_t: Floats  # [arcs]
    spare_t: Floats  # [supply nodes] leaves the market at the floor price
    consumption_t: Floats  # [final demands]
    purchase_t: Floats  # [purchases]
    price_supply: Floats
    price_demand: Floats
    capacity_rent: Floats  # [cells] worth of a kg of capacity
    permit_usd_per_kg: dict[str, float]  # by limit, per counted kg
    moving_usd_per_kg: Floats  # [arcs] landed price less origin's, permits apart
    rounds: int = 1


@dataclass(frozen=True)
class Columns:
    """What does not change from program to program: coefficients of the balances.

    Rows are supply nodes, then demand nodes. ``activity`` by cell, ``moved`` by arc (a feed's arc
    also brings what is recovered from it), ``spare`` by node that may throw goods away.
    """

    activity: csr_array
    moved: csr_array
    spare: csr_array
    spare_node: Ints
    limits: csr_array  # rows of limits and ceilings, columns of arcs
    allowed: Floats

    @classmethod
    def of(cls, problem: Problem) -> Columns:
        """The coefficients of ``problem``."""
        p = problem
        cells, arcs, supplies = len(p.cells), len(p.arcs), len(p.supply)
        rows = supplies + len(p.demand)
        made = _matrix(p.outputs.node, p.outputs.cell, p.outputs.per_activity, rows, cells)
        used = _matrix(supplies + p.inputs.node, p.inputs.cell, p.inputs.per_activity, rows, cells)
        one, number = np.ones(arcs), np.arange(arcs)
        leaves = _matrix(p.arcs.supply, number, one, rows, arcs)
        comes = _matrix(supplies + p.arcs.demand, number, one, rows, arcs)
        yields = _matrix(p.joint.node, p.joint.arc, p.joint.per_feed, rows, arcs)
        node = np.flatnonzero(np.isfinite(p.floor))
        spare = _matrix(node, np.arange(len(node)), np.ones(len(node)), rows, len(node))
        weights = [limit.weight for limit in p.limits]
        weights += [held - share * into for held, into, share in p.ceilings]
        allowed = [limit.t for limit in p.limits] + [0.0] * len(p.ceilings)
        return cls(
            activity=made - used,
            moved=comes - leaves + yields,
            spare=-spare,
            spare_node=node,
            limits=csr_array(np.array(weights, np.float64).reshape(-1, arcs)),
            allowed=np.array(allowed),
        )


def solve_program(
    problem: Problem, columns: Columns, price_s: Floats, price_d: Floats, ratio: Floats,
    window: float, tie: float,
) -> Solution:  # fmt: skip
    """The program with duties and wedges at the given prices [supply and demand nodes].

    ``ratio`` [arcs] is the last flow over base flow; steps are fine within ``window`` (in logs)
    of the last prices and flows. ``tie`` is what a log unit of flow over base flow costs, as a
    share of the price. Raises :class:`ModelError` when it cannot be solved.
    """
    p = problem
    arc, flow_width, log = flow_steps(p, ratio, window)
    node, owner, worth, width = demand_steps(p, price_d, window)
    moving = price_s[p.arcs.supply] * (p.factor - 1.0) + p.specific
    per_arc = moving + p.joint.quality_usd_per_kg
    like = tie * p.price_demand0[p.arcs.demand]
    cost = np.concatenate((
        p.unit_cost - _premium(p, price_s), per_arc[arc] + like[arc] * log,
        -p.floor[columns.spare_node], -worth,
    ))  # fmt: skip
    rows = len(p.supply) + len(p.demand)
    used = _matrix(len(p.supply) + node, np.arange(len(node)), np.ones(len(node)), rows, len(node))
    most = np.concatenate(
        (p.capacity_t, flow_width, np.full(len(columns.spare_node), np.inf), width)
    )
    balances = hstack((columns.activity, columns.moved[:, arc], columns.spare, -used))
    bounds = np.column_stack((np.zeros(len(most)), most))
    answer = linprog(
        cost, A_eq=balances, b_eq=np.zeros(rows), bounds=bounds, method="highs",
        **_limits(p, columns, arc, len(node)),
    )  # fmt: skip
    if answer.status != 0:
        raise ModelError(
            f"the program of the equilibrium has no solution: {answer.message}",
            where="equilibrium",
            remedy="report the scenario and its overrides",
        )
    return _read(p, columns, answer, arc, owner, moving)


def _limits(
    problem: Problem, columns: Columns, arc: Ints, demands: int
) -> dict[str, csr_array | Floats]:
    """Rows of tonnage limits and ceilings, over all columns; nothing where there are none."""
    if not len(columns.allowed):
        return {}
    count = len(columns.allowed)
    before = csr_array((count, len(problem.cells)))
    after = csr_array((count, len(columns.spare_node) + demands))
    return {"A_ub": hstack((before, columns.limits[:, arc], after)), "b_ub": columns.allowed}


def _read(
    problem: Problem, columns: Columns, answer: OptimizeResult, arc: Ints, owner: Ints,
    moving: Floats,
) -> Solution:  # fmt: skip
    """Quantities and duals of a solved program."""
    p, x = problem, np.asarray(answer.x)
    dual = np.asarray(answer.eqlin.marginals)
    ends = np.cumsum([len(p.cells), len(arc), len(columns.spare_node)])
    activity, flow, thrown, bought = np.split(x, ends)
    final, public = len(p.final.node), len(p.purchases.node)
    by_owner = sum_by(owner, bought, final + public)
    spare = np.zeros(len(p.supply))
    spare[columns.spare_node] = thrown
    permit = np.asarray(answer.ineqlin.marginals) if len(columns.allowed) else np.zeros(0)
    return Solution(
        activity_t=activity,
        flow_t=sum_by(arc, flow, len(p.arcs)),
        spare_t=spare,
        consumption_t=by_owner[:final],
        purchase_t=by_owner[final:],
        price_supply=dual[: len(p.supply)],
        price_demand=dual[len(p.supply) :],
        capacity_rent=-np.asarray(answer.upper.marginals)[: len(p.cells)],
        permit_usd_per_kg={each.name: -float(permit[i]) for i, each in enumerate(p.limits)},
        moving_usd_per_kg=moving,
    )


def _premium(problem: Problem, price_s: Floats) -> Floats:
    """What guaranteed prices add to a kg of activity [cells], USD/kg, at the given prices."""
    guarantee, made = problem.guarantee, problem.guaranteed
    if guarantee is None:
        return np.zeros(len(problem.cells))
    price = np.zeros(len(guarantee.floor_usd_per_kg))
    price[made.node] = price_s[problem.guaranteed_node]
    added = guarantee.premium(price)[made.node]
    return sum_by(made.cell, made.per_activity * added, len(problem.cells))


def _matrix(row: Ints, column: Ints, value: Floats, rows: int, columns: int) -> csr_array:
    return csr_array(coo_array((value, (row, column)), shape=(rows, columns)))
