"""Port fees: the arithmetic per kilogram, term by term, and what the model charged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from tradesim import axes, policies
from tradesim.policies import PortFee, Status
from tradesim.policies.base import economies
from tradesim.policies.port_fee import fee_usd_per_kg
from tradesim.report import labels
from tradesim.report.instruments import layout
from tradesim.report.reading import Reading


def block(reading: Reading) -> str:
    """HTML of every port fee of the scenario, USD per kilogram; '' without any."""
    given = layout.pages_of(reading, "PortFee")
    if not given or "states" not in reading.results.tables:
        return ""
    known = policies.load(given | layout.pages_of(reading, "Truce"))
    fees = {name: fee for name, fee in known.items() if isinstance(fee, PortFee)}
    told = [_fee(reading, fee) for fee in fees.values()]
    return layout.block(
        "Port fees", " ".join(finding for finding, _ in told), *(terms for _, terms in told),
        _collected(reading, known, fees),
    )  # fmt: skip


def magnet_price(reading: Reading, fee: PortFee) -> np.ndarray:
    """What a kilogram of magnet costs its buyers, USD/kg, one number for each seed.

    Mean over the run of transaction prices, weighted by deliveries: in the imposing economy, or
    for China's fee in the economies it ships to.
    """
    places = [fee.imposed_by]
    if fee.imposed_by == "CHN":
        by_land = economies(fee.overland)
        places = [c for i, c in enumerate(axes.ECONOMIES) if c != "CHN" and not by_land[i]]
    found = reading.query(
        "SELECT seed, sum(price_transaction_usd_per_kg * deliveries_t) / sum(deliveries_t) AS usd "
        f"FROM markets WHERE scenario = {labels.sql_list([reading.main])} "
        f"AND good IN ({labels.sql_list(axes.MAGNETS)}) AND economy IN ({labels.sql_list(places)}) "
        "AND deliveries_t > 0 GROUP BY seed ORDER BY seed"
    )
    return found["usd"].to_numpy(float)


def _fee(reading: Reading, fee: PortFee) -> tuple[str, str]:
    """One fee: a sentence, and the terms of each step that the run reaches."""
    end = (reading.periods.end - pd.Timedelta(days=1)).date()
    last = min(end, (fee.suspended or end), (fee.expires or end))
    steps = [step for step in fee.schedule if step.starts <= last] or list(fee.schedule[:1])
    price = magnet_price(reading, fee)
    cost = fee_usd_per_kg(fee.voyage(steps[-1].starts))
    rows = [_terms(fee, step.starts, price) for step in steps]
    finding = (
        f"{fee.title}: {layout.number(cost)} USD per kilogram at the highest step reached, "
        f"{layout.interval(100.0 * cost / price)}% of what a kilogram of magnet costs its buyer."
    )
    aside = (
        "Fee × net tonnage × charged share × liable share ÷ cargo. The charged share is at most "
        f"{fee.charged_calls_per_year:g} charges over {fee.calls_per_year:g} calls a year. Net "
        "tonnage, cargo, calls and the liable share are assumptions; passed on in full, so this is "
        "an upper bound."
    )
    terms = layout.table(list(rows[0]), [list(row.values()) for row in rows])
    return finding, terms + layout.note(aside)


def _terms(fee: PortFee, date: dt.date, price: np.ndarray) -> dict[str, str]:
    """The terms of the arithmetic of one step, by heading."""
    voyage = fee.voyage(date)
    cost = fee_usd_per_kg(voyage)
    return {
        "From": f"{date.day} {date:%B %Y}",
        "Fee, USD per net ton": layout.number(voyage.usd_per_net_ton),
        "Net tonnage": layout.number(voyage.net_tonnage),
        "Charge, USD a call": layout.number(voyage.charge_usd),
        "Charged share of calls": layout.number(voyage.charged_share),
        "Liable share of ships": layout.number(voyage.liable_share),
        "Cargo, t a call": layout.number(voyage.cargo_t_per_call),
        "USD per kg": layout.number(cost),
        "% of a magnet": layout.interval(100.0 * cost / price),
    }


def _collected(
    reading: Reading, known: Mapping[str, policies.Policy], fees: Mapping[str, PortFee]
) -> str:
    """What each collector took in the model beside arithmetic times tonnes on its lanes."""
    rows = []
    for collector in sorted({fee.imposed_by for fee in fees.values()}):
        own = {name: fee for name, fee in fees.items() if fee.imposed_by == collector}
        computed = sum(computed_usd(reading, known, name, fee) for name, fee in own.items())
        found = reading.query(
            f"SELECT seed, sum(fees_usd) AS usd FROM states WHERE state = '{collector}' "
            f"AND scenario = {labels.sql_list([reading.main])} GROUP BY seed ORDER BY seed"
        )
        rows.append([
            labels.economy(collector), layout.interval(found["usd"], 1e-6),
            layout.interval(np.asarray(computed), 1e-6),
        ])  # fmt: skip
    heads = ["Collector", "Collected, million USD", "Arithmetic × tonnes, million USD"]
    aside = (
        "Sums over the run. Tonnes are those shipped on the fee's lanes, less what went round a "
        "control through a third country: that did not call at the port as this lane's cargo and "
        "paid no fee. The second figure takes shipments of a month as even, so the two differ a "
        "little where a fee holds for part of a month."
    )
    return layout.table(heads, rows) + layout.note(aside)


def computed_usd(
    reading: Reading, known: Mapping[str, policies.Policy], name: str, fee: PortFee
) -> np.ndarray:
    """Fee per kilogram times tonnes on the fee's lanes over the run, USD by seed.

    What went round a control (``rerouted_t``) is in the tonnes shipped but pays no fee.
    """
    goods = fee.covers.goods_covered()
    flows = reading.query(
        "SELECT seed, date, origin, destination, end_use, "
        "sum(shipped_t - rerouted_t) AS t FROM flows "
        f"WHERE scenario = {labels.sql_list([reading.main])} "
        f"AND good IN ({labels.sql_list(goods)}) AND origin <> destination "
        f"AND (origin = '{fee.imposed_by}' OR destination = '{fee.imposed_by}') GROUP BY ALL"
    )
    rates = pd.Series(mean_fee(reading, known, name, fee), index=reading.periods.starts)
    paid = flows["t"] * 1000.0 * rates.reindex(pd.to_datetime(flows["date"])).to_numpy()
    paid = paid.where(_pays(fee, flows), 0.0)
    return np.asarray(paid.groupby(flows["seed"]).sum().sort_index(), np.float64)


def _pays(fee: PortFee, flows: pd.DataFrame) -> np.ndarray:
    """Rows of flows whose cargo passes the ports: those of the policy's own lanes."""
    place = {code: i for i, code in enumerate(axes.ECONOMIES)}
    by_land = economies(fee.overland)
    origin, destination = (
        flows[name].astype(str).map(place).to_numpy(int) for name in ("origin", "destination")
    )
    uses = set(axes.USE_LABELS) if "*" in fee.covers.end_uses else set(fee.covers.end_uses)
    from_, to = economies(fee.covers.origins), economies(fee.covers.destinations)
    to = to & ~economies(fee.covers.exempt_destinations)
    home = place[fee.imposed_by]
    partner = np.where(origin == home, destination, origin)
    found = from_[origin] & to[destination] & ~by_land[partner]
    return np.asarray(found & flows["end_use"].astype(str).isin(uses).to_numpy())


def mean_fee(
    reading: Reading, known: Mapping[str, policies.Policy], name: str, fee: PortFee
) -> np.ndarray:
    """Fee per kilogram in each period, mean over its days, USD/kg [periods].

    Policies are looked at on the first day of each (sub-)step, as the model does.
    """
    start = pd.Timestamp(str(reading.setting("start")))
    step = float(reading.setting("step_weeks") or 1.0)
    days = 7.0 * step / max(1, int(np.ceil(step)))
    grid = pd.date_range(start, reading.periods.end, freq="D", inclusive="left")
    began = np.floor((np.arange(len(grid)) + 1e-9) / days) * days
    fees = np.zeros(len(grid))
    for first in np.unique(began):
        date = (start + pd.Timedelta(days=float(first))).date()
        if policies.statuses(known, date)[name] is Status.EFFECTIVE:
            fees[began == first] = fee_usd_per_kg(fee.voyage(date))
    place = np.searchsorted(reading.periods.starts, grid, side="right") - 1
    count = len(reading.periods.starts)
    total = np.bincount(place, fees, minlength=count)
    return np.asarray(total / np.maximum(np.bincount(place, minlength=count), 1), np.float64)
