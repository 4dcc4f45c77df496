"""What moves the headline figures: the share of their spread that each factor of a study causes.

The seeds are two factors. The *network* seed draws what stays (firms, links, cover, technology),
the *chance* seed what happens on it (demand noise, licence decisions, lists); crossing them tells
the two apart. A *setting* (step length, firms, horizon, start, a draw of parameters) is run at
several levels, each with the same pairs of seeds. Every such table has two ways and one run a
cell, and one run has no error of its own: what is left over is the interaction.

Variances are the components of the random-effects analysis of variance (Searle, Casella and
McCulloch 1992, *Variance Components*, ch. 4), so a factor that does nothing gets no share for
the noise of the other; by the law of total variance they add up to the spread of all factors
together, as far as settings do not depend on each other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tradesim.analysis import welfare
from tradesim.analysis.metrics import (
    ABROAD,
    MAGNET_GOODS,
    Floats,
    export_ratio,
    first_stoppages,
    panel,
    recovery_weeks,
    shock_day,
)
from tradesim.axes import ECONOMY_INDEX, GOOD_INDEX

#: Names of the rows that stem from seeds, in their order.
NETWORK, CHANCE, BOTH = "network draw", "chance draws", "network × chance"
#: The row of what settings and seeds do together.
MIXED = "settings × seeds"
#: Economies whose welfare is followed: both sides and the two largest users besides.
FOLLOWED = ("CHN", "USA", "EU27", "JPN")


@dataclass(frozen=True)
class Components:
    """Mean of a two-way table and the variance that rows, columns and both together cause.

    The mean in the unit of the values, variances in its square.
    """

    mean: float
    rows: float
    columns: float
    interaction: float

    @property
    def total(self) -> float:
        """Sum of the three variances: the spread of a cell with any row and any column."""
        return self.rows + self.columns + self.interaction


@dataclass(frozen=True)
class Setting:
    """One factor beside the seeds: ``values`` [levels, pairs of seeds] in the figure's unit."""

    name: str
    labels: tuple[str, ...]
    values: Floats

    @property
    def means(self) -> Floats:
        """Mean of each level over its pairs of seeds [levels]; not a number if one has none."""
        return np.asarray(self.values.mean(axis=1), np.float64)

    @property
    def move(self) -> float:
        """Largest less smallest mean of a level, in the figure's unit."""
        known = self.means[np.isfinite(self.means)]
        return float(known.max() - known.min()) if len(known) else np.nan

    def components(self) -> Components:
        """Variances caused by the levels (rows) and the seeds; levels with a gap are left out."""
        return two_way(self.values[np.isfinite(self.values).all(axis=1)])


@dataclass(frozen=True)
class Share:
    """One factor's part in the spread of one figure."""

    factor: str
    variance: float  # square of the figure's unit
    share: float  # of the sum over all factors, 0-1

    @property
    def deviation(self) -> float:
        """Standard deviation that the factor alone causes, in the figure's unit."""
        return float(np.sqrt(self.variance))


def two_way(values: Floats) -> Components:
    """Variance components of a table [rows, columns] with one value a cell, by moments.

    ``s2 = MS_interaction``, ``s2_rows = (MS_rows - s2) / columns`` and likewise for columns, no
    less than zero (Searle et al. 1992). With fewer than two rows or columns nothing can be said of
    a variance, and with a gap of nothing: these are not numbers.
    """
    if values.ndim != 2 or min(values.shape) < 2 or not np.isfinite(values).all():
        return Components(float(values.mean()) if values.size else np.nan, *(np.nan,) * 3)
    many, wide = values.shape
    mean = float(values.mean())
    row, column = values.mean(axis=1) - mean, values.mean(axis=0) - mean
    rest = values - mean - row[:, None] - column[None, :]
    left = float((rest**2).sum()) / ((many - 1) * (wide - 1))
    by_row = wide * float((row**2).sum()) / (many - 1)
    by_column = many * float((column**2).sum()) / (wide - 1)
    return Components(
        mean, max(0.0, (by_row - left) / wide), max(0.0, (by_column - left) / many), left
    )


def shares(grid: Floats, settings: tuple[Setting, ...] = ()) -> list[Share]:
    """Every factor's part in the spread of one figure; a further setting is one more row.

    ``grid`` [network seeds, chance seeds] holds the figure with all settings as they are by
    default. The interactions of the settings with the seeds make one row together; what two
    settings do together is not measured. Shares are not numbers where nothing moves.
    """
    seeds = two_way(grid)
    found = {NETWORK: seeds.rows, CHANCE: seeds.columns, BOTH: seeds.interaction}
    mixed = 0.0
    for setting in settings:
        parts = setting.components()
        found[setting.name] = parts.rows
        mixed += parts.interaction if np.isfinite(parts.interaction) else 0.0
    if settings:
        found[MIXED] = mixed
    if not np.isfinite(seeds.total):
        return [Share(name, np.nan, np.nan) for name in found]
    total = float(np.nansum(list(found.values())))
    return [Share(name, v, v / total if total > 0 else np.nan) for name, v in found.items()]


