"""Counter-based random numbers: a draw depends on what it is for, not on what was drawn before.

Philox-4x32-10 (Salmon, Moraes, Dror & Shaw 2011, doi:10.1145/2063384.2063405), vectorised over
entities. The key is the seed and the purpose, the counter the entity's stable id and the period.
Adding a firm, a licence or a policy therefore leaves every other draw as it was, and two
scenarios with the same seed are truly paired. Uniforms become other laws through inverse
distributions.
"""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]

_MASK: Final = np.uint64(0xFFFFFFFF)
_SHIFT: Final = np.uint64(32)
_MULTIPLIERS: Final = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL: Final = (0x9E3779B9, 0xBB67AE85)
_ROUNDS: Final = 10


def philox(counter: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, ...]:
    """Four 32-bit words (held in uint64, broadcast shape) for each 4 x 32-bit counter.

    ``key`` is a pair of 32-bit words. Source: Salmon et al. 2011, section 3.3.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        p0, p1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (p1 >> _SHIFT) ^ c1 ^ np.uint64(k0),
            p1 & _MASK,
            (p0 >> _SHIFT) ^ c3 ^ np.uint64(k1),
            p0 & _MASK,
        )
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return c0, c1, c2, c3


def stable_id(name: str) -> int:
    """A 64-bit id of an entity that depends on its name alone (dimensionless)."""
    data = name.encode()
    return (zlib.crc32(data) << 32) | zlib.crc32(data[::-1] + b"#")


def uniforms(seed: int, purpose: str, ids: npt.ArrayLike, period: npt.ArrayLike = 0) -> Floats:
    """Uniforms in (0, 1) for every entity id and period (shapes broadcast).

    Parameters
    ----------
    seed : run seed, any non-negative integer.
    purpose : what the draw is for; another purpose is another stream.
    ids : stable ids of the entities (uint64).
    period : period number (weeks since the start, or 0 for a draw made once).
    """
    entity, when = np.broadcast_arrays(np.asarray(ids, np.uint64), np.asarray(period, np.uint64))
    key = (
        (seed & 0xFFFFFFFF) ^ zlib.crc32(purpose.encode()),
        (seed >> 32) ^ zlib.crc32(b"tradesim:" + purpose.encode()),
    )
    words = philox((entity & _MASK, entity >> _SHIFT, when & _MASK, when >> _SHIFT), key)
    mantissa = ((words[0] << np.uint64(21)) ^ words[1]) & np.uint64((1 << 52) - 1)
    return (mantissa.astype(np.float64) + 0.5) / float(1 << 52)


def normals(seed: int, purpose: str, ids: npt.ArrayLike, period: npt.ArrayLike = 0) -> Floats:
    """Standard normals (dimensionless) by the inverse distribution of :func:`uniforms`."""
    return np.asarray(ndtri(uniforms(seed, purpose, ids, period)), np.float64)


def lognormals(
    seed: int, purpose: str, ids: npt.ArrayLike, spread: float, period: npt.ArrayLike = 0
) -> Floats:
    """Lognormals with mean one and log standard deviation ``spread`` (dimensionless)."""
    draw = normals(seed, purpose, ids, period)
    return np.asarray(np.exp(spread * draw - 0.5 * spread * spread), np.float64)
