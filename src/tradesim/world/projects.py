"""Dated projects: firms that start empty and ramp up, with the partners they will trade with.

A project takes the recipe of the largest cell of its kind (outside China where there is one). It
is linked to suppliers and customers from the start; the links carry weight only as it ramps.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from tradesim import axes, rng
from tradesim.scenario import Scenario
from tradesim.tables.loader import BaseYear
from tradesim.world.firms import Firms, joined
from tradesim.world.flows import Network
from tradesim.world.types import N_GOODS, Floats, Ints

#: Partners on each side. Assumption: a new plant qualifies with a handful of customers.
PARTNERS = 4
#: Preference for a partner at home, and against one in China (assumption: offtake policy).
AT_HOME, IN_CHINA = 5.0, 0.1
#: Most that a project may weigh with a customer, over all its base-year suppliers (assumption).
MOST_WEIGHT = 3.0

_CHINA = axes.ECONOMY_INDEX["CHN"]


def add_projects(
    base: BaseYear, scenario: Scenario, firms: Firms, net: Network
) -> tuple[Firms, Network]:
    """Append the dated projects to the firms and their links to the network.

    Capacities are t a year of the model's activity unit, start dates become weeks after
    ``scenario.start``. A project whose kind no cell makes is left out (none in the shipped data).
    """
    rows = base.table("pipeline")
    for row in range(len(rows["project"])):
        economy, stage, line = (str(rows[c][row]) for c in ("economy", "stage", "line"))
        model = _model_firms(firms, economy, stage, line)
        if len(model) == 0:
            continue
        start = dt.date.fromisoformat(str(rows["start_date"][row]))
        name = f"{rows['company'][row]}: {rows['project'][row]}"
        firm = _project_firm(
            name,
            (economy, stage, line),
            capacity_t=float(rows["capacity_t_per_year"][row]),
            start_week=max(0.0, (start - scenario.start).days / 7.0),
            ramp_weeks=float(rows["ramp_months"][row]) * 365.25 / 84.0,
        )
        firms, net = _append(firms, net, firm, model)
    return firms, net


def _model_firms(firms: Firms, economy: str, stage: str, line: str) -> Ints:
    """Base-year firms whose recipe a project copies: same kind, at home or outside China first."""
    alike = (firms.stage == axes.STAGE_INDEX[stage]) & (np.array(firms.line) == line)
    alike &= firms.cell >= 0
    home = alike & (firms.economy == axes.ECONOMY_INDEX[economy])
    abroad = alike & (firms.economy != _CHINA)
    for group in (home, abroad, alike):
        if group.any():
            return np.flatnonzero(group)
    return np.zeros(0, np.int64)


def _project_firm(
    name: str, key: tuple[str, str, str], capacity_t: float, start_week: float, ramp_weeks: float
) -> Firms:
    """One firm with no base-year activity; ``activity_t`` holds its nameplate, t a year."""
    return Firms(
        name=(name,),
        id=np.array([rng.stable_id("/".join((*key, name)))], np.uint64),
        cell=np.array([-1]),
        economy=np.array([axes.ECONOMY_INDEX[key[0]]]),
        stage=np.array([axes.STAGE_INDEX[key[1]]]),
        line=(key[2],),
        share=np.zeros(1),
        activity_t=np.array([capacity_t]),
        capacity_t=np.array([capacity_t]),
        start_week=np.array([start_week]),
        ramp_weeks=np.array([max(ramp_weeks, 1.0)]),
    )


def _append(firms: Firms, net: Network, firm: Firms, model: Ints) -> tuple[Firms, Network]:
    """Firms and network with one project more."""
    scale = float(firm.activity_t[0]) / firms.activity_t[model].sum()
    uses = scale * net.uses_t[model].sum(0)
    outputs = scale * net.outputs_t[model].sum(0)
    disposal = scale * net.disposal_t[model].sum(0)
    number = len(firms)
    links = [
        *_partners(firms, net, firm, number, uses, buying=True),
        *_partners(firms, net, firm, number, outputs - disposal, buying=False),
    ]
    seller, buyer, good, use, weight = (np.array(column) for column in zip(*links, strict=True))
    merged = joined(firms, firm)
    count = len(seller)
    return merged, replace(
        net,
        uses_t=np.vstack((net.uses_t, uses)),
        outputs_t=np.vstack((net.outputs_t, outputs)),
        disposal_t=np.vstack((net.disposal_t, disposal)),
        seller=np.concatenate((net.seller, seller)),
        buyer=np.concatenate((net.buyer, buyer)),
        good=np.concatenate((net.good, good)),
        use=np.concatenate((net.use, use)),
        tonnes=np.concatenate((net.tonnes, np.zeros(count))),
        weight=np.concatenate((net.weight, weight)),
        project=np.concatenate((net.project, np.full(count, number))),
    )


def _partners(
    firms: Firms, net: Network, firm: Firms, number: int, flow_t: Floats, *, buying: bool
) -> list[tuple[int, int, int, int, float]]:
    """Links (seller, buyer, good, use, weight) of a project with its suppliers or customers.

    A supplier's weight is its share of the project's purchases; a customer's is the project's
    sales to it over the customer's own base-year use.
    """
    found: list[tuple[int, int, int, int, float]] = []
    volume = (net.outputs_t - net.disposal_t) if buying else net.uses_t
    for good in range(N_GOODS):
        if flow_t[good] <= 0:
            continue
        size = volume[:, good] * np.where(firms.cell >= 0, 1.0, 0.0)
        taste = np.where(firms.economy == firm.economy[0], AT_HOME, 1.0)
        taste = np.where(firms.economy == _CHINA, IN_CHINA, taste)
        best = np.argsort(-(size * taste), kind="stable")[:PARTNERS]
        best = best[size[best] > 0]
        share = size[best] * taste[best] / max(float((size[best] * taste[best]).sum()), 1e-30)
        for partner, part in zip(best.tolist(), share.tolist(), strict=True):
            use = use_label(firm.line[0] if buying else firms.line[partner])
            if buying:
                found.append((partner, number, good, use, part))
            else:
                weight = flow_t[good] * part / size[partner]
                found.append((number, partner, good, use, min(weight, MOST_WEIGHT)))
    return found


def use_label(line: str) -> int:
    """End use that a buyer of a line certifies (index on USE_LABELS)."""
    return axes.end_use_of(line)
