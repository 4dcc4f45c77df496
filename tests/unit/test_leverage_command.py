"""``tradesim leverage``: its cells, its accounts, what it writes, its page, what it refuses."""

from __future__ import annotations

import datetime as dt
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import synthetic
from tradesim import axes, cli
from tradesim.analysis.leverage import cells, run, share, write
from tradesim.analysis.leverage.accounts import (
    MEASURES,
    Quarters,
    Side,
    Yardstick,
    costs,
    quarters,
    work_usd_per_kg,
)
from tradesim.analysis.leverage.request import read, without
from tradesim.errors import InputError, PartialError
from tradesim.model import simulate, world_of
from tradesim.pairs import Task, run_seed
from tradesim.report import figures_leverage as figures
from tradesim.report.leverage import Told, leverage_page, sentence
from tradesim.report.svg import figure_svg
from worlds import scenario

KOREA = ("CHN", "KOR", ("oxide_Y",))


@pytest.fixture(autouse=True)
def an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# -- cells -----------------------------------------------------------------------------------------


def test_goods_of_an_element_at_a_stage() -> None:
    assert cells.goods_of("Dy", "oxide") == ("oxide_Dy",)
    assert cells.goods_of("Pr", "metal") == cells.goods_of("Nd", "metal") == ("metal_NdPr",)
    assert cells.goods_of("Tb", "magnet") == ("magnet_NdFeB_HRE",)
    assert cells.goods_of("Sm", "magnet") == ("magnet_SmCo",)
    assert cells.goods_of("Y", "metal") == ()
    assert cells.goods_of("all", "oxide") == axes.OXIDES
    assert cells.asked(["Nd", "Dy"], ["concentrate", "oxide"]) == (
        ("all", "concentrate"), ("Nd", "oxide"), ("Dy", "oxide"),
    )  # fmt: skip
    known = {good for goods in cells.WHOLE.values() for good in goods}
    assert known == set(axes.CHAIN_GOODS) - {"target_RE", "scrap_NdFeB"}


def test_pairs_run_both_ways_unless_told_otherwise() -> None:
    assert cells.both_ways(["CHN"], ["CHN", "JPN"], True) == (("CHN", "JPN"), ("JPN", "CHN"))
    assert cells.both_ways(["MYS", "AUS"], ["JPN"], False) == (("MYS", "JPN"), ("AUS", "JPN"))
    with pytest.raises(InputError, match="no economy is left"):
        cells.both_ways(["CHN"], ["CHN"], True)


def test_what_is_not_traded_is_listed_with_its_reason() -> None:
    """Shares are of all purchases, the same for every seed; no trade is not a zero."""
    wanted = cells.asked(["Dy", "Y", "all"], ["concentrate", "oxide", "metal"])
    found, missing = cells.find(world_of(scenario(), 0), [("CHN", "JPN"), ("USA", "CHN")], wanted)
    by = {(cell.buyer, cell.element, cell.stage): cell for cell in found}
    assert by["JPN", "Y", "oxide"].share_of_supply == pytest.approx(1.0)
    assert 0.5 < by["JPN", "Dy", "oxide"].share_of_supply < 0.7
    assert by["CHN", "all", "concentrate"].trade_t == pytest.approx(37462, rel=1e-3)
    reasons = {(m.supplier, m.element, m.stage): m.reason for m in missing}
    assert reasons["USA", "Dy", "metal"] == cells.NO_TRADE
    assert reasons["USA", "Y", "metal"] == cells.NO_GOOD
    assert len(found) + len(missing) == 2 * len(wanted)
    other, _ = cells.find(world_of(scenario(), 7), [("CHN", "JPN"), ("USA", "CHN")], wanted)
    for one, two in zip(found, other, strict=True):
        assert one.share_of_supply == pytest.approx(two.share_of_supply, abs=1e-9)


# -- accounts --------------------------------------------------------------------------------------


def test_quarters_are_whole_and_begin_with_the_month_of_the_cut() -> None:
    assert quarters(dt.date(2025, 1, 6), 156, dt.date(2025, 4, 1)) == Quarters(3, 11)
    assert quarters(dt.date(2025, 1, 6), 26, dt.date(2025, 4, 20)) == Quarters(3, 1)
    assert Quarters(3, 2).ends == (6, 9)


