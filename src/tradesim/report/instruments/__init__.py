"""What single instruments did: one block of the page for each, left out where it has no say.

A block reads the tables and the resolved policies and returns HTML, or nothing when the scenario
does not use its instrument. A new block is a module here and a line in :data:`BLOCKS`.
"""

from __future__ import annotations

import re
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


_HEADING = re.compile(r"<h3 id='([^']+)'>(.*?)</h3>")


def instrument_blocks(reading: Reading) -> str:
    """HTML of every block that has something to say, '' if none has.

    Ahead of them stand what the brackets mean and, from two blocks on, links to each.
    """
    told = "\n".join(filter(None, (block(reading) for block in BLOCKS)))
    if not told:
        return ""
    heads = _HEADING.findall(told)
    links = "".join(f"<a href='#{slug}'>{title}</a>" for slug, title in heads)
    index = f"<p class='index'>{links}</p>" if len(heads) > 1 else ""
    runs = len(reading.seeds)
    spread = (
        f"Each number is the median over {runs} runs, with p10–p90 in brackets; one without "
        "brackets is the same in all of them."
        if runs > 1
        else "A single run, hence no spread."
    )
    return f"<p>{spread}</p>{index}{told}"
