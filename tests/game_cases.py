"""A stand-in for the model whose governments play a game that is known beforehand.

Its states table holds a prisoner's dilemma between ``usa_chips`` and ``chn_port_fees``: the option
``none`` is to cooperate, each package is to defect.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

import synthetic
from tradesim.record.sums import UTILITY
from tradesim.scenario import Scenario

#: Policies whose presence is to defect, by state.
DEFECTS = {"USA": "chips_eda_may_2025", "CHN": "port_fee_china_2025"}
#: Payoff of a state in billion USD by what it does and what the other does (defects: True).
PAYS = {(False, False): 3.0, (False, True): 0.0, (True, False): 5.0, (True, True): 1.0}
WORDS = ("row=[none,usa_chips]", "column=[none,chn_port_fees]", "weeks=20", "workers=1")
#: Scenarios and seeds that were simulated, in order.
CALLS: list[tuple[str, int]] = []


def dilemma(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
    """The made-up tables with the payoffs of the dilemma, spread evenly over months and terms."""
    CALLS.append((scenario.name, seed))
    tables: dict[str, Any] = synthetic.simulate(scenario, seed)
    states = tables["states"].to_pandas()
    months = states["date"].nunique()
    for state, policy in DEFECTS.items():
        other = next(code for code in DEFECTS if code != state)
        own = PAYS[policy in scenario.policies, DEFECTS[other] in scenario.policies] + seed % 7
        mine = states["state"].astype(str) == state
        states.loc[mine, list(UTILITY)] = 0.0
        states.loc[mine, UTILITY[1]] = 0.75e9 * own / months
        states.loc[mine, UTILITY[2]] = 0.25e9 * own / months
    rows = pa.Table.from_pandas(states, schema=tables["states"].schema, preserve_index=False)
    return tables | {"states": rows}


def fails_with_chips(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
    """The same, but seed 1 fails wherever the United States restricts chips."""
    if seed == 1 and DEFECTS["USA"] in scenario.policies:
        raise ZeroDivisionError("no chips, no model")
    return dilemma(scenario, seed)


def stops_in_the_third_cell(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
    """The same, but the third cell is interrupted as by Ctrl-C."""
    if scenario.name == "usa_chips | none" and seed == 1:
        raise KeyboardInterrupt
    return dilemma(scenario, seed)


def day(text: str) -> date:
    """A date of a policy's page."""
    return date.fromisoformat(text)
