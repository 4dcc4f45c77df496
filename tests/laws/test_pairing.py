"""Draws depend on what they are for: scenarios are paired, and adding one entity moves no other."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradesim import rng
from tradesim.model import TradeModel, simulate
from tradesim.world import build_world
from worlds import scenario


def test_philox_gives_the_published_vectors() -> None:
    """Known answers of Random123 for Philox-4x32-10."""

    def words(*values: int) -> Any:
        return tuple(np.array([v], np.uint64) for v in values)

    zero = rng.philox(words(0, 0, 0, 0), (0, 0))
    assert [int(w[0]) for w in zero] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    ones = rng.philox(words(*(4 * (0xFFFFFFFF,))), (0xFFFFFFFF, 0xFFFFFFFF))
    assert [int(w[0]) for w in ones] == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    pi = rng.philox(words(0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0))
    assert [int(w[0]) for w in pi] == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


def test_uniforms_are_uniform_and_do_not_depend_on_company() -> None:
    """Mean and spread of a uniform; an entity draws the same alone and among others."""
    ids = np.arange(2000, dtype=np.uint64)
    draws = rng.uniforms(5, "noise", ids[:, None], np.arange(50))
    assert abs(draws.mean() - 0.5) < 0.005
    assert abs(draws.std() - np.sqrt(1 / 12)) < 0.005
    assert abs(np.corrcoef(draws[0], draws[1])[0, 1]) < 0.5
    alone = rng.uniforms(5, "noise", ids[17:18, None], np.arange(50))
    np.testing.assert_array_equal(alone[0], draws[17])
    assert not np.array_equal(rng.uniforms(5, "other", ids), rng.uniforms(5, "noise", ids))
    assert not np.array_equal(rng.uniforms(6, "noise", ids), rng.uniforms(5, "noise", ids))


def test_a_firm_added_leaves_the_draws_of_others() -> None:
    """With one firm more, every firm of the untouched cells keeps size, cover and noise."""
    few, many = build_world(scenario(firms=400), 3), build_world(scenario(firms=401), 3)
    row_of = {int(ident): row for row, ident in enumerate(many.firms.id)}
    grown = set(row_of) - {int(ident) for ident in few.firms.id}
    assert len(grown) == 1
    touched = many.firms.cell[row_of[grown.pop()]]
    rows = np.array([row_of[int(ident)] for ident in few.firms.id])
    same = few.firms.cell != touched
    np.testing.assert_array_equal(few.firms.share[same], many.firms.share[rows][same])
    noise_few = rng.lognormals(3, "final demand", few.firms.id, 0.03)
    noise_many = rng.lognormals(3, "final demand", many.firms.id, 0.03)[rows]
    np.testing.assert_array_equal(noise_few, noise_many)


def test_a_licence_added_leaves_the_decisions_of_others() -> None:
    """A second covered good does not change the draws of links already covered."""

    def page(goods: list[str]) -> dict[str, Any]:
        return {
            "_target_": "tradesim.policies.ExportLicensing", "title": "t", "imposed_by": "CHN",
            "announced": "2025-01-06", "effective": "2025-01-06", "covers": {"goods": goods},
            "approval": {"civilian": 0.5}, "delay_weeks": 2, "sources": ["test"],
        }  # fmt: skip

    draws = []
    for goods in (["magnet_NdFeB_HRE"], ["magnet_NdFeB_HRE", "oxide_La"]):
        model = TradeModel(scenario(policies={"p": page(goods)}), 2)
        for _ in range(5):
            model.step()
        book = model.state.books["CHN"]
        ids = model.world.links.id[book.links]
        draws.append(dict(zip(ids.tolist(), book.draws[:, :5].tolist(), strict=True)))
        model.close()
    few, many = draws
    assert len(many) > len(few)
    assert all(many[key] == few[key] for key in few)


def test_same_seed_same_tables_and_other_seed_others() -> None:
    """Two runs of a seed are equal bit for bit, two seeds are not."""
    one, two = (simulate(scenario(noise=0.05, growth=True), 4) for _ in range(2))
    assert all(one[name].to_pandas().equals(two[name].to_pandas()) for name in one)
    other = simulate(scenario(noise=0.05, growth=True), 5)
    assert not one["markets"].equals(other["markets"])


def test_links_have_ids_of_their_own() -> None:
    """No two links share an id, so no two licences share a decision."""
    world = build_world(scenario(firms=1000, pipeline=True), 0)
    assert len(np.unique(world.links.id)) == len(world.links)