def test_work_is_what_sales_bring_beyond_inputs() -> None:
    """At base prices nothing is left: value added spread over all output, by market, sums up."""
    world = world_of(scenario(), 0)
    work = work_usd_per_kg(world)
    slots, cut = world.slots, world.slots.inputs
    made = np.zeros((len(axes.ECONOMIES), len(axes.GOODS)))
    gross = slots.base_t[cut:] / np.maximum(1.0 - slots.disposal[cut:], 1e-9)
    np.add.at(made.reshape(-1), slots.market[cut:], gross)
    value = slots.base_t * world.price0[slots.market]
    makers = np.unique(slots.firm[cut:])
    added = value[cut:].sum() - value[:cut][np.isin(slots.firm[:cut], makers)].sum()
    assert (work * made).sum() == pytest.approx(added, rel=1e-9)
    motor = axes.GOOD_INDEX["component_motor"]
    assert (work[:, motor] < world.price0.reshape(len(axes.ECONOMIES), -1)[:, motor]).all()


def sides(cut: tuple[str, str, tuple[str, ...]], **page: object) -> tuple[Side, Side, Yardstick]:
    """The two worlds of a cut in spring, seed 0, and the yardstick; ``page`` changes the ban."""
    other = scenario(name="calm", weeks=52)
    own = without(other, cut, dt.date(2025, 4, 1))
    ban = {**own.policies["leverage_cut"], **page}
    own = own.model_copy(update={"policies": {"leverage_cut": ban}})
    stick = Yardstick.of(world_of(other, 0), 1.0)
    tables = run_seed(Task(own, other, simulate), 0).tables
    return Side(tables[own.name], stick), Side(tables["calm"], stick), stick


def test_a_ban_without_strength_costs_nobody_anything() -> None:
    mine, other, stick = sides(KOREA, strength=0.0)
    assert not costs(mine, other, *KOREA, Quarters(3, 3), stick).any()


def test_korea_without_chinese_yttrium() -> None:
    """It has no other supplier: use is lost once stocks are gone, and China's sales at once."""
    mine, other, stick = sides(KOREA)
    found = dict(zip(MEASURES, costs(mine, other, *KOREA, Quarters(3, 3), stick), strict=True))
    assert (found["cost_buyer_usd"] > 0.0).all()
    assert found["lost_use_usd"][1] > 3.0 * found["lost_use_usd"][0] > 0.0
    assert (found["lost_sales_usd"] > 0.0).all()
    assert (found["work_supplier_usd"] >= 0.0).all()
    # a quarter does not depend on how many follow
    short = costs(mine, other, *KOREA, Quarters(3, 1), stick)
    assert [row[0] for row in found.values()] == short[:, 0].tolist()


def test_before_the_cut_the_worlds_are_one() -> None:
    mine, other, _ = sides(KOREA)
    months = slice(0, 3)
    assert np.array_equal(mine.output_t[months], other.output_t[months])
    assert np.array_equal(mine.under_way_t[months], other.under_way_t[months])


def test_the_ratio_is_none_or_without_bound_where_one_side_loses_nothing() -> None:
    buyer, supplier = np.array([4.0, 4.0, -1.0, -1.0]), np.array([2.0, -1.0, 2.0, -1.0])
    assert run.ratio(buyer, supplier).tolist() == [2.0, np.inf, 0.0, 0.0]


def test_sellers_are_cut_one_after_another() -> None:
    world = world_of(scenario(), 1)
    steps = share.nested(world, ("CHN", "JPN", ("oxide_Dy",)))
    (cell,), _ = cells.find(world, [("CHN", "JPN")], [("Dy", "oxide")])
    assert steps[-1].share == pytest.approx(cell.share_of_supply, abs=1e-9)
    assert all(set(a.sellers) < set(b.sellers) for a, b in pairwise(steps))
    assert np.all(np.diff([0.0, *(step.share for step in steps)]) >= 0.1)


# -- the command -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("supplier=CHM", "unknown economy 'CHM'"),
        ("buyer=Japan", "unknown economy 'Japan'"),
        ("element=Dx", "did you mean 'Dy'?"),
        ("stage=oxides", "did you mean 'oxide'?"),
        ("buyer=CHN", "no economy is left"),
        ("element=[]", "element names nothing"),
        ("from=spring", "is no date"),
        ("from=2027-12-01", "no whole quarter"),
        ("back=perhaps", "true or false"),
        ("week=3", "did you mean 'weeks'?"),
        ("supplier=KOR buyer=USA element=Y stage=oxide", "nothing that was asked for is traded"),
    ],
)
def test_bad_input_is_refused(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["leverage", *words.split()]) == 2
    assert said in capsys.readouterr().err
    assert not list(Path().iterdir())


