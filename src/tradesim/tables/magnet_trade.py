"""Magnet trade by economy: China's export row as published, the rest within what is made (t/yr).

Customs see re-exports and processing trade: the Philippines, Vietnam or the European Union ship
more magnets than they make. Three named rules bring the matrix back to output, then Stone's
estimator closes it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tradesim.tables.balance import FLOW_SOURCE, SOURCE, Balance
from tradesim.tables.book import ASSUMPTIONS, Book, read_rows
from tradesim.tables.stone import SIGMA, Identity, reconcile

Matrix = dict[tuple[str, str], float]


def row_split(item: str) -> dict[str, float]:
    """Shares by which a ROW figure is divided among its economies."""
    rows = read_rows(ASSUMPTIONS / "row_split.csv")
    return {row["economy"]: float(row["share"]) for row in rows if row["item"] == item}


def makers(balance: Balance) -> dict[str, float]:
    """Finished NdFeB output by economy, t/yr; the balance's ROW divided by rule R03."""
    output = {
        economy: tonnes
        for (element, economy, stage, item), tonnes in balance.values.items()
        if (element, stage, item) == ("all", "magnet", "output") and economy != "ROW"
    }
    rest = balance.get("all", "ROW", "magnet", "output")
    for economy, share in row_split("magnet_output").items():
        output[economy] = rest * share
    return output


def published_lanes(balance: Balance) -> Matrix:
    """All magnet lanes of the sources with ROW divided, t/yr, before any rule."""
    lanes: Matrix = {}
    split_out = row_split("magnet_output")
    for (good, origin, destination), tonnes in balance.lanes.items():
        if good != "magnet_all":
            continue
        item = f"magnet_import_from_{origin if origin in _SPLIT_ORIGINS else 'other'}"
        into = row_split(item) if destination == "ROW" else {destination: 1.0}
        from_ = split_out if origin == "ROW" else {origin: 1.0}
        for o, a in from_.items():
            for d, b in into.items():
                if o != d:
                    lanes[o, d] = lanes.get((o, d), 0.0) + tonnes * a * b
    return lanes


_SPLIT_ORIGINS = ("CHN", "USA", "JPN", "EU27")


def net_processing_trade(book: Book, lanes: Matrix, output: Mapping[str, float]) -> Matrix:
    """R07: outside China the common part of two opposite lanes is processing trade and leaves."""
    netted = dict(lanes)
    for (o, d), tonnes in lanes.items():
        if "CHN" not in (o, d):
            netted[o, d] = max(tonnes - lanes.get((d, o), 0.0), 0.0)
    return {
        key: t for key, t in netted.items() if key[0] in output and t > 0.0
    }  # an economy that makes no magnets can only re-export


def cap_exports(book: Book, lanes: Matrix, output: Mapping[str, float]) -> Matrix:
    """R08 and R09: exports at most output less the home share; small lanes move to larger ones."""
    floor = book.parameters["magnet_lane_floor"]
    kept: Matrix = {}
    for origin, made in output.items():
        row = {d: t for (o, d), t in lanes.items() if o == origin}
        if origin == "CHN":
            small = {d: t for d, t in row.items() if t < floor}
            row = {d: t for d, t in row.items() if t >= floor}
            row["ROW"] += sum(small.values())  # the published total of the row stays whole
        else:
            limit = made * (1.0 - book.parameters["min_domestic_share"])
            factor = min(1.0, limit / sum(row.values()))
            scaled = {d: t * factor for d, t in row.items()}
            large = {d: t for d, t in scaled.items() if t >= floor}
            total = sum(large.values())
            row = {d: t * sum(scaled.values()) / total for d, t in large.items()}
        kept.update({(origin, d): t for d, t in row.items()})
    return kept


def use_prior(balance: Balance, lanes: Matrix) -> dict[str, float]:
    """Prior of magnet use (component stage) by economy; ROW divided by its imports from China."""
    prior = {
        economy: tonnes
        for (element, economy, stage, item), tonnes in balance.values.items()
        if (element, stage, item) == ("all", "component", "output") and economy != "ROW"
    }
    rest = balance.get("all", "ROW", "component", "output")
    for economy, share in row_split("magnet_import_from_CHN").items():
        prior[economy] = rest * share
    users = {d for _, d in lanes}
    return {economy: tonnes for economy, tonnes in prior.items() if economy in users}


def ndfeb_matrix(book: Book, balance: Balance, smco_exports: Mapping[str, float]) -> Matrix:
    """NdFeB by (maker, user) economy, t/yr: rows meet output, China's row meets customs.

    ``smco_exports`` is China's SmCo by destination: it is part of the published 58,152 t.
    """
    output = makers(balance)
    raw = published_lanes(balance)
    lanes = cap_exports(book, net_processing_trade(book, raw, output), output)
    for destination, tonnes in smco_exports.items():
        lanes["CHN", destination] -= tonnes
    prior_use = use_prior(balance, lanes)
    for origin, made in output.items():
        lanes[origin, origin] = made - sum(t for (o, _), t in lanes.items() if o == origin)
    result = _close(lanes, output, prior_use)
    for key in sorted(set(raw) | set(result)):
        before, after = raw.get(key, 0.0), result.get(key, 0.0)
        after += smco_exports.get(key[1], 0.0) if key[0] == "CHN" else 0.0
        rule = "R06_china_magnet_row" if key[0] == "CHN" else "R08_re_exports"
        sigma = SIGMA["fixed"] if key[0] == "CHN" else SIGMA["estimate"]
        if key[0] != key[1]:
            book.adjust(f"flow magnets {key[0]}-{key[1]}", rule, before, after, sigma,
                        "reconciled", FLOW_SOURCE)  # fmt: skip
    for economy, before in prior_use.items():
        after = sum(t for (_, d), t in result.items() if d == economy)
        book.adjust(f"magnet use {economy}", "R08_re_exports", before, after,
                    SIGMA["estimate"], "reconciled", SOURCE)  # fmt: skip
    return result


def _close(lanes: Matrix, output: Mapping[str, float], use: Mapping[str, float]) -> Matrix:
    keys = sorted(lanes)
    users = sorted(use)
    prior = np.array([lanes[k] for k in keys] + [use[u] for u in users])
    # China's row is data; what China keeps is output less that row, so its lanes are all fixed.
    sigma = np.array(
        [0.0 if o == "CHN" else SIGMA["estimate"] for o, _ in keys]
        + [SIGMA["estimate"]] * len(users)
    )
    identities = [
        Identity(f"magnet output {e}", {i: 1.0 for i, k in enumerate(keys) if k[0] == e}, made)
        for e, made in output.items()
        if e != "CHN"
    ]
    for n, user in enumerate(users):
        terms = {i: 1.0 for i, k in enumerate(keys) if k[1] == user}
        terms[len(keys) + n] = -1.0
        identities.append(Identity(f"magnet use {user}", terms, 0.0))
    names = [f"magnets {o}-{d}" for o, d in keys] + [f"magnet use {u}" for u in users]
    result = reconcile(prior, sigma, identities, names)
    return {key: float(result[i]) for i, key in enumerate(keys) if result[i] > 0.0}
