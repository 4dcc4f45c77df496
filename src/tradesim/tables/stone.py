"""Classical reconciliation: generalised least squares after Stone, and proportional fitting.

Stone, Champernowne and Meade (1942): the prior ``x0`` with variance ``S`` is moved as little as
its variances allow so that linear identities ``A x = b`` hold::

    x = x0 + S A' (A S A')^-1 (b - A x0)

Nothing is clipped. A result below zero is refused by name, because a clipped residual would hide
that the sources contradict each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import DataError

Array = NDArray[np.float64]

#: Relative standard deviation by quality of the prior (dimensionless); a judgement, listed as R00.
SIGMA: dict[str, float] = {
    "fixed": 0.0,
    "published": 0.02,
    "official": 0.05,
    "press": 0.08,
    "reconciled": 0.08,
    "estimate": 0.15,
    "assumption": 0.30,
    "recalled": 0.30,
}
#: Below this share of the largest prior a negative number is rounding noise of the solver.
_NOISE = 1e-12


@dataclass(frozen=True)
class Identity:
    """One linear identity ``sum(coefficient * x) = total``; ``name`` is used in refusals."""

    name: str
    terms: Mapping[int, float]
    total: float


def reconcile(prior: Array, sigma: Array, identities: Sequence[Identity], names: Sequence[str],
              *, refuse_negative: bool = True) -> Array:  # fmt: skip
    """Stone's estimator: the prior moved so that every identity holds.

    Parameters
    ----------
    prior : t/yr, shape (n,), not negative.
    sigma : relative standard deviation, shape (n,); 0 keeps an entry as it is.
    identities : at most n linear identities.
    names : n names, used when a result is refused.

    Raises
    ------
    DataError
        When the identities contradict each other or a result is negative.
    """
    matrix = np.zeros((len(identities), len(prior)))
    total = np.array([identity.total for identity in identities])
    for row, identity in enumerate(identities):
        for column, coefficient in identity.terms.items():
            matrix[row, column] = coefficient
    variance = (sigma * np.abs(prior)) ** 2
    size = np.sqrt((matrix**2) @ variance)
    size[size == 0.0] = 1.0  # every entry fixed: the identity is only checked
    scaled, goal = matrix / size[:, None], total / size
    weighted = scaled * variance
    result = prior.astype(np.float64).copy()
    for _ in range(4):  # the repeats only remove rounding, the first pass is the estimate
        gap = goal - scaled @ result
        multiplier = np.linalg.lstsq(weighted @ scaled.T, gap, rcond=1e-11)[0]
        result = result + weighted.T @ multiplier
    _refuse_gap(matrix, result, total, identities)
    if refuse_negative:
        _refuse_negative(result, names)
    return result


def _refuse_gap(matrix: Array, result: Array, total: Array, rows: Sequence[Identity]) -> None:
    scale = np.abs(matrix) @ np.abs(result) + np.abs(total) + 1e-12
    relative = np.abs(total - matrix @ result) / scale
    worst = int(np.argmax(relative))
    if relative[worst] > 1e-9:
        raise DataError(
            f"identity '{rows[worst].name}' cannot be met (gap {relative[worst]:.2e} of its size)",
            where="base-year reconciliation",
            allowed="identities that the free entries can close",
            remedy="give one of its entries a sigma above zero, or correct the prior",
        )


def _refuse_negative(result: Array, names: Sequence[str]) -> None:
    floor = -_NOISE * max(1.0, float(np.max(np.abs(result))))
    worst = int(np.argmin(result))
    if result[worst] < floor:
        raise DataError(
            f"reconciliation makes '{names[worst]}' negative ({result[worst]:.6g} t/yr)",
            where="base-year reconciliation",
            allowed="numbers of at least 0",
            remedy="correct the prior or its quality; a negative result is never clipped",
        )
    np.maximum(result, 0.0, out=result, where=result < 0.0)


def proportional_fit(prior: Array, rows: Array, columns: Array, where: str) -> Array:
    """Iterative proportional fitting of a matrix to row and column totals (t/yr).

    Cells that are 0 stay 0. Raises :class:`DataError` when the pattern of zeros cannot carry the
    totals, naming ``where``.
    """
    if abs(rows.sum() - columns.sum()) > 1e-9 * max(rows.sum(), 1.0):
        raise DataError(
            f"row totals {rows.sum():.6f} and column totals {columns.sum():.6f} differ",
            where=where, allowed="equal grand totals", remedy="correct the totals",
        )  # fmt: skip
    fitted = prior.astype(np.float64).copy()
    for _ in range(20000):
        fitted *= _ratio(rows, fitted.sum(axis=1))[:, None]
        fitted *= _ratio(columns, fitted.sum(axis=0))[None, :]
        if np.all(np.abs(fitted.sum(axis=1) - rows) <= 1e-12 * np.maximum(rows, 1.0)):
            return fitted
    gap = np.abs(fitted.sum(axis=1) - rows)
    raise DataError(
        f"proportional fitting does not converge (gap {gap.max():.4g} t in row {gap.argmax()})",
        where=where,
        allowed="a prior whose zeros leave every total reachable",
        remedy="open a lane in the prior",
    )


def _ratio(target: Array, current: Array) -> Array:
    return np.divide(target, current, out=np.zeros_like(target), where=current > 0)
