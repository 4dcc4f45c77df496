"""Talks: deals, expiry, renewal, breach, diverging readings; and what a state may not do."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from council_room import START, Room, names
from tradesim.errors import InputError
from tradesim.policies import Status, statuses
from tradesim.states import actions as act
from tradesim.states import packages as packages_of
from tradesim.states.convene import check_cost
from tradesim.states.government import Government, character, check
from tradesim.strategies import BestResponse, Silence, StackelbergLeader


def week(number: float) -> dt.date:
    """Date of a week."""
    return START + dt.timedelta(days=round(7 * number))


def quiet(**kwargs: object) -> Room:
    """Two silent governments with one package each in force."""
    room = Room({"USA": Silence(), "CHN": Silence()}, **kwargs)  # type: ignore[arg-type]
    for code, package in (("USA", "usa_1"), ("CHN", "chn_1")):
        room.council.deeds.do(code, act.Impose(package), week(0))
    return room


def deal(room: Room, weeks: float = 10.0, day: int = 1) -> None:
    """The two trade their packages."""
    do = room.council.deeds.do
    do("USA", act.AskTalks("CHN"), week(day))
    do("CHN", act.Answer("USA", days=0), week(day))
    do("USA", act.Offer("CHN", ("usa_1",), ("chn_1",), weeks), week(day))
    do("CHN", act.Accept("USA"), week(day))


def status(room: Room, policy: str, number: float) -> Status:
    """Where a policy stands in a week."""
    return statuses(room.council.policies, week(number))[policy]


def test_a_held_package_is_neither_known_nor_in_force() -> None:
    room = Room({"USA": Silence(), "CHN": Silence()})
    assert status(room, "usa_1", 500) is Status.UNKNOWN
    assert room.council.package_status("usa_1", week(500)).status == "held"


def test_notice_lies_between_word_and_deed() -> None:
    room = Room({"USA": Silence(), "CHN": Silence()}, notice_weeks=3)
    room.council.deeds.do("USA", act.Announce("usa_1"), week(2))
    assert [status(room, "usa_1", w) for w in (1.9, 2, 4.9, 5)] == [
        Status.UNKNOWN, Status.ANNOUNCED, Status.ANNOUNCED, Status.EFFECTIVE,
    ]  # fmt: skip


def test_a_deal_suspends_both_sides_and_runs_out() -> None:
    """In its last eight weeks buyers reckon with the return; on its last day all is back."""
    room = quiet()
    deal(room, weeks=20)
    for policy in ("usa_1", "chn_1"):
        seen = [status(room, policy, w) for w in (0.9, 1, 12.9, 13, 20.9, 21)]
        assert seen == [Status.EFFECTIVE, Status.SUSPENDED, Status.SUSPENDED, Status.ANNOUNCED,
                        Status.ANNOUNCED, Status.EFFECTIVE]  # fmt: skip
    room.play(30)
    assert names(room.events("deal_expires")) == [(21, "CHN", "deal_expires")]
    assert room.rungs() == {"CHN": 1, "USA": 1}
    assert not [n for n in room.council.policies if n.startswith("deal_")]


def test_a_deal_can_be_renewed_before_it_ends() -> None:
    room = quiet()
    deal(room, weeks=10)
    room.council.deeds.do("CHN", act.Offer("USA", ("chn_1",), ("usa_1",), 30), week(9))
    room.council.deeds.do("USA", act.Accept("CHN"), week(9))
    assert [row[2] for row in room.told][-1] == "renew"
    assert status(room, "chn_1", 20) is Status.SUSPENDED
    assert status(room, "chn_1", 39) is Status.EFFECTIVE


@pytest.mark.parametrize("how", ["breach", "impose"])
def test_who_brings_back_what_was_conceded_breaches_the_deal(how: str) -> None:
    room = quiet()
    deal(room)
    done: act.Action = act.Breach("CHN") if how == "breach" else act.Impose("usa_1")
    room.council.deeds.do("USA", done, week(4))
    assert (4, "USA", "breach") in names(room.told)
    assert status(room, "usa_1", 4) is Status.EFFECTIVE
    assert status(room, "chn_1", 4) is Status.EFFECTIVE, "the other side is free too"


def test_where_readings_differ_half_of_the_concession_is_made() -> None:
    """With certain divergence both go on at half strength, and get it back when the deal ends."""
    room = quiet(divergence=1.0)
    deal(room)
    told = names(room.events("diverging_reading"))
    assert told == [(1, "USA", "diverging_reading"), (1, "CHN", "diverging_reading")]
    for policy in ("usa_1", "chn_1"):
        assert room.council.policies[policy].strength == 0.5
        assert status(room, policy, 2) is Status.EFFECTIVE
    room.council.deeds.do("CHN", act.Breach("USA"), week(3))
    assert {room.council.policies[p].strength for p in ("usa_1", "chn_1")} == {1.0}


def test_readings_hang_on_the_seed_and_differ_in_about_a_quarter() -> None:
    found = 0
    for seed in range(200):
        room = quiet(divergence=0.25, seed=seed)
        deal(room)
        found += len(room.events("diverging_reading"))
    assert 70 < found < 130  # 400 concessions, binomial: 100 +- 3 standard deviations of 8.7


def test_a_meeting_without_an_offer_lapses() -> None:
    room = quiet()
    room.council.deeds.do("USA", act.AskTalks("CHN"), week(0))
    room.council.deeds.do("CHN", act.Answer("USA"), week(0))
    room.play(8)
    assert names(room.events("meet", "talks_lapse")) == [
        (1, "CHN", "meet"),
        (4, "CHN", "talks_lapse"),
    ]


def test_backing_down_costs_and_a_trade_does_not() -> None:
    room = quiet()
    deal(room)
    assert np.nanmin(room.council.booked[4]) == 0.0
    room.council.deeds.do("USA", act.Breach("CHN"), week(2))
    room.council.deeds.do("USA", act.Withdraw("usa_1"), week(3))
    costs = [v for v in room.council.booked[4] if v == v and v < 0]
    assert costs == [-0.5e9]


def test_coming_down_after_the_rival_has_is_no_backing_down() -> None:
    room = quiet()
    room.play(1)
    room.council.deeds.do("CHN", act.Withdraw("chn_1"), week(1))
    room.play(1, first=1)
    assert room.rungs() == {"CHN": 0, "USA": 1}
    room.council.deeds.do("USA", act.Withdraw("usa_1"), week(2))
    costs = [v for v in room.council.booked[4] if v < 0]
    assert costs == [-0.5e9], "only who came down first has paid"


@pytest.mark.parametrize(
    ("action", "says"),
    [
        (act.Announce("chn_1"), "package of USA 'chn_1'"),
        (act.Withdraw("usa_2"), "cannot withdraw 'usa_2', which is held"),
        (act.Adjust("chn_1", 0.5), "policy of USA 'chn_1'"),
        (act.Adjust("usa_1", 1.5), "strength = 1.5"),
        (act.Answer("CHN"), "cannot answer CHN, who has not asked"),
        (act.Offer("CHN", ("usa_1",), ("chn_1",)), "an offer without a meeting"),
        (act.Accept("CHN"), "cannot accept what CHN has not offered"),
        (act.Breach("CHN"), "cannot breach a deal with CHN"),
        (act.AskTalks("MYS"), "government to talk to 'MYS'"),
        ("shout", "which is no action"),
    ],
)
def test_what_a_state_may_not_do_is_refused_and_changes_nothing(
    action: act.Action, says: str
) -> None:
    room = quiet()
    before, told = dict(room.council.policies), list(room.told)
    with pytest.raises(InputError) as refused:
        room.council.deeds.do("USA", action, week(1))
    assert says in str(refused.value)
    assert room.council.policies == before
    assert room.told == told


def test_tightening_and_relaxing_set_the_strength() -> None:
    room = quiet()
    room.council.deeds.do("USA", act.Adjust("usa_1", 0.4, "half measures"), week(1))
    room.council.deeds.do("USA", act.Adjust("usa_1", 0.9), week(2))
    assert names(room.events("relax", "tighten")) == [(1, "USA", "relax"), (2, "USA", "tighten")]
    assert room.council.policies["usa_1"].strength == 0.9


def test_private_types_are_drawn_by_seed_unless_the_page_fixes_them() -> None:
    page = Government(strategy={}, watches=("CHN",))
    drawn = {character(page, "USA", seed).resolve for seed in range(40)}
    assert len(drawn) == 40
    assert min(drawn) < 0.15
    assert max(drawn) > 0.85
    fixed = page.model_copy(update={"resolve": 0.3, "pain_usd_per_week": 2e9})
    assert {character(fixed, "USA", s).pain_usd_per_week for s in range(5)} == {2e9}
    assert character(page, "USA", 1) != character(page, "CHN", 1)


def test_a_ladder_of_another_state_and_a_lone_watcher_are_refused() -> None:
    room = Room({"USA": Silence(), "CHN": Silence()})
    bundles = room.council.packages
    wrong = Government(strategy={}, watches=("CHN",), ladder=("chn_1",))
    right = Government(strategy={}, watches=("USA",))
    with pytest.raises(InputError, match="package of USA 'chn_1'"):
        check({"USA": wrong, "CHN": right}, bundles)
    with pytest.raises(InputError, match="watches USA, which is no other government"):
        check({"CHN": right}, bundles)


def test_packages_share_no_policy_and_name_only_their_own() -> None:
    room = Room({"USA": Silence(), "CHN": Silence()})
    page = {"title": "x", "state": "USA", "policies": ["usa_1"]}
    with pytest.raises(InputError, match="stands in the packages 'a' and 'b'"):
        packages_of.load({"a": page, "b": page}, room.council.policies)
    with pytest.raises(InputError, match="imposed by USA, not CHN"):
        packages_of.load({"a": page | {"state": "CHN"}}, room.council.policies)


@pytest.mark.parametrize(("mind", "every"), [(BestResponse(), 1.0), (StackelbergLeader(), 3.0)])
def test_looking_ahead_too_often_is_refused_with_its_cost(mind: BestResponse, every: float) -> None:
    page = Government(strategy={}, watches=("CHN",), decision_weeks=every)
    runs = mind.rehearsals(3, 3)
    with pytest.raises(InputError, match="39 runs' worth"):
        check_cost("USA", page, mind, runs)
    check_cost("USA", page.model_copy(update={"decision_weeks": 4.0}), mind, runs)
