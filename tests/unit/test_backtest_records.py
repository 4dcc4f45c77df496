"""The records: nothing mistyped, nothing unsourced, converted and placed as the rules say."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradesim.analysis.backtest import periods, records
from tradesim.errors import DataError, InputError
from tradesim.tables import loader, recorded
from tradesim.tables.book import Row

ROOT = Path(__file__).parents[2]
#: The collection that the records were copied from, where a checkout stands beside it.
COLLECTION = next(
    (p / "shared" / "data" / "calibration" for p in ROOT.parents
     if (p / "shared" / "data" / "calibration").is_dir()), None,
)  # fmt: skip
collected = pytest.mark.skipif(COLLECTION is None, reason="the collection is not beside")
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def source_rows(name: str) -> list[Row]:
    assert COLLECTION is not None
    with (COLLECTION / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def all_rows() -> list[Row]:
    return [row for case in recorded.CASES for row in recorded.rows(case)]


def label(text: str) -> str:
    """``2024-JAN..MAY`` as ``2024-01..05``, ``2024-FY`` as ``2024``."""
    for number, name in enumerate(MONTHS, 1):
        text = text.replace(name, f"{number:02d}")
    return text.removesuffix("-FY")


def quantities() -> Iterator[tuple[str, str, float, str]]:
    """Series, period, value and source of every row of the collection's monthly tables."""
    for row in source_rows("magnet_exports_monthly"):
        place = {"US": "USA"}.get(row["destination"], row["destination"])
        yield (f"magnet_exports_t:{place}", label(row["period"]), float(row["tonnes"]),
               row["source_url_or_doc"])  # fmt: skip
    for row in source_rows("dy_tb_exports_monthly"):
        yield (f"oxide_exports_kg:{row['element']}", row["period"], float(row["kg"]),
               row["source_url_or_doc"])  # fmt: skip


@collected
def test_quantities_are_those_of_the_collection() -> None:
    wanted = sorted(quantities())
    families = ("magnet_exports_t", "oxide_exports_kg")
    have = sorted((r["series"], r["period"], float(r["value"]), r["source_url_or_doc"])
                  for r in all_rows() if r["series"].startswith(families))  # fmt: skip
    assert have == wanted


def price_series(row: Row) -> str | None:
    """The series of a price of the collection; None where the back-tests have none."""
    year, element, market = int(row["period"][:4]), row["element"], row["market"]
    if year >= 2024 and element in ("Nd", "NdPr", "Dy", "Tb", "Y", "Gd"):
        if market.startswith("Europe") or market == "CIF Rotterdam":
            return f"ask_usd_per_kg:EU27:{element}"
        return f"ask_usd_per_kg:CHN:{element}" if market.startswith("China") else None
    if year <= 2011 and element != "NdPr":
        kind = "domestic" if market == "China domestic" else "fob"
        return f"{kind}_usd_per_kg:{element}"
    return None


@collected
def test_prices_are_those_of_the_collection_with_range_and_source() -> None:
    wanted = []
    for row in source_rows("prices"):
        series = price_series(row)
        if series:
            period = f"{row['period']}-12-31" if row["period_type"] == "year_end" else row["period"]
            wanted.append((series, period, float(row["price_mid"]), float(row["price_low"]),
                           float(row["price_high"]), row["unit"], row["source_url_or_doc"],
                           row["quality"]))  # fmt: skip
    have = []
    for row in all_rows():
        if "_usd_per_kg" in row["series"]:
            low, high = row["low"] or row["value"], row["high"] or row["value"]
            have.append((row["series"], row["period"], float(row["value"]), float(low),
                         float(high), row["unit"].removesuffix(" incl. VAT"),
                         row["source_url_or_doc"], row["quality"]))  # fmt: skip
    assert sorted(have) == sorted(wanted)


@collected
def test_shares_and_stoppages_come_from_the_facts() -> None:
    facts = {(r["source_name"], r["source_url_or_doc"], r["quality"]) for r in source_rows("facts")}
    for row in all_rows():
        if row["series"].startswith(("licence", "smuggled", "plants")):
            assert (row["source_name"], row["source_url_or_doc"], row["quality"]) in facts
            if row["series"].startswith("licence"):
                dated = {r["date"]: r["value"] for r in source_rows("facts")
                         if r["metric"] == "EU auto-supplier requests granted"}  # fmt: skip
                assert float(row["value"]) == float(dated[row["period"]])
    excess = next(r for r in source_rows("facts") if r["value"] == "0.35/0.59/0.36")
    shares = {r["period"]: r["value"] for r in all_rows() if r["series"] == "smuggled_share"
              and r["used"] == "yes"}  # fmt: skip
    assert [shares[y] for y in ("2006", "2007", "2008")] == excess["value"].split("/")
    assert shares["2011"] == "0.2"


def test_nothing_later_than_september_2025_is_recorded() -> None:
    assert max(r.known_on for r in records.observations("2025")).isoformat() <= "2025-09-30"


