"""Which plants depend on Chinese technology: drawn per firm, alike in all scenarios of a seed."""

from __future__ import annotations

import numpy as np

from tradesim import axes
from tradesim.tables.loader import load_base
from tradesim.world import build_world
from tradesim.world.technology import dependence, dependent
from worlds import scenario

_CHINA, _USES = axes.ECONOMY_INDEX["CHN"], ("component", "manufacture", "trader")


def test_all_of_china_and_no_user_elsewhere_depends_on_it() -> None:
    world = build_world(scenario(pipeline=True), 1)
    firms, held = world.firms, world.chinese_technology
    users = np.isin(firms.stage, [axes.STAGE_INDEX[name] for name in _USES])
    abroad = firms.economy != _CHINA
    assert held[~abroad].all()
    assert not held[abroad & users].any()
    assert 0 < held[abroad & ~users].sum() < (abroad & ~users).sum()


def test_owners_go_before_their_economy_and_the_draw_meets_the_share() -> None:
    firms = build_world(scenario(pipeline=True), 1).firms
    base = load_base()
    share = dependence(base, firms)
    at = {name: share[row] for row, name in enumerate(firms.name)}
    assert at["Lynas: Malaysia HRE plant"] == 0.0
    assert at["eVAC (VAC): Sumter"] == 0.1
    assert at["MP Materials: 10X"] == 0.5
    mean = np.mean([dependent(base, firms, seed) for seed in range(400)], axis=0)
    np.testing.assert_allclose(mean, share, atol=0.1)


def test_the_draw_of_a_firm_does_not_hang_on_the_number_of_firms() -> None:
    few, many = (build_world(scenario(firms=n, pipeline=True), 3) for n in (240, 400))
    kept = dict(zip(many.firms.id, many.chinese_technology, strict=True))
    for ident, held in zip(few.firms.id, few.chinese_technology, strict=True):
        assert kept[ident] == held
