"""What single instruments did: one block of the page for each, left out where it has no say.

A block reads the tables and the resolved policies and returns HTML, or nothing when the scenario
does not use its instrument. A new block is a module here and a line in :data:`BLOCKS`.
"""

from __future__ import annotations

from collections.abc import Callable

from tradesim.report.instruments import (
    licences,
    outside,
    pipeline,
    port_fees,
    price_floor,
    provenance,
    rents,
    routes,
    stockpile,
)
from tradesim.report.reading import Reading

#: Blocks in the order of the page.
BLOCKS: tuple[Callable[[Reading], str], ...] = (
    licences.block,
    provenance.block,
    rents.block,
    port_fees.block,
    pipeline.block,
    routes.block,
    stockpile.block,
    price_floor.block,
    outside.block,
)


def instrument_blocks(reading: Reading) -> str:
    """HTML of every block that has something to say, '' if none has."""
    return "\n".join(filter(None, (block(reading) for block in BLOCKS)))
