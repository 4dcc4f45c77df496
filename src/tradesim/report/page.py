"""The page: sections to one HTML file that asks no other host for anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files

from plotly.offline import get_plotlyjs

from tradesim.report import theme
from tradesim.report.sections import Card, Section
from tradesim.report.svg import figure_svg

#: Nothing may be fetched, from anywhere: the browser enforces it.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)


@cache
def asset(name: str) -> str:
    """Text of a file that ships beside this module (``page.css``, ``page.js``)."""
    return (files("tradesim.report") / name).read_text(encoding="utf-8")


def document(title: str, language: str, header: str, sections: Sequence[Section]) -> str:
    """The whole page; ``header`` is the HTML above the first section."""
    figures = any(section.cards for section in sections)
    script = f"<script>{_inline_script(get_plotlyjs())}</script>" if figures else ""
    css = asset("page.css").replace("$FONT", theme.FONT)
    return "\n".join([
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        f"<title>{escape(title)}</title>\n<style>{css}</style>\n</head>\n<body>",
        f'<a class="skip" href="#{sections[0].slug if sections else ""}">To the first section</a>',
        f"<main>\n{header}\n{navigation(sections)}",
        *(section_html(section) for section in sections),
        "</main>", script, f"<script>{asset('page.js')}</script>", "</body>\n</html>\n",
    ])  # fmt: skip


def _inline_script(source: str) -> str:
    """JavaScript that cannot end its own script element."""
    return source.replace("</script", "<\\/script")


def navigation(sections: Sequence[Section]) -> str:
    """Links to the sections, for a projector that shows one at a time."""
    links = "".join(
        f'<a href="#{section.slug}">{escape(section.short or section.title)}</a>'
        for section in sections
    )
    return f'<nav aria-label="Sections">{links}</nav>'


def section_html(section: Section) -> str:
    """One section: heading, words, figures behind buttons where there are several."""
    groups = "".join(
        group_html(f"{section.slug}-{i}", group) for i, group in enumerate(section.groups) if group
    )
    return (
        f'<section id="{section.slug}" aria-labelledby="h-{section.slug}">'
        f'<h2 id="h-{section.slug}">{escape(section.title)}</h2>'
        f"{section.intro}{groups}{section.after}</section>"
    )


def group_html(name: str, cards: Sequence[Card]) -> str:
    """Cards of one group: a row of buttons (if more than one) and the figures."""
    buttons = "".join(
        f'<button type="button" aria-pressed="{"true" if i == 0 else "false"}" '
        f'aria-controls="fig-{card.slug}" data-group="{name}" data-target="fig-{card.slug}">'
        f"{escape(card.tab)}</button>"
        for i, card in enumerate(cards)
    )
    row = f'<div class="tabs" role="group" aria-label="Choose a figure">{buttons}</div>'
    figures = "".join(card_html(card, name, i == 0) for i, card in enumerate(cards))
    return (row if len(cards) > 1 else "") + figures


def card_html(card: Card, group: str, shown: bool) -> str:
    """One figure: static drawing (print, no script), live drawing, caption, downloads."""
    layout = card.figure["layout"]
    drawing = figure_svg(card.figure, ids=f"{card.slug}-")
    hidden = "" if shown else " off"
    return (
        f'<figure id="fig-{card.slug}" class="card{hidden}" data-group="{group}">'
        f'<div class="chart" role="img" aria-label="{escape(card.alternative)}">'
        f'<div class="static" style="aspect-ratio:{layout["width"]} / '
        f'{layout["height"]}">{drawing}</div><div class="live"></div></div>'
        '<span class="downloads"><button type="button" data-save="svg">SVG</button>'
        '<button type="button" data-save="csv">CSV</button></span>'
        f"<figcaption>{escape(card.caption)}</figcaption>"
        f'<script type="application/json">{figure_json(card)}</script></figure>'
    )


def figure_json(card: Card) -> str:
    """Data and layout of a figure as JSON that is safe inside a script element.

    Many traces share their dates: those stand once in ``shared`` and a trace holds their number.
    """
    shared: dict[str, int] = {}
    traces = []
    for trace in card.figure["data"]:
        key = json.dumps(trace["x"], separators=(",", ":"))
        traces.append({**trace, "x": shared.setdefault(key, len(shared))})
    rest = {"data": traces, "layout": card.figure["layout"]}
    text = json.dumps(rest, separators=(",", ":"), allow_nan=False)
    return f'{text[:-1]},"shared":[{",".join(shared)}]}}'.replace("<", "\\u003c")
