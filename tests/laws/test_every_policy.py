"""What holds for every page of the library, whichever instruments there are.

A page runs alone, or beside the pages without which it has nothing to act on (``needs`` of its
class) or that it suspends. All runs are short; dates are moved to the start.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args

import numpy as np
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from balances import Balance
from library import (
    PAGES,
    STARTS,
    absent,
    at_start,
    base_year_of,
    class_of,
    equal,
    model,
    page,
    partners,
    responses,
    run_without,
    with_page,
    without,
    world,
)
from tradesim import config, policies
from tradesim.model import simulate
from tradesim.policies import Calendar, Policy
from tradesim.terms import Terms

#: Long enough for lots to arrive and stocks to answer.
WEEKS = 12
#: Horizons on which an effect may show; projects and phased shares take longer than shipments.
HORIZONS = (WEEKS, 40, 104)
#: Pages with an edit of their own, by the base year of their world.
OWN = {
    year: [n for n in PAGES if not class_of(n).acts_through and base_year_of(n) == year]
    for year in STARTS
}

every_world = pytest.mark.parametrize("year", STARTS)
every_page = pytest.mark.parametrize("name", PAGES)


# -- what a page says ------------------------------------------------------------------------------


def numbers(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Fields that hold numbers, those of models inside included."""
    for name, info in model.model_fields.items():
        parts = list(_parts(info.annotation))
        if any(part in (float, int) for part in parts):
            yield name, info
        for part in parts:
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from ((f"{name}.{inner}", fact) for inner, fact in numbers(part))


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)


@every_page
def test_a_page_says_what_it_is(name: str) -> None:
    """It loads and names its sources; every field is described, every number has unit, source."""
    policy = policies.load_one(name, page(name))
    assert policy.title
    assert policy.sources
    assert all(source.strip() for source in policy.sources)
    assert type(policy).__doc__
    assert "instrument" in vars(type(policy)), "a class names its instrument"
    for field, info in type(policy).model_fields.items():
        assert info.description, field
    for field, info in numbers(type(policy)):
        extra = info.json_schema_extra
        assert isinstance(extra, dict), field
        assert extra.get("unit"), field
        assert extra.get("source"), field


@every_page
def test_a_page_spells_out_its_dates_and_strength(name: str) -> None:
    """All four dates stand on the page, null where there is none, and its strength."""
    written = page(name)
    for key in ("announced", "effective", "suspended", "expires", "strength"):
        assert key in written, key


@every_page
def test_what_a_page_needs_is_there(name: str) -> None:
    """Pages named in ``needs`` exist, and do not need others in turn."""
    for other in class_of(name).needs:
        assert other in PAGES
        assert not class_of(other).needs


# -- nothing ---------------------------------------------------------------------------------------


def assert_same(one: dict[str, Any], two: dict[str, Any]) -> None:
    """All tables bit for bit, but for the announcements of policies."""
    for table in two:
        if table != "events":
            assert equal(one[table], two[table]), table


@every_page
def test_no_strength_is_no_policy(name: str) -> None:
    """Bit for bit the world without it."""
    found = with_page(name, at_start(name, strength=0.0), WEEKS)
    assert_same(found, without(name, WEEKS))


@every_page
def test_suspended_is_absent(name: str) -> None:
    """Suspended from the start, a policy is not there, bit for bit."""
    assert_same(with_page(name, absent(name), WEEKS), without(name, WEEKS))


# -- something -------------------------------------------------------------------------------------


#: Pages that have nothing to act on in the data yet, and why.
INERT = {"alignment_pakistan": "no firm of Pakistan trades in the base year or has a dated project"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=[pytest.mark.xfail(reason=INERT[name], strict=True)] if name in INERT else [],
        )
        for name in PAGES
    ],
)
def test_effects_grow_with_strength(name: str) -> None:
    """The whole policy moves the world, and further than half of it in the median column.

    Not in every one: a price that overshoots, or the shortage of a good that another good's
    shortage relieves, may move less.
    """
    if class_of(name).acts_through and not partners(name):
        pytest.fail("no page of the library is named by it")
    for weeks in HORIZONS[-1:] if name in INERT else HORIZONS:
        free = without(name, weeks)
        half = with_page(name, at_start(name, strength=0.5 * page(name)["strength"]), weeks)
        found = responses(free, half, with_page(name, at_start(name), weeks))
        if found[:, 1].any():
            break
    assert found[:, 1].any(), "it changes nothing: name in `needs` what it acts upon"
    ratio = found[:, 1] / np.maximum(found[:, 0], 1e-300)
    assert np.median(ratio) >= 1.0 - 1e-9


