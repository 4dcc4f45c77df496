"""Contradictory and impossible inputs are refused by name before anything runs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tradesim import cli, config, policies
from tradesim.errors import InputError
from tradesim.policies import Calendar, Coverage, Policy, consistency
from tradesim.terms import Terms
from tradesim.world.types import World

APRIL = "scenario=april_2025"
LICENCE = "policies.licence_april_2025"
TRUCE = (
    "+policies.truce={_target_:tradesim.policies.Truce,title:t,imposed_by:CHN,"
    "announced:2025-11-01,effective:2025-11-10,suspended_policies:[%s]}"
)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ((f"{LICENCE}.expires=2025-04-01",), (LICENCE, "expires (2025-04-01)", "effective")),
        (
            (f"{LICENCE}.expires=2025-12-01", f"{LICENCE}.suspended=2026-01-01"),
            ("licence_april_2025", "suspended (2026-01-01) after it has expired", f"{LICENCE}."),
        ),
        ((f"{LICENCE}.covers.elements=[Dx]",), ("unknown element 'Dx'", "Dy")),
        ((f"{LICENCE}.covers.elements=[Dx]",), (f"{LICENCE}.covers.elements", "mean 'Dy'")),
        (
            (f"{LICENCE}.covers.goods=[]",),
            (f"{LICENCE}.covers.goods", "empty list", "leave it out"),
        ),
        (
            (f"{LICENCE}.covers.origins=[JPN]",),
            ("'licence_april_2025' acts on what leaves CHN", "origins [JPN]", "covers.origins"),
        ),
        (
            ("+policy@policies.duty=tariff_usa", "policies.duty.covers.origins=[USA]"),
            ("'duty' acts on what enters USA", "origins [USA]", "destinations with USA"),
        ),
        (
            ("+policy@policies.q=quota_2010_level", "policies.q.t_per_half_year=-5"),
            ("policies.q.t_per_half_year = -5", "above 0 and at most 1e+07 t per half-year"),
        ),
        (
            ("+policy@policies.fee=port_fee_usa_2025", "~policies.fee.schedule"),
            ("policies.fee.schedule is missing", "add it"),
        ),
        (
            (
                "+policies.s={_target_:tradesim.policies.Stockpile,title:t,imposed_by:USA,"
                "announced:2025-01-06,effective:2025-01-06}",
            ),
            ("policies.s: the shopping list is empty", "list_usd or list_t"),
        ),
        ((f"{LICENCE}.covers.goods=[magnet_NdFe]",), ("unknown good 'magnet_NdFe'", "NdFeB'")),
        ((f"{LICENCE}.covers.destinations=[UAS]",), ("unknown destination 'UAS'", "'USA'")),
        ((f"{LICENCE}.covers.end_uses=[defense]",), ("unknown end use 'defense'", "'defence'")),
        ((f"{LICENCE}.covers.stages=[mien]",), ("unknown stage 'mien'", "'mine'")),
        (
            (f"{LICENCE}.covers.sellers=['MP Material']",),
            ("unknown firm 'MP Material'", f"{LICENCE}.covers.sellers", "'MP Materials'"),
        ),
        ((f"{LICENCE}.imposed_by=CHI",), ("unknown economy 'CHI'", "CHN")),
        ((f"{LICENCE}.approval.civilian=1.2",), (LICENCE, "0 to 1, not 1.2")),
        ((f"{LICENCE}.hold_share=1.5",), (f"{LICENCE}.hold_share = 1.5", "0 to 1 share")),
        ((f"{LICENCE}.delay_weeks=-1",), (f"{LICENCE}.delay_weeks = -1", "0 to 104 weeks")),
        (
            (f"{LICENCE}.covers.elements=[La]", f"{LICENCE}.covers.goods=[metal_Dy]"),
            ("'licence_april_2025' covers no good", "elements [La], goods [metal_Dy]", "oxide_La"),
        ),
        (
            (f"{LICENCE}.covers.origins=[CHN]", f"{LICENCE}.covers.destinations=[CHN]"),
            ("'licence_april_2025' covers no border", "destinations [CHN]"),
        ),
        (
            (f"{LICENCE}.covers.goods=[metal_Dy]", f"{LICENCE}.covers.origins=[BRA]"),
            ("covers no trade of this world", "origins [BRA]", "origins CHN", "goods"),
        ),
        (
            (
                f"{LICENCE}.covers.stages=[magnet]",
                f"{LICENCE}.covers.origins=[LAO]",
                f"{LICENCE}.covers.goods=['*']",
                f"{LICENCE}.covers.elements=['*']",
            ),
            ("covers no firm of this world", "stages [magnet]", "mine"),
        ),
        ((TRUCE % "licence_april_2026",), ("licence_april_2026", "'licence_april_2025'")),
        (
            (TRUCE % "embargo_china",),
            ("truce 'truce' names no policy of the scenario", "licence_april_2025", "~policies."),
        ),
    ],
)
def test_it_is_refused_by_name_and_nothing_is_written(
    words: tuple[str, ...], parts: tuple[str, ...], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Exit code 2, one message with the policy, the field, what is allowed; no folder."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", APRIL, *words]) == 2
    told = capsys.readouterr().err
    for part in (*parts, "where:", "remedy:"):
        assert part in told
    assert not list(tmp_path.iterdir())


def test_what_holds_together_is_accepted() -> None:
    """A truce over a policy, a start after the run's end, two duties on the same goods."""
    config.load([APRIL, TRUCE % "licence_*"])
    config.load([APRIL, "weeks=4"])
    twice = ["+policy@policies.one=tariff_usa", "+policy@policies.two=tariff_usa"]
    config.load([*twice, "scenario.name=twice", "compare=none"])


