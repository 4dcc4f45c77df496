"""The block on other trade and chips reads the headline rows and stays away without a reason."""

from __future__ import annotations

import pytest

import tradesim
from tradesim.report.instruments import outside
from tradesim.report.reading import Reading


@pytest.fixture(scope="module")
def reading() -> Reading:
    """Two seeds of a duty on all other goods and a chip control against the reference."""
    return Reading(tradesim.run("chips_for_magnets", seeds=2, weeks=8, workers=1))


def test_the_block_shows_the_tables_figures(reading: Reading) -> None:
    """Medians by economy as the headline holds them; both sides in the sentence."""
    html = outside.block(reading)
    assert "United States loses" in html
    assert "Beside rare earths" in html
    found = outside.gains(reading)
    rows = reading.query(
        "SELECT median(value) AS v FROM headline WHERE scenario = 'chips_for_magnets' "
        "AND metric = 'welfare_rest_of_trade:run' AND economy = 'USA'"
    )
    median = float(rows["v"][0]) / outside.MILLION
    assert found["welfare_rest_of_trade", "USA"][1] == pytest.approx(median)
    assert outside._text(found, "welfare_rest_of_trade", "USA") in html.replace("<br>[", " [")
    assert median < 0.0


def test_no_block_without_such_a_policy() -> None:
    """A licence and a duty on magnets alone are no reason; a later step or a control is."""
    assert not outside._outside({"_target_": "tradesim.policies.ExportLicensing"})
    assert not outside._outside({"_target_": "tradesim.policies.Tariff", "rate": 1.0})
    assert outside._outside({"later": [{"rest_of_trade_rate": 0.1}]})
    assert outside._outside({"_target_": "tradesim.policies.ChipControl"})
    assert not outside._outside({"_target_": "tradesim.policies.ChipControl", "strength": 0.0})
