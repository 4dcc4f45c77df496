"""Licence books lose nothing: applications, grants, balances, capacity, validity, money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tradesim.market.books import LicenceBook
from tradesim.model import TradeModel
from tradesim.world import build_world
from tradesim.world.types import World
from worlds import content_at_hand, scenario

#: Allowed imbalance over throughput.
BALANCE = 1e-9


@pytest.fixture(scope="module")
def world() -> World:
    """The frozen base year."""
    return build_world(scenario(), 0)


def book_of(world: World, stages: int = 4, **rule: Any) -> LicenceBook:
    """A book over forty links with a rule that differs from link to link."""
    book = LicenceBook.open("CHN", world, np.arange(40), stages)
    draw = np.random.default_rng(3)
    book.approval = draw.uniform(0.2, 1.0, 40)
    book.delay_weeks = draw.uniform(0.0, 12.0, 40)
    book.validity_weeks = draw.uniform(6.0, 30.0, 40)
    for name, value in rule.items():
        setattr(book, name, value)
    return book


@pytest.mark.parametrize("dt", [0.5, 1.0])
@pytest.mark.parametrize("capacity", [None, 30.0])
def test_everything_applied_for_is_somewhere(
    world: World, dt: float, capacity: float | None
) -> None:
    """Applied = granted + denied + pending; granted = shipped + lapsed + balance, link by link."""
    book = book_of(world, fraction=np.linspace(0.0, 1.0, 40))
    if capacity is not None:
        book.desks = ((np.ones(40, np.bool_), capacity),)
    draw = np.random.default_rng(1)
    total = {name: np.zeros(40) for name in ("applied", "granted", "denied", "lapsed", "licensed")}
    for step in range(150):
        ordered = draw.exponential(2.0, 40) * dt
        book.expire(dt)
        book.decide(book.fraction * ordered, step * dt, world, dt)
        shipped = draw.uniform(0.0, 1.0, 40) * book.limit(ordered)
        book.draw(shipped, ordered)
        assert (book.licensed <= shipped + 1e-12).all()
        for name, amount in total.items():
            amount += getattr(book, name)
    decided = total["granted"] + total["denied"]
    np.testing.assert_allclose(total["applied"], decided + book.pending(), rtol=BALANCE)
    left = total["licensed"] + total["lapsed"] + book.balance()
    np.testing.assert_allclose(total["granted"], left, rtol=BALANCE, atol=1e-12)
    for name in ("granted", "denied", "lapsed", "licensed"):
        assert total[name].sum() > 0, name


def test_a_desk_decides_no_more_than_it_can(world: World) -> None:
    """Decisions equal the capacity while enough is ready, and never exceed it; others go free."""
    at_desk = np.arange(40) < 25
    book = book_of(world, desks=((at_desk, 12.0),), delay_weeks=np.zeros(40))
    for step in range(20):
        book.decide(np.ones(40), float(step), world, 1.0)
        decided = book.granted + book.denied
        assert decided[at_desk].sum() == pytest.approx(12.0, rel=1e-12)
        np.testing.assert_allclose(decided[~at_desk], 1.0)
    assert book.pending()[at_desk].sum() == pytest.approx(20 * (25 - 12.0))
    book.desks = ((at_desk, 12.0), (np.ones(40, np.bool_), 9.0))
    book.decide(np.ones(40), 21.0, world, 1.0)
    assert (book.granted + book.denied).sum() <= 9.0 + 1e-9


def test_validity_is_each_links_own(world: World) -> None:
    """A balance lapses within its own validity and a vintage, and not before."""
    validity = np.where(np.arange(40) < 20, 6.0, 24.0)
    book = book_of(world, validity_weeks=validity, approval=np.ones(40), delay_weeks=np.zeros(40))
    book.decide(np.ones(40), 0.0, world, 1.0)
    gone = np.full(40, np.inf)
    for week in range(1, 40):
        book.expire(1.0)
        gone = np.where(book.lapsed > 0, np.minimum(gone, week), gone)
    assert (gone[:20] == 6).all()
    assert (gone[20:] == 24).all()
    assert book.balance().sum() == 0.0


def test_what_needs_no_licence_leaves_without(world: World) -> None:
    """With nothing granted a link ships exactly the part that needs no licence."""
    book = book_of(world, approval=np.zeros(40), fraction=np.full(40, 0.3))
    ordered = np.full(40, 10.0)
    book.decide(book.fraction * ordered, 0.0, world, 1.0)
    np.testing.assert_allclose(book.limit(ordered), 7.0)
    book.draw(book.limit(ordered), ordered)
    assert book.licensed.sum() == 0.0


def page(kind: str, /, **fields: Any) -> dict[str, Any]:
    """A policy of China from the fifth week on."""
    return {
        "_target_": f"tradesim.policies.{kind}", "title": kind, "imposed_by": "CHN",
        "announced": "2025-01-27", "effective": "2025-02-03", "sources": ["test"], **fields,
    }  # fmt: skip


def test_a_world_of_licences_bans_and_inspections_balances() -> None:
    """Elements, Chinese content and money balance with every class of this file in force."""
    heavy = {"goods": ["magnet_NdFeB_HRE", "magnet_SmCo", "oxide_Dy"]}
    policies = {
        "licence": page(
            "ExportLicensing", covers=heavy, approval={"civilian": 0.7}, delay_weeks=3,
            validity_weeks=8, capacity_t_per_week=150,
            cases=[{"destinations": ["JPN"], "exempt": True}],
        ),
        "easing": page("LicenceEasing", kind="general_licence", customers_share=0.3),
        "slow": page("LicenceTightening", approval_factor=0.7, delay_factor=1.5),
        "list": page("Ban", covers={"end_uses": ["defence"]}, third_party_liability=0.5),
        "customs": page(
            "CustomsInspection", covers={"goods": ["magnet_NdFeB"]}, hold_share=0.5, hold_weeks=4,
            full_weeks=3, fade_weeks=4,
        ),
    }  # fmt: skip
    model = TradeModel(scenario(policies=policies, noise=0.05), 2)
    before, chinese_before = content_at_hand(model)
    throughput = model.world.slots.base_t.sum()
    held = False
    for _ in range(20):
        model.step()
        state = model.state
        held |= model.terms.border.holding
        assert not state.shipped[model.terms.closed].any()
        money = state.money_usd.sum() + state.treasury_usd.sum() + state.carriers_usd
        assert abs(money) < BALANCE * np.abs(state.money_usd).sum()
    assert model.terms.closed.any()
    assert state.books["CHN"].pending().sum() > 0
    assert held
    now, chinese = content_at_hand(model)
    gained = state.sourced.elements - state.lost.elements - state.consumed.elements
    assert np.abs(now - before - gained).max() < BALANCE * throughput * 20
    gained_chinese = state.sourced.chinese - state.lost.chinese - state.consumed.chinese
    assert abs(chinese - chinese_before - gained_chinese) < BALANCE * throughput * 20
    model.close()