def test_a_scenario_object_is_judged_like_a_page() -> None:
    """What Python hands over is refused by the same names."""
    import tradesim
    from tradesim.scenario import Scenario

    page = config.compose([APRIL])["policies"]["licence_april_2025"]
    page["covers"] = {"elements": ["La"], "goods": ["metal_Dy"]}
    own = Scenario(name="own", title="t", policies={"licence": page})
    with pytest.raises(InputError, match="'licence' covers no good"):
        tradesim.run(own, seeds=1)


class _Rule(Policy):
    """A rule that does nothing but say what it is."""

    instrument: ClassVar[str] = "rule"

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Nothing."""


class Stop(_Rule):
    """Forbids."""

    def forbids(self) -> bool:
        """It does."""
        return True


class Pass(_Rule):
    """Grants."""

    def grants(self) -> bool:
        """It does."""
        return True


DAY = dt.date(2025, 3, 3)


def rule(cls: type[Policy], covers: dict[str, Any], **change: Any) -> Policy:
    page = {"title": "t", "imposed_by": "CHN", "announced": DAY, "effective": DAY, **change}
    return cls(**{**page, "covers": Coverage(**covers)})


MAGNETS = {"goods": ("magnet_*",)}


def together(stop: Policy, permit: Policy, **more: Policy) -> None:
    consistency.check({"stop": stop, "permit": permit, **more})


@pytest.mark.parametrize(
    ("stop", "permit"),
    [
        (MAGNETS, MAGNETS),
        ({"goods": ("magnet_*",)}, {"end_uses": ("defence",)}),
        (
            {"goods": ("magnet_*",), "destinations": ("USA", "JPN")},
            {"goods": ("magnet_*",), "destinations": ("JPN", "KOR")},
        ),
        ({"buyers": ("Lockheed*",)}, {"buyers": ("Lockheed Martin",), "goods": ("magnet_*",)}),
    ],
)
def test_a_ban_and_a_grant_on_the_same_trade_are_refused(
    stop: dict[str, Any], permit: dict[str, Any]
) -> None:
    """By one authority, at the same time, neither more specific."""
    if "buyers" in stop:
        stop = {**stop, "end_uses": ("defence",)}
    with pytest.raises(InputError) as caught:
        together(rule(Stop, stop), rule(Pass, permit))
    assert caught.value.exit_code == 2
    for part in ("'stop' forbids what 'permit' grants", "CHN", "policies.stop.covers", "remedy:"):
        assert part in str(caught.value)


def test_what_settles_a_ban_and_a_grant() -> None:
    """The more specific one, another authority, other trade, other times, a truce, no strength."""
    stop = rule(Stop, MAGNETS)
    together(stop, rule(Pass, {**MAGNETS, "destinations": ("EU27",)}))
    together(rule(Stop, {**MAGNETS, "end_uses": ("defence",)}), rule(Pass, MAGNETS))
    together(stop, rule(Pass, MAGNETS, imposed_by="USA"))
    together(stop, rule(Pass, {"goods": ("oxide_*",)}))
    together(stop, rule(Pass, {**MAGNETS, "exempt_goods": ("magnet_*",), "goods": ("*",)}))
    later = {"announced": dt.date(2025, 6, 2), "effective": dt.date(2025, 6, 2)}
    together(rule(Stop, MAGNETS, suspended=dt.date(2025, 6, 2)), rule(Pass, MAGNETS, **later))
    together(rule(Stop, MAGNETS, expires=dt.date(2025, 6, 2)), rule(Pass, MAGNETS, **later))
    together(stop, rule(Pass, MAGNETS, strength=0.0))
    truce = rule(policies.Truce, {}, suspended_policies=("stop",), **later)
    together(stop, rule(Pass, MAGNETS, **later), truce=truce)
    with pytest.raises(InputError):
        together(stop, rule(Pass, MAGNETS, **later))


def test_more_specific_is_antisymmetric() -> None:
    """Inside wins; of two that only meet, the one with more fields; nothing over itself."""
    narrow, wide = Coverage(goods=("magnet_NdFeB",)), Coverage(goods=("magnet_*",))
    use = Coverage(end_uses=("defence",), destinations=("USA",))
    for one, other in ((narrow, wide), (narrow, Coverage()), (use, wide)):
        assert consistency.more_specific(one, other)
        assert not consistency.more_specific(other, one)
    assert not consistency.more_specific(wide, wide)
