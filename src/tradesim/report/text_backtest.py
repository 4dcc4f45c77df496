"""Fixed words of a back-test's page."""

from __future__ import annotations

FITTED = (
    "Agreement with what parameters were <b>fitted to</b> describes the fit. Only the "
    "<b>predictions</b> are evidence, and they are few."
)
SECTIONS = {
    "targets": (
        "Fitted to",
        "Black points were used to set parameters. Other points on the same axis were not.",
    ),
    "predictions": (
        "Predictions",
        "No parameter was set by these records; they are shown as they came out. Not all are "
        "predictions in the full sense: months of total magnet exports up to March 2025 set the "
        "customs calendar, the scatter and the level that the fitted months are measured in, and "
        "that Chinese prices are taken less tax and oxides apart from metals was settled after "
        "looking at such records.",
    ),
    "unrecorded": (
        "Without a record",
        "What the model says where no record is at hand: it can be held against one later.",
    ),
}
TABS = {
    "magnet_exports_t": "Magnets",
    "oxide_exports_kg": "Oxides",
    "ask_usd_per_kg": "Ask",
    "transaction_usd_per_kg": "Delivered",
    "fob_usd_per_kg": "FOB price",
    "domestic_usd_per_kg": "Domestic price",
    "exports_t": "Exports",
    "licence_granted_share": "Licences",
    "plants_stopped": "Plants",
    "quota_use_share": "Quota use",
    "smuggled_share": "Smuggling",
    "share_of_imports_from_CHN": "Imports from China",
}
#: Columns of the table of scores: heading, score, baseline.
TABLE = (
    ("Series", "", ""),
    ("Kind", "", ""),
    ("n", "n", ""),
    ("CRPS", "crps", ""),
    ("last value", "crps", "last_value_origin"),
    ("last year", "crps", "same_period_last_year"),
    ("one step", "crps", "last_value_one_step"),
    ("log error", "log_error", ""),
    ("of change", "log_error_change", ""),
    ("in band", "coverage", ""),
    ("width", "width", ""),
    ("width, points", "width_points", ""),
)
SCORES = (
    "CRPS of the model in the unit of the series, then of the naive baselines (over the periods in "
    "which they exist; the same-period figures of the model are in the notes of the full table). "
    "Lower is better."
)
HOW_TO_READ = (
    "The <b>thick line</b> is the median of the runs in each period, the <b>band</b> reaches from "
    "p10 to p90, <b>thin lines</b> are single runs.",
    "<b>Points</b> are records, vertical bars their published range. A level line is a record over "
    "several periods, shared out evenly.",
    "<b>Circles</b> were fitted to, <b>diamonds</b> were not. <b>Triangles</b> say only that at "
    "least so many were reported.",
    "<b>Orange</b>: the last value known before the control, for ever after. <b>Purple</b>: the "
    "same month or quarter a year before. The last value one step ahead is the record moved by one "
    "period; it is scored, not drawn.",
    "Prices inside China are recorded without VAT. The model's stand on export prices of 2024, in "
    "which 13% are contained, and are compared less these; levels differ by what prices did since "
    "the base year. <i>Log error of change</i> compares what happened since before the "
    "control.",
)
DEFINED = (
    ("CRPS", "Mean of the continuous ranked probability score: the absolute error of a forecast "
     "that is a distribution. A baseline without enough past errors is a point."),
    ("log error", "Mean of |ln(median / record)|: 0.1 is about 10%, 0.7 a factor of two."),
    ("in band", "Share of records between p10 and p90. 0.8 would be right for many records; a wide "
     "band covers anything, hence the width beside it."),
    ("width, points", "Mean width of p10–p90 in percentage points of each run's own level before "
     "the control."),
    ("Diebold–Mariano", "p-value of no difference in mean CRPS, for series of at least eight "
     "periods; with the small-sample correction."),
)  # fmt: skip
#: The bounds in a few words, for the first sentence.
BOUNDS = {
    "miss_of_each_month": "exports within 12 points in each month",
    "miss_of_the_half_year": "exports within 12 points over the half year",
    "width": "width of the band",
    "trough_in_may": "trough in May",
    "crps_below_baseline": "CRPS below a baseline",
    "ask_of_may": "European ask of May",
    "rise_to_the_highest_quarter": "rise from 2009 to the highest quarter",
    "light_before_heavy": "La and Ce ahead in 2010",
    "smuggled_share_2011": "smuggled share of 2011",
}