def test_only_what_may_be_fitted_is_a_target() -> None:
    targets = {(r.series, r.period) for r in records.observations("2025") if r.role == "target"}
    months = [f"2025-{m:02d}" for m in range(4, 10)]
    exports = {("magnet_exports_t:TOTAL", m) for m in months}
    asks = {(f"ask_usd_per_kg:EU27:{e}", m) for e in ("Dy", "Tb") for m in ("2025-04", "2025-05")}
    assert targets == exports | asks
    for r in records.observations("2010"):
        years = "2009" <= r.period[:4] <= "2011"
        assert (r.role == "target") == (r.series.startswith("fob_usd_per_kg") and years)


def test_a_chinese_quote_is_converted_without_tax() -> None:
    """1,610 and 1,610 to 1,640 CNY/kg with 13% VAT at 7.25 CNY per USD."""
    (quote,) = [r for r in records.observations("2025")
                if (r.series, r.period) == ("ask_usd_per_kg:CHN:Dy", "2025-01")]  # fmt: skip
    assert quote.value == pytest.approx((1610 + 1630) / 2 / 7.25 / 1.13)
    assert (quote.low, quote.high) == pytest.approx((1610 / 8.1925, 1640 / 8.1925))
    assert quote.quotes == 2
    assert quote.unit == "USD/kg"


def test_a_quote_per_tonne_of_2011_takes_the_rates_of_its_time() -> None:
    assert records.converted(155000.0, "CNY/t incl. VAT", 2011) == pytest.approx(155 / 6.4 / 1.17)


def test_an_excess_of_foreign_customs_is_a_share_of_outflow() -> None:
    (share,) = [r for r in records.observations("2010")
                if (r.series, r.period) == ("smuggled_share", "2011")]  # fmt: skip
    assert share.value == pytest.approx(0.2 / 1.2)
    assert share.high == pytest.approx(1 / 3)


@pytest.mark.parametrize(("day", "month"), [
    ("2025-06-04", "2025-05"), ("2025-06-27", "2025-06"), ("2025-06-16", "2025-06"),
    ("2025-03-01", "2025-02"),
])  # fmt: skip
def test_a_cumulative_reading_counts_for_the_nearer_month_end(day: str, month: str) -> None:
    assert periods.nearest_end(day, "M") == month


@pytest.mark.parametrize(("text", "freq", "inside"), [
    ("2025-04-10", "M", ("2025-04",)), ("2011-09", "Q", ("2011-Q3",)),
    ("2011-12-31", "Q", ("2011-Q4",)),
    ("2024-01..03", "M", ("2024-01", "2024-02", "2024-03")),
    ("2009", "Q", ("2009-Q1", "2009-Q2", "2009-Q3", "2009-Q4")),
    ("2024-Q4", "M", ("2024-10", "2024-11", "2024-12")),
])  # fmt: skip
def test_labels_cover_base_periods(text: str, freq: str, inside: tuple[str, ...]) -> None:
    assert periods.parts(text, freq) == inside


def test_steps_and_shifts_undo_each_other() -> None:
    for start, freq, by in (("2024-11", "M", 5), ("2010-Q3", "Q", -7), ("2011-Q1", "Q", 4)):
        assert periods.steps(start, periods.shifted(start, freq, by), freq) == by


@pytest.mark.parametrize("text", ["2025-4", "april", "2025-Q5", "2025-01..3"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a period"):
        periods.span(text)


def test_gaps_are_filled_from_spans_so_that_the_span_still_adds_up() -> None:
    own = [r for r in records.observations("2025") if r.series == "magnet_exports_t:TOTAL"]
    filled = records.completed(own, periods.window("2025"))
    total = {r.period: r.value for r in own}
    for label_ in ("2024-01..05", "2024-01..07"):
        inside = periods.parts(label_, "M")
        assert sum(filled[p] for p in inside) == pytest.approx(total[label_], abs=40)
    assert filled["2024-04"] == pytest.approx((22377 - 3326 - 4762) / 3)


def test_every_conversion_has_unit_quality_and_source() -> None:
    for row in recorded.conversions():
        assert row["unit"]
        assert row["quality"] in ("assumption", "recalled")
        assert row["source"]
    with pytest.raises(DataError, match="no 'vat_rate' for 2018"):
        recorded.conversion("vat_rate", 2018)


def test_list_data_names_the_records() -> None:
    names = {r["name"]: r for r in loader.list_data() if r["kind"] == "record"}
    assert set(names) == {"records/records_2025", "records/records_2010", "records/conversions"}
    assert names["records/records_2025"]["size"] == f"{len(recorded.rows('2025'))} rows"


REFUSED: list[tuple[str, str]] = [
    ("unit", ""), ("unit", "bushels"), ("source_name", " "), ("source_url_or_doc", ""),
    ("value", "many"), ("value", ""), ("low", "9e9"), ("role", "fit"), ("used", "maybe"),
    ("quality", "fine"), ("series", "magnet_export_t:TOTAL"), ("period", "2025-13-1"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text"), REFUSED)
def test_a_bad_row_is_refused_by_file_row_and_column(
    tmp_path: Path, column: str, text: str
) -> None:
    path = tmp_path / "records_2025.csv"
    shutil.copy(recorded.RECORDS / path.name, path)
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    rows[4][column] = text
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(DataError) as caught:
        recorded.rows("2025", tmp_path)
    named = "value" if column == "low" else column
    assert caught.value.where == f"records_2025.csv row 6 column '{named}'"
    assert caught.value.allowed


def test_an_unknown_case_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="2010, 2025"):
        records.load("2012")