def stepped(pages: dict[str, Any], weeks: int, base_year: int) -> None:
    """Run with every balance checked in every step."""
    run = model(weeks, pages, base_year)
    balance = Balance(run)
    for _ in range(weeks):
        balance.step()
    run.close()


@every_page
def test_everything_balances(name: str) -> None:
    """Goods, elements, Chinese-mined content and money, with the policy in force."""
    stepped({**partners(name), name: at_start(name)}, WEEKS, base_year_of(name))


# -- together --------------------------------------------------------------------------------------


def all_pages(year: int) -> dict[str, Any]:
    """Every page of a world in force from the start.

    What works through others would only take them away.
    """
    return {name: at_start(name) for name in OWN[year]}


def assert_equal(one: Any, two: Any, where: str) -> None:
    """Two terms, part by part; sums of floats may differ in the last place."""
    if is_dataclass(one):
        for part in fields(one):
            assert_equal(getattr(one, part.name), getattr(two, part.name), f"{where}.{part.name}")
    elif isinstance(one, dict):
        assert one.keys() == two.keys(), where
        for key in one:
            assert_equal(one[key], two[key], f"{where}[{key}]")
    elif isinstance(one, np.ndarray) and one.dtype.kind == "f":
        np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-15, err_msg=where)
    else:
        np.testing.assert_array_equal(one, two, err_msg=where)


@every_world
def test_order_does_not_matter_to_the_terms(year: int) -> None:
    """All policies together, written in three orders, leave the same terms."""
    loaded: list[Policy] = list(policies.load(all_pages(year)).values())
    world_ = model(WEEKS, all_pages(year), year).world
    now = Calendar(STARTS[year] + dt.timedelta(weeks=9), 9.0, STARTS[year])
    found = []
    shuffled = [loaded[i] for i in np.random.default_rng(0).permutation(len(loaded))]
    for ordered in (loaded, loaded[::-1], shuffled):
        terms = Terms.free(world_)
        for policy in ordered:
            policy.write(terms, world_, now)
        found.append(terms)
    assert_equal(found[0], found[1], "terms")
    assert_equal(found[0], found[2], "terms")


@every_world
def test_order_does_not_matter_to_the_results(year: int) -> None:
    """A scenario with all pages gives the same tables whichever stands first."""
    pages = all_pages(year)
    one = simulate(world(WEEKS, pages, year), 0)
    two = simulate(world(WEEKS, dict(reversed(pages.items())), year), 0)
    for table in one:
        assert equal(one[table], two[table]), table


@every_world
def test_all_together_balance(year: int) -> None:
    """Nothing is made or lost with every policy in force at once."""
    stepped(all_pages(year), WEEKS, year)


@every_page
def test_a_page_covers_something(name: str) -> None:
    """Its elements, goods, places, uses and firms are found in the world."""
    pages = {**partners(name), name: page(name)}
    config.check_together(world(WEEKS, pages, base_year_of(name)))


def test_the_world_without_is_worked_out_once() -> None:
    """Pages that need nothing share one run of comparison."""
    assert run_without((), WEEKS) is run_without((), WEEKS)


def test_under_a_truce_a_policy_is_absent() -> None:
    """A truce that holds from the start leaves the world without what it names, bit for bit."""
    truce = {
        "_target_": "tradesim.policies.Truce", "title": "t", "imposed_by": "USA",
        "announced": STARTS[2024], "effective": STARTS[2024], "suspended_policies": ["tariff_*"],
    }  # fmt: skip
    pages = {"tariff_usa": at_start("tariff_usa"), "truce": truce}
    assert_same(simulate(world(WEEKS, pages), 0), run_without((), WEEKS))
