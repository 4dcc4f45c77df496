"""The sections of the page in their order: which figures stand where, with which words."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from tradesim.report import (
    captions,
    figures_chain,
    figures_flow,
    figures_market,
    figures_shortfall,
    labels,
    text,
)
from tradesim.report.fans import Spec
from tradesim.report.instruments import instrument_blocks
from tradesim.report.reading import Reading


@dataclass(frozen=True)
class Card:
    """One figure with its file name, the label of its tab and its take-away numbers."""

    slug: str
    tab: str
    figure: Spec
    caption: str

    @property
    def alternative(self) -> str:
        """Text alternative for readers who do not see the figure."""
        return captions.alternative(self.figure, self.caption)


@dataclass(frozen=True)
class Section:
    """A section of the page; cards of one group are shown one at a time behind buttons.

    ``intro`` and ``after`` are HTML.
    """

    slug: str
    title: str
    intro: str = ""
    groups: tuple[tuple[Card, ...], ...] = ()
    after: str = ""
    short: str = field(default="")

    @property
    def cards(self) -> list[Card]:
        """All figures of the section."""
        return [card for group in self.groups for card in group]


def figure_sections(reading: Reading) -> list[Section]:
    """Sections with figures, in the order of the page."""
    return [
        exports_section(reading),
        prices_section(reading),
        shortfall_section(reading),
        *instrument_section(reading),
        flow_section(reading),
        licence_section(reading),
        plant_section(reading),
    ]


def instrument_section(reading: Reading) -> list[Section]:
    """What single instruments did, if any of them has a block: one section or none."""
    blocks = instrument_blocks(reading)
    title = "What the instruments did"
    return [Section("instruments", title, blocks, short="Instruments")] if blocks else []


def exports_section(reading: Reading) -> Section:
    """Magnet exports from China, tonnes per month in total and % by destination."""
    total = Card("exports", "Total", figures_market.exports(reading), captions.exports(reading))
    places = Card(
        "exports_by_destination", "By destination",
        figures_market.exports_by_destination(reading), captions.destinations(reading),
    )  # fmt: skip
    return Section("exports", "Magnet exports from China", groups=((total,), (places,)),
                   short="Exports")  # fmt: skip


def prices_section(reading: Reading) -> Section:
    """Prices of five goods in four economies, USD per kg."""
    cards = tuple(
        Card(f"price_{good}", _tab(good), figures_market.prices(reading, good),
             captions.prices(reading, good))
        for good in figures_market.PRICED
    )  # fmt: skip
    return Section("prices", "Prices", f"<p>{text.PRICE_SERIES}</p>", (cards,), short="Prices")


def _tab(good: str) -> str:
    return {"NdPr": "NdPr oxide", "magnet_NdFeB_HRE": "Magnets with Dy/Tb"}.get(
        good, labels.good(good)
    )


def shortfall_section(reading: Reading) -> Section:
    """Shortfalls (% of normal use) by good and economy, and the heat strip, three definitions."""
    panels, strips = [], []
    for definition, (name, _) in text.SHORTFALLS.items():
        panels.append(Card(
            f"shortfall_{definition}", name, figures_shortfall.multiples(reading, definition),
            captions.multiples(reading, definition),
        ))  # fmt: skip
        strips.append(Card(
            f"shortfall_strip_{definition}", name, figures_shortfall.strip(reading, definition),
            captions.strip(reading, definition),
        ))  # fmt: skip
    intro = definition_list()
    if reading.other is None:
        intro += f'<p class="note">{text.ALONE}</p>'
    return Section("shortfalls", "Shortfalls", intro, (tuple(panels), tuple(strips)),
                   short="Shortfalls")  # fmt: skip


def definition_list() -> str:
    """The three shortfall definitions as an HTML list."""
    items = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>"
        for name, words in text.SHORTFALLS.values()
    )
    return f'<dl class="definitions">{items}</dl>'


def flow_section(reading: Reading) -> Section:
    """Who supplies whom in the worst month and in the first year."""
    cards = tuple(
        Card(f"flows_{i}", stretch.name, figures_flow.chain(reading, stretch),
             captions.chain(reading, stretch))
        for i, stretch in enumerate(figures_flow.spans(reading), start=1)
    )  # fmt: skip
    ghost = " Grey: what moved in the comparison world." if reading.other else ""
    intro = (
        "<p>Each bar is a group of economies at one stage of the chain; each ribbon is what one "
        f"group sends to another at the next stage.{ghost} Recycled scrap and direct uses of "
        "oxides are not drawn.</p>"
    )
    return Section("flows", "Who supplies whom", intro, (cards,), short="Flows")


def licence_section(reading: Reading) -> Section:
    """The licence queue (tonnes, days) by group of goods, or a sentence that there was none."""
    groups = figures_chain.licence_groups(reading)
    if not groups:
        return Section("licences", "Licence queue", f"<p>{text.NO_LICENCES}</p>", short="Licences")
    cards = tuple(
        Card(f"licences_{group.split()[0]}", group.capitalize(),
             figures_chain.licences(reading, group), captions.licences(reading, group))
        for group in groups
    )  # fmt: skip
    intro = (
        "<p>Exporters apply for each shipment; applications wait (<i>pending</i>) until they are "
        "granted or denied; what is granted and not shipped in time lapses. Medians over the runs; "
        "each row has one scale. The four destinations with the largest applications.</p>"
    )
    return Section("licences", "Licence queue", intro, (cards,), short="Licences")


def plant_section(reading: Reading) -> Section:
    """Plants standing still (%) by stage and economy."""
    card = Card("plants", "Plants", figures_chain.plants(reading), captions.plants(reading))
    return Section("plants", "Plants that stop", groups=((card,),), short="Plants")
