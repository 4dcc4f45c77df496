"""Splits magnet trade by end use and grade: who ships which grade to which use (t/yr)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tradesim.errors import DataError
from tradesim.tables.magnet_trade import Matrix
from tradesim.tables.stone import SIGMA, Array, Identity, reconcile

#: A pair outside China's row opens one lane below the first limit (t/yr), two below the second.
LANE_LIMITS = (25.0, 120.0)
Lane = tuple[str, str, str]  # maker, user, end use


def grade_lanes(matrix: Matrix, uses: Mapping[tuple[str, str], float],
                heavy: Mapping[str, float]) -> dict[Lane, tuple[float, float]]:  # fmt: skip
    """(heavy-bearing, plain) NdFeB by maker, user and end use, t/yr.

    Three margins are met: each pair of ``matrix``, the two grades of every use (share ``heavy``),
    and the same heavy share in every maker's output (R10): the balance rests on that share, and
    it makes scrap one good. Raises :class:`DataError` when the open lanes cannot carry them.
    """
    lanes = _open(matrix, uses)
    tonnes = _start(lanes, matrix, uses, heavy)
    groups = _margins(lanes, matrix, uses, heavy)
    for _ in range(5000):
        worst = 0.0
        for members, grade, goal in groups:
            part = tonnes[members] if grade is None else tonnes[members, grade]
            ratio = goal / part.sum()
            worst = max(worst, abs(ratio - 1.0))
            if grade is None:
                tonnes[members] *= ratio
            else:
                tonnes[members, grade] *= ratio
        if worst < 1e-6:
            return _polish(lanes, tonnes, groups)
    raise DataError(
        f"grades cannot be placed on the open magnet lanes (ratio off by {worst:.3g})",
        where="magnet trade by grade", allowed="lanes that carry every margin",
        remedy="open more lanes: lower LANE_LIMITS",
    )  # fmt: skip


def _open(matrix: Matrix, uses: Mapping[tuple[str, str], float]) -> list[Lane]:
    lanes: list[Lane] = []
    for (maker, user), tonnes in sorted(matrix.items()):
        ranked = sorted((u for e, u in uses if e == user), key=lambda u: -uses[user, u])
        if maker != "CHN":
            limit = 1 if tonnes < LANE_LIMITS[0] else (2 if tonnes < LANE_LIMITS[1] else 9)
            ranked = ranked[:limit]
        lanes += [(maker, user, use) for use in ranked]
    return lanes


def _start(lanes: list[Lane], matrix: Matrix, uses: Mapping[tuple[str, str], float],
           heavy: Mapping[str, float]) -> Array:  # fmt: skip
    tonnes = np.empty((len(lanes), 2))
    for i, (maker, user, use) in enumerate(lanes):
        open_ = sum(uses[user, u] for m, d, u in lanes if (m, d) == (maker, user))
        part = matrix[maker, user] * uses[user, use] / open_
        tonnes[i] = part * heavy[use], part * (1.0 - heavy[use])
    return tonnes


Group = tuple[list[int], int | None, float]


def _margins(lanes: list[Lane], matrix: Matrix, uses: Mapping[tuple[str, str], float],
             heavy: Mapping[str, float]) -> list[Group]:  # fmt: skip
    world = sum(t * heavy[u] for (_, u), t in uses.items()) / sum(uses.values())
    groups: list[Group] = []
    for maker in sorted({m for m, _ in matrix}):
        made = sum(t for (m, _), t in matrix.items() if m == maker)
        members = [i for i, lane in enumerate(lanes) if lane[0] == maker]
        groups += [(members, 0, made * world), (members, 1, made * (1.0 - world))]
    for pair, tonnes in matrix.items():
        groups.append(([i for i, lane in enumerate(lanes) if lane[:2] == pair], None, tonnes))
    for (user, use), tonnes in uses.items():
        members = [i for i, lane in enumerate(lanes) if lane[1:] == (user, use)]
        groups += [(members, 0, tonnes * heavy[use]), (members, 1, tonnes * (1.0 - heavy[use]))]
    return groups


def _polish(lanes: list[Lane], tonnes: Array, groups: list[Group]
            ) -> dict[Lane, tuple[float, float]]:  # fmt: skip
    """Stone's estimator takes the last rounding out, so that every margin is met exactly."""
    identities = []
    for number, (members, grade, goal) in enumerate(groups):
        columns = (0, 1) if grade is None else (grade,)
        terms = {2 * i + g: 1.0 for i in members for g in columns}
        identities.append(Identity(f"magnet margin {number}", terms, goal))
    names = [f"magnet {grade} {m}-{d} {u}" for m, d, u in lanes for grade in ("heavy", "plain")]
    prior = tonnes.reshape(-1)
    result = reconcile(prior, np.full(prior.size, SIGMA["assumption"]), identities, names)
    return {lane: (float(result[2 * i]), float(result[2 * i + 1])) for i, lane in enumerate(lanes)}
