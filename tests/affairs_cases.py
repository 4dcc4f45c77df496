"""A made-up run with two governments: what they did is written by hand, the market is synthetic."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa

import report_cases
from tradesim.results import Results
from tradesim.states.utility import TERMS

MAIN, OTHER = "april_2025", "reference"
#: What both governments have done, in every run, before paths part.
GIVEN = (
    ("2025-04-07", "USA", "announce", "2025-04-07", "us_rule", "given by the scenario"),
    ("2025-04-07", "USA", "climb", "1", "us_rule", "from rung 0 to 1"),
    ("2025-04-14", "USA", "effective", "", "us_rule_policy", "A rule"),
    ("2025-04-14", "CHN", "announce", "2025-05-08", "cn_licences", "USA stands higher"),
    ("2025-04-14", "CHN", "climb", "1", "cn_licences", "from rung 0 to 1"),
    ("2025-04-21", "CHN", "announced", "", "cn_policy_a", "Licences"),
    ("2025-04-21", "CHN", "announced", "", "cn_policy_b", "Licences"),
)
IN_FORCE = (
    ("2025-05-12", "CHN", "effective", "", "cn_policy_a", "Licences"),
    ("2025-05-12", "CHN", "effective", "", "cn_policy_b", "Licences"),
)
#: What follows by seed: a deal in time that is renewed; nothing; a side that gives in.
AFTER = {
    0: (
        ("2025-04-28", "CHN", "ask_talks", "USA", "", "USA hurts us"),
        ("2025-04-28", "USA", "answer", "CHN", "meeting on 2025-05-05", "resolve 0.10, will talk"),
        ("2025-05-05", "CHN", "meet", "USA", "", ""),
        ("2025-05-05", "CHN", "offer", "USA", "cn_licences for us_rule, 8 weeks", "talks"),
        ("2025-05-05", "USA", "accept", "CHN", "until 2025-06-30", "CHN offers enough"),
        ("2025-05-05", "CHN", "descend", "0", "", "from rung 1 to 0"),
        ("2025-05-05", "USA", "descend", "0", "", "from rung 1 to 0"),
        ("2025-06-23", "USA", "renew", "CHN", "until 2025-08-18", "renews"),
        ("2025-08-18", "CHN", "deal_expires", "USA", "", "nobody renewed it"),
    ),
    1: IN_FORCE,
    2: (
        *IN_FORCE,
        ("2025-06-02", "CHN", "unanswered", "USA", "", "no answer in 21 days"),
        ("2025-06-02", "USA", "suspend", "", "us_rule", "CHN does not yield; loss 2.00 of 1.00 bn"
         " USD a week borne"),
        ("2025-06-02", "USA", "descend", "0", "", "from rung 1 to 0"),
    ),
}  # fmt: skip
PACKAGES = {
    "us_rule": {"title": "The American rule", "state": "USA", "policies": ["us_rule_policy"]},
    "cn_licences": {"title": "The Chinese licences", "state": "CHN",
                    "policies": ["cn_policy_a", "cn_policy_b"]},
    "cn_embargo": {"title": "An embargo", "state": "CHN", "policies": ["cn_policy_c"]},
}  # fmt: skip
STATES = {
    "CHN": {"strategy": {}, "watches": ["USA"], "ladder": ["cn_licences", "cn_embargo"]},
    "USA": {"strategy": {}, "watches": ["CHN"], "ladder": ["us_rule"],
            "lookahead_runs_per_year": 12},
}  # fmt: skip
_COLUMNS = ("date", "actor", "action", "target", "detail", "reason")


@cache
def run(lookahead_steps: float = 0.0) -> Results:
    """Three seeds of 60 weeks; each state gains 1, 2, 3 bn USD by term and seed. Do not change it.

    ``lookahead_steps`` is what the United States' rehearsals took in every month.
    """
    plain = report_cases.run()
    config: dict[str, Any] = {**plain.config, "states": STATES, "packages": PACKAGES}
    held = {name: plain.arrow(name) for name in plain.tables}
    held["events"] = pa.Table.from_pandas(_events(), preserve_index=False)
    months = sorted(plain.markets["date"].unique())
    held["states"] = pa.Table.from_pandas(_states(months, lookahead_steps), preserve_index=False)
    return Results(plain.manifest, config, plain.difference, plain.summary, held=held)


def _events() -> pd.DataFrame:
    rows = [
        {"scenario": MAIN, "seed": seed, "instrument": "", **dict(zip(_COLUMNS, row, strict=True))}
        for seed, after in AFTER.items()
        for row in (*GIVEN, *after)
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(date=pd.to_datetime(frame["date"])).sample(frac=1.0, random_state=1)


def _states(months: Any, lookahead_steps: float) -> pd.DataFrame:
    rows = []
    for seed in range(3):
        for state in STATES:
            for i, month in enumerate(months):
                gain = (seed + 1) * 1e9 if i == 0 else 0.0
                terms = {f"utility_{term}_usd": gain for term in TERMS}
                steps = lookahead_steps if state == "USA" else 0.0
                rows.append({"scenario": MAIN, "seed": seed, "date": month, "state": state,
                             "rung": 0, **terms, "utility_usd": len(TERMS) * gain,
                             "public_spending_usd": 0.0, "lookahead_steps": steps})  # fmt: skip
    return pd.DataFrame(rows)
