"""What became of applications: granted, refused or lapsed, by authority and destination."""

from __future__ import annotations

import pandas as pd

from tradesim.report import labels
from tradesim.report.instruments import layout
from tradesim.report.reading import Reading

#: Classes that write licence rules.
CLASSES = ("ExportLicensing", "Extraterritorial")
#: Destinations shown, the largest by applications.
LARGEST = 6
_ASIDE = (
    "Sums over the run, in all goods under a licence. Who expects a refusal applies for more than "
    "he needs, up to twice. A granted tonne lapses that is not shipped in time."
)


def block(reading: Reading) -> str:
    """Decisions over the run by destination: shares of tonnes decided, mean wait in days."""
    if not layout.pages_of(reading, *CLASSES) or "licences" not in reading.results.tables:
        return ""
    frame = _decisions(reading)
    if frame.empty:
        return ""
    parts = [_of_authority(str(code), rows) for code, rows in frame.groupby("authority")]
    findings = " ".join(finding for finding, _ in parts)
    tables = [table for _, table in parts]
    return layout.block("Licences granted and refused", findings, *tables, layout.note(_ASIDE))


def _of_authority(code: str, frame: pd.DataFrame) -> tuple[str, str]:
    """The finding on one authority and its table."""
    total = frame.groupby("seed")[["applied", "granted", "denied", "lapsed", "waited"]].sum()
    rows = [_row("all destinations", total)]
    size = frame.groupby("destination")["applied"].sum().sort_values(ascending=False)
    for place in size.index[:LARGEST]:
        mine = frame[frame["destination"] == place].set_index("seed")
        rows.append(_row(labels.economy(str(place)), mine))
    finding = (
        f"Of what it decided, the authority of {labels.economy(code)} granted {rows[0][2]}% of the "
        f"tonnes applied for, after {rows[0][3]} days on average."
    )
    head = [f"Applications to {labels.economy(code)} for", "Applied for, t",
            "Granted, % of decided", "Wait, days", "Lapsed, % of granted"]  # fmt: skip
    return finding, layout.table(head, rows)


def _row(label: str, frame: pd.DataFrame) -> list[str]:
    decided = (frame["granted"] + frame["denied"]).replace(0.0, float("nan"))
    granted = frame["granted"].replace(0.0, float("nan"))
    return [
        label,
        layout.interval(frame["applied"].to_numpy(float)),
        layout.interval((100 * frame["granted"] / decided).to_numpy(float)),
        layout.interval((frame["waited"] / decided).to_numpy(float)),
        layout.interval((100 * frame["lapsed"] / granted).to_numpy(float)),
    ]


def _decisions(reading: Reading) -> pd.DataFrame:
    """Tonnes by authority, destination and seed over the run; ``waited`` in tonne-days."""
    return reading.query(
        "SELECT authority::TEXT AS authority, destination::TEXT AS destination, seed,"
        " sum(applied_t) AS applied, sum(granted_t) AS granted, sum(denied_t) AS denied,"
        " sum(lapsed_t) AS lapsed,"
        " sum(CASE WHEN isnan(wait_days) THEN 0 ELSE wait_days * (granted_t + denied_t) END)"
        f" AS waited FROM licences WHERE scenario = '{reading.main}'"
        " GROUP BY 1, 2, 3 HAVING sum(applied_t) > 0 ORDER BY 1, 2, 3"
    )