def network_share(grid: Floats) -> float:
    """Share of the spread over both seeds that the network causes [network, chance], 0-1."""
    parts = two_way(grid)
    return parts.rows / parts.total if parts.total > 0 else np.nan


def jackknife_error(grid: Floats, of: Callable[[Floats], float]) -> float:
    """Standard error of ``of(grid)``, its unit: each row and each column left out in turn.

    The delete-one variances of rows and columns added up (Owen 2007, Ann. Applied Statistics
    1(2), on data that are crossed at random); too large rather than too small.
    """
    variance = 0.0
    for axis, size in enumerate(grid.shape):
        if size < 3:
            return np.nan
        left_out = np.array([of(np.delete(grid, i, axis)) for i in range(size)])
        variance += (size - 1) / size * float(((left_out - left_out.mean()) ** 2).sum())
    return float(np.sqrt(variance))


def figures(
    own: Mapping[str, pa.Table], other: Mapping[str, pa.Table], start: dt.date, window: dt.date
) -> dict[str, float]:
    """The headline figures that a study follows, by name, of one run against its comparison.

    Both hold the finished tables of the schema, by month. ``start`` is the first day of the run.
    Shortfall and welfare cover the twelve months from the month of ``window``, whatever the start
    and the horizon, so that they mean the same in every run. Units: see :data:`UNITS`.
    """
    here, there = panel(own["markets"]), panel(other["markets"])
    first = np.datetime64(window.replace(day=1))
    after = np.datetime64(window.replace(year=window.year + 1, day=1))
    inside = np.flatnonzero((here.months >= first) & (here.months < after))
    span = slice(int(inside[0]), int(inside[-1]) + 1)
    lost = here["shortfall_physical_t"][span][:, ABROAD][:, :, MAGNET_GOODS]
    used = [_magnets_abroad(side["use_t"]) for side in (here, there)]
    ask, base = here["price_ask_usd_per_kg"], there["price_ask_usd_per_kg"][0]
    europe = ECONOMY_INDEX["EU27"]
    found = {
        "trough": float(np.nanmin(export_ratio(here["exports_t"], there["exports_t"]))),
        "shortfall": float(lost.sum()),
    }
    for element in ("Dy", "Tb"):
        good = GOOD_INDEX[f"oxide_{element}"]
        found[f"peak_{element}"] = float(ask[:, europe, good].max() / base[europe, good])
    found["stoppage"] = _first_stoppage_abroad(own["events"], start)
    found["recovery"] = float(recovery_weeks(used[0], used[1], here.months)[0, 0])
    ledgers = [welfare.Ledger.of(*each).over(span) for each in ((own, here), (other, there))]
    gains = welfare.account(*ledgers)["welfare_rare_earth"]
    found |= {f"welfare_{code}": gains[ECONOMY_INDEX[code]] / 1e6 for code in FOLLOWED}
    return {name: float(value) for name, value in found.items()}


#: What :func:`figures` returns: name, the words for it and its unit.
UNITS: Mapping[str, tuple[str, str]] = {
    "trough": ("Chinese magnet exports in their worst month, over the comparison", "1"),
    "shortfall": ("magnets missing outside China, first year", "t"),
    "peak_Dy": ("highest ask of Dy oxide in EU27 over base", "1"),
    "peak_Tb": ("highest ask of Tb oxide in EU27 over base", "1"),
    "stoppage": ("weeks to the first plant that stops outside China", "weeks"),
    "recovery": ("recovery of magnet use outside China to 95%", "weeks"),
    **{
        f"welfare_{code}": (f"welfare of {code} (rare earths), first year", "million USD")
        for code in FOLLOWED
    },
}


def _magnets_abroad(use_t: Floats) -> Floats:
    """Use of all magnets outside China by month, t [months, 1, 1]."""
    total = use_t[:, ABROAD][:, :, MAGNET_GOODS].sum(axis=(1, 2))
    return np.asarray(total[:, None, None], np.float64)


def _first_stoppage_abroad(events: pa.Table, start: dt.date) -> float:
    """Weeks from the control to the first stopped plant outside China; not a number: never."""
    abroad = [day for code, day in first_stoppages(events).items() if code != "CHN"]
    if not abroad:
        return np.nan
    return float((min(abroad) - shock_day(events, np.datetime64(start))).astype(int) / 7.0)
