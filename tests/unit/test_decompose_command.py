"""``tradesim decompose``: its groups, its worlds, what it writes, its page, what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import synthetic
from tradesim import cli, policies
from tradesim.analysis.decompose import groups as gr
from tradesim.analysis.decompose import run, write
from tradesim.analysis.decompose.request import read
from tradesim.config import check_together, names
from tradesim.errors import InputError, WorkerError
from tradesim.report.decompose import Told, decompose_page, sentence
from tradesim.report.figures_decompose import tornado
from tradesim.report.svg import figure_svg
from worlds import named

LICENCES = "groups.licences=[licence_*,military*]"
SHORT = ["start=2025-09-01", "weeks=16", "seeds=2", "workers=1"]


@pytest.fixture(autouse=True)
def an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(name: str) -> dict[str, policies.Policy]:
    return policies.load(named(name).policies)


# -- groups and worlds -----------------------------------------------------------------------------


def test_up_to_five_policies_stand_alone_and_more_by_state_and_instrument() -> None:
    alone = gr.by_way(loaded("stockpile_race"), "auto")
    assert len(alone) == 5
    assert all(members == (name,) for name, members in alone.items())
    many = gr.by_way(loaded("october_2025_announced"), "auto")
    assert len(many["USA_port_fee"]) == 2
    assert set(gr.by_way(loaded("october_2025_announced"), "state")) == {"CHN", "USA"}
    assert sum(map(len, many.values())) == len(loaded("october_2025_announced"))


def test_what_named_groups_leave_over_is_a_group() -> None:
    found = gr.named(["a_1", "a_2", "b"], {"one": ["a_*"]})
    assert found == {"one": ("a_1", "a_2"), gr.REST: ("b",)}
    assert gr.REST not in gr.named(["a", "b"], {"one": ["*"]})


@pytest.mark.parametrize("name", ["busan_truce", "truce_lapses_2026", "october_2025_as_happened"])
def test_every_world_of_single_policies_and_of_all_but_one_can_be_run(name: str) -> None:
    """No truce without what it suspends, no contradiction that a truce kept apart."""
    scenario, pages = named(name), loaded(name)
    found = gr.by_way(pages, "policy")
    every = (1 << len(found)) - 1
    for mask in [0, every, *(1 << i for i in range(len(found)))]:
        world = gr.world(scenario, gr.present(found, mask, pages), mask)
        check_together(world)
        assert world.growth == scenario.growth
    gr.check(found, [every & ~(1 << i) for i in range(len(found))], pages, names("policy"))


def test_a_truce_goes_with_the_last_of_what_it_suspends() -> None:
    pages = loaded("busan_truce")
    found = gr.by_way(pages, "policy")
    place = {name: 1 << i for i, name in enumerate(found)}
    truce = next(n for n, p in pages.items() if isinstance(p, policies.Truce))
    held = next(n for n in pages if pages[truce].suspends(n))
    assert gr.present(found, place[truce], pages) == ()
    assert set(gr.present(found, place[truce] | place[held], pages)) == {truce, held}


def test_groups_whose_subset_contradicts_itself_are_refused() -> None:
    """A truce holds a ban off while licences for the same trade are given; without it they meet."""
    base = {"title": "t", "imposed_by": "CHN", "announced": "2025-02-03", "effective": "2025-02-03",
            "covers": {"goods": ["oxide_Dy"]}}  # fmt: skip
    pages = policies.load({
        "ban": base | {"_target_": "tradesim.policies.Ban"},
        "channel": base | {"_target_": "tradesim.policies.LicenceEasing", "kind": "general_licence",
                           "customers_share": 1.0},
        "truce": base | {"_target_": "tradesim.policies.Truce", "suspended_policies": ["ban"]},
    })  # fmt: skip
    apart = gr.by_way(pages, "policy")
    gr.check(apart, [7], pages, ())
    with pytest.raises(InputError, match="groups ban, channel"):
        gr.check(apart, range(8), pages, ())
    gr.check(
        gr.named(pages, {"both": ["ban", "truce"], "channel": ["channel"]}), range(4), pages, ()
    )


# -- the command -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("metric=shortfal_physical", "did you mean 'shortfall_physical'?"),
        ("metric=shortfall_physical_cvar95", "unknown metric"),
        ("economy=EU", "did you mean 'EU27'?"),
        ("good=oxide_Dyy", "did you mean 'oxide_Dy'?"),
        ("end_use=defense", "did you mean 'defence'?"),
        ("groups=polcy", "did you mean 'policy'?"),
        ("groups.a=[licence_aprl_2025]", "did you mean 'licence_april_2025'?"),
        ("groups.a=[lic*] groups.b=[licence_april_2025]", "stands in two groups"),
        ("groups.a=[]", "names no policy"),
        ("groups.other_policies=[lic*]", "give the group another name"),
        ("permutations=1", "2 to 10000 orders"),
        ("metrics=hhi", "did you mean 'metric'?"),
        ("week=3", "did you mean 'weeks'?"),
        ("scenario=reference", "no policies to decompose"),
        ("scenario=october_2025_strategic", "governments decide"),
    ],
)
def test_bad_input_is_refused(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = words.split()
    given += [] if "scenario=" in words else ["scenario=october_2025_announced"]
    assert cli.main(["decompose", *given]) == 2
    assert said in capsys.readouterr().err
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("metric=shortfall_physical", "did you mean 'shortfall_physical:run'?"),
        ("metric=ask_peak_ratio economy=EU27 good=magnets", "has no row for EU27/magnets/all"),
    ],
)
def test_a_figure_that_a_run_lacks_is_refused_after_one_seed(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["scenario=april_2025", "weeks=5", "seeds=1", "workers=1", *words.split()]
    assert cli.main(["decompose", *told]) == 2
    assert said in capsys.readouterr().err
    assert not list(Path().iterdir())


def test_it_writes_what_it_promises(capsys: pytest.CaptureFixture[str]) -> None:
    """A group and the rest: contributions to either figure sum to its change."""
    words = ["scenario=october_2025_announced", LICENCES, *SHORT, "out=dec",
             "metric=welfare_treasury:run,welfare_use:run", "economy=USA", "good=all"]  # fmt: skip
    assert cli.main(["decompose", *words]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "results: dec"
    rows = pd.read_csv("dec/contributions.csv")
    assert tuple(rows.columns) == run.COLUMNS
    for _, part in rows.groupby("metric"):
        mean = part.set_index("group")["mean"]
        groups = mean.drop([run.NONE, run.EVERY, run.CHANGE])
        assert set(groups.index) == {"licences", gr.REST}
        assert groups.sum() == pytest.approx(mean[run.CHANGE], rel=1e-9)
        assert (groups.abs() > 0.0).any()
    said = json.loads(Path("dec/manifest.json").read_text(encoding="utf-8"))
    assert (said["kind"], said["status"], said["worlds"]) == ("decompose", "complete", 4)
    assert said["sum_error"] < 1e-9
    _page_is_sound(Path("dec/report.html").read_text(encoding="utf-8"))
    assert cli.main(["report", "dec"]) == 2
    assert "has its page already" in capsys.readouterr().err


def _page_is_sound(page: str) -> None:
    assert "It is not the comparison world" in page
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(src|href)=[\"']https?://", markup)
    assert min(float(size) for size in re.findall(r'font-size="([\d.]+)"', markup)) >= 18


class Counted:
    """Stands in for the model and notes which worlds it was asked for."""

    def __init__(self) -> None:
        self.worlds: list[tuple[str, int]] = []

    def __call__(self, scenario: Any, seed: int, **options: object) -> object:
        self.worlds.append((scenario.name, seed))
        return synthetic.simulate(scenario, seed)


def test_above_five_groups_orders_are_drawn_and_no_world_is_run_twice() -> None:
    words = ["scenario=october_2025_announced", "groups.licences=[licence_*]",
             "groups.rest=[extra*,tech*,equ*,ent*]", "groups.ships=[port_fee_*]",
             "groups.stock=[stockpile*]", "groups.tariff=[tariff*]", "groups.users=[military*]",
             "permutations=2", "weeks=20", "seeds=1", "workers=1"]  # fmt: skip
    request, model = read(words), Counted()
    assert len(request.groups) == 6
    found = run.carry_out(request, model)  # type: ignore[arg-type]
    assert len(model.worlds) == len(set(model.worlds)) == len(request.masks) + 1
    assert len(request.masks) <= 2 + 2 * 5
    assert found.shares.shape == (6, 1, 1)
    assert np.abs(found.shares.sum(axis=0) - found.change).max() <= 1e-9
    assert np.isfinite(found.errors).all()


def test_a_world_that_fails_says_which_and_nothing_is_written() -> None:
    def fails(scenario: Any, seed: int, **options: object) -> object:
        if list(scenario.policies) == ["licence_april_2025"]:
            raise ValueError("no such world")
        return synthetic.simulate(scenario, seed)

    words = ["scenario=april_2025", "seeds=1", "workers=1", "weeks=20", "out=dec"]
    with pytest.raises(WorkerError, match="no such world") as caught:
        write.decompose(words, page=lambda *_: "", simulate=fails)  # type: ignore[arg-type]
    assert "the world with licence_april_2025" in caught.value.where
    assert not list(Path().iterdir())


def test_seeds_without_the_figure_are_left_out_and_counted() -> None:
    request = read(["scenario=april_2025", "seeds=3", "metric=weeks_to_first_stoppage",
                    "good=all"])  # fmt: skip
    found = run.Found(request, {0: np.array([[np.nan], [1.0], [2.0]]),
                                1: np.array([[3.0], [4.0], [6.0]])})  # fmt: skip
    run._share_out(found)
    rows = run.table(found).set_index("group")
    row = rows.to_dict("index")["licence_april_2025"]
    assert (row["mean"], row["n"]) == (3.5, 2)
    assert found.sum_error == 0.0


# -- the page --------------------------------------------------------------------------------------


def made_up() -> pd.DataFrame:
    """Licences lose 80 t, a stockpile gains 5 back; one figure has no number at all."""
    rows: list[tuple[object, ...]] = []
    for group, mean in (("stockpile", -5.0), ("licences", 80.0), (run.NONE, 0.0),
                        (run.EVERY, 75.0), (run.CHANGE, 75.0)):  # fmt: skip
        labels = ("shortfall_physical:run", "outside_CHN", "oxide_Dy", "all", "t")
        rows.append((group, *labels, mean, mean - 1.0, mean + 1.0, 0.0, 3))
        nothing = ("weeks_to_first_stoppage", "JPN", "all", "all", "weeks")
        rows.append((group, *nothing, np.nan, np.nan, np.nan, 0.0, 0))
    return pd.DataFrame(rows, columns=list(run.COLUMNS))


def test_the_page_says_what_accounts_for_the_change() -> None:
    said = {"metric": "shortfall_physical:run,weeks_to_first_stoppage", "economy": "outside_CHN",
            "good": "oxide_Dy", "end_use": "all", "groups": {"licences": ["a"], "stockpile": ["b"]},
            "scenario": "april_2025", "compare": "reference", "seeds": [0, 1, 2],
            "permutations": None, "worlds": 4, "status": "complete", "code_version": "0",
            "method": "all subsets", "result_hash": "ab", "wall_s": 2.0}  # fmt: skip
    rows = made_up()
    part = rows[rows["n"] > 0]
    found = sentence(part)
    assert "from 0 to 75.0 t, a change of 75.0 t; licences accounts for 80.0 t" in found
    assert "stockpile accounts for −5.00 t (p10–p90 −6.00 to −4.00)" in found
    page = decompose_page(Told("A world", rows, said))
    assert "nothing to share out" in page
    assert "the contributions sum to 75.0 t, the change is 75.0 t; they differ by 0" in page
    _page_is_sound(page)
    picture = tornado(part.head(2), "a figure")
    assert picture["layout"]["xaxis"]["range"][0] < -5.0
    assert "licences" in figure_svg(picture)