def test_it_writes_what_it_promises(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["buyer=KOR", "element=Y,Dy", "stage=oxide,metal", "weeks=40", "seeds=2", "workers=1"]
    assert cli.main(["leverage", *words, "out=lev"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "results: lev"
    rows = pd.read_csv("lev/leverage.csv")
    assert list(rows.columns) == list(run.COLUMNS)
    assert set(rows["statistic"]) == {"p10", "p50", "p90"}
    assert set(rows["quarter"]) == {"1", "2", "total"}
    assert set(zip(rows["supplier"], rows["buyer"], strict=True)) == {("CHN", "KOR")}
    missing = pd.read_csv("lev/no_trade.csv")
    assert set(missing["reason"]) == {cells.NO_GOOD, cells.NO_TRADE}
    manifest = json.loads(Path("lev/manifest.json").read_text(encoding="utf-8"))
    assert (manifest["status"], manifest["kind"], manifest["from"]) == (
        "complete", "leverage", "2025-04-01",
    )  # fmt: skip
    _page_is_sound(Path("lev/report.html").read_text(encoding="utf-8"))
    assert cli.main(["report", "lev"]) == 2
    assert "has its page already" in capsys.readouterr().err


def _page_is_sound(page: str) -> None:
    assert "no base-year trade" in page.lower()
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(src|href)=[\"']https?://", markup)
    assert min(float(size) for size in re.findall(r'font-size="([\d.]+)"', markup)) >= 18


def test_what_fails_does_not_stop_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    """One counterfactual fails: exit code 3, the other is complete."""

    def fails(scenario: object, seed: int, **options: object) -> object:
        text = str(getattr(scenario, "policies", ""))
        if "oxide_Dy" in text:
            raise ValueError("no such world")
        return synthetic.simulate(scenario, seed)  # type: ignore[arg-type]

    words = ["buyer=KOR", "element=Y,Dy", "stage=oxide", "back=false", "seeds=1", "out=lev"]
    with pytest.raises(PartialError, match="1 of 2"):
        write.leverage(words, page=lambda *_: "", simulate=fails)  # type: ignore[arg-type]
    assert "no such world" in capsys.readouterr().err
    assert set(pd.read_csv("lev/leverage.csv")["element"]) == {"Y"}
    assert list(pd.read_csv("lev/failures.csv")["goods"]) == ["oxide_Dy"]


def test_the_defaults_are_china_with_the_four_and_back() -> None:
    request = read([])
    pairs = {cell.pair for cell in request.cells}
    assert pairs >= {("CHN", buyer) for buyer in ("USA", "EU27", "JPN", "KOR")}
    assert ("USA", "CHN") in pairs
    assert len(request.cuts) < len(request.cells), "Dy and Tb magnets are cut once"
    assert request.quarters.count == 11


# -- the page --------------------------------------------------------------------------------------


def made_up() -> pd.DataFrame:
    """Two pairs, two cells, two quarters: magnets hurt the buyer, motors the supplier."""
    rows = []
    for buyer in ("EU27", "JPN"):
        for stage, loses, pays in (("magnet", 400e6, -10e6), ("component", 20e6, 900e6)):
            for quarter, part in (("1", 0.25), ("2", 0.75), ("total", 1.0)):
                for statistic, factor in (("p10", 0.9), ("p50", 1.0), ("p90", 1.2)):
                    scale = part * factor
                    keys = ("CHN", buyer, "all", stage, quarter, statistic)
                    usd = (loses * scale, pays * scale, 1e6, 1e6, 0.0, 1e6)
                    rows.append((*keys, *usd, np.inf, 0.9, 1e8, 3))
    return pd.DataFrame(rows, columns=list(run.COLUMNS))


def test_the_page_says_who_loses_what() -> None:
    missing = pd.DataFrame(
        [("JPN", "CHN", "Y", "oxide", cells.NO_TRADE), ("JPN", "CHN", "Y", "metal", cells.NO_GOOD)],
        columns=["supplier", "buyer", "element", "stage", "reason"],
    )
    said = {"from": "2025-04-01", "supplier": "CHN", "buyer": "EU27,JPN", "element": "all",
            "stage": "magnet,component", "back": "true", "scenario": "reference",
            "seeds": [0, 1, 2],
            "status": "complete", "code_version": "0", "counterfactuals": 4, "asked": 4,
            "result_hash": "ab", "wall_s": 3.0}  # fmt: skip
    told = Told("A world", made_up(), missing, said)
    found = sentence(told)
    assert "all magnets from China for the EU-27: 400 million USD (p10–p90 360 to 480)" in found
    assert "a gain of 10 million USD" in found
    assert "motors from China" in found
    page = leverage_page(told)
    assert "<b>JPN to CHN</b>: Y oxide." in page
    assert "A magnet is not one element" in page
    _page_is_sound(page)


def test_the_strip_shows_gains_and_what_is_not_traded() -> None:
    rows = made_up()
    rows = rows[~((rows["buyer"] == "JPN") & (rows["stage"] == "component"))]
    figure = figures.strip(rows, "supplier", "A strip")
    assert figure["data"][1]["text"] == ["−10", "−10", "900", "·"]
    assert "900" in figure_svg(figure)
    assert figures.shown(rows, ("CHN", "EU27")) == [("all", "magnet"), ("all", "component")]
