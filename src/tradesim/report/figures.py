"""Figures by kind, for notebooks: ``results.plot("price", good="oxide_Dy")``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from tradesim.errors import InputError, unknown
from tradesim.report import (
    diplomacy,
    figures_chain,
    figures_escalation,
    figures_flow,
    figures_market,
    figures_shortfall,
    labels,
)
from tradesim.report.fans import Spec
from tradesim.report.lineup import LineUp
from tradesim.report.reading import Readable, Reading

#: Economies to choose from are those the figure shows; goods are codes such as ``oxide_Dy``.
_SELECTORS: dict[str, dict[str, str]] = {
    "exports": {"by": "total or destination"},
    "price": {"good": "a good, or NdPr"},
    "shortfall": {"definition": "physical, rationed or price_destroyed", "form": "panels or strip"},
    "licences": {"group": "magnets, oxides, metals and targets, concentrates"},
    "sankey": {"span": "worst or year"},
    "plants": {},
    "escalation": {"seed": "a seed of the run", "span": "close or whole"},
}


def plot(
    results: Readable, kind: str = "price", *, against: Sequence[Readable] = (), **selectors: str
) -> go.Figure:
    """A Plotly figure of one kind.

    Parameters
    ----------
    results : a run with monthly (or full) tables.
    kind : exports (t per month), price (USD/kg), shortfall (% of normal use), licences (t, days),
        sankey (t), plants (% of plants), escalation (rungs of one run).
    against : further results to draw in the same panels; the scenario of ``results`` comes first.
    selectors : by kind, ``by``, ``good``, ``definition``, ``form``, ``group``, ``span``, ``seed``.

    Raises
    ------
    InputError
        for an unknown kind, selector or value (with the nearest known one).
    """
    if kind not in _SELECTORS:
        raise unknown("figure", kind, _SELECTORS, where="Results.plot")
    for name in selectors:
        if name not in _SELECTORS[kind]:
            raise unknown("selector", name, _SELECTORS[kind], where=f"figure '{kind}'")
    if "markets" not in results.tables:
        raise InputError(
            "there are no tables to draw from", where="Results.plot",
            allowed="a run with record=monthly or record=full",
            remedy="run the scenario again with record=monthly",
        )  # fmt: skip
    reading = Reading(LineUp([results, *against]) if against else results)
    return go.Figure(_DRAW[kind](reading, **selectors))


def choice(name: str, value: str, known: Sequence[str]) -> str:
    """``value`` if it is known; else an :class:`InputError` that names the nearest."""
    if value not in known:
        raise unknown(name, value, known, where="Results.plot")
    return value


def _exports(reading: Reading, by: str = "total") -> Spec:
    total = choice("value of 'by'", by, ("total", "destination")) == "total"
    return (figures_market.exports if total else figures_market.exports_by_destination)(reading)


def _price(reading: Reading, good: str = "oxide_Dy") -> Spec:
    known = [str(g) for g in reading.query("SELECT DISTINCT good FROM markets")["good"]]
    return figures_market.prices(reading, choice("good", good, [*known, "NdPr"]))


def _shortfall(reading: Reading, definition: str = "physical", form: str = "panels") -> Spec:
    choice("shortfall", definition, figures_shortfall.DEFINITIONS)
    panels = choice("form", form, ("panels", "strip")) == "panels"
    draw = figures_shortfall.multiples if panels else figures_shortfall.strip
    return draw(reading, definition)


def _licences(reading: Reading, group: str = "magnets") -> Spec:
    return figures_chain.licences(reading, choice("group", group, list(labels.GROUPS)))


def _sankey(reading: Reading, span: str = "worst") -> Spec:
    first = choice("span", span, ("worst", "year")) == "worst"
    return figures_flow.chain(reading, figures_flow.spans(reading)[0 if first else -1])


def _escalation(reading: Reading, seed: str = "", span: str = "close") -> Spec:
    if not diplomacy.told(reading):
        raise InputError(
            "no government decides in this run", where="Results.plot",
            allowed="a run of a strategic scenario",
            remedy="tradesim list scenarios names who decides in each",
        )  # fmt: skip
    named = str(seed) or str(reading.seeds[0])
    choice("seed", named, [str(number) for number in reading.seeds])
    choice("value of 'span'", span, ("close", "whole"))
    return figures_escalation.escalation(reading, int(named), span)


_DRAW: dict[str, Callable[..., Spec]] = {
    "exports": _exports,
    "price": _price,
    "shortfall": _shortfall,
    "licences": _licences,
    "sankey": _sankey,
    "plants": figures_chain.plants,
    "escalation": _escalation,
}
