"""Exact sequences of moves, as tournaments of strategies are tested; and the pure functions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from council_room import Room, names, script
from tradesim.states.actions import Announce
from tradesim.states.view import Outlook
from tradesim.strategies import (
    EscalationLadder,
    HedgingProcessor,
    Scripted,
    Silence,
    TitForTat,
)
from tradesim.strategies.belief import belief
from tradesim.strategies.logit_response import drawn, logit
from tradesim.strategies.stackelberg import led

CLIMBS = script((1, "announce", "chn_1"), (3, "announce", "chn_2"), (6, "withdraw", "chn_2"))
CLIMBER = Scripted(script=CLIMBS)
TALKS = ("ask_talks", "answer", "meet", "offer", "counter_offer", "accept", "unanswered",
         "shelve", "suspend", "walk_away", "breach", "renew", "deal_expires", "diverging_reading",
         "talks_lapse")  # fmt: skip


def test_tit_for_tat_answers_a_script_one_round_later() -> None:
    room = Room({"USA": TitForTat(), "CHN": CLIMBER}).play(10)
    assert room.moves("CHN") == "hEhEhhRhhh"
    assert room.moves("USA") == "hhEhEhhRhh"


def test_tit_for_tat_against_itself_never_starts() -> None:
    room = Room({"USA": TitForTat(), "CHN": TitForTat()}).play(12)
    assert room.moves("USA") == room.moves("CHN") == "h" * 12
    assert not room.told


def test_an_echo_goes_on_between_two_who_do_not_forgive() -> None:
    """One escalation bounces back and forth until the ladders end (Axelrod 1984, ch. 2)."""
    opens = {"opening": [{"date": "2025-01-06", "package": "chn_1"}]}
    room = Room({"USA": TitForTat(), "CHN": TitForTat()})
    seat = room.council.seats["CHN"]
    seat.government = type(seat.government)(**(seat.government.model_dump() | opens))
    room.play(9)
    assert room.moves("CHN") == "EhEhEhhhh"
    assert room.moves("USA") == "hEhEhEhhh"


def test_full_forgiveness_ends_the_echo() -> None:
    room = Room({"USA": TitForTat(forgiveness=1.0), "CHN": CLIMBER}).play(10)
    assert room.moves("USA") == "hhhhhhhhhh"


@pytest.mark.parametrize("seed", range(5))
def test_generous_tit_for_tat_forgives_by_its_own_luck(seed: int) -> None:
    """Between never and always, the answer to each escalation hangs on the draw alone."""
    room = Room({"USA": TitForTat(forgiveness=0.5), "CHN": CLIMBER}, seed=seed).play(10)
    again = Room({"USA": TitForTat(forgiveness=0.5), "CHN": CLIMBER}, seed=seed).play(10)
    assert room.moves("USA") == again.moves("USA")
    moves = room.moves("USA")
    assert moves[2] in "Eh"
    assert moves[4] in "Eh"
    assert set(moves[:2] + moves[5:7]) == {"h"}


def test_a_ladder_climbs_to_the_rung_of_its_rival_and_stops() -> None:
    room = Room({"USA": EscalationLadder(), "CHN": CLIMBER}).play(10)
    assert room.moves("USA") == "hhEhEhhhhh"
    assert room.rungs() == {"CHN": 1, "USA": 2}


def test_ladder_against_silence_holds_when_nothing_hurts() -> None:
    room = Room({"USA": EscalationLadder(), "CHN": Silence()}).play(8)
    assert room.moves("USA") == "h" * 8
    assert not room.told


def test_a_hurt_ladder_calls_a_silent_rival_in_vain_and_then_shelves_its_threats() -> None:
    """The call goes unanswered after three weeks; a rival taken for resolute is yielded to."""
    mind = EscalationLadder(yields_above=0.5)
    climber = Scripted(script=CLIMBS[:2])
    room = Room({"USA": mind, "CHN": climber}, private={"USA": (0.0, 1e9)}, notice_weeks=30)
    room.play(5)
    assert room.rungs()["USA"] == 2
    room.losses = {"USA": 5e9}
    room.play(8, first=5)
    assert names(room.events(*TALKS)) == [
        (5, "USA", "ask_talks"),
        (8, "CHN", "unanswered"),
        (8, "USA", "shelve"),
        (9, "USA", "shelve"),
        (10, "USA", "ask_talks"),
    ]
    assert room.rungs()["USA"] == 0
    assert np.nanmin(room.council.booked[4]) == -2 * 0.5e9  # the audience has seen two retreats


def test_two_ladders_talk_when_one_is_hurt() -> None:
    """Ask and answer in one sitting, meet a week later, offer, accept, and both come down."""
    private = {"USA": (0.2, 1e9), "CHN": (0.2, 1e12)}
    room = Room({"USA": EscalationLadder(), "CHN": EscalationLadder(deal_weeks=20)},
                private=private)  # fmt: skip
    room.council.deeds.do("CHN", Announce("chn_1"), room.sitting(0).date)
    room.play(2)
    assert room.rungs() == {"CHN": 1, "USA": 1}
    room.losses = {"USA": 5e9}
    room.play(3, first=2)
    assert names(room.events(*TALKS)) == [
        (2, "USA", "ask_talks"),
        (2, "CHN", "answer"),
        (3, "CHN", "meet"),
        (3, "USA", "offer"),
        (3, "CHN", "accept"),
    ]
    assert room.rungs() == {"CHN": 0, "USA": 0}


def test_a_resolute_rival_that_can_bear_it_stays_silent() -> None:
    private = {"USA": (0.2, 1e9), "CHN": (0.9, 1e12)}
    room = Room({"USA": EscalationLadder(), "CHN": EscalationLadder()}, private=private)
    room.council.deeds.do("CHN", Announce("chn_1"), room.sitting(0).date)
    room.losses = {"USA": 5e9}
    room.play(6)
    assert ("CHN", "answer") not in [(a, b) for _, a, b in names(room.told)]
    assert names(room.events("unanswered"))[0] == (3, "CHN", "unanswered")


def test_a_hedger_draws_nearer_in_calm_and_steps_back_when_pressed() -> None:
    """Tied to the first power while the other stands low; hurt and pressed, it steps back once."""
    minds = {"USA": Silence(), "CHN": Scripted(script=CLIMBS[:2]), "MYS": HedgingProcessor()}
    room = Room(minds, private={"MYS": (0.5, 1e9)})
    room.play(4)
    assert room.moves("MYS") == "Ehhh", "pressed, but not hurt: it keeps both doors open"
    room.losses = {"MYS": 5e9}
    room.play(3, first=4)
    assert room.moves("MYS") == "EhhhRhh"


@given(prior=st.floats(0.01, 0.99))
def test_belief_follows_bayes(prior: float) -> None:
    """One escalation doubles the odds; acts of one kind only ever move it one way."""
    after = belief(prior, ["escalate"])
    assert after / (1 - after) == pytest.approx(2.0 * prior / (1 - prior))
    assert belief(prior, ["relax"]) < prior < after < belief(prior, ["escalate"] * 3)
    assert belief(prior, [], ["ask_talks"]) < prior


@given(st.dictionaries(st.sampled_from("abcd"), st.floats(-5, 5), min_size=1), st.floats(0, 20))
def test_logit_is_a_distribution_ordered_by_utility(
    utility: dict[str, float], sharp: float
) -> None:
    chances = logit(utility, sharp)
    assert sum(chances.values()) == pytest.approx(1.0)
    best = max(utility, key=lambda name: utility[name])
    assert chances[best] == max(chances.values())
    assert drawn(chances, 0.0) == next(iter(chances))
    assert drawn(chances, 1.0 - 1e-12) in chances


def test_logit_has_the_known_odds() -> None:
    chances = logit({"up": 1.0, "hold": 0.0}, 2.0)
    assert chances["up"] == pytest.approx(1 / (1 + 2.718281828**-2))
    assert logit({"up": 1.0, "hold": 0.0}, 0.0) == {"up": 0.5, "hold": 0.5}


def test_a_leader_reckons_with_the_reply() -> None:
    """Climbing would pay 5 if nobody answered, but the rival would climb too: so it holds."""
    cells = {
        "hold / hold": (0.0, 0.0), "hold / up": (-3.0, -1.0),
        "up / hold": (5.0, -4.0), "up / up": (-6.0, -2.0),
    }  # fmt: skip
    outlooks = {k: Outlook((a,), (b,)) for k, (a, b) in cells.items()}
    assert led(outlooks) == ("hold", "hold")
    cells["up / up"] = (2.0, -5.0)  # now climbing would hurt the rival more than holding
    assert led({k: Outlook((a,), (b,)) for k, (a, b) in cells.items()}) == ("up", "hold")
